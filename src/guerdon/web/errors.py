"""Error pages: what happened, what to do, and the number by which the operator finds it."""

from urllib.parse import urlencode

from starlette.datastructures import URL, FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guerdon.core.errors import FieldErrors, GuerdonError, ProofNeededError, SentBeforeError
from guerdon.web import kept
from guerdon.web.flash import flash, redirect
from guerdon.web.i18n import msgid
from guerdon.web.navigation import SIGN_IN_PATH, proof_path
from guerdon.web.redirects import local_path
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

NOT_SIGNED_IN = 401
_READING = ("GET", "HEAD")
_TITLES = {
    400: msgid("We could not read this request"),
    401: msgid("Sign in first"),
    403: msgid("This is not open to you"),
    404: msgid("We cannot find this page"),
    405: msgid("This address does not work that way"),
    409: msgid("Something has changed in the meantime"),
    413: msgid("That is too large"),
    415: msgid("This kind of file does not work here"),
    422: msgid("Something needs to be corrected"),
    429: msgid("A little slower, please"),
    503: msgid("Guerdon is taking a short break"),
}
_SIGNED_OUT = msgid("You are not signed in any more, so nothing was changed.")
_SIGN_IN_AGAIN = msgid("Sign in, then fill in the form again.")
_KEPT = msgid("Sign in: what you typed is kept for 15 minutes and stands in the form again then.")
_WORTH_SHOWING = 20
"""From this length on a text is shown to be copied; what is shorter is typed again."""
_OTHERWISE = msgid("Something went wrong on our side")


def _page_of(request: Request) -> str:
    """The page that somebody asked for, or on which the form stands that they sent."""
    url = request.url
    if request.method not in _READING:
        url = URL(request.headers.get("referer", "/"))
    return local_path(f"{url.path}?{url.query}" if url.query else url.path)


def _sign_in_path(request: Request) -> str:
    return f"{SIGN_IN_PATH}?{urlencode({'next': _page_of(request)})}"


def _ways(request: Request, error: GuerdonError) -> list[tuple[str, str]]:
    """Where to go on from an error page: who sent a form gets back to it, by signing in if that is what is missing."""
    start = (msgid("Go to the start page"), "/")
    if error.status == NOT_SIGNED_IN:
        return [(msgid("Sign in"), _sign_in_path(request)), start]
    if request.method in _READING or (form := _page_of(request)) == "/":
        return [start]
    return [(msgid("Back to the form"), form), start]


def render_error(request: Request, error: Exception) -> Response:
    """The page for an error; for a visitor who has to sign in, the way there.

    Args:
        request: the request that failed.
        error: a typed error says itself what happened; of any other, the reader learns only that it happened.
    """
    typed = error if isinstance(error, GuerdonError) else GuerdonError()
    if isinstance(typed, ProofNeededError):
        proof = RedirectResponse(proof_path(_page_of(request)), status_code=303)
        kept.keep(request, proof, URL(_page_of(request)).path)
        return proof
    if isinstance(typed, SentBeforeError):
        flash(request, typed.message, "info")
        return redirect(request, str(typed.params["leads_to"]))
    if typed.status == NOT_SIGNED_IN and request.method in _READING:
        return RedirectResponse(_sign_in_path(request), status_code=303)
    translator = viewer_of(request).translator
    message, remedy = translator.translate_error(typed)
    listed = typed.errors if isinstance(typed, FieldErrors) else []
    carrier = Response()
    shown: dict[str, list[str]] = {}
    if typed.status == NOT_SIGNED_IN:
        is_kept = kept.keep(request, carrier, URL(_page_of(request)).path)
        message = translator.gettext(_SIGNED_OUT)
        remedy = translator.gettext(_KEPT if is_kept else _SIGN_IN_AGAIN)
        shown = {} if is_kept else _typed(request)
    context = {
        "status": typed.status,
        "ways": [(translator.gettext(label), path) for label, path in _ways(request, typed)],
        "title": translator.gettext(_TITLES.get(typed.status, _OTHERWISE)),
        "message": message,
        "remedy": remedy,
        "typed": shown,
        "errors": [(one.field or "", *translator.translate_error(one)) for one in listed],
    }
    page = render(request, "errors/error.html", context, status=typed.status)
    page.raw_headers.extend(header for header in carrier.raw_headers if header[0] == b"set-cookie")
    return page


def _typed(request: Request) -> dict[str, list[str]]:
    """What was typed and cannot be kept, to be copied from the page."""
    form: FormData | None = getattr(request.state, "form", None)
    texts = kept.typed(form) if form is not None else {}
    return {name: [text for text in found if len(text) >= _WORTH_SHOWING] for name, found in texts.items()}
