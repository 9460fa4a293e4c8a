"""Renders a template for the reader of a request."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
)
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from guerdon.web import charts, flash, formats, kept, navigation
from guerdon.web.forms import FormState
from guerdon.web.i18n import LANGUAGES, Translator
from guerdon.web.icons import MARK, icon
from guerdon.web.once import once_field
from guerdon.web.static import STATIC
from guerdon.web.viewer import Viewer, current_viewer, viewer_of, viewing

THEME_COOKIE = "guerdon_theme"
THEMES = ("auto", "light", "dark")


class _Prefixed(PrefixLoader):
    """Names templates in full. The library's own drops the prefix, and with it whose words a template says."""

    load = BaseLoader.load


class Templates:
    """The environment of all templates: our own, and those of each package under its prefix."""

    def __init__(self) -> None:
        self._packages: dict[str, BaseLoader] = {}
        self._names: dict[str, str] = {}
        own = FileSystemLoader(Path(__file__).parent / "templates")
        self.environment = Environment(
            loader=ChoiceLoader([_Prefixed(self._packages), own]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.environment.filters.update(formats.FILTERS)
        self.environment.globals.update(
            {
                "_": _gettext,
                "_of": _gettext_of,
                "ngettext": _ngettext,
                "csrf_field": csrf_field,
                "static": STATIC.url,
                "icon": icon,
                "MARK": MARK,
                "FormState": FormState,
                "as_typed": as_typed,
                "sparkline": charts.sparkline,
            }
        )

    def add(self, prefix: str, package: str) -> None:
        """Address the folder ``templates`` of ``package`` as ``<prefix>/…``.

        Raises:
            ValueError: when the prefix is taken by another package.
        """
        directory = Path(str(files(package))) / "templates"
        known = self._packages.get(prefix)
        if isinstance(known, FileSystemLoader) and known.searchpath != [str(directory)]:
            raise ValueError(f"the template prefix {prefix!r} belongs to {known.searchpath[0]}")
        self._packages[prefix] = FileSystemLoader(directory)
        self._names[prefix] = package

    def package_of(self, template: str | None) -> str:
        """Whose template it is, by the name that it is addressed by."""
        return self._names.get((template or "").partition("/")[0], __package__ or "")


def add_templates(prefix: str, package: str) -> None:
    """Make a package's templates known: ``add_templates("credits", "guerdon.programs.credits")``."""
    TEMPLATES.add(prefix, package)


@pass_context
def _gettext(context: Context, message: str, **params: Any) -> str:
    return _words(context).gettext(message, **params)


@pass_context
def _ngettext(context: Context, singular: str, plural: str, number: int, **params: Any) -> str:
    return _words(context).ngettext(singular, plural, number, **params)


def _words(context: Context) -> Translator:
    """Those of the package whose template says it, even on another's page, such as the macros that all pages share."""
    return current_viewer().translator.of(TEMPLATES.package_of(context.name))


def _gettext_of(module: str, message: str) -> str:
    return current_viewer().translator.of(module).gettext(message)


def csrf_field() -> Markup:
    """The hidden fields that every form with ``method="post"`` carries: whose it is, and which."""
    token = Markup('<input type="hidden" name="csrf_token" value="{}">').format(current_viewer().csrf_token())
    return token + once_field(current_viewer().form_mark)


def as_typed(action: str, state: FormState) -> FormState:
    """The state of the form that is sent to ``action``: as it was typed before a session ended, if that was kept."""
    found = current_viewer().kept
    if found is None or found.action != action or found.filled:
        return state
    found.filled = True
    state.typed = found.fields
    return state


TEMPLATES = Templates()


def theme_of(request: Request) -> str:
    """The reader's choice of light or dark; ``auto`` leaves it to their system."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


def render(
    request: Request,
    name: str,
    context: Mapping[str, Any] | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Render a template into a response.

    Args:
        request: who asks; language, zone, theme, navigation and flash messages follow from it.
        name: ``credits/new.html`` for a package's template, ``layout/…`` and ``components/…`` for ours.
        context: the page's own variables; they win over those of the frame.
        status: HTTP status.
        headers: more headers.

    Raises:
        jinja2.UndefinedError: when the template uses a variable that nobody set.
        jinja2.TemplateNotFound: when there is no such template.
    """
    viewer = viewer_of(request)
    with viewing(viewer):
        body = TEMPLATES.environment.get_template(name).render({**_frame(request, viewer), **(context or {})})
    response = HTMLResponse(body, status_code=status, headers=dict(headers or {}))
    response.headers.setdefault("cache-control", "private, no-store")
    response.headers.setdefault("vary", "Cookie, Accept-Language")
    response.headers["content-language"] = viewer.locale
    flash.forget(request, response)
    if viewer.kept is not None and viewer.kept.filled:
        kept.forget(request, response)
    return response


def _frame(request: Request, viewer: Viewer) -> dict[str, Any]:
    principal = getattr(request.state, "principal", None)
    settings = getattr(request.app.state, "settings", None)
    items = getattr(request.app.state, "navigation", ())
    path = request.url.path
    query = request.url.query
    return {
        "principal": principal,
        "viewer": viewer,
        "locale": viewer.locale,
        "languages": LANGUAGES,
        "theme": theme_of(request),
        "community_name": getattr(settings, "community_name", "Guerdon"),
        "nav": navigation.visible(items, principal),
        "nav_current": navigation.current(items, path),
        "current_path": path,
        "current_url": f"{path}?{query}" if query else path,
        "url_with": lambda **changes: url_with(request, **changes),
        "flash_messages": flash.show(request),
        "request_id": getattr(request.state, "request_id", ""),
        "paths": {
            "sign_in": navigation.SIGN_IN_PATH,
            "sign_out": navigation.SIGN_OUT_PATH,
            "account": navigation.ACCOUNT_PATH,
            "developers": navigation.DEVELOPERS_PATH,
        },
    }


def url_with(request: Request, **changes: Any) -> str:
    """This page's address with some query parameters changed; None or an empty string removes one."""
    kept = [(key, text) for key, text in parse_qsl(request.url.query) if key not in changes]
    added = [(key, str(new)) for key, new in changes.items() if new not in (None, "")]
    query = urlencode(kept + added)
    return f"{request.url.path}?{query}" if query else request.url.path
