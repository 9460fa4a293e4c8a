"""After any history, everything that shows credits says the same as the ledger."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from guerdon.core.errors import GuerdonError
from guerdon.kernel.engagement.activities.service import watching
from guerdon.kernel.engagement.boards.schemas import Stretch
from guerdon.kernel.engagement.boards.service import reading as boards
from guerdon.kernel.engagement.boards.service import upkeep
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.schemas import Account
from guerdon.kernel.ledger.service import door
from guerdon.programs.credits.models import ContributionStatus
from guerdon.programs.credits.service import reading, reviewing, submitting
from support.credits import Club, hours, item, money

TIERS = ((101, "platinum"), (51, "gold"), (21, "silver"), (0, "bronze"))
ACTS = ("submit", "approve", "approve_as", "reject", "reopen", "correct", "adjust", "spend", "withdraw", "edit")


class History:
    """Random acts of three members and two staff, and what should have come of them, in plain Python."""

    def __init__(self, club: Club, tag: str) -> None:
        self.club = club
        self.members = [club.person(f"m{number}.{tag}") for number in range(3)]
        self.staff = [club.person(f"s{number}.{tag}", "staff") for number in range(2)]
        self.owners: dict[UUID, UUID] = {}
        self.approved: dict[UUID, Decimal] = {}
        self.adjusted = dict.fromkeys(self.members, Decimal(0))
        self.spent = dict.fromkeys(self.members, Decimal(0))
        self.acts = 0

    def run(self, act: str, seed: int) -> None:
        """One act; a refusal must leave the model right without being told."""
        self.acts += 1
        random = Random(seed)
        try:
            getattr(self, act)(random)
        except GuerdonError:
            return

    def some(self, random: Random) -> UUID:
        return random.choice(list(self.owners)) if self.owners else self.submit(random)

    def do(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return self.club.do(call, self.club.clock, *args, **options)

    def given(self, random: Random) -> Any:
        amount = str(Decimal(random.randint(1, 60_000)) / 100)
        kind = random.choice(["item", "money", "hours"])
        if kind == "item":
            return item(amount, random.choice(["new", "good", "fair", "poor", None]))
        if kind == "money":
            return money(f"{random.randint(1, 40)}-{self.staff[0]}", amount)
        return hours(str(Decimal(random.randint(1, 2400)) / 100))

    def submit(self, random: Random) -> UUID:
        member = random.choice(self.members)
        contribution_id = self.club.submit(member, self.given(random))
        self.owners[contribution_id] = member
        return contribution_id

    def approve(self, random: Random) -> None:
        row = self.club.approve(random.choice(self.staff), self.some(random))
        self.approved[row.id] = row.calculated_credits or Decimal(0)

    def approve_as(self, random: Random) -> None:
        amount = Decimal(random.randint(0, 6000)) / 100
        row = self.club.approve(random.choice(self.staff), self.some(random), credits=amount, reason="as seen")
        self.approved[row.id] = amount

    def reject(self, random: Random) -> None:
        self.do(reviewing.reject, random.choice(self.staff), self.some(random), reason="no room")

    def reopen(self, random: Random) -> None:
        row = self.club.reopen(random.choice(self.staff), self.some(random))
        self.approved.pop(row.id, None)

    def correct(self, random: Random) -> None:
        amount = Decimal(random.randint(0, 6000)) / 100
        staff, one = random.choice(self.staff), self.some(random)
        row = self.do(reviewing.change_credits, staff, one, credits=amount, reason="counted")
        if row.status is ContributionStatus.APPROVED:
            self.approved[row.id] = amount

    def adjust(self, random: Random) -> None:
        member, amount = random.choice(self.members), random.randint(-2000, 2000) or 1
        self.club.do(
            ledger.adjust,
            Account(member, "CREDIT"),
            amount,
            reason="by hand",
            actor_id=self.staff[0],
            key=f"adjust {self.acts}",
            at=self.club.clock.now(),
        )
        self.adjusted[member] += Decimal(amount) / 100

    def spend(self, random: Random) -> None:
        member, amount = random.choice(self.members), Decimal(random.randint(1, 4000)) / 100
        self.club.spend(member, str(amount), f"spend {self.acts}")
        self.spent[member] += amount

    def withdraw(self, random: Random) -> None:
        one = self.some(random)
        self.do(submitting.withdraw, self.owners[one], one)

    def edit(self, random: Random) -> None:
        one = self.some(random)
        self.do(submitting.change, self.owners[one], one, self.given(random))

    def check(self) -> None:
        """Views, services and ledger against the model and each other."""
        club = self.club
        balances = {row[0]: row[1:] for row in club.sql("SELECT user_id, balance, tier FROM credit_balances")}
        summaries = {
            row[0]: row[1:]
            for row in club.sql(
                "SELECT user_id, credit_balance, tier, total_credits_earned, approved_contributions,"
                " total_contributions FROM user_credit_summary"
            )
        }
        board = {row.user_id: row for row in club.do(reading.leaderboard, limit=1000)}
        earned_board = self.earned_board()
        for member in self.members:
            mine = {one: amount for one, amount in self.approved.items() if self.owners[one] == member}
            given = sum(mine.values(), Decimal(0))
            earned = given + self.adjusted[member]  # what staff add or take by hand counts for the tier too
            balance = earned - self.spent[member]
            tier = next(name for least, name in TIERS if max(earned, 0) >= least)
            found = club.summary(member)
            assert (found.balance, found.earned, found.tier.tier.code) == (balance, earned, tier)
            assert found.spent == self.spent[member]
            assert sum(each.credits for each in found.breakdown) == given
            assert sum(each.count for each in found.breakdown) == len(mine)
            assert balances.get(member, (Decimal(0), "bronze")) == (balance, tier)
            total = sum(owner == member for owner in self.owners.values())
            assert summaries[member] == (
                balance,
                tier,
                earned if mine or earned else None,
                len(mine),
                total,
            )
            assert sum(club.entries(member), Decimal(0)) == balance
            place = earned_board.get(member)
            if earned > 0:
                assert place is not None
                assert Decimal(place.score) / 100 == earned
                assert place.rank == 1 + sum(Decimal(each.score) / 100 > earned for each in earned_board.values())
            else:
                assert place is None
            if balance > 0:
                assert (board[member].balance, board[member].tier) == (balance, tier)
                assert board[member].contributions == len(mine)
                assert board[member].rank == 1 + sum(row.balance > balance for row in board.values())
            else:
                assert member not in board
        for member, amount, counted in club.sql(
            "SELECT user_id, sum(amount), count(*) FROM contributions c JOIN credit_transactions t USING (user_id)"
            " WHERE t.contribution_id = c.id AND c.status <> 'approved' GROUP BY user_id"
        ):
            assert amount == 0, (member, counted)
        assert club.faults() == []
        assert club.do(upkeep.verify) == []

    def earned_board(self) -> dict[UUID | None, Stretch]:
        """The leaderboard of what was earned of all time."""

        def read(session: Session) -> list[Stretch]:
            shown = boards.get(session, "credits", "earned")
            run = boards.run(session, shown, "life", date.min, self.club.clock.now())
            return boards.top(session, shown, run, None, limit=1000) if run else []

        return {row.user_id: row for row in self.club.do(read)}


STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2**32)), min_size=5, max_size=30)
QUIET = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    "phases": [Phase.explicit, Phase.generate, Phase.shrink],
}


@pytest.fixture(autouse=True)
def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """What staff adjust is counted too, as in every process of the application."""
    monkeypatch.setattr(door, "_watchers", {})
    watching.install()


def play(club: Club, steps: list[tuple[str, int]], played: list[int]) -> None:
    played.append(1)
    history = History(club, str(len(played)))
    for act, seed in steps:
        history.run(act, seed)
    history.check()


def test_everything_agrees_after_random_histories(club: Club) -> None:
    played: list[int] = []
    settings(max_examples=15, **QUIET)(given(STEPS)(lambda steps: play(club, steps, played)))()
    assert len(played) >= 15


@pytest.mark.soak
def test_everything_agrees_after_very_many_histories(club: Club) -> None:
    played: list[int] = []
    settings(max_examples=1000, **QUIET)(given(STEPS)(lambda steps: play(club, steps, played)))()


def test_a_long_history(club: Club) -> None:
    random = Random(20260302)
    history = History(club, "long")
    for number in range(300):
        history.run(random.choice(ACTS), random.randint(0, 2**32))
        if number % 75 == 74:
            history.check()
    assert len(history.approved) > 5
