"""Holding an application to its own description: requests that it allows and forbids, made up by the hundred."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import httpx
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from guerdon.http.openapi import API_PATH

from .http_client import Client

CHECKS = (
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
)
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def campaign(app: FastAPI, caller: Client, *, paths: str, ids: dict[str, list[str]], examples: int) -> int:
    """Make up requests for every operation, and hold each answer to the description.

    Args:
        paths: a pattern; the operations that are tried.
        ids: what there is, by the name of the path's parameter; made-up ids are aimed at these.
        examples: of each operation.

    Returns:
        How many operations were tried.
    """
    schema: Any = schemathesis.openapi.from_dict(caller.get(API_PATH).json()).include(path_regex=paths)
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


def _checker(app: FastAPI, caller: Client, ids: dict[str, list[str]], seen: set[str]) -> Callable[..., None]:
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
