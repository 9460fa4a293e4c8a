"""The OpenAPI 3.1 description: security schemes, the access that each route declares, problems on every route."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse

from guerdon.core.errors import FieldError, FieldErrors, PermissionDeniedError, ProofNeededError
from guerdon.http.access import PROOF_AGE_MAX, Requires, declared_access, public, routes_of
from guerdon.http.errors import NotSignedInError, RouteNotFoundError
from guerdon.http.problems import MEDIA_TYPE, problem

API_PATH = "/api/v1/openapi.json"
PROBLEM = {"$ref": "#/components/schemas/Problem"}
FIELD_PROBLEM = {
    "type": "object",
    "required": ["field", "code", "detail", "remedy"],
    "properties": {
        "field": {"type": ["string", "null"], "description": "Dotted path of the field."},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "remedy": {"type": "string"},
        "line": {"type": "integer", "description": "Where in the text of the field, from 1; where that is known."},
        "column": {"type": "integer", "description": "Which character of the line, from 1."},
        "technical": {"type": "string", "description": "What a library said of it, for developers; in English."},
    },
}
PROBLEM_SCHEMA = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong and what to do about it (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "remedy"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Stable; ends in the code."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string", "description": "In the reader's language."},
        "remedy": {"type": "string", "description": "What to do, in the reader's language."},
        "field": {"type": "string"},
        "errors": {"type": "array", "items": FIELD_PROBLEM},
        "request_id": {"type": ["string", "null"]},
    },
}
SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A short-lived access token."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "guerdon_session",
        "description": "The session of a browser; writes also need the X-CSRF-Token header.",
    },
}
REQUIRED = "x-required"
"""In the ``json_schema_extra`` of a parameter that the handler asks for itself, to refuse in words of its own: it is
described as required all the same."""
INVALID_EXAMPLE = FieldErrors([FieldError(field="amount", problem="…")])


def _response(description: str, *examples: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": PROBLEM}
    if examples:
        content["examples"] = {
            example.code: {"value": problem(example, request_id="0198c0de-0000-7000-8000-000000000000")}
            for example in examples
        }
    return {"description": description, "content": {MEDIA_TYPE: content}}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses=`` of a route or router that may also refuse with these statuses (404, 409, 429 …)."""
    return {status: _response(_DESCRIPTIONS.get(status, "A problem.")) for status in statuses}


_PROOF = "Nobody valid is signed in, or they proved too long ago that it is them."
_DESCRIPTIONS = {
    400: "The request cannot be read.",
    401: "Nobody valid is signed in.",
    403: "The permission is lacking.",
    404: "There is no such thing, or the asker may not know that there is.",
    409: "What it acts on has moved on; nothing was changed.",
    413: "The body is too large.",
    415: "The content type is not supported.",
    422: "Some fields need to be corrected; nothing was changed.",
    429: "Too many attempts; Retry-After says how long to wait.",
    503: "The service is busy; nothing was changed.",
}


def install(app: FastAPI) -> None:
    """Describe an application's API at ``API_PATH``; paths outside ``/api`` are pages and left out."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    router = APIRouter()

    @router.get(API_PATH, include_in_schema=False)
    def document(_open: Annotated[None, Depends(public(identify=False))]) -> JSONResponse:
        return JSONResponse(describe())

    app.include_router(router)
    app.openapi = describe  # type: ignore[method-assign]  # how FastAPI documents replacing it


def _describe(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, openapi_version="3.1.0", description=app.description, routes=app.routes
    )
    document["paths"] = {path: item for path, item in document.get("paths", {}).items() if path.startswith("/api/")}
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    for replaced in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(replaced, None)
    components["securitySchemes"] = SECURITY_SCHEMES
    for route in routes_of(app):
        item = document["paths"].get(route.path, {})
        for method in route.methods or ():
            operation = item.get(method.lower())
            if operation is not None:
                _complete(operation, declared_access(route))
    return document


def _complete(operation: dict[str, Any], access: tuple[Any, ...]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["schema"].pop(REQUIRED, False):
            parameter["required"] = True
    responses = operation.setdefault("responses", {})
    responses["422"] = _response(_DESCRIPTIONS[422], INVALID_EXAMPLE)
    for status in (400, 503):
        responses.setdefault(str(status), _response(_DESCRIPTIONS[status]))
    if "requestBody" in operation:
        for status in (413, 415):
            responses.setdefault(str(status), _response(_DESCRIPTIONS[status]))
    if any(parameter.get("in") == "path" for parameter in operation.get("parameters", ())):
        responses.setdefault("404", _response(_DESCRIPTIONS[404], RouteNotFoundError()))
    for declared in access:
        if not isinstance(declared, Requires):
            continue
        operation["security"] = [{"token": []}, {"session": []}]
        responses.setdefault("401", _response(_DESCRIPTIONS[401], NotSignedInError()))
        responses.setdefault(
            "403", _response(_DESCRIPTIONS[403], PermissionDeniedError(permission=declared.permission or "csrf"))
        )
        if declared.permission:
            operation["x-permission"] = declared.permission
        if declared.proven:
            operation["x-proof-age-max-s"] = int(PROOF_AGE_MAX.total_seconds())
            proof = ProofNeededError(max_age_s=operation["x-proof-age-max-s"])
            operation["responses"]["401"] = _response(_PROOF, proof)
