"""Tiers on a real database: windows, grace, notice, history, views, preview, and that a change moves nobody."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.core.clock import FixedClock
from guerdon.core.errors import FieldErrors
from guerdon.db.database import Database
from guerdon.kernel.engagement.activities.schemas import Batch, Consequences
from guerdon.kernel.engagement.activities.service import following as activities_following
from guerdon.kernel.engagement.activities.service import watching
from guerdon.kernel.engagement.ladders import following, jobs
from guerdon.kernel.engagement.ladders.personal_data import PART
from guerdon.kernel.engagement.ladders.service import configuring, keeping
from guerdon.kernel.engagement.ladders.service.deciding import Keeping
from guerdon.kernel.identity.models import User
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount
from guerdon.kernel.ledger.service import door
from support.http_client import Client

WINDOW = Keeping("window", "day", 30, grace_days=5, notice_days=7)
Api = Callable[[str], Client]


@dataclass
class Tiers:
    """The garden's ladder (0, 21, 51, 101 leaves) and members who earn and spend on it."""

    database: Database
    clock: FixedClock
    person: Callable[..., User]
    keys: Any
    told: dict[UUID, Any] = field(default_factory=dict)

    def do(self, call: Any, *args: Any, **options: Any) -> Any:
        with self.database.transaction() as session:
            return call(session, *args, **options)

    def sql(self, statement: str, **values: Any) -> Any:
        with self.database.transaction() as session:
            found = session.execute(text(statement), values)
            return found.all() if found.returns_rows else []

    def member(self, name: str) -> UUID:
        user_id = self.person(name).id
        self.do(ledger.open_member, user_id)
        return user_id

    def earn(self, who: UUID, leaves: int) -> None:
        """Earn through the ledger's door, which counters and followers watch; a negative amount takes back."""
        account, issuance = Account(who, "LEAF"), SystemAccount("issuance", "LEAF")
        ends = (issuance, account) if leaves > 0 else (account, issuance)
        self.told.clear()
        posting = Posting(*ends, abs(leaves) * 100, "award", f"award {next(self.keys)}")
        self.do(ledger.post, posting, self.clock.now())

    def spend(self, who: UUID, leaves: int) -> None:
        posting = Posting(
            Account(who, "LEAF"), SystemAccount("redemption", "LEAF"), leaves * 100, "spend", f"spend {next(self.keys)}"
        )
        self.do(ledger.post, posting, self.clock.now())

    def keep(self, wanted: Keeping) -> None:
        self.do(configuring.change, self.clock.now(), "garden", wanted, actor_id=None, reason="for the test")

    def kept(self, who: UUID) -> keeping.Kept:
        ladder = self.do(configuring.ladder, "garden")
        return self.do(keeping.kept, ladder, who, self.clock.now())  # type: ignore[no-any-return]

    def tier(self, who: UUID) -> str:
        """As a page shows it; views and rules must say the same."""
        code = self.kept(who).standing.tier.code
        found = self.do(keeping.ladders)
        assert self.do(keeping.current, found, [who], self.clock.now())[who]["garden"] == code
        shown = self.sql("SELECT engagement.tier_of('garden', :who, :at)", who=who, at=self.clock.now())
        assert shown[0][0] == code
        return code

    def days(self, number: int) -> None:
        """Let days pass, the review running on each."""
        for _ in range(number):
            self.clock.move(timedelta(days=1))
            self.review()

    def review(self) -> None:
        while self.do(keeping.review, self.clock.now()):
            pass

    def changes(self, who: UUID) -> list[tuple[str, str, str]]:
        rows = self.do(keeping.history, who, "garden")
        return [(row.from_code, row.to_code, row.reason) for row in reversed(rows)]

    def messages(self) -> list[str]:
        return [kind for (kind,) in self.sql("SELECT kind FROM notifications.outbox ORDER BY created_at, id")]


@pytest.fixture
def tiers(garden: Database, clock: FixedClock, person: Callable[..., User], monkeypatch: pytest.MonkeyPatch) -> Tiers:
    """The garden in UTC, its ledger watched, with what followers tell."""
    monkeypatch.setattr(door, "_watchers", {})
    monkeypatch.setattr(activities_following, "_followers", {})
    found = Tiers(garden, clock, person, count(1))
    found.sql("UPDATE engagement.community SET time_zone = 'UTC'")

    def follow(session: Session, now: datetime, batch: Batch) -> Consequences:
        consequences = following.follow_tiers(session, now, batch)
        found.told.update(consequences.documents)
        return consequences

    watching.install()
    activities_following.follow("tiers", activities_following.TIERS, follow)
    return found


class TestEarnedAllTime:
    def test_spending_never_moves_anyone_down_and_a_reversal_does(self, tiers: Tiers) -> None:
        awa = tiers.member("awa")
        assert tiers.tier(awa) == "seed"
        tiers.earn(awa, 60)
        assert tiers.told[awa]["tiers"] == [{"program": "garden", "from": "seed", "to": "bush", "rose": True}]
        tiers.spend(awa, 60)
        assert tiers.tier(awa) == "bush"
        tiers.earn(awa, 10)
        assert tiers.told == {}
        tiers.earn(awa, -10)
        tiers.days(3)
        assert tiers.tier(awa) == "bush"
        tiers.earn(awa, 41)
        assert tiers.changes(awa) == [("seed", "bush", "earned"), ("bush", "tree", "earned")]
        tiers.earn(awa, -41)
        assert tiers.changes(awa)[2:] == [("tree", "bush", "reversed")]
        assert tiers.kept(awa).fall is None

    def test_value_moved_in_sql_is_written_down_by_the_review(self, tiers: Tiers) -> None:
        awa = tiers.member("awa")
        posting = Posting(SystemAccount("issuance", "LEAF"), Account(awa, "LEAF"), 2500, "award", "sql")
        with tiers.database.transaction() as session, door.unwatched(session):
            ledger.post(session, posting, tiers.clock.now())
        assert tiers.tier(awa) == "shoot"
        assert tiers.changes(awa) == []
        tiers.review()
        tiers.review()
        assert tiers.changes(awa) == [("seed", "shoot", "earned")]

    def test_grace_begins_when_somebody_falls_short_and_not_when_the_worker_went_away(self, tiers: Tiers) -> None:
        tiers.keep(Keeping("earned", grace_days=14, notice_days=3))
        awa, ben = tiers.member("awa"), tiers.member("ben")
        tiers.earn(awa, 60)
        tiers.earn(ben, 60)
        tiers.days(1)
        tiers.earn(ben, -40)
        tiers.clock.move(timedelta(days=31))
        tiers.earn(awa, -40)
        assert tiers.tier(awa) == "bush"
        tiers.review()
        assert (tiers.tier(awa), tiers.tier(ben)) == ("bush", "seed")
        tiers.days(13)
        assert tiers.tier(awa) == "bush"
        tiers.days(1)
        assert tiers.tier(awa) == "seed"

    def test_nobody_falls_twice_in_a_night_that_comes_twice(self, tiers: Tiers) -> None:
        tiers.keep(Keeping("earned", downgrade="period_end"))
        awa = tiers.member("awa")
        tiers.earn(awa, 110)
        tiers.earn(awa, -100)
        tiers.clock.move(datetime(2026, 4, 1, 0, 30, tzinfo=UTC) - tiers.clock.now())
        tiers.review()
        assert tiers.tier(awa) == "bush"
        for step in (-1, 1):
            tiers.clock.move(timedelta(hours=step))
            tiers.earn(awa, 1)
            tiers.review()
        tiers.sql("UPDATE engagement.community SET time_zone = 'America/Lima'")
        tiers.earn(awa, 1)
        tiers.days(1)
        assert tiers.tier(awa) == "bush"
        assert tiers.changes(awa) == [("seed", "tree", "earned"), ("tree", "bush", "short")]


class TestWindow:
    def test_who_stops_earning_is_told_and_falls_after_grace(self, tiers: Tiers) -> None:
        tiers.keep(WINDOW)
        awa = tiers.member("awa")
        tiers.earn(awa, 60)
        start = tiers.clock.now().date()
        fall = tiers.kept(awa).fall
        assert fall is not None
        assert (fall.on, fall.to, fall.missing_minor) == (start + timedelta(days=35), 0, 5100)
        tiers.days(27)
        assert tiers.messages() == []
        tiers.days(1)
        assert tiers.messages() == ["engagement.tier_falls"]
        tiers.review()
        tiers.days(6)
        assert (tiers.tier(awa), tiers.messages()) == ("bush", ["engagement.tier_falls"])
        tiers.days(1)
        assert tiers.tier(awa) == "seed"
        assert tiers.messages() == ["engagement.tier_falls", "engagement.tier_fell"]
        assert tiers.changes(awa) == [("seed", "bush", "earned"), ("bush", "seed", "short")]

    def test_who_earns_in_the_grace_stays(self, tiers: Tiers) -> None:
        tiers.keep(WINDOW)
        awa = tiers.member("awa")
        tiers.earn(awa, 60)
        tiers.days(32)
        assert tiers.tier(awa) == "bush"
        tiers.earn(awa, 55)
        tiers.days(10)
        assert tiers.tier(awa) == "bush"
        assert tiers.changes(awa) == [("seed", "bush", "earned")]

    def test_a_review_that_did_not_run_is_made_up_for(self, tiers: Tiers) -> None:
        tiers.keep(WINDOW)
        awa = tiers.member("awa")
        tiers.earn(awa, 60)
        tiers.clock.move(timedelta(days=60))
        assert tiers.tier(awa) == "bush"  # as settled last
        tiers.review()
        assert tiers.tier(awa) == "seed"

    def test_the_job_goes_on_until_everybody_is_looked_at(self, tiers: Tiers, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeping, "BATCH", 2)
        tiers.keep(WINDOW)
        members = [tiers.member(f"m{number}") for number in range(5)]
        for who in members:
            tiers.earn(who, 60)
        tiers.clock.move(timedelta(days=60))
        runs = 0
        while True:
            tiers.do(jobs.REVIEW.run, tiers.clock)
            runs += 1
            waiting = tiers.sql("SELECT count(*) FROM engagement.tier_standings WHERE reviewed_on IS NULL")[0][0]
            if not waiting:
                break
        assert runs == 3
        assert {tiers.tier(who) for who in members} == {"seed"}


class TestBalance:
    def test_spending_moves_down_and_a_hold_past_its_time_counts(self, tiers: Tiers) -> None:
        tiers.keep(Keeping("balance"))
        awa = tiers.member("awa")
        tiers.earn(awa, 60)
        assert tiers.tier(awa) == "bush"
        tiers.spend(awa, 50)
        assert tiers.tier(awa) == "seed"
        tiers.review()
        assert tiers.changes(awa)[-1] == ("bush", "seed", "short")

    def test_never_keeps_the_highest(self, tiers: Tiers) -> None:
        tiers.keep(Keeping("balance", downgrade="never"))
        awa = tiers.member("awa")
        tiers.earn(awa, 60)
        tiers.spend(awa, 60)
        tiers.days(40)
        assert (tiers.tier(awa), tiers.kept(awa).fall) == ("bush", None)


class TestConfiguring:
    def test_a_change_alone_moves_nobody(self, tiers: Tiers) -> None:
        awa, ben = tiers.member("awa"), tiers.member("ben")
        tiers.earn(awa, 60)
        tiers.clock.move(timedelta(days=90))
        tiers.earn(ben, 30)
        moves = tiers.do(configuring.preview, tiers.clock.now(), "garden", WINDOW)
        assert [(move.code, move.now, move.then, move.rise, move.fall) for move in moves] == [
            ("seed", 0, 1, 0, 0),
            ("shoot", 1, 1, 0, 0),
            ("bush", 1, 0, 0, 1),
            ("tree", 0, 0, 0, 0),
        ]
        assert tiers.sql("SELECT FROM engagement.tier_ladders") == []
        tiers.keep(WINDOW)
        assert (tiers.tier(awa), tiers.tier(ben)) == ("bush", "shoot")
        tiers.days(7)
        assert (tiers.tier(awa), tiers.tier(ben)) == ("seed", "shoot")
        acts = tiers.sql("SELECT new_values FROM admin.audit_logs WHERE action = 'engagement.tier_keeping_changed'")
        assert len(acts) == 1

    def test_a_refusal_changes_nothing(self, tiers: Tiers) -> None:
        with pytest.raises(FieldErrors):
            tiers.keep(Keeping("window"))
        assert tiers.sql("SELECT FROM engagement.tier_ladders") == []
        with pytest.raises(FieldErrors):
            tiers.do(configuring.preview, tiers.clock.now(), "garden", Keeping(grace_days=9999))

    def test_history_is_not_rewritten_and_leaves_with_its_member(self, tiers: Tiers) -> None:
        awa = tiers.member("awa")
        tiers.earn(awa, 60)
        for statement in ("UPDATE engagement.tier_changes SET to_code = 'tree'", "TRUNCATE engagement.tier_changes"):
            with pytest.raises(Exception, match=r"permission denied|not rewritten"):
                tiers.sql(statement)
        with tiers.database.transaction() as session:
            files = {file.path: file.content.decode() for file in PART.export(session, tiers.clock, awa)}
        assert '"to_code": "bush"' in files["changes.json"]
        assert PART.erase is not None
        tiers.do(PART.erase, tiers.clock, awa)
        assert tiers.changes(awa) == []


class TestHttp:
    def test_standing_keeping_and_preview(self, call: Api, tiers: Tiers) -> None:
        admin, member = call("admin"), call("user")
        base = "/api/v1/engagement/tiers/garden"
        me = tiers.sql("SELECT id FROM identity.users WHERE email = 'user@example.org'")[0][0]
        tiers.do(ledger.open_member, me)
        tiers.earn(me, 60)
        body = {"basis": "window", "window_unit": "day", "window_length": 30, "grace_days": 5}
        assert member.request("PUT", f"{base}/keeping", json={**body, "reason": "Be active."}).status_code == 403
        bad = admin.request("PUT", f"{base}/keeping", json={**body, "window_length": None, "reason": "Be active."})
        assert (bad.status_code, [error["field"] for error in bad.json()["errors"]]) == (422, ["window_length"])
        assert admin.get(f"{base}/keeping").json()["basis"] == "earned"
        preview = admin.post(
            f"{base}/preview", json={**body, "thresholds": {"seed": "0", "shoot": "1", "bush": "2", "tree": "3"}}
        )
        assert [(row["code"], row["rise"]) for row in preview.json() if row["rise"]] == [("bush", 1)]
        assert admin.request("PUT", f"{base}/keeping", json={**body, "reason": "Be active."}).json()["grace_days"] == 5
        found = member.get(f"{base}/standing").json()
        assert (found["tier"], found["amount"], found["next"], found["missing"]) == ("bush", "60.00", "tree", "41.00")
        assert found["falls"] == {"on": "2026-04-06", "to": "seed", "missing": "51.00"}
        assert member.get(f"{base}/changes").json()[0]["to_tier"] == "bush"
        assert member.get(f"{base}/standing/{me}").status_code == 403
        assert admin.get(f"{base}/standing/{me}").json() == found
        assert member.get("/api/v1/engagement/tiers/none/standing").status_code == 404

    def test_pages(self, visit: Api, tiers: Tiers) -> None:
        admin = visit("admin")
        path = "/staff/tiers/garden/keeping"
        form = {
            "basis": "window",
            "window_unit": "day",
            "window_length": "30",
            "downgrade": "at_once",
            "grace_days": "5",
        }
        looked = admin.submit(f"{path}/preview", on=path, **form)
        assert (looked.status_code, "Would fall" in looked.text) == (200, True)
        assert admin.submit(path, **form).status_code == 422
        assert tiers.sql("SELECT FROM engagement.tier_ladders") == []
        saved = admin.submit(path, **form, notice_days="7", review_period="month", reason="Be active.")
        assert saved.status_code == 303, saved.text
        me = tiers.sql("SELECT id FROM identity.users WHERE email = 'admin@example.org'")[0][0]
        tiers.do(ledger.open_member, me)
        tiers.earn(me, 60)
        shown = admin.get("/tiers").text
        assert "You keep Bush until" in shown
        assert "51.00" in shown
        assert admin.get("/staff/tiers").status_code == 200
