"""The shortest way to routes that are asked more often than all others, found by a look into a dictionary.

The framework compares an address with one pattern after the other, for each router that includes another once more,
and puts a dozen layers around the function that answers: together more work than an answer from a group takes. A route
that is declared as ``GroupedRoute`` is answered without them. It stays a route like any other, in the description of
the API and in what it declares; whoever sends a query, which has to be read as declared, takes the framework's way.
"""

from collections.abc import Awaitable, Callable
from typing import cast

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from guerdon.http.access import Asker, RequiresInGroup, declared_access
from guerdon.http.csrf import check_csrf

Answering = Callable[[Request, Asker], Awaitable[Response]]
Handler = Callable[[Request, Exception], Awaitable[Response]]


class GroupedRoute(APIRoute):
    """A route without parameters in its path; its endpoint takes the request and, by ``requires_in_group``, who asks.

    Whatever else the endpoint takes comes from the query and has a default.
    """


class Lanes:
    """ASGI middleware, innermost: answers requests for grouped routes, and sends all others on to the framework.

    Args:
        of: the application; its routes and handlers of exceptions are looked at when the first request comes.
    """

    def __init__(self, app: ASGIApp, *, of: FastAPI) -> None:
        self._app = app
        self._of = of
        self._lanes: dict[tuple[str, str], tuple[RequiresInGroup, Answering]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if self._lanes is None:
            self._lanes = dict(_lanes_of(self._of))
        lane = self._lanes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if lane is None or scope["query_string"]:
            await self._app(scope, receive, send)
            return
        access, answer = lane
        scope["endpoint"] = answer
        request = Request(scope, receive, send)
        try:
            await check_csrf(request)
            response = await answer(request, await access(request, None))
        except Exception as exc:
            response = await self._handled(request, exc)
        await response(scope, receive, send)

    async def _handled(self, request: Request, exc: Exception) -> Response:
        """The answer to an exception, as the framework would find it; raises what nobody handles."""
        for kind in type(exc).__mro__:
            if kind in self._of.exception_handlers:
                return await cast(Handler, self._of.exception_handlers[kind])(request, exc)
        raise exc


def _lanes_of(app: FastAPI) -> list[tuple[tuple[str, str], tuple[RequiresInGroup, Answering]]]:
    found = []
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, GroupedRoute):
            continue
        (access,) = declared_access(context)
        if not isinstance(access, RequiresInGroup) or context.param_convertors:
            raise TypeError(f"{context.path} cannot be a grouped route")
        lane = (access, cast(Answering, context.endpoint))
        found += [((method, str(context.path)), lane) for method in context.methods or ()]
    return found
