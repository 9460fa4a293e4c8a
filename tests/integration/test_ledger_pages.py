"""The ledger's pages for staff, and its jobs."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from guerdon.core.ids import new_id
from guerdon.kernel.ledger import jobs, service
from guerdon.worker.tasks import TaskRegistry
from support.http_client import Client
from support.ledger import CREDIT, POINT, Ledger, award
from support.people import PASSWORD

HOUR = timedelta(hours=1)


@pytest.fixture
def awa(ledger: Ledger, person: Callable[..., Any]) -> UUID:
    person("ada", "admin")
    person("sam", "staff")
    awa: UUID = person("awa").id
    ledger.do(service.open_member, awa)
    return awa


def correct(browser: Client, owner: UUID, key: str | None = None, **fields: str) -> Any:
    """Fill in the form as it is shown."""
    page = browser.get(f"/staff/ledger/{owner}")
    shown = re.search(r'name="key" value="([^"]+)"', page.text)
    assert shown, page.text
    return browser.submit(
        f"/staff/ledger/{owner}/adjust", on=f"/staff/ledger/{owner}", **{"key": key or shown[1], **fields}
    )


def test_staff_see_and_administrators_correct(ledger: Ledger, awa: UUID, browser: Callable[..., Client]):
    path = f"/staff/ledger/{awa}"
    empty = browser("sam").get(path)
    assert "Nothing yet" in empty.text
    assert "Correct a balance" not in empty.text
    admin = browser("ada")
    fields = {"unit": CREDIT, "amount": "12.5", "reason": "Counted <twice>"}
    assert correct(admin, awa, **fields).status_code == 303
    page = admin.get(path).text
    assert "+12.50" in page
    assert "Counted &lt;twice&gt;" in page
    assert ledger.balances(awa, CREDIT) == {"available": 1250}
    assert correct(admin, awa, unit=CREDIT, amount="−2,50", reason="Too much").status_code == 303
    assert correct(admin, awa, unit=CREDIT, amount="1\u202f250,50", reason="As it is shown").status_code == 303
    assert correct(admin, awa, unit=CREDIT, amount="-1250.50", reason="And back").status_code == 303
    assert ledger.balances(awa, CREDIT) == {"available": 1000}
    french = admin.get(path, headers={"accept-language": "fr"})
    assert french.status_code == 200


def test_a_statement_calls_what_programs_do_by_its_name(ledger: Ledger, awa: UUID, whole_app: FastAPI) -> None:
    for kind in ("events.attended", "badge.reward", "streak.bonus", "credits.contribution"):
        booked = {"reason": "Contribution approved: money"} if kind == "credits.contribution" else None
        ledger.post(replace(award(awa, 1, kind), kind=kind, detail=booked))
    admin = Client(whole_app, page=True)
    assert admin.submit("/sign-in", email="ada@example.org", password=PASSWORD).status_code == 303
    page = admin.get(f"/staff/ledger/{awa}").text
    assert re.search(rf'href="/staff/members/{awa}"[^>]*>\s*Awa', page)
    for words in ("Attended an event", "Badge reward", "Streak bonus", "Contributions"):
        assert words in page
    with psycopg.connect(ledger.owner_dsn) as connection:
        connection.execute("UPDATE identity.users SET locale = 'fr' WHERE email = 'ada@example.org'")
    french = admin.get(f"/staff/ledger/{awa}").text
    for words in (
        "Présence à un événement",
        "Récompense d’un badge",
        "Bonus de série",
        "Contribution approuvée\u00a0: argent",
    ):
        assert words in french
    assert "events.attended" not in page + french


@pytest.mark.parametrize("reason", ["{0} of {", "{x:>99999999999}", 5, {"a": ["b"]}, ["a"], True, None])
def test_any_detail_of_a_transfer_can_be_shown(
    ledger: Ledger, awa: UUID, browser: Callable[..., Client], reason: object
) -> None:
    ledger.post(replace(award(awa, 1, "odd"), detail={"reason": reason}))
    page = browser("sam").get(f"/staff/ledger/{awa}")
    assert page.status_code == 200
    if isinstance(reason, str):
        assert escape(reason) in page.text


def test_a_form_sent_twice_corrects_once(ledger: Ledger, awa: UUID, browser: Callable[..., Client]):
    admin = browser("ada")
    for _ in range(2):
        assert correct(admin, awa, key="once", unit=POINT, amount="3", reason="r").status_code == 303
    assert ledger.balances(awa) == {"available": 3}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"unit": CREDIT, "amount": "1"}, "A reason is required"),
        ({"unit": CREDIT, "amount": "1.005", "reason": "r"}, "has more decimals than TEST_CREDIT allows"),
        ({"unit": CREDIT, "amount": "lots", "reason": "r"}, "is not a decimal number"),
        ({"unit": CREDIT, "amount": "0", "reason": "r"}, "must be greater than zero"),
        ({"unit": CREDIT, "amount": "1,250", "reason": "r"}, "is not a decimal number"),
        ({"unit": CREDIT, "reason": "r"}, "This has to be filled in"),
        ({"unit": "NOPE", "amount": "1", "reason": "r"}, "There is no unit"),
        ({"unit": CREDIT, "amount": "-1", "reason": "r"}, "The balance is too low"),
    ],
)
def test_a_form_with_mistakes_comes_back(
    ledger: Ledger, awa: UUID, browser: Callable[..., Client], fields: dict[str, str], words: str
):
    before = ledger.snapshot()
    answer = correct(browser("ada"), awa, **fields)
    assert 400 <= answer.status_code < 500
    assert words in answer.text.replace("&#39;", "'")
    assert ledger.snapshot() == before


def test_who_may_not(ledger: Ledger, awa: UUID, browser: Callable[..., Client]):
    path = f"/staff/ledger/{awa}"
    assert browser("awa").get(path).status_code == 403
    assert browser("sam").get(f"/staff/ledger/{new_id()}").status_code == 404
    before = ledger.snapshot()
    staff = browser("sam")
    token = staff.form_token("/account")
    fields = {"csrf_token": token, "unit": CREDIT, "amount": "1", "reason": "r", "key": "k"}
    assert staff.post(f"{path}/adjust", data=fields).status_code == 403
    assert ledger.snapshot() == before


def test_a_long_statement_has_pages(ledger: Ledger, awa: UUID, browser: Callable[..., Client]):
    for n in range(60):
        ledger.award(awa, 1, key=f"a{n}")
    staff = browser("sam")
    first = staff.get(f"/staff/ledger/{awa}").text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    assert 'rel="prev"' in staff.get(older[1].replace("&amp;", "&")).text


def test_the_jobs_settle_and_fold(ledger: Ledger, awa: UUID):
    ledger.award(awa, 10)
    for _ in range(5):
        ledger.hold(awa, 1, due_at=ledger.now + HOUR)
    ledger.clock.move(HOUR)
    registry = TaskRegistry(jobs.TASKS)
    assert {task.cron for task in registry.values()} == {"* * * * *"}
    ledger.do(registry["ledger.settle_due"].run, ledger.clock)
    ledger.do(registry["ledger.fold_system_balances"].run, ledger.clock)
    rows = ledger.snapshot()
    assert rows["system_deltas"] == []
    assert [line for line in rows["accounts"] if ",1,10,0," in line], rows["accounts"]
    assert ledger.do(service.settle_due, ledger.now) == 0


def test_a_full_batch_queues_the_rest(ledger: Ledger, awa: UUID, monkeypatch: pytest.MonkeyPatch):
    ledger.award(awa, 10)
    for _ in range(3):
        ledger.hold(awa, 1, due_at=ledger.now + HOUR)
    ledger.clock.move(HOUR)
    monkeypatch.setattr(service, "SETTLE_BATCH", 2)
    queued = "SELECT count(*) FROM worker.procrastinate_jobs WHERE task_name = 'ledger.settle_due'"

    def settle_two(session: Any, at: Any) -> int:
        return original(session, at, limit=2)

    original = service.settle_due
    monkeypatch.setattr(service, "settle_due", settle_two)
    counts = []
    for _ in range(2):
        ledger.do(jobs.SETTLE_DUE.run, ledger.clock)
        with ledger.database.transaction() as session:
            counts.append(session.execute(text(queued)).scalar_one())
    assert counts == [1, 1]
    assert ledger.do(original, ledger.now) == 0
