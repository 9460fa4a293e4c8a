"""Prometheus metrics: requests by route and status, latency, the pool, and whatever else is registered."""

import time
from collections.abc import Callable, Iterable

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.pool import QueuePool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guerdon.db.database import Database

Measure = Callable[[], dict[str, float]]
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
UNMATCHED = "unmatched"


class Metrics:
    """The metrics of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "guerdon_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.latency = Histogram(
            "guerdon_http_request_seconds",
            "Time to answer.",
            ["method", "route"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )

    def add_gauge(self, name: str, documentation: str, label: str, measure: Measure) -> None:
        """Add a gauge that is measured when it is asked for.

        Args:
            name: ``guerdon_…``, the unit last.
            documentation: one sentence.
            label: name of the label.
            measure: gives the value for each value of the label.
        """
        self.registry.register(_Measured(name, documentation, label, measure))

    def watch_pool(self, database: Database) -> None:
        """Show how the connections of a database are used."""

        def measure() -> dict[str, float]:
            pool = database.engine.pool
            if not isinstance(pool, QueuePool):
                return {}
            return {"in_use": pool.checkedout(), "idle": pool.checkedin(), "capacity": database.capacity}

        self.add_gauge("guerdon_database_connections", "Connections of the pool.", "state", measure)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _Measured(Collector):
    def __init__(self, name: str, documentation: str, label: str, measure: Measure) -> None:
        self._name, self._documentation, self._label, self._measure = name, documentation, label, measure

    def describe(self) -> Iterable[Metric]:
        return [GaugeMetricFamily(self._name, self._documentation, labels=[self._label])]

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(self._name, self._documentation, labels=[self._label])
        for value, number in self._measure().items():
            family.add_metric([value], number)
        yield family


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


KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
