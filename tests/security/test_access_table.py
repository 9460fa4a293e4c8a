"""Every route × everybody who might ask: what it declares is what it does, and a refusal changes nothing.

The table is written from the routes, so that a new one is in it as soon as it exists.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from guerdon import boot
from guerdon.core.clock import FixedClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.http.access import Access, Requires, declared_access, routes_of
from guerdon.kernel.identity.models import User
from support.http_client import Client
from support.people import PASSWORD

ASKERS = ("user", "partner", "staff", "admin", "super_admin")
NOBODY = "anonymous"
SOMETHING = UUID("00000000-0000-7000-8000-000000000001")
WORDS = {"role": "staff", "provider": "google", "name": "google", "decision": "grant"}
# Tables that count attempts and requests; what is refused is counted there, and nowhere else.
COUNTERS = {"http.rate_windows", "identity.user_sessions", "identity.admin_sessions"}


@pytest.fixture
def whole_app(database: Database, clock: FixedClock, recorded: None, tmp_path: Path) -> FastAPI:
    """The application as it is put together for real."""
    return boot.create_app(Settings(data_dir=tmp_path, secret_key="s" * 40), database, clock)


def table_of(app: FastAPI) -> list[tuple[str, str, Access]]:
    """Method, path with something in its gaps, declared access."""
    found = []
    for route in routes_of(app):
        declared = declared_access(route)
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            found.append((method, fill(route.path), declared[0]))
    return found


def fill(path: str) -> str:
    parts = []
    for part in path.split("/"):
        gap = part[1:-1].partition(":")[0] if part.startswith("{") and part.endswith("}") else None
        parts.append(part if gap is None else WORDS.get(gap, str(SOMETHING)))
    return "/".join(parts)


def expected(access: Access, asker: str, app: FastAPI, method: str, path: str) -> set[int] | None:
    """The statuses of a refusal, or None where the asker is let in, whatever becomes of the request then."""
    if access.kind == "public":
        return None
    if asker == NOBODY:
        # A form without its token is refused before anybody asks who sent it.
        return {401} if method == "GET" or path.startswith("/api/") else {401, 403}
    permission = access.permission
    held = app.state.permissions.held_by({"user", asker})
    return {403} if permission is not None and permission not in held else None


def checksum(database: Database) -> dict[str, str]:
    """A digest of every table that a refusal must leave as it was."""
    with database.transaction() as session:
        session.execute(text("SELECT set_config('guerdon.acting_as', 'system', true)"))
        names = session.scalars(
            text(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN"
                " ('pg_catalog', 'information_schema', 'worker', 'public')"
                " AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')"
            )
        ).all()
        digest = "SELECT coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM {} t"
        return {name: session.scalars(text(digest.format(name))).one() for name in names if name not in COUNTERS}


@pytest.fixture
def askers(whole_app: FastAPI, person: Callable[..., User]) -> dict[str, Client]:
    """A program of each kind of person."""
    found = {NOBODY: Client(whole_app)}
    for role in ASKERS:
        person(role.replace("_", "-"), role)
        found[role] = Client(whole_app)
        body = {"email": f"{role.replace('_', '-')}@example.org", "password": PASSWORD}
        answer = found[role].post("/api/v1/identity/tokens", json=body)
        found[role].bear(answer.json()["access_token"])
    return found


def test_each_route_lets_in_whom_it_declares(whole_app: FastAPI, database: Database, askers: dict[str, Client]) -> None:
    table = table_of(whole_app)
    assert len(table) > 100
    before = checksum(database)
    wrong: list[str] = []
    refused = 0
    for method, path, access in table:
        for asker, client in askers.items():
            statuses = expected(access, asker, whole_app, method, path)
            if statuses is None:
                continue
            refused += 1
            options: dict[str, Any] = {} if method in {"GET", "DELETE"} else {"json": {}}
            status = client.request(method, path, **options).status_code
            if status not in statuses:
                wrong.append(f"{asker}: {method} {path} answered {status}, not {sorted(statuses)}")
    assert wrong == []
    assert refused > 100
    assert checksum(database) == before


def test_who_is_let_in_is_not_refused(whole_app: FastAPI, askers: dict[str, Client]) -> None:
    """Reading alone: what is written needs a body that makes sense, and has tests of its own."""
    wrong = []
    for method, path, access in table_of(whole_app):
        if method != "GET" or not isinstance(access, Requires):
            continue
        # What belongs to somebody is open to its owner, which nobody here is.
        if access.permission is None and str(SOMETHING) in path:
            continue
        for asker, client in askers.items():
            if asker == NOBODY or expected(access, asker, whole_app, method, path) is not None:
                continue
            status = client.get(path).status_code
            if status in {401, 403} or status >= 500:
                wrong.append(f"{asker}: GET {path} answered {status}")
    assert wrong == []


@pytest.mark.parametrize(
    "header", ["Bearer gk_00000000_unknown", "Bearer a.b.c", "Basic YTpi", "Bearer", "Bearer " + "x" * 5000]
)
def test_a_forged_proof_opens_nothing(whole_app: FastAPI, database: Database, header: str) -> None:
    before = checksum(database)
    client = Client(whole_app)
    for method, path, access in table_of(whole_app):
        if isinstance(access, Requires):
            answer = client.request(method, path, headers={"authorization": header})
            assert answer.status_code == 401, f"{method} {path} answered {answer.status_code}"
    assert checksum(database) == before
