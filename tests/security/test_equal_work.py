"""Whether somebody has an account cannot be told from what is done for them.

Not by a stopwatch, which a busy machine would fool: by what costs time. Each request is made for somebody who is there
and for somebody who is not, and both answers, every statement, every hash of a password and every message and job that
is written are held against each other.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event, text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity import passwords
from guerdon.kernel.identity.models import User
from support.http_client import Client
from support.people import PASSWORD

HERE, ELSEWHERE = "here@example.org", "gone@example.org"
PHONE, OTHER_PHONE = "+221771234567", "+221771234568"
HASH = re.compile(r"\$argon2id\$v=\d+\$[^$]+\$")


class Work:
    """What a request had done: statements in their order, hashes by their parameters."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.hashes: Counter[str] = Counter()


@contextmanager
def watching(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Look at the real work as it is done."""
    work = Work()
    hasher = passwords._hasher

    class Watched:
        def hash(self, password: str) -> str:
            found = hasher.hash(password)
            work.hashes["hash " + HASH.match(found)[0]] += 1  # type: ignore[index]
            return found

        def verify_and_update(self, password: str, stored: str) -> tuple[bool, str | None]:
            work.hashes["verify " + HASH.match(stored)[0]] += 1  # type: ignore[index]
            return hasher.verify_and_update(password, stored)

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        work.statements.append(statement)

    engines = (database.engine, database._engine_aside)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    monkeypatch.setattr(passwords, "_hasher", Watched())
    yield work
    monkeypatch.setattr(passwords, "_hasher", hasher)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def written(database: Database) -> Counter[str]:
    """How many jobs and messages of each kind there are."""
    with database.transaction() as session:
        rows = session.execute(
            text(
                "SELECT 'job ' || task_name, count(*) FROM worker.procrastinate_jobs GROUP BY 1"
                " UNION ALL"
                " SELECT 'message ' || kind || ' by ' || channel, count(*) FROM notifications.outbox GROUP BY 1"
            )
        )
        return Counter({row[0]: row[1] for row in rows})


@pytest.fixture
def somebody(person: Callable[..., User], database: Database) -> None:
    """An account with a password and a telephone, one that is suspended, and one without a password."""
    person("here")
    person("closed")
    person("bare")
    with database.transaction() as session:
        session.execute(
            text("UPDATE identity.users SET phone = :phone WHERE email = :email"), {"phone": PHONE, "email": HERE}
        )
        session.execute(text("UPDATE identity.users SET is_active = false WHERE email = 'closed@example.org'"))
        session.execute(
            text(
                "DELETE FROM identity.credentials USING identity.users"
                " WHERE id = user_id AND email = 'bare@example.org'"
            )
        )


Send = Callable[[Client, str], Any]


def token_for(client: Client, email: str) -> Any:
    return client.post("/api/v1/identity/tokens", json={"email": email, "password": "not the password"})


def page_for(client: Client, email: str) -> Any:
    return client.submit("/sign-in", email=email, password="not the password")


def reset_for(client: Client, email: str) -> Any:
    return client.post("/api/v1/identity/password-resets", json={"email": email})


def reset_page_for(client: Client, email: str) -> Any:
    return client.submit("/password/forgotten", contact=email)


def code_for(client: Client, phone: str) -> Any:
    return client.post("/api/v1/identity/tokens/phone/code", json={"phone": phone})


def reset_code_for(client: Client, phone: str) -> Any:
    return client.submit("/password/forgotten", contact=phone)


def sign_up_for(client: Client, email: str) -> Any:
    body = {"email": email, "name": "Blue Heron", "password": PASSWORD}
    return client.post("/api/v1/identity/sign-ups", json=body)


def measure(
    app: FastAPI, database: Database, monkeypatch: pytest.MonkeyPatch, send: Send, who: str, *, page: bool
) -> dict[str, Any]:
    """Everything that could tell one from the other."""
    client = Client(app, page=page)
    before = written(database)
    with watching(database, monkeypatch) as work:
        answer = send(client, who)
    hidden = (re.escape(who), r"[0-9a-f]{64}", r'(csrf_token|once)" value="[^"]*"', r"req-\w+|[0-9a-f-]{32,36}")
    shown = answer.text
    for pattern in hidden:
        shown = re.sub(pattern, "…", shown)
    return {
        "status": answer.status_code,
        "shown": shown,
        "headers": sorted(name for name in answer.headers if name != "content-length"),
        "location": re.sub(r"\?.*", "", answer.headers.get("location", "")),
        "statements": work.statements,
        "hashes": work.hashes,
        "written": written(database) - before,
    }


@pytest.mark.parametrize("present", [HERE, "closed@example.org", "bare@example.org"])
@pytest.mark.parametrize(
    ("send", "page"),
    [(token_for, False), (page_for, True), (reset_for, False), (reset_page_for, True), (sign_up_for, False)],
)
def test_a_mailbox_with_an_account_costs_what_one_without_does(
    identity_app: FastAPI,
    database: Database,
    clock: FixedClock,
    somebody: None,
    monkeypatch: pytest.MonkeyPatch,
    send: Send,
    page: bool,
    present: str,
) -> None:
    passwords._dummy()
    there = measure(identity_app, database, monkeypatch, send, present, page=page)
    absent = measure(identity_app, database, monkeypatch, send, ELSEWHERE, page=page)
    assert there == absent
    if send in (token_for, page_for):
        assert sum(there["hashes"].values()) == 1
    else:
        assert there["written"]


@pytest.mark.parametrize(("send", "page"), [(code_for, False), (reset_code_for, True)])
def test_a_telephone_with_an_account_costs_what_one_without_does(
    identity_app: FastAPI,
    database: Database,
    somebody: None,
    monkeypatch: pytest.MonkeyPatch,
    send: Send,
    page: bool,
) -> None:
    there = measure(identity_app, database, monkeypatch, send, PHONE, page=page)
    absent = measure(identity_app, database, monkeypatch, send, OTHER_PHONE, page=page)
    assert there == absent
    assert there["written"]


def test_the_watch_would_see_a_difference(
    identity_app: FastAPI, database: Database, somebody: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A right password does more than a wrong one, and it shows."""

    def right(client: Client, email: str) -> Any:
        return client.post("/api/v1/identity/tokens", json={"email": email, "password": PASSWORD})

    wrong = measure(identity_app, database, monkeypatch, token_for, HERE, page=False)
    good = measure(identity_app, database, monkeypatch, right, HERE, page=False)
    assert len(good["statements"]) > len(wrong["statements"])
    assert good["hashes"] == wrong["hashes"]
