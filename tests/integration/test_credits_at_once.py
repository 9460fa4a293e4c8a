"""Staff and members who act at the same moment: one of them does it, once, whoever it is."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from guerdon.programs.credits.errors import (
    ContributionChangedError,
    ContributionNotFoundError,
    PaymentKnownError,
    TransitionRefusedError,
)
from guerdon.programs.credits.models import ContributionStatus
from guerdon.programs.credits.service import archiving, reviewing, submitting
from support.credits import Caller, Club, item, money
from support.crowd import calls_at_once

REVIEW = "/api/v1/credits/review"
Api = Callable[..., Caller]


class TestAtOnce:
    def test_two_staff_over_http(self, club: Club, awa: UUID, api: Api) -> None:
        both = [api("zoe", "staff"), api("ibis", "staff")]
        for number in range(5):
            path = f"{REVIEW}/{club.submit(awa)}/approve"
            answers = calls_at_once(*(lambda client=client, path=path: client.post(path, json={}) for client in both))
            assert sorted(answer.status_code for answer in answers) == [200, 409]
            assert club.balance(awa) == 5 * (number + 1)
        assert club.faults() == []

    def test_two_staff_in_the_service(self, club: Club, awa: UUID, zoe: UUID) -> None:
        ibis = club.person("ibis", "staff")
        contribution_id = club.submit(awa)
        results = calls_at_once(lambda: club.approve(zoe, contribution_id), lambda: club.approve(ibis, contribution_id))
        assert sum(isinstance(each, TransitionRefusedError) for each in results) == 1
        assert club.entries(awa) == [Decimal("5.00")]

    def test_a_hundred_approvals_of_one_member(self, club: Club, awa: UUID, zoe: UUID) -> None:
        ids = [club.submit(awa, item(str(10 + number))) for number in range(100)]
        results = calls_at_once(*(lambda each=each: club.approve(zoe, each) for each in ids))
        assert [each for each in results if isinstance(each, Exception)] == []
        amounts = [Decimal(10 + number) / 10 for number in range(100)]
        assert sorted(club.entries(awa)) == amounts
        rows = club.sql("SELECT amount, balance_after FROM credit_transactions ORDER BY id")
        running = Decimal(0)
        for amount, balance_after in rows:
            running += amount
            assert balance_after == running
        assert club.balance(awa) == running == sum(amounts)
        assert club.faults() == []

    @pytest.mark.parametrize("seen", [1, None])
    def test_approval_against_the_members_edit(self, club: Club, awa: UUID, zoe: UUID, seen: int | None) -> None:
        for _ in range(4):
            before = club.balance(awa)
            contribution_id = club.submit(awa)
            results = calls_at_once(
                lambda each=contribution_id: club.approve(zoe, each, revision=seen),
                lambda each=contribution_id: club.do(submitting.change, club.clock, awa, each, item("9000")),
            )
            failed = [each for each in results if isinstance(each, Exception)]
            row = club.row(contribution_id)
            moved = club.balance(awa) - before
            assert all(isinstance(each, ContributionChangedError | TransitionRefusedError) for each in failed)
            assert len(failed) == 1 if seen else len(failed) <= 1
            assert moved == (row.calculated_credits if row.status is ContributionStatus.APPROVED else 0)
            if seen and moved:
                assert moved == Decimal("5.00")

    def test_approval_against_withdrawal(self, club: Club, awa: UUID, zoe: UUID) -> None:
        for _ in range(5):
            before = club.balance(awa)
            contribution_id = club.submit(awa)
            results = calls_at_once(
                lambda each=contribution_id: club.approve(zoe, each),
                lambda each=contribution_id: club.do(submitting.withdraw, club.clock, awa, each),
            )
            assert sum(isinstance(each, TransitionRefusedError) for each in results) == 1
            approved = club.row(contribution_id).status is ContributionStatus.APPROVED
            assert club.balance(awa) - before == (5 if approved else 0)

    def test_the_same_payment_from_two_sides(self, club: Club, awa: UUID) -> None:
        ibis = club.person("ibis")
        for number in range(4):
            results = calls_at_once(
                lambda number=number: club.submit(awa, money(f"TX{number}")),
                lambda number=number: club.submit(ibis, money(f"tx{number}")),
            )
            assert sum(isinstance(each, PaymentKnownError) for each in results) == 1
        assert club.sql("SELECT count(*) FROM contributions") == [(4,)]

    def test_archiving_while_reopening(self, club: Club, awa: UUID, zoe: UUID) -> None:
        ids = [club.submit(awa, item(str(10 + number))) for number in range(10)]
        for contribution_id in ids:
            club.do(reviewing.reject, club.clock, zoe, contribution_id, reason="no room")
        club.clock.move(timedelta(days=400))
        results = calls_at_once(
            lambda: club.do(archiving.archive, club.clock.now() - archiving.KEEP),
            *(lambda each=each: club.reopen(zoe, each) for each in ids),
        )
        reopened = sum(not isinstance(each, Exception) for each in results[1:])
        assert all(isinstance(each, ContributionNotFoundError) for each in results[1:] if isinstance(each, Exception))
        assert results[0] + reopened == 10
        found = club.sql(
            "SELECT (SELECT count(*) FROM contributions WHERE status = 'pending'),"
            " (SELECT count(*) FROM contributions WHERE status = 'rejected'),"
            " (SELECT count(*) FROM contributions_archive WHERE status = 'rejected')"
        )
        assert found == [(reopened, 0, 10 - reopened)]

    def test_undoing_while_spending(self, club: Club, awa: UUID, zoe: UUID) -> None:
        for number in range(4):
            contribution_id = club.credited(awa, zoe)
            calls_at_once(
                lambda each=contribution_id: club.reopen(zoe, each),
                lambda number=number: club.spend(awa, "5.00", f"spend {number}"),
            )
            assert club.balance(awa) == 0
            assert club.faults() == []
