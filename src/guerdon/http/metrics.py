"""Prometheus metrics: requests by route and status, latency, the pool, and whatever else is registered.

Several processes of one web server count into files of one directory, which ``PROMETHEUS_MULTIPROC_DIR`` names, so that
whichever of them is asked answers for all of them: https://prometheus.github.io/client_python/multiprocess/.
"""

import os
import time

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.pool import QueuePool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guerdon.db.database import Database

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SHARED_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that the library looks at when it is loaded."""
UNMATCHED = "unmatched"


class Metrics:
    """The metrics of one application.

    Attributes:
        asked: collectors of what is the same whichever process is asked, and looked up then.
    """

    def __init__(self, database: Database) -> None:
        self._own = CollectorRegistry()
        self.asked = CollectorRegistry()
        self.requests = Counter(
            "guerdon_http_requests", "Requests answered.", ["method", "route", "status"], registry=self._own
        )
        self.latency = Histogram(
            "guerdon_http_request_seconds",
            "Time to answer.",
            ["method", "route"],
            buckets=BUCKETS_S,
            registry=self._own,
        )
        connections = Gauge(
            "guerdon_database_connections",
            "Connections of the pool.",
            ["state"],
            multiprocess_mode="livesum",
            registry=self._own,
        )
        self._database = database
        self._in_use, self._idle, capacity = map(connections.labels, ("in_use", "idle", "capacity"))
        capacity.set(database.capacity)
        self._seen: tuple[int, int] | None = None
        self.look_at_pool()

    def look_at_pool(self) -> None:
        """Take down how the connections of the database are used at this moment, if it has changed."""
        pool = self._database.engine.pool
        if isinstance(pool, QueuePool) and (now := (pool.checkedout(), pool.checkedin())) != self._seen:
            self._seen = now
            self._in_use.set(now[0])
            self._idle.set(now[1])

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        self.look_at_pool()
        return generate_latest(self._counted()) + generate_latest(self.asked)

    def _counted(self) -> CollectorRegistry:
        """What this process has counted; of several together, what all of them have."""
        if SHARED_DIR not in os.environ:
            return self._own
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return together


class RouteNames:
    """Gives a request the template of its route (``/users/{id}``), never its path, which may hold personal data."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._templates: dict[int, str] = {}

    def __call__(self, scope: Scope) -> str:
        """The template, or ``unmatched``."""
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return UNMATCHED
        if id(endpoint) not in self._templates:
            self._templates = {
                id(context.endpoint): context.path
                for context in iter_route_contexts(self._app.routes)
                if context.endpoint is not None and context.path is not None
            }
        return self._templates.get(id(endpoint), UNMATCHED)


class Measuring:
    """ASGI middleware that counts and times each request, and names its route for the log."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, route_name: RouteNames) -> None:
        self._app = app
        self._metrics = metrics
        self._route_name = route_name
        # Finding a labelled metric costs more than counting; routes, methods and statuses are few.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started_s = time.perf_counter()

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        finally:
            route = self._route_name(scope)
            scope["guerdon.route"] = route
            method = scope["method"] if scope["method"] in KNOWN_METHODS else "OTHER"
            self._count(method, route, status, time.perf_counter() - started_s)

    def _count(self, method: str, route: str, status: int, duration_s: float) -> None:
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = self._counters[method, route, status] = self._metrics.requests.labels(method, route, str(status))
        counter.inc()
        histogram = self._histograms.get((method, route))
        if histogram is None:
            histogram = self._histograms[method, route] = self._metrics.latency.labels(method, route)
        histogram.observe(duration_s)
        self._metrics.look_at_pool()


KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
