"""Puts the HTTP edge around an application, in the right order."""

from collections.abc import Mapping

from fastapi import FastAPI

from guerdon.core.clock import Clock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.http import health, openapi, problems
from guerdon.http.admission import Admission
from guerdon.http.compression import CompressedPages
from guerdon.http.context import RequestContext
from guerdon.http.cookies import is_https
from guerdon.http.csrf import VisitorCookie
from guerdon.http.guards import Guards
from guerdon.http.heads import HeadsAsGets
from guerdon.http.keys import derive_key, load_secret
from guerdon.http.lanes import Lanes
from guerdon.http.metrics import Measuring, Metrics, RouteNames


def new_app(*, settings: Settings, database: Database, clock: Clock, version: str) -> FastAPI:
    """An application with everything that every endpoint shares, and no endpoints but those of health.

    Its ``state`` holds ``settings``, ``database``, ``clock``, ``secret``, ``flash_key`` and ``metrics``; the
    composition root adds ``authenticate``, ``render_error``, ``translator`` and ``readiness``.
    """
    app = FastAPI(
        title="Guerdon",
        version=version,
        description="Record what members do, decide what it is worth, move the value on a ledger.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # The framework's own would put addresses with their queries, and what was wrong with a value, into traces; and
        # would ask with each request whether anybody wants them.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.database = database
    app.state.clock = clock
    app.state.admission = Admission(database.kept, database.capacity, settings.database_pool_timeout_s)
    app.state.secret = load_secret(settings)
    app.state.flash_key = derive_key(app.state.secret, "flash")
    app.state.metrics = Metrics(database)
    app.state.authenticate = nobody
    app.state.readiness = {}
    problems.install(app)
    openapi.install(app)
    app.include_router(health.router)
    return app


def nobody(_request: object, _session: object) -> None:
    """The ``Authenticate`` of an application without identity: nobody is ever signed in."""


def protect(app: FastAPI, *, larger_bodies: Mapping[str, int] | None = None) -> None:
    """Put the middleware around an application.

    Args:
        app: from ``new_app``.
        larger_bodies: body limits in bytes by path prefix, for uploads and imports.
    """
    settings: Settings = app.state.settings
    # The last one added is the outermost.
    app.add_middleware(Lanes, of=app)
    app.add_middleware(Guards, larger=dict(larger_bodies or {}))
    app.add_middleware(VisitorCookie)  # the pages of a refusal at the door have forms too
    app.add_middleware(CompressedPages)
    app.add_middleware(Measuring, metrics=app.state.metrics, route_name=RouteNames(app))
    app.add_middleware(HeadsAsGets)
    app.add_middleware(
        RequestContext,
        trusted_proxies=settings.trusted_proxies,
        https=is_https(settings),
        on_crash=problems.crashed,
    )
