"""Staff decide: once each, never on their own, and a decision can be undone while the credits are there."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.schemas import Account
from guerdon.programs.credits.errors import (
    AmountOfCreditsError,
    ContributionChangedError,
    ContributionNotFoundError,
    CreditsSpentError,
    OwnContributionError,
    ReasonRequiredError,
    TransitionRefusedError,
)
from guerdon.programs.credits.models import ContributionStatus
from guerdon.programs.credits.service import reading, reviewing, submitting
from support.credits import HOURS, ITEM, Caller, Club, hours, item, money, refused
from support.crowd import calls_at_once

REVIEW = "/api/v1/credits/review"
Api = Callable[..., Caller]


class TestDeciding:
    def test_an_approval_credits_and_is_on_record(self, club: Club, awa: UUID, api: Api) -> None:
        staff = api("zoe", "staff")
        contribution_id = club.submit(awa)
        answer = staff.post(f"{REVIEW}/{contribution_id}/approve", json={"revision": 1})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["status"], body["credits"], body["reviewer_name"]) == ("approved", "5.00", "Zoe")
        assert body["approved_by"] == str(staff.user_id)
        assert club.balance(awa) == Decimal("5.00")
        ((action, old, new),) = club.sql(
            "SELECT action, old_values, new_values FROM admin.audit_logs WHERE action LIKE 'credits.%%'"
        )
        assert action == "credits.contribution_approved"
        assert (old["status"], new["status"], new["credits"]) == ("pending", "approved", "5.00")

    def test_twice_is_a_conflict(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.credited(awa, zoe)
        refused(club, TransitionRefusedError, lambda: club.approve(zoe, contribution_id))

    def test_never_ones_own(self, club: Club, zoe: UUID) -> None:
        own = club.submit(zoe)
        for call in (
            lambda: club.approve(zoe, own),
            lambda: club.do(reviewing.reject, club.clock, zoe, own, reason="no"),
            lambda: club.do(reviewing.change_credits, club.clock, zoe, own, credits=Decimal(9), reason="more"),
            lambda: club.do(reviewing.recalculate, club.clock, zoe, own),
            lambda: club.reopen(zoe, own),
        ):
            refused(club, OwnContributionError, call)

    def test_what_changed_since(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.submit(awa)
        club.do(submitting.change, club.clock, awa, contribution_id, item("9000"))
        refused(club, ContributionChangedError, lambda: club.approve(zoe, contribution_id, revision=1))
        club.approve(zoe, contribution_id, revision=2)
        assert club.balance(awa) == Decimal("900.00")

    def test_what_does_not_exist(self, club: Club, zoe: UUID) -> None:
        refused(club, ContributionNotFoundError, lambda: club.approve(zoe, uuid4()))

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
    def test_a_rejection_needs_a_reason(self, club: Club, awa: UUID, zoe: UUID, reason: str) -> None:
        contribution_id = club.submit(awa)
        refused(
            club,
            ReasonRequiredError,
            lambda: club.do(reviewing.reject, club.clock, zoe, contribution_id, reason=reason),
        )

    def test_a_withdrawn_one_is_left_alone(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.submit(awa)
        club.do(submitting.withdraw, club.clock, awa, contribution_id)
        refused(club, TransitionRefusedError, lambda: club.reopen(zoe, contribution_id))
        refused(club, TransitionRefusedError, lambda: club.approve(zoe, contribution_id))

    @pytest.mark.parametrize("credits", ["-1", "0.001", "100000000", "NaN", "Infinity"])
    def test_amounts_that_cannot_be_given(self, club: Club, awa: UUID, zoe: UUID, credits: str) -> None:
        contribution_id = club.submit(awa)
        refused(
            club,
            AmountOfCreditsError,
            lambda: club.approve(zoe, contribution_id, credits=Decimal(credits), reason="because"),
        )

    def test_another_amount_needs_a_reason(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.submit(awa)
        refused(club, ReasonRequiredError, lambda: club.approve(zoe, contribution_id, credits=Decimal(9)))
        club.approve(zoe, contribution_id, credits=Decimal("5.00"))  # the rule's own amount needs none
        assert club.balance(awa) == Decimal("5.00")

    def test_back_and_forth_over_http_nets_one_credit(self, club: Club, awa: UUID, api: Api) -> None:
        staff = api("zoe", "staff")
        contribution_id = club.submit(awa)
        for _ in range(3):
            assert staff.post(f"{REVIEW}/{contribution_id}/approve", json={}).status_code == 200
            assert club.balance(awa) == Decimal("5.00")
            answer = staff.post(f"{REVIEW}/{contribution_id}/reopen", json={"reason": "a mistake"})
            assert answer.status_code == 200, answer.text
            assert club.balance(awa) == Decimal(0)
        assert club.faults() == []
        assert sum(club.entries(awa)) == 0

    def test_repeating_an_approval_with_its_key(self, club: Club, awa: UUID, api: Api) -> None:
        staff = api("zoe", "staff")
        path = f"{REVIEW}/{club.submit(awa)}/approve"
        answers = [staff.post(path, json={}, headers={"Idempotency-Key": "once"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        assert staff.post(path, json={}).status_code == 409
        assert club.entries(awa) == [Decimal("5.00")]


class TestUndoing:
    def test_after_everything_was_spent(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.credited(awa, zoe)
        club.spend(awa, "5.00")
        error = refused(club, CreditsSpentError, lambda: club.reopen(zoe, contribution_id))
        assert error.params["shortfall"] == "5.00"
        assert club.row(contribution_id).status is ContributionStatus.APPROVED

    def test_after_some_was_spent(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.credited(awa, zoe)
        club.spend(awa, "1.25")
        error = refused(club, CreditsSpentError, lambda: club.reopen(zoe, contribution_id))
        assert error.params["shortfall"] == "1.25"

    def test_over_http_it_is_a_conflict(self, club: Club, awa: UUID, zoe: UUID, api: Api) -> None:
        contribution_id = club.credited(awa, zoe)
        club.spend(awa, "5.00")
        staff = api("ibis", "staff")
        before = club.snapshot()
        answer = staff.post(f"{REVIEW}/{contribution_id}/reopen", json={"reason": "a mistake"})
        assert (answer.status_code, answer.json()["code"]) == (409, "credits-spent")
        assert club.snapshot() == before

    def test_what_is_set_aside_is_not_called_spent(self, club: Club, awa: UUID, zoe: UUID, api: Api) -> None:
        contribution_id = club.credited(awa, zoe)
        club.do(ledger.hold, Account(awa, "CREDIT"), 400, key="aside", at=club.clock.now())
        staff = api("ibis", "staff")
        before = club.snapshot()
        answer = staff.post(f"{REVIEW}/{contribution_id}/reopen", json={"reason": "a mistake"})
        assert (answer.status_code, answer.json()["code"]) == (409, "credits-spent")
        assert "spent or set aside 4.00" in answer.json()["detail"]
        assert club.snapshot() == before

    def test_other_credits_of_the_member_pay_for_it(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.credited(awa, zoe)
        club.credited(awa, zoe, hours("3"))
        club.spend(awa, "6.00")
        club.reopen(zoe, contribution_id)
        found = club.summary(awa)
        assert (found.balance, found.earned, found.spent) == (Decimal(0), Decimal("6.00"), Decimal("6.00"))

    def test_spending_never_demotes_and_undoing_does(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.credited(awa, zoe, item("210.00"))
        assert club.summary(awa).tier.tier.code == "silver"
        club.spend(awa, "20.50")
        assert club.summary(awa).tier.tier.code == "silver"
        club.do(reviewing.change_credits, club.clock, zoe, contribution_id, credits=Decimal("20.99"), reason="less")
        assert club.summary(awa).tier.tier.code == "bronze"
        assert club.balance(awa) == Decimal("0.49")

    @pytest.mark.parametrize(
        ("earned", "tier"),
        [
            ("20.50", "bronze"),
            ("20.99", "bronze"),
            ("21.00", "silver"),
            ("50.99", "silver"),
            ("51.00", "gold"),
            ("100.99", "gold"),
            ("101.00", "platinum"),
        ],
    )
    def test_tiers_are_half_open(self, club: Club, awa: UUID, zoe: UUID, earned: str, tier: str) -> None:
        club.approve(zoe, club.submit(awa), credits=Decimal(earned), reason="to the cent")
        assert club.summary(awa).tier.tier.code == tier
        assert club.sql("SELECT tier FROM credit_balances") == [(tier,)]

    @pytest.mark.parametrize(("new", "spendable"), [("8.00", "7.00"), ("4.50", "3.50"), ("1.00", "0.00")])
    def test_a_correction_moves_the_difference(
        self, club: Club, awa: UUID, zoe: UUID, new: str, spendable: str
    ) -> None:
        contribution_id = club.credited(awa, zoe)
        club.spend(awa, "1.00")
        club.do(reviewing.change_credits, club.clock, zoe, contribution_id, credits=Decimal(new), reason="counted")
        found = club.summary(awa)
        assert (found.balance, found.earned) == (Decimal(spendable), Decimal(new))
        assert club.faults() == []

    def test_a_correction_below_what_was_spent(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.credited(awa, zoe)
        club.spend(awa, "4.00")
        refused(
            club,
            CreditsSpentError,
            lambda: club.do(
                reviewing.change_credits, club.clock, zoe, contribution_id, credits=Decimal("3.99"), reason="less"
            ),
        )

    def test_a_rejected_one_is_not_corrected(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.submit(awa)
        club.do(reviewing.reject, club.clock, zoe, contribution_id, reason="no room")
        refused(
            club,
            TransitionRefusedError,
            lambda: club.do(
                reviewing.change_credits, club.clock, zoe, contribution_id, credits=Decimal(1), reason="less"
            ),
        )

    def test_a_credit_reversed_on_the_ledger_counts_no_more(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.credited(awa, zoe)
        club.credited(awa, zoe, hours("3"))
        ((transfer_id,),) = club.sql("SELECT id FROM credit_transactions WHERE contribution_id = %s", [contribution_id])
        club.do(ledger.reverse, awa, transfer_id, key="by hand", at=club.clock.now(), amount_minor=200, reason="half")
        found = club.summary(awa)
        assert found.earned == sum(each.credits for each in found.breakdown) == Decimal("9.00")
        club.reopen(zoe, contribution_id)  # takes back what remains, and not more
        assert club.balance(awa) == Decimal("6.00")


class TestLists:
    def test_the_queue_is_in_order_of_submission(self, club: Club, api: Api) -> None:
        staff = api("zoe", "staff")
        ids = []
        for name in ("awa", "ibis"):
            member = club.person(name)
            for given in (item(description="Old tent"), hours("1")):
                ids.append(str(club.submit(member, given)))
                club.clock.move(timedelta(seconds=1))
        cases: list[tuple[dict[str, str], list[str]]] = [
            ({}, ids),
            ({"type": "volunteer_hours"}, [ids[1], ids[3]]),
            ({"search": "ibis"}, ids[2:]),
            ({"search": "awa@example.org old"}, ids[:1]),
        ]
        for params, expected in cases:
            seen: list[str] = []
            cursor: str | None = None
            while True:
                page = staff.get(
                    f"{REVIEW}/queue", params={"limit": 1, **params, **({"cursor": cursor} if cursor else {})}
                ).json()
                seen += [each["id"] for each in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            assert seen == expected, params

    def test_recently_approved(self, club: Club, awa: UUID, api: Api) -> None:
        staff = api("zoe", "staff")
        ids = [club.submit(awa, item(str(10 + number))) for number in range(3)]
        for contribution_id in reversed(ids):
            club.approve(staff.user_id, contribution_id)
            club.clock.move(timedelta(seconds=1))
        recent = staff.get(f"{REVIEW}/recent", params={"limit": 2}).json()
        assert [each["id"] for each in recent] == [str(each) for each in ids[:2]]

    def test_the_leaderboard_ranks_equals_alike(self, club: Club, zoe: UUID, api: Api) -> None:
        for name, value in (("awa", "50"), ("ibis", "90"), ("neem", "90"), ("heron", "70")):
            club.credited(club.person(name), zoe, item(value))
        caller = api("pelican")
        board = caller.get("/api/v1/credits/leaderboard", params={"limit": 3}).json()
        assert [(each["rank"], each["name"], each["balance"]) for each in board["items"]] == [
            (1, "Ibis", "9.00"),
            (1, "Neem", "9.00"),
            (3, "Heron", "7.00"),
        ]
        assert board["own"] is None
        club.credited(caller.user_id, zoe, item("10"))
        own = caller.get("/api/v1/credits/leaderboard", params={"limit": 1}).json()["own"]
        assert (own["rank"], own["balance"], own["contributions"]) == (5, "1.00", 1)

    def test_the_leaderboard_shows_nobody_who_does_not_want_to_be_seen(self, club: Club, zoe: UUID, api: Api) -> None:
        board = "/api/v1/credits/leaderboard"
        gone, private, seen = api("awa"), api("ibis"), api("neem")
        for client, value in ((gone, "90"), (private, "70"), (seen, "50")):
            club.credited(client.user_id, zoe, item(value))
        assert gone.put("/api/v1/leaderboards/visibility", json={"shown": False}).status_code == 200
        club.sql("UPDATE identity.profiles SET is_profile_public = false WHERE user_id = %s", [private.user_id])
        answer = seen.get(board)
        assert [(each["rank"], each["name"], each["user_id"]) for each in answer.json()["items"]] == [
            (1, None, None),
            (2, "Neem", str(seen.user_id)),
        ]
        for hidden in (gone, private):
            assert str(hidden.user_id) not in answer.text
        # each sees their own: the place that one would have, and one's name
        assert (gone.get(board).json()["own"]["rank"], gone.get(board).json()["own"]["name"]) == (1, "Awa")
        assert [each["name"] for each in private.get(board).json()["items"]] == ["Ibis", "Neem"]
        assert private.get(board).json()["own"]["rank"] == 1

    def test_summary_and_statement(self, club: Club, zoe: UUID, api: Api) -> None:
        caller = api("awa")
        first = club.credited(caller.user_id, zoe)
        club.credited(caller.user_id, zoe, money("1"))
        club.spend(caller.user_id, "2.00")
        found = caller.get("/api/v1/credits/summary").json()
        assert (found["balance"], found["earned"], found["spent"]) == ("13.00", "15.00", "2.00")
        assert found["tier"] == {
            "code": "bronze", "name": "Bronze", "next": "silver", "missing": "6.00", "progress": "0.7143"
        }  # fmt: skip
        assert [(each["type"], each["count"], each["credits"]) for each in found["breakdown"]] == [
            ("item_donation", 1, "5.00"),
            ("money", 1, "10.00"),
            ("volunteer_hours", 0, "0.00"),
        ]
        lines: list[tuple[str, str, str]] = []
        cursor: str | None = None
        while True:
            params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
            page = caller.get("/api/v1/credits/statement", params=params).json()
            lines += [(each["amount"], each["balance_before"], each["balance_after"]) for each in page["items"]]
            last, cursor = page["items"][-1], page["next_cursor"]
            if cursor is None:
                break
        assert lines == [("-2.00", "15.00", "13.00"), ("10.00", "5.00", "15.00"), ("5.00", "0.00", "5.00")]
        assert last["reference"] == {"type": "credits.contribution", "id": str(first)}


class TestBulk:
    def test_a_verdict_for_each(self, club: Club, awa: UUID, api: Api) -> None:
        staff = api("zoe", "staff")
        good = [club.submit(awa), club.submit(awa, hours("1"))]
        own, done, unknown = club.submit(staff.user_id), club.submit(awa), uuid4()
        club.approve(staff.user_id, done)
        ids = [str(each) for each in (own, *good, done, unknown, good[0])]
        answer = staff.post(f"{REVIEW}/bulk", json={"action": "approve", "ids": ids})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["done"], body["refused"]) == (2, 3)
        verdicts = {each["id"]: (each["problem"] or {}).get("code") for each in body["items"]}
        assert verdicts == dict(
            zip(
                ids, ["own-contribution", None, None, "contribution-transition", "contribution-not-found"], strict=False
            )
        )
        assert club.balance(awa) == Decimal("12.00")
        assert club.balance(staff.user_id) == 0

    def test_rejecting_needs_one_reason(self, club: Club, awa: UUID, api: Api) -> None:
        staff = api("zoe", "staff")
        ids = [str(club.submit(awa)) for _ in range(2)]
        before = club.snapshot()
        assert staff.post(f"{REVIEW}/bulk", json={"action": "reject", "ids": ids}).status_code == 422
        assert club.snapshot() == before
        answer = staff.post(f"{REVIEW}/bulk", json={"action": "reject", "ids": ids, "reason": "no room"})
        assert answer.json()["done"] == 2
        assert club.sql("SELECT DISTINCT status::text, rejection_reason FROM contributions") == [
            ("rejected", "no room")
        ]

    @pytest.mark.parametrize("number", [0, 201])
    def test_bounds(self, api: Api, number: int) -> None:
        ids = [str(uuid4()) for _ in range(number)]
        assert api("zoe", "staff").post(f"{REVIEW}/bulk", json={"action": "approve", "ids": ids}).status_code == 422

    def test_two_in_opposite_orders_do_not_wait_in_a_circle(self, club: Club, zoe: UUID) -> None:
        members = [club.person(f"m{number}") for number in range(4)]
        ibis = club.person("ibis", "staff")
        mine = [club.submit(member) for member in members * 5]
        theirs = [club.submit(member) for member in reversed(members * 5)]

        def decide(staff_id: UUID, ids: list[UUID]) -> Any:
            return club.do(
                lambda session: reviewing.decide_many(
                    session, ids, lambda each: reviewing.approve(session, club.clock, staff_id, each)
                )
            )

        both = calls_at_once(lambda: decide(zoe, mine), lambda: decide(ibis, theirs))
        assert [[each.error for each in outcome] for outcome in both] == [[None] * 20] * 2
        assert {club.balance(member) for member in members} == {Decimal("50.00")}
        assert club.faults() == []


class TestOverdueAccounts:
    def test_who_has_left_is_not_on_the_leaderboard(self, club: Club, awa: UUID, zoe: UUID) -> None:
        club.credited(awa, zoe)
        assert [row.user_id for row in club.do(reading.leaderboard)] == [awa]
        club.sql("UPDATE identity.users SET deleted_at = now() WHERE id = %s", [awa])
        assert club.do(reading.leaderboard) == []


def test_the_api_takes_decimal_strings_only(club: Club, awa: UUID, api: Api) -> None:
    staff = api("zoe", "staff")
    contribution_id = club.submit(awa)
    before = club.snapshot()
    for credits in (7.5, "1e1", "NaN", "-1", "0.001", "", None):
        body = {"credits": credits, "reason": "because"}
        answer = staff.post(f"{REVIEW}/{contribution_id}/credits", json=body)
        assert answer.status_code == 422, (credits, answer.text)
    assert club.snapshot() == before
    assert staff.post(f"{REVIEW}/{contribution_id}/credits", json={"credits": "7.5", "reason": "x"}).status_code == 200


def test_recalculating_over_http(club: Club, awa: UUID, api: Api) -> None:
    staff = api("zoe", "staff")
    contribution_id = club.submit(awa)
    staff.post(f"{REVIEW}/{contribution_id}/credits", json={"credits": "7.5", "reason": "more"})
    answer = staff.post(f"{REVIEW}/{contribution_id}/recalculate")
    assert (answer.json()["credits"], answer.json()["explanation"]["override"]) == ("5.00", None)


def test_a_member_keeps_working_after_a_refusal(api: Api) -> None:
    client = api("awa")
    assert client.post("/api/v1/credits/contributions", json=HOURS | {"hours": "25"}).status_code == 422
    assert client.post("/api/v1/credits/contributions", json=ITEM).status_code == 201
