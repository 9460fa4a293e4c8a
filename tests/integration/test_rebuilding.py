"""Counting anew from what is on record gives what is kept, whatever happened, and puts right what was tampered with."""

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.errors import (
    ActivityWithdrawnError,
)
from guerdon.kernel.engagement.activities.schemas import Outcome
from guerdon.kernel.engagement.activities.service.community import set_time_zone
from guerdon.kernel.engagement.activities.service.rebuilding import differences, rebuild
from guerdon.kernel.engagement.activities.service.withdrawing import withdraw
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.errors import InsufficientBalanceError, LedgerError
from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount
from support.databases import START_OF_TIME
from support.track import Track, rule, together

COUNTED = ("counters", "distinct_values", "rule_grants")
ZONES = ("UTC", "Pacific/Auckland", "America/Lima")
_MOVE = text("UPDATE identity.users SET time_zone = :zone WHERE id = :id")


MOST = 2**63 - 1


class TestRebuilding:
    def test_a_counter_that_had_to_stop_agrees_with_what_led_there(self, track: Track) -> None:
        """What was earned beyond 63 bits and taken back since; what nothing can have led to is found all the same."""
        track.install()
        awa, staff = track.member(), track.member()
        track.do(ledger.open_member, awa)
        mine = Account(awa, "LAP")

        def post(source: Account | SystemAccount, target: Account | SystemAccount, amount: int, kind: str) -> UUID:
            posting = Posting(source, target, amount, kind, f"{kind} {amount}")
            found = track.do(ledger.post, posting, track.clock.now())
            assert found.transfer_id is not None
            return found.transfer_id  # type: ignore[no-any-return]

        def stands() -> set[int]:
            return set(track.counters(awa, "earned.LAP", "ledger").values())

        post(SystemAccount("issuance", "LAP"), mine, MOST, "award")
        post(mine, SystemAccount("redemption", "LAP"), MOST, "spend")
        second = post(SystemAccount("issuance", "LAP"), mine, MOST - 5, "award")
        assert stands() == {MOST}
        assert track.do(differences, [awa]).changes == []
        track.do(ledger.reverse, awa, second, key="back", at=track.clock.now(), actor_id=staff, reason="Twice")
        assert stands() == {5}
        assert track.do(differences, [awa]).changes == []
        with psycopg.connect(track.owner_dsn, autocommit=True) as connection:
            connection.execute("UPDATE engagement.counters SET value = 4 WHERE owner_id = %s", (awa,))
        assert {each.before for each in track.do(rebuild, [awa])} == {4}
        assert stands() == {MOST}
        assert track.do(differences, [awa]).changes == []

    def test_a_member_who_moves_keeps_what_was_counted_by_their_former_clock(self, track: Track) -> None:
        awa = track.member(zone="Asia/Tokyo")
        evening = track.clock.now().replace(hour=20)

        def moved(to: str) -> None:
            track.do(Session.execute, _MOVE, {"zone": to, "id": awa})

        def runs() -> list[UUID | None]:
            at = evening - timedelta(days=3)
            return [track.run(awa, 6000, at=at + timedelta(days=day)).activity_id for day in range(3)]

        first = runs()  # on the next day in Tokyo
        moved("America/New_York")
        moved("America/Lima")
        runs()
        moved("Asia/Tokyo")
        runs()
        days = {
            "day 2026-02-27": 1,
            "day 2026-02-28": 3,
            "day 2026-03-01": 3,
            "day 2026-03-02": 2,
        }
        counted = {**days, "week 2026-02-23": 7, "week 2026-03-02": 2, "month 2026-02-01": 4, "month 2026-03-01": 5}
        assert track.counters(awa, "long_runs") == {**counted, "life": 9}
        assert track.do(differences, [awa]).changes == []
        track.do(withdraw, track.clock, awa, first[2], actor_id=None, reason="not so")
        assert track.counters(awa, "long_runs")["day 2026-03-02"] == 1
        assert track.counters(awa, "long_runs")["day 2026-02-28"] == 3
        assert track.do(rebuild, [awa]) == []

    def test_days_of_a_community_that_moved_are_counted_by_the_new_clock_alone(self, track: Track) -> None:
        """What was earned too: no counter of the former days is left, and none is found at fault for ever."""
        track.install(rule("run"))
        awa = track.member()
        evening = track.clock.now().replace(hour=20) - timedelta(days=1)
        track.run(awa, at=evening)
        assert track.do(set_time_zone, "Pacific/Auckland") == "UTC"
        assert track.do(rebuild, [awa]) != []
        days = {"day 2026-03-02": 1, "week 2026-03-02": 1, "month 2026-03-01": 1, "life": 1}
        assert track.counters(awa, "runs") == days
        assert track.counters(awa, "earned.LAP", "ledger") == dict.fromkeys(days, 10)
        assert track.do(differences, [awa]).changes == []

    def test_moving_while_facts_are_recorded(self, track: Track) -> None:
        awa = track.member(zone="Asia/Tokyo")
        evening = track.clock.now().replace(hour=20) - timedelta(days=3)
        track.run(awa, 6000, at=evening)

        def work(number: int) -> None:
            for turn in range(12):
                if number == 0:
                    zone = ("America/Lima", "Asia/Tokyo")[turn % 2]
                    track.do(Session.execute, _MOVE, {"zone": zone, "id": awa})
                else:
                    track.run(awa, 6000, at=evening, key=f"{number} {turn}")

        assert together(work, 4) == []
        assert track.do(differences, [awa]).changes == []
        assert track.counters(awa, "long_runs")["life"] == 37

    def test_random_histories(self, track: Track) -> None:
        """Whatever happened, in whatever order: counting anew finds nothing to put right, and undoes tampering."""
        track.install(
            rule("run", "ratio(activity.metres, 100)", caps={"week": 60}),
            rule("rare", condition="counters.runs.day == 2", cool_down_s=7200, maturity_s=86_400),
        )
        members = [track.member(zone=zone) for zone in ZONES]
        staff = track.member()
        metres = st.integers(-5, 9000)
        moments = st.integers(0, 60 * 24 * 40).map(lambda minutes: START_OF_TIME - timedelta(minutes=minutes))
        fact = st.tuples(st.sampled_from(members), metres, st.sampled_from(["a", "b", "c"]), moments)
        step = st.one_of(
            st.lists(fact, min_size=1, max_size=8).map(lambda each: ("record", each)),
            st.integers(0, 200).map(lambda each: ("withdraw", each)),
            st.integers(-20, 20).filter(bool).map(lambda each: ("adjust", each)),
            st.integers(0, 200).map(lambda each: ("reverse", each)),
            st.tuples(st.sampled_from(members), st.sampled_from(ZONES)).map(lambda each: ("move", each)),
        )
        recorded: list[Outcome] = []
        owners: dict[UUID | None, UUID] = {}

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(step, min_size=1, max_size=6))
        def check(steps: list[Any]) -> None:
            for what, each in steps:
                if what == "record":
                    found = track.record(*(track.fact(m, d, r, at=at) for m, d, r, at in each))
                    recorded.extend(found)
                    owners.update((new.activity_id, m) for new, (m, *_) in zip(found, each, strict=True))
                elif what == "move":
                    track.do(Session.execute, _MOVE, {"id": each[0], "zone": each[1]})
                elif what == "adjust":
                    with suppress(InsufficientBalanceError):
                        key = f"adjusted {uuid4()}"
                        account = Account(members[each % 3], "LAP")
                        track.do(
                            ledger.adjust, account, each, reason="so", actor_id=staff, key=key, at=track.clock.now()
                        )
                elif recorded:
                    chosen = recorded[each % len(recorded)]
                    if what == "withdraw":
                        with suppress(ActivityWithdrawnError):
                            owner = owners[chosen.activity_id]
                            track.do(withdraw, track.clock, owner, chosen.activity_id, actor_id=None, reason="not so")
                    elif chosen.awards:
                        transfer = chosen.awards[0].transfer_ids[0]
                        for owner in members:
                            with suppress(LedgerError):
                                at = track.clock.now()
                                track.do(ledger.reverse, owner, transfer, key=f"r{transfer}", at=at, amount_minor=1)
            kept = {name: rows for name, rows in track.snapshot().items() if name in COUNTED}
            assert track.do(rebuild, [*members, staff]) == []
            assert {name: rows for name, rows in track.snapshot().items() if name in COUNTED} == kept
            with psycopg.connect(track.owner_dsn) as owner:
                owner.execute("UPDATE engagement.counters SET value = value + 1 WHERE period = 'week'")
                owner.execute("DELETE FROM engagement.counters WHERE period = 'month'")
                owner.execute("UPDATE engagement.rule_grants SET granted_minor = 0")
                owner.execute("DELETE FROM engagement.distinct_values WHERE period = 'day'")
            track.do(rebuild, [*members, staff])
            assert {name: rows for name, rows in track.snapshot().items() if name in COUNTED} == kept

        check()
        assert track.do(ledger.verify) == []
