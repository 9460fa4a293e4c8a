"""What a form carries so that it is acted on once, and what is remembered of where it led."""

import secrets
from collections.abc import Callable

from markupsafe import Markup
from starlette.requests import Request

from guerdon.web.redirects import local_path

FIELD = "once"
_VALUE_BYTES = 12
_SEPARATOR = "."


def once_field(mark: Callable[[str], str]) -> Markup:
    """The hidden field by which a form is known when it comes again.

    Args:
        mark: says for whom it is rendered.
    """
    value = secrets.token_urlsafe(_VALUE_BYTES)
    if own := mark(value):
        value = f"{value}{_SEPARATOR}{own}"
    return Markup('<input type="hidden" name="{}" value="{}" autocomplete="off">').format(FIELD, value)


def parts(value: str) -> tuple[str, str]:
    """The value of a form, and the mark of whom it was rendered for, if it has one."""
    plain, _, own = value.partition(_SEPARATOR)
    return plain, own


def marked(value: str) -> bool:
    """Whether a form was rendered for somebody who was signed in."""
    return bool(parts(value)[1])


def acted_on(request: Request, path: str) -> None:
    """Remember that this form was acted on, and where it leads who sends it again; every redirect remembers by itself.

    Args:
        path: a path on this site.
    """
    request.state.form_led_to = local_path(path)
