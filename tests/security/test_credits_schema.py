"""The description of the API is true: no request that it allows or forbids crashes, and answers are as described."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from guerdon.http.openapi import API_PATH
from support.credits import Caller, Club, hours, item, money

CHECKS = (
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
)
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PATHS = r"^/api/v1/(credits|ledger)/"


@pytest.fixture
def staff(club: Club, api: Callable[..., Caller]) -> Caller:
    """Somebody who may nearly everything, in a club where there is something of everything."""
    caller = api("zoe", "staff", "admin")
    awa = club.person("awa")
    for given_ in (item(), hours(), money("T-1")):
        club.submit(awa, given_)
        club.submit(caller.user_id, item())
        club.credited(awa, caller.user_id, item("70"))
    return caller


def campaign(app: FastAPI, caller: Caller, club: Club, examples: int) -> int:
    ids = {
        "contribution_id": [str(row[0]) for row in club.sql("SELECT id FROM contributions")],
        "user_id": [str(row[0]) for row in club.sql("SELECT id FROM users")],
        "owner_id": [str(row[0]) for row in club.sql("SELECT id FROM users")],
        "transfer_id": [str(row[0]) for row in club.sql("SELECT id FROM credit_transactions")],
    }
    schema: Any = schemathesis.openapi.from_dict(caller.get(API_PATH).json()).include(path_regex=PATHS)
    operations = [result.ok() for result in schema.get_all_operations()]
    faults: list[str] = []
    for operation in operations:
        seen: set[str] = set()
        settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(given(case=st.one_of(*_strategies(operation)))(_checker(app, caller, ids, seen)))()
        faults += [f"{operation.label}: {fault}" for fault in sorted(seen)]
    assert not faults, "\n\n".join(faults)
    return len(operations)


def _checker(app: FastAPI, caller: Caller, ids: dict[str, list[str]], seen: set[str]) -> Callable[..., None]:
    def check(case: Any) -> None:
        answer = _send(app, _aimed(case, ids), caller.headers)
        try:
            case.validate_response(answer, checks=CHECKS)
        except (AssertionError, BaseExceptionGroup) as exc:
            seen.add(str(exc)[:1500])

    return check


def _strategies(operation: Any) -> list[Any]:
    modes = schemathesis.GenerationMode
    found = [operation.as_strategy(generation_mode=modes.POSITIVE)]
    if operation.body or operation.query or operation.path_parameters:
        found.append(operation.as_strategy(generation_mode=modes.NEGATIVE))
    return found


def _own(sent: Any) -> dict[str, str]:
    """The headers of a case without the credentials that are made up for it."""
    return {name: value for name, value in sent.items() if name.lower() not in ("authorization", "cookie")}


def _aimed(case: Any, ids: dict[str, list[str]]) -> Any:
    """The case, where it names somebody or something of its own making, aimed at what there is."""
    for name, known in ids.items():
        made_up = str((case.path_parameters or {}).get(name, ""))
        if UUID_FORM.fullmatch(made_up):
            case.path_parameters[name] = known[int(made_up[-2:], 16) % len(known)]
    return case


def _send(app: FastAPI, case: Any, headers: dict[str, str]) -> Any:
    """Send a case to the application in this process, as the requests library would have put it on the wire."""
    known = ("method", "url", "headers", "files", "data", "json", "params", "cookies")
    options = case.as_transport_kwargs(base_url="http://127.0.0.1:8000")
    prepared = requests.Request(**{name: options[name] for name in known if name in options}).prepare()

    async def send() -> httpx.Response:
        sent = httpx.Request(
            prepared.method or "GET",
            prepared.url or "",
            headers={**_own(prepared.headers), **headers},
            content=prepared.body,
        )
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.send(sent)

    return schemathesis.Response.from_httpx(asyncio.run(send()), verify=False)


def test_the_description_is_true(whole_app: FastAPI, staff: Caller, club: Club) -> None:
    assert campaign(whole_app, staff, club, examples=20) > 30


@pytest.mark.soak
def test_the_description_is_true_at_length(whole_app: FastAPI, staff: Caller, club: Club) -> None:
    campaign(whole_app, staff, club, examples=300)
