"""Grouped routes: answered past the framework, and in everything that is seen from outside as by it."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse

from guerdon.core.errors import NotFoundError
from guerdon.core.settings import Settings
from guerdon.http import problems
from guerdon.http.access import Asker, public, requires_in_group
from guerdon.http.lanes import GroupedRoute, Lanes
from support.http_client import Client

Posting = Annotated[Asker, Depends(requires_in_group("facts:post"))]


async def post_fact(request: Request, asker: Posting, dry_run: bool = False) -> JSONResponse:
    said = (await request.body()).decode()
    if said == "unknown":
        raise NotFoundError(what="fact")
    if said == "crash":
        raise ZeroDivisionError
    way = "the framework's" if "route" in request.scope else "the lane"
    return JSONResponse({"said": said, "proof": asker.proof[0], "dry_run": dry_run, "way": way})


def application(tmp_path: Path, router: APIRouter) -> FastAPI:
    app = FastAPI()
    app.state.settings = Settings(data_dir=tmp_path, secret_key="s" * 40)
    problems.install(app)
    outer = APIRouter(prefix="/api")
    outer.include_router(router)
    app.include_router(outer)
    app.add_middleware(Lanes, of=app)
    return app


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    router = APIRouter(prefix="/facts")
    router.add_api_route("", post_fact, methods=["POST"], route_class_override=GroupedRoute)
    return application(tmp_path, router)


def told(app: FastAPI, address: str, said: str, method: str = "POST", *, proven: bool = True) -> tuple[int, Any]:
    headers = {"authorization": "Bearer key"} if proven else {}
    answer = Client(app).request(method, address, content=said.encode(), headers=headers)
    return answer.status_code, answer.json()


def test_it_is_answered_past_the_framework_unless_there_is_a_query(app: FastAPI) -> None:
    expected = {"said": "hello", "proof": "Bearer key", "dry_run": False, "way": "the lane"}
    assert told(app, "/api/facts", "hello") == (200, expected)
    expected |= {"dry_run": True, "way": "the framework's"}
    assert told(app, "/api/facts?dry_run=true", "hello") == (200, expected)


@pytest.mark.parametrize(("said", "proven", "status"), [("x", False, 401), ("unknown", True, 404)])
def test_refusals_are_the_same_either_way(app: FastAPI, said: str, proven: bool, status: int) -> None:
    lane = told(app, "/api/facts", said, proven=proven)
    assert lane == told(app, "/api/facts?dry_run=false", said, proven=proven)
    assert lane[0] == status
    assert lane[1]["type"].startswith("urn:guerdon:problem:")


def test_other_methods_and_addresses_are_the_frameworks_business(app: FastAPI) -> None:
    assert told(app, "/api/facts", "", "PUT")[0] == 405
    assert told(app, "/api/factories", "")[0] == 404


def test_what_nobody_foresaw_is_passed_on(app: FastAPI) -> None:
    answer = Client(app).post("/api/facts", content=b"crash", headers={"authorization": "Bearer key"})
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")  # of what stands around the lane


async def receive() -> Any:
    raise AssertionError("nothing is read")


async def send(_message: Any) -> None:
    raise AssertionError("nothing is answered")


@pytest.mark.parametrize(("path", "access"), [("", public(identify=False)), ("/{id}", requires_in_group("facts:post"))])
def test_what_cannot_go_by_a_lane_is_noticed(tmp_path: Path, path: str, access: Any) -> None:
    async def answer(request: Request, asker: Annotated[Any, Depends(access)]) -> JSONResponse:
        return JSONResponse(str(asker))

    router = APIRouter(prefix="/facts")
    router.add_api_route(path, answer, methods=["POST"], route_class_override=GroupedRoute)
    app = application(tmp_path, router)
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    with pytest.raises(TypeError, match="/api/facts"):
        asyncio.run(Lanes(app, of=app)(scope, receive, send))
