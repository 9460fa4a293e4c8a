"""What members do with what they have submitted: change it, withdraw it, look at it again, send it twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from guerdon.core.clock import FixedClock
from guerdon.programs.credits.errors import (
    ContributionChangedError,
    TransitionRefusedError,
)
from guerdon.programs.credits.service import reviewing, submitting
from support.credits import HOURS, ITEM, MONEY, Caller, Club, item, refused

PATH = "/api/v1/credits/contributions"
Api = Callable[..., Caller]


class TestChanging:
    def test_works_the_credits_out_anew(self, api: Api) -> None:
        client = api("awa")
        made = client.post(PATH, json=ITEM).json()
        answer = client.put(f"{PATH}/{made['id']}", json=ITEM | {"estimated_value": "80"}, params={"revision": 1})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["credits"], answer.json()["revision"]) == ("8.00", 2)

    def test_may_change_the_type(self, api: Api) -> None:
        client = api("awa")
        made = client.post(PATH, json=ITEM).json()
        answer = client.put(f"{PATH}/{made['id']}", json=HOURS)
        assert (answer.json()["type"], answer.json()["credits"]) == ("volunteer_hours", "6.00")

    def test_refuses_an_old_revision(self, club: Club, awa: UUID) -> None:
        contribution_id = club.submit(awa)
        club.do(submitting.change, club.clock, awa, contribution_id, item("60"), revision=1)
        refused(
            club,
            ContributionChangedError,
            lambda: club.do(submitting.change, club.clock, awa, contribution_id, item("70"), revision=1),
        )

    @pytest.mark.parametrize("state", ["approved", "rejected", "withdrawn"])
    def test_only_while_pending(self, club: Club, awa: UUID, zoe: UUID, state: str) -> None:
        contribution_id = club.submit(awa)
        if state == "approved":
            club.approve(zoe, contribution_id)
        elif state == "rejected":
            club.do(reviewing.reject, club.clock, zoe, contribution_id, reason="no room")
        else:
            club.do(submitting.withdraw, club.clock, awa, contribution_id)
        for call in (
            lambda: club.do(submitting.change, club.clock, awa, contribution_id, item("70")),
            lambda: club.do(submitting.withdraw, club.clock, awa, contribution_id),
        ):
            refused(club, TransitionRefusedError, call)
        if state != "withdrawn":
            refused(club, TransitionRefusedError, lambda: club.do(submitting.resubmit, awa, contribution_id))

    def test_withdrawn_and_submitted_again(self, api: Api) -> None:
        client = api("awa")
        made = client.post(PATH, json=ITEM).json()
        withdrawn = client.post(f"{PATH}/{made['id']}/withdraw").json()
        assert (withdrawn["status"], withdrawn["withdrawn"]) == ("rejected", True)
        again = client.post(f"{PATH}/{made['id']}/resubmit").json()
        assert (again["status"], again["withdrawn"], again["credits"]) == ("pending", False, "5.00")


class TestHistory:
    def test_filters(self, club: Club, api: Api, clock: FixedClock) -> None:
        client = api("awa")
        zoe = club.person("zoe", "staff")
        ids = {}
        for name, body in (("tent", ITEM), ("hours", HOURS), ("money", MONEY)):
            ids[name] = client.post(PATH, json=body).json()["id"]
            clock.move(timedelta(minutes=1))
        club.approve(zoe, UUID(ids["tent"]))
        start = (clock.now() - timedelta(minutes=2)).isoformat()
        cases: list[tuple[dict[str, str], list[str]]] = [
            ({}, ["money", "hours", "tent"]),
            ({"status": "approved"}, ["tent"]),
            ({"status": "pending"}, ["money", "hours"]),
            ({"type": "money"}, ["money"]),
            ({"since": start}, ["money", "hours"]),
            ({"until": start}, ["tent"]),
            ({"search": "GARDEN"}, ["hours"]),
            ({"search": "txn"}, ["money"]),
            ({"search": "person tent"}, ["tent"]),
            ({"search": "%"}, []),
            ({"search": "_"}, []),
            ({"search": "\\"}, []),
            ({"status": "rejected"}, []),
        ]
        for params, names in cases:
            found = client.get(PATH, params=params).json()["items"]
            assert [each["id"] for each in found] == [ids[name] for name in names], params

    def test_pages_hold_everything_once(self, club: Club, api: Api) -> None:
        client = api("awa")
        made = {str(club.submit(client.user_id, item(str(10 + number)))) for number in range(7)}  # all at one moment
        seen: list[str] = []
        params: dict[str, Any] = {"limit": 3}
        while True:
            page = client.get(PATH, params=params).json()
            seen += [each["id"] for each in page["items"]]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert len(seen) == 7
        assert set(seen) == made
        assert seen == sorted(seen, reverse=True)

    @pytest.mark.parametrize("cursor", ["x", "W10", "", "WyJhIiwiYiJd", "a" * 501])
    def test_a_made_up_cursor(self, api: Api, cursor: str) -> None:
        assert api("awa").get(PATH, params={"cursor": cursor}).status_code == 422


class TestRepeating:
    def test_the_same_key_submits_once(self, club: Club, api: Api) -> None:
        client = api("awa")
        headers = {"Idempotency-Key": "0f0f"}
        first = client.post(PATH, json=ITEM, headers=headers)
        second = client.post(PATH, json=ITEM, headers=headers)
        assert (first.status_code, second.status_code) == (201, 201)
        assert second.headers["Idempotency-Replayed"] == "true"
        assert first.json() == second.json()
        other = client.post(PATH, json=HOURS, headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        assert club.sql("SELECT count(*) FROM contributions") == [(1,)]
