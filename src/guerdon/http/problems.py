"""Errors as ``application/problem+json`` (RFC 9457); for a person in a browser, as a page."""

import json
from collections.abc import Callable, Collection, MutableMapping
from typing import Any, cast

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import ValidationError
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from guerdon.core.errors import FieldErrors, GuerdonError, ProofNeededError, told
from guerdon.db.database import is_retryable
from guerdon.http.access import recognise
from guerdon.http.context import current_request
from guerdon.http.errors import (
    BodyTooLargeError,
    HttpError,
    MalformedRequestError,
    MethodNotAllowedError,
    PageNotFoundError,
    RateLimitedError,
    RouteNotFoundError,
    TextNotStorableError,
    UnavailableError,
    UnsupportedMediaTypeError,
    ValueNotStorableError,
)
from guerdon.http.validation import field_errors

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:guerdon:problem:"
API_PREFIX = "/api/"
Translate = Callable[[str], str]
_OF_CHARACTERS = frozenset({"22021", "22P05"})
"""SQLSTATEs of text that the encoding does not have, or cannot be written in."""
_OF_THE_SERVER = ("08", "53", "57P")
"""Classes of SQLSTATEs of a server that is being stopped, started or cut off, or lacks memory, space or connections."""

log = structlog.get_logger("guerdon.http")


def problem(error: GuerdonError, translate: Translate = str, request_id: str | None = None) -> dict[str, Any]:
    """The problem document of an error.

    Args:
        error: what went wrong.
        translate: turns English templates into the reader's language.
        request_id: for finding the request in the logs.
    """
    document: dict[str, Any] = {
        "type": TYPE_PREFIX + error.code,
        "title": error.code.replace("-", " ").capitalize(),
        "status": error.status,
        "code": error.code,
        **_sentences(error, translate),
        **_details(error),
        "request_id": request_id,
    }
    if error.field is not None:
        document["field"] = error.field
    if isinstance(error, FieldErrors):
        document["errors"] = [
            {"field": each.field, "code": each.code, **_sentences(each, translate), **_details(each)}
            for each in error.errors
        ]
    return document


def _sentences(error: GuerdonError, translate: Translate) -> dict[str, str]:
    params = {
        name: translate(value)
        if name in error.words and value and isinstance(value, str) and "{" not in value
        else value
        for name, value in told(error.params, translate).items()
    }
    return {
        "detail": translate(error.message).format(**params),
        "remedy": translate(error.remedy).format(**params),
    }


def _details(error: GuerdonError) -> dict[str, Any]:
    return {name: error.params[name] for name in error.details if error.params.get(name) is not None}


def crashed(scope: MutableMapping[str, Any], request_id: str) -> Response:
    """The answer to an exception that nobody foresaw: it tells nothing but the request's id.

    A person gets a page. Where that fails too, because the page is what crashed, it is the problem document.
    """
    request = Request(scope)
    render_error = getattr(scope["app"].state, "render_error", None) if "app" in scope else None
    if render_error is not None and wants_page(request):
        try:
            return cast(Response, render_error(request, GuerdonError()))
        except Exception:
            log.exception("the error page failed")
    return Response(_encode(problem(GuerdonError(), request_id=request_id)), 500, media_type=MEDIA_TYPE)


def _encode(document: dict[str, Any]) -> bytes:
    # ASCII, because a field name that the client made up may hold what UTF-8 cannot.
    return json.dumps(document, ensure_ascii=True).encode()


async def answer(request: Request, error: GuerdonError, headers: dict[str, str] | None = None) -> Response:
    """The answer to an error: a page for a person, a problem document for a program."""
    headers = dict(headers or {})
    if isinstance(error, RateLimitedError):
        headers["Retry-After"] = str(error.params["retry_after_s"])
    if error.status == 503:
        headers.setdefault("Retry-After", "1")
    if isinstance(error, ProofNeededError):
        max_age = f'max_age="{error.params["max_age_s"]}"'
        headers["WWW-Authenticate"] = f'Bearer error="insufficient_user_authentication", {max_age}'
    elif error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    headers.setdefault("Cache-Control", "no-store")
    render_error = getattr(request.app.state, "render_error", None)
    if wants_page(request) and render_error is not None:
        if error.status < 500:  # otherwise it may be the database that fails
            await recognise(request)
        page: Response = render_error(request, error)
        page.headers.update(headers)
        return page
    info = current_request()
    translate = translator(request, type(error).__module__)
    body = _encode(problem(error, translate, info.request_id if info else None))
    return Response(body, error.status, headers, MEDIA_TYPE)


def wants_page(request: Request) -> bool:
    """Whether a person in a browser asks, who should see a page instead of a document."""
    return not request.url.path.startswith(API_PREFIX) and "text/html" in request.headers.get("accept", "")


def translator(request: Request, module: str = "") -> Translate:
    """What turns English templates into the reader's language: ``app.state.translator(request, module)``.

    Args:
        module: whose words come first; without it, those of the package that answers the request.
    """
    make = getattr(request.app.state, "translator", None)
    return cast(Translate, make(request, module)) if make else str


async def _typed(request: Request, exc: Exception) -> Response:
    return await answer(request, cast(GuerdonError, exc))


async def _validation(request: Request, exc: Exception) -> Response:
    found = cast("RequestValidationError | ValidationError", exc).errors()
    if any(error["loc"][:1] == ("path",) for error in found):
        if wants_page(request):
            return await answer(request, PageNotFoundError())  # people mistype addresses; they do not fill them in
        if request.method not in (methods := _methods_at(request)):
            return await _not_allowed(request, methods)
    whole_body = any(tuple(error["loc"]) == ("body",) and error["type"] != "missing" for error in found)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if whole_body and not (media_type == "application/json" or media_type.endswith("+json")):
        return await answer(request, UnsupportedMediaTypeError())
    return await answer(request, field_errors(found))


async def _framework(request: Request, exc: Exception) -> Response:
    refusal = cast(HTTPException, exc)
    typed: dict[int, Callable[[], GuerdonError]] = {
        400: MalformedRequestError,
        404: PageNotFoundError if wants_page(request) else RouteNotFoundError,
        413: lambda: BodyTooLargeError(limit_bytes=request.scope.get("guerdon.body_limit_bytes", 0)),
        415: UnsupportedMediaTypeError,
    }
    if refusal.status_code == 405:
        return await _not_allowed(request, _methods_at(request))
    error = typed.get(refusal.status_code, lambda: HttpError(refusal.status_code))()
    return await answer(request, error, dict(refusal.headers or {}))


async def _not_allowed(request: Request, methods: Collection[str]) -> Response:
    return await answer(request, MethodNotAllowedError(), {"Allow": ", ".join(sorted(methods))})


def _methods_at(request: Request) -> set[str]:
    """Every method that this address takes; the framework names those of the first route alone.

    ``/events/figures`` is no event that is called so: the routes that name an address more exactly have it.
    """
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    methods: dict[tuple[bool, ...], set[str]] = {}
    for route in iter_route_contexts(request.app.routes):
        if route.methods and route.path_regex.match(path):
            open_parts = tuple("{" in part for part in (route.path or "").split("/"))
            methods.setdefault(open_parts, set()).update(route.methods)
    found = methods[min(methods)]
    return found | {"HEAD"} if "GET" in found else found


async def _database(request: Request, exc: Exception) -> Response:
    if isinstance(exc, DataError):
        return await answer(request, _of_data(exc))
    if isinstance(exc, PoolTimeoutError) or (isinstance(exc, DBAPIError) and _passes(exc)):
        log.warning("database unavailable", error=type(getattr(exc, "orig", None) or exc).__name__)
        return await answer(request, UnavailableError())
    raise exc


def _passes(exc: DBAPIError) -> bool:
    """Whether the same request may do in a moment, or once the operator has seen to the database."""
    if is_retryable(exc) or exc.connection_invalidated:
        return True
    if not isinstance(exc.orig, psycopg.OperationalError):
        return False
    state = exc.orig.sqlstate
    return state is None or state.startswith(_OF_THE_SERVER)  # none: there was nobody to say one


def _of_data(exc: DataError) -> GuerdonError:
    """What the database, or the driver before it, says of a value that it cannot take."""
    state = exc.orig.sqlstate if isinstance(exc.orig, psycopg.Error) else None
    if state is None or state in _OF_CHARACTERS:  # the driver itself refuses NUL
        return TextNotStorableError(problem="")
    # A check of ours should have refused it before.
    log.warning("a value was refused by the database alone", sqlstate=state)
    return ValueNotStorableError()


def install(app: FastAPI) -> None:
    """Answer every error of an application with a problem document or a page."""
    app.add_exception_handler(GuerdonError, _typed)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeoutError, _database)
