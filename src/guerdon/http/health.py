"""Is it alive, is it ready, how is it doing: for supervisors, load balancers and Prometheus."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import cast

import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy import text
from starlette.responses import JSONResponse, Response

from guerdon.core.errors import PermissionDeniedError
from guerdon.http.access import Open
from guerdon.http.context import current_request
from guerdon.http.metrics import Metrics
from guerdon.http.transaction import DatabaseDep, SettingsDep

router = APIRouter(tags=["health"])
log = structlog.get_logger("guerdon.health")


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


class Readiness(BaseModel):
    """Whether requests can be served, with the state of each thing that they need."""

    status: str
    checks: dict[str, str]


@router.get("/healthz")
def alive(_open: Open) -> Alive:
    """The process is alive; nothing else is looked at."""
    return Alive()


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
def ready(request: Request, _open: Open, database: DatabaseDep) -> Response:
    """The database answers and has every migration; 503 otherwise."""

    def database_answers() -> bool:
        with database.transaction() as session:
            return session.execute(text("SELECT 1")).scalar() == 1

    checks: Mapping[str, Callable[[], bool]] = {
        "database": database_answers,
        **getattr(request.app.state, "readiness", {}),
    }
    states = {name: _state(name, check) for name, check in checks.items()}
    good = all(state == "ok" for state in states.values())
    body = Readiness(status="ready" if good else "not ready", checks=states)
    return JSONResponse(body.model_dump(), 200 if good else 503, {"Cache-Control": "no-store"})


def _state(name: str, check: Callable[[], bool]) -> str:
    try:
        return "ok" if check() else "failing"
    except Exception as exc:
        log.warning("not ready", check=name, error=type(exc).__name__)
        return "failing"


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request, _open: Open, settings: SettingsDep) -> Response:
    """Prometheus metrics, for this machine only unless ``metrics_public`` is set."""
    if not settings.metrics_public and not _from_this_machine():
        raise PermissionDeniedError(permission="metrics")
    shown = cast(Metrics, request.app.state.metrics)
    return Response(shown.text(), media_type="text/plain; version=0.0.4")


def _from_this_machine() -> bool:
    info = current_request()
    if info is None or info.client_address is None:
        return False
    return ipaddress.ip_address(info.client_address).is_loopback
