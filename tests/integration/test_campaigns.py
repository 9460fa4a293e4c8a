"""Campaigns over HTTP, in the browser and by the job: budgets are put aside, kept to, and returned."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.engagement.campaigns import jobs
from guerdon.kernel.engagement.campaigns.models import Campaign
from guerdon.kernel.ledger.service import verify
from support.http_client import Client

CAMPAIGNS = "/api/v1/engagement/campaigns"
Api = Callable[[str], Client]
TERMS = {
    "code": "spring",
    "title": "Twice as many leaves in spring",
    "unit": "LEAF",
    "multiplier": "2",
    "budget": "50",
    "starts_at": "2026-03-01T00:00:00Z",
    "ends_at": "2026-04-01T00:00:00Z",
}


def state(database: Database) -> list[Any]:
    """Everything that these routes could change."""
    with database.transaction() as session:
        rows = session.execute(text("SELECT * FROM engagement.campaigns ORDER BY id")).all()
        moved = session.execute(text("SELECT * FROM ledger.transfers ORDER BY owner_id, id")).all()
        acts = session.execute(
            text(
                "SELECT action, actor_user_id, reason FROM admin.audit_logs"
                " WHERE action LIKE 'engagement.campaign%' ORDER BY timestamp, id"
            )
        ).all()
        return [rows, moved, acts]


def budget(database: Database, code: str) -> int:
    """What lies in a campaign's budget."""
    with database.transaction() as session:
        return session.execute(
            text(
                "SELECT a.balance FROM ledger.accounts a JOIN ledger.owners o ON o.id = a.owner_id WHERE o.code = :code"
            ),
            {"code": f"campaign.{code}"},
        ).scalar_one()


def written(client: Client, **changes: Any) -> dict[str, Any]:
    answer = client.post(CAMPAIGNS, json={**TERMS, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


class TestApi:
    def test_the_whole_way_of_a_campaign(self, call: Api, garden: Database) -> None:
        admin = call("admin")
        draft = written(admin)
        assert (draft["phase"], draft["spent"], draft["left"], draft["multiplier"]) == (
            "draft",
            "0.00",
            "50.00",
            "2.0000",
        )
        path = f"{CAMPAIGNS}/{draft['id']}"
        edited = admin.put(path, json={**TERMS, "budget": "75.5", "rules": ["garden.watering"]})
        assert (edited.status_code, edited.json()["budget"]) == (200, "75.50")
        assert state(garden)[1] == []
        running = admin.post(f"{path}/activate").json()
        assert (running["phase"], running["left"]) == ("running", "75.50")
        assert budget(garden, "spring") == 7550
        ended = admin.post(f"{path}/stop", json={"reason": "The wrong members got it."}).json()
        assert (ended["phase"], ended["spent"], ended["left"]) == ("ended", "0.00", "0.00")
        assert budget(garden, "spring") == 0
        assert [act.action for act in state(garden)[2]] == [
            "engagement.campaign_written",
            "engagement.campaign_edited",
            "engagement.campaign_activated",
            "engagement.campaign_ended",
        ]
        assert state(garden)[2][3].reason == "The wrong members got it."
        with garden.transaction() as session:
            assert verify(session) == []

    def test_one_that_begins_later_is_scheduled(self, call: Api, garden: Database) -> None:
        admin = call("admin")
        draft = written(admin, starts_at="2026-03-20T00:00:00Z")
        assert admin.post(f"{CAMPAIGNS}/{draft['id']}/activate").json()["phase"] == "scheduled"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"code": "Spring!"}, "code"),
            ({"code": ""}, "code"),
            ({"title": " "}, "title"),
            ({"ends_at": TERMS["starts_at"]}, "ends_at"),
            ({"ends_at": "2030-01-01T00:00:00Z"}, "ends_at"),
            ({"ends_at": "2026-04-01T00:00:00"}, "ends_at"),
            ({"multiplier": "1"}, "multiplier"),
            ({"multiplier": "100.1"}, "multiplier"),
            ({"multiplier": "1.00001"}, "multiplier"),
            ({"multiplier": 1.5}, "multiplier"),
            ({"multiplier": "-2"}, "multiplier"),
            ({"multiplier": "9" * 40}, "multiplier"),
            ({"budget": "0"}, "budget"),
            ({"budget": "-5"}, "budget"),
            ({"budget": "1.001"}, "budget"),
            ({"unit": "NOTHING"}, "unit"),
            ({"condition": "member.("}, "condition"),
            ({"condition": "x.map(y, y)"}, "condition"),
            ({"condition": "member.locale"}, "condition"),
            ({"condition": "1"}, "condition"),
            ({"condition": "member.account_age_days > 'a week'"}, "condition"),
            ({"condition": "member.vip == 'yes'"}, "condition"),
            ({"condition": "has(activity.nowhere)"}, "condition"),
            ({"condition": "activity.metres > 'far'"}, "condition"),
            ({"rules": ["garden.mowing"]}, "rules"),
            ({"extra": 1}, "extra"),
        ],
    )
    def test_terms_that_cannot_be_kept(self, call: Api, garden: Database, change: dict[str, Any], field: str) -> None:
        admin = call("admin")
        before = state(garden)
        answer = admin.post(CAMPAIGNS, json={**TERMS, **change})
        assert answer.status_code == 422, answer.text
        assert field in [each["field"] for each in answer.json()["errors"]]
        assert state(garden) == before

    def test_a_code_is_used_once(self, call: Api, garden: Database) -> None:
        admin = call("admin")
        written(admin)
        answer = admin.post(CAMPAIGNS, json=TERMS)
        assert answer.json()["errors"][0]["code"] == "campaign-code-taken"
        other = written(admin, code="summer")
        before = state(garden)
        assert admin.put(f"{CAMPAIGNS}/{other['id']}", json=TERMS).status_code == 422
        assert state(garden) == before

    def test_what_was_activated_is_not_changed(self, call: Api, garden: Database, owner_dsn: str) -> None:
        admin = call("admin")
        path = f"{CAMPAIGNS}/{written(admin)['id']}"
        stopped = admin.post(f"{path}/stop", json={"reason": "Not yet."})
        assert (stopped.status_code, stopped.json()["code"]) == (409, "campaign-state")
        admin.post(f"{path}/activate")
        before = state(garden)
        for answer in (
            admin.put(path, json={**TERMS, "budget": "5000"}),
            admin.request("DELETE", path),
            admin.post(f"{path}/activate"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "campaign-state")
        assert admin.post(f"{path}/stop", json={"reason": "  x "}).status_code == 422
        assert state(garden) == before
        owner = Database(owner_dsn)
        for change in ("budget_minor = 1", "multiplier_bp = 30000", "status = 'draft'", "returned_minor = -1"):
            with pytest.raises(DBAPIError), owner.transaction() as session:
                session.execute(text(f"UPDATE engagement.campaigns SET {change}"))
        with pytest.raises(DBAPIError), owner.transaction() as session:
            session.execute(text("DELETE FROM engagement.campaigns"))
        owner.dispose()
        assert state(garden) == before

    def test_one_that_would_be_over_is_not_activated(self, call: Api, garden: Database, clock: FixedClock) -> None:
        admin = call("admin")
        draft = written(admin, starts_at="2026-02-01T00:00:00Z", ends_at="2026-03-01T00:00:00Z")
        before = state(garden)
        answer = admin.post(f"{CAMPAIGNS}/{draft['id']}/activate")
        assert (answer.status_code, answer.json()["code"]) == (409, "campaign-over")
        assert state(garden) == before

    def test_staff_see_and_do_not_change_and_members_see_nothing(self, call: Api, garden: Database) -> None:
        draft = written(call("admin"))
        before = state(garden)
        staff, member = call("staff"), call("user")
        assert staff.get(CAMPAIGNS).json()["items"][0]["code"] == "spring"
        path = f"{CAMPAIGNS}/{draft['id']}"
        for client in (staff, member):
            assert client.post(CAMPAIGNS, json=TERMS).status_code == 403
            assert client.post(f"{path}/activate").status_code == 403
            assert client.request("DELETE", path).status_code == 403
        assert member.get(path).status_code == 403
        assert state(garden) == before

    def test_lists_are_paged_and_what_is_not_there(self, call: Api, garden: Database) -> None:
        admin = call("admin")
        for number in range(3):
            written(admin, code=f"c{number}")
        first = admin.get(f"{CAMPAIGNS}?limit=2").json()
        second = admin.get(f"{CAMPAIGNS}?limit=2&cursor={first['next_cursor']}").json()
        assert [each["code"] for each in first["items"] + second["items"]] == ["c2", "c1", "c0"]
        assert second["next_cursor"] is None
        assert admin.get(f"{CAMPAIGNS}/0198c0de-0000-7000-8000-000000000000").json()["code"] == "campaign-not-found"


class TestEnd:
    def run(self, database: Database, clock: FixedClock) -> None:
        with database.transaction() as session:
            jobs.end_campaigns(session, clock)

    def test_it_ends_a_day_after_its_time_and_gives_back(self, call: Api, garden: Database, clock: FixedClock) -> None:
        admin = call("admin")
        path = f"{CAMPAIGNS}/{written(admin, ends_at='2026-03-03T09:00:00Z')['id']}"
        admin.post(f"{path}/activate")
        clock.move(timedelta(hours=24))
        self.run(garden, clock)
        admin = call_again(call, admin)
        assert admin.get(path).json()["phase"] == "closing"
        assert budget(garden, "spring") == 5000
        clock.move(timedelta(hours=24))
        self.run(garden, clock)
        before = state(garden)
        self.run(garden, clock)
        assert state(garden) == before
        assert budget(garden, "spring") == 0
        with garden.transaction() as session:
            assert verify(session) == []
        with garden.transaction() as session:
            ended = session.scalars(select(Campaign)).one()
            assert (ended.status, ended.returned_minor) == ("ended", 5000)


def call_again(call: Api, client: Client) -> Client:
    """The same person with a new token, after time has passed."""
    answer = client.post(
        "/api/v1/identity/tokens", json={"email": "admin@example.org", "password": "seven quiet herons"}
    )
    return client.bear(answer.json()["access_token"])


FIELDS = {
    "code": "spring",
    "title": "Spring <b>leaves</b>",
    "unit": "LEAF",
    "multiplier": "1,5",
    "budget": "50,5",
    "starts_at": "2026-03-01T00:00",
    "ends_at": "2026-04-01T00:00",
}


class TestPages:
    def test_without_scripts_from_draft_to_end(self, visit: Callable[..., Client], garden: Database) -> None:
        admin = visit("admin")
        assert "No campaigns yet" in admin.get("/staff/campaigns").text
        done = admin.submit("/staff/campaigns/new", **FIELDS)
        assert done.status_code == 303, done.text
        path = done.headers["location"]
        assert "This is a draft" in admin.get(path).text
        assert "<b>leaves" not in admin.get(path).text
        assert 'value="1.5000"' in admin.get(f"{path}/edit").text
        assert admin.submit(f"{path}/edit", **{**FIELDS, "budget": "60"}).status_code == 303
        assert admin.submit(f"{path}/activate", on=path).status_code == 303
        assert budget(garden, "spring") == 6000
        shown = admin.get(path).text
        assert "Running" in shown
        assert 'role="progressbar"' in shown
        refused = admin.submit(f"{path}/stop", on=path, reason="")
        assert refused.status_code == 422
        assert "Say why" in refused.text
        assert budget(garden, "spring") == 6000
        assert admin.submit(f"{path}/stop", on=path, reason="Enough.").status_code == 303
        assert "Ended" in admin.get("/staff/campaigns").text

    def test_a_form_that_does_not_fit_keeps_what_was_written(
        self, visit: Callable[..., Client], garden: Database
    ) -> None:
        admin = visit("admin")
        before = state(garden)
        refused = admin.submit("/staff/campaigns/new", **{**FIELDS, "multiplier": "much", "starts_at": "soon"})
        assert refused.status_code == 422
        assert 'value="much"' in refused.text
        assert refused.text.count("field__error") == 2
        assert state(garden) == before

    def test_a_draft_is_thrown_away(self, visit: Callable[..., Client], garden: Database) -> None:
        admin = visit("admin")
        path = admin.submit("/staff/campaigns/new", **FIELDS).headers["location"]
        assert admin.submit(f"{path}/discard", on=path).status_code == 303
        assert state(garden)[0] == []

    def test_who_may_not(self, visit: Callable[..., Client]) -> None:
        staff = visit("staff")
        assert staff.get("/staff/campaigns").status_code == 200
        assert staff.get("/staff/campaigns/new").status_code == 403
        assert visit("user").get("/staff/campaigns").status_code == 403
