"""What a form carries so that it is acted on once, and what is remembered of where it led."""

import secrets

from markupsafe import Markup
from starlette.requests import Request

from guerdon.web.redirects import local_path

FIELD = "once"
_VALUE_BYTES = 12


def once_field() -> Markup:
    """The hidden field by which a form is known when it comes again."""
    value = secrets.token_urlsafe(_VALUE_BYTES)
    return Markup('<input type="hidden" name="{}" value="{}" autocomplete="off">').format(FIELD, value)


def acted_on(request: Request, path: str) -> None:
    """Remember that this form was acted on, and where it leads who sends it again; every redirect remembers by itself.

    Args:
        path: a path on this site.
    """
    request.state.form_led_to = local_path(path)
