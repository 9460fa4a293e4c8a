"""Rules by version and tiers, on a real database, with people changing them at the same moment."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from guerdon.core.clock import FixedClock
from guerdon.core.errors import FieldErrors
from guerdon.db.database import Database
from guerdon.kernel.engagement.errors import (
    RuleEvaluationError,
    RuleLockedError,
    RuleNotFoundError,
    RuleSeedError,
    TiersNotFoundError,
)
from guerdon.kernel.engagement.schemas import RuleSeed, RuleStatus, Tier
from guerdon.kernel.engagement.service import params as parameters
from guerdon.kernel.engagement.service import rules, tiers
from support.garden import GARDEN

NUMBERS = {"leaves_per_litre_bp": 6000, "plant_percent": {"tree": 100, "moss": 25}}
STEPS = [Tier("seed", "Seed", 0), Tier("shoot", "Shoot", 2100), Tier("bush", "Bush", 5100), Tier("tree", "Tree", 10100)]


def write(database: Database, **changes: Any) -> Any:
    with database.transaction() as session:
        given = {"params": NUMBERS, "note": "More for trees.", "actor_id": None, **changes}
        return rules.write_version(session, "garden", "watering", **given).id


def counted(database: Database) -> list[tuple[int, str]]:
    with database.transaction() as session:
        found = session.execute(
            text("SELECT version, status FROM engagement.rules WHERE code = 'watering' ORDER BY version")
        )
        return [(row.version, row.status) for row in found]


def audited(database: Database) -> list[str]:
    with database.transaction() as session:
        query = text("SELECT action FROM admin.audit_logs WHERE action LIKE 'engagement.%' ORDER BY timestamp, id")
        return list(session.scalars(query))


def together(work: Callable[[int], None], times: int) -> list[Exception]:
    """Do something in several threads at once; gives what was raised."""
    raised: list[Exception] = []
    barrier = threading.Barrier(times)

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except Exception as exc:
            raised.append(exc)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


class TestVersions:
    def test_a_version_is_written_activated_and_explains_amounts(self, garden: Database, clock: FixedClock) -> None:
        facts = {"litres_hundredths": 1000, "plant": "moss"}
        draft_id = write(garden)
        with garden.transaction() as session:
            assert rules.evaluate(rules.in_force(session, "garden", "watering"), facts).amount_minor == 250
            assert rules.evaluate(rules.get(session, draft_id), facts).amount_minor == 150
            former = rules.in_force(session, "garden", "watering").id
            rules.activate(session, draft_id, clock.now())
        with garden.transaction() as session:
            found = rules.evaluate(rules.in_force(session, "garden", "watering"), facts)
            assert (found.amount_minor, found.version, found.applies) == (150, 2, True)
            assert found.document()["params"] == NUMBERS
            assert rules.evaluate(rules.get(session, former), facts).amount_minor == 250
            dry = rules.evaluate(rules.get(session, draft_id), {"litres_hundredths": 0, "plant": "moss"})
            assert (dry.amount_minor, dry.applies) == (0, False)
        assert counted(garden) == [(1, "retired"), (2, "active")]
        assert audited(garden) == ["engagement.rule_written", "engagement.rule_activated"]

    def test_a_fact_that_the_rule_cannot_read_is_refused(self, garden: Database) -> None:
        with garden.transaction() as session:
            rule = rules.in_force(session, "garden", "watering")
            for facts in ({}, {"litres_hundredths": "1", "plant": "moss"}, {"litres_hundredths": 1, "plant": "rose"}):
                with pytest.raises(RuleEvaluationError):
                    rules.evaluate(rule, facts)

    @pytest.mark.parametrize(
        ("given", "fields"),
        [
            ({"params": {}}, ["params.leaves_per_litre_bp", "params.plant_percent"]),
            ({"params": {**NUMBERS, "more": 1}}, ["params.more"]),
            ({"params": {**NUMBERS, "leaves_per_litre_bp": 1.5}}, ["params.leaves_per_litre_bp"]),
            ({"params": {**NUMBERS, "leaves_per_litre_bp": True}}, ["params.leaves_per_litre_bp"]),
            ({"params": {**NUMBERS, "leaves_per_litre_bp": -1}}, ["params.leaves_per_litre_bp"]),
            ({"params": {**NUMBERS, "leaves_per_litre_bp": 10**12 + 1}}, ["params.leaves_per_litre_bp"]),
            ({"params": {**NUMBERS, "plant_percent": 5}}, ["params.plant_percent"]),
            (
                {"params": {**NUMBERS, "plant_percent": {"tree": "x"}}},
                ["params.plant_percent.tree", "params.plant_percent.moss"],
            ),
            ({"note": "  "}, ["note"]),
        ],
    )
    def test_numbers_that_do_not_fit_are_named(
        self, garden: Database, given: dict[str, Any], fields: list[str]
    ) -> None:
        with pytest.raises(FieldErrors) as refused:
            write(garden, **given)
        assert sorted(each.field for each in refused.value.errors) == sorted(fields)
        assert counted(garden) == [(1, "active")]
        assert audited(garden) == []

    def test_what_does_not_exist(self, garden: Database, clock: FixedClock) -> None:
        nobody = "0198c0de-0000-7000-8000-000000000000"
        with garden.transaction() as session:
            for act in (
                lambda: rules.in_force(session, "garden", "mowing"),
                lambda: rules.write_version(session, "x", "y", params={}, note="none", actor_id=None),
                lambda: rules.activate(session, nobody, clock.now()),
                lambda: rules.discard(session, nobody),
            ):
                with pytest.raises(RuleNotFoundError):
                    act()

    def test_a_draft_can_be_thrown_away_and_nothing_else(self, garden: Database, clock: FixedClock) -> None:
        with garden.transaction() as session:
            rules.discard(session, write(garden))
        assert counted(garden) == [(1, "active")]
        again = write(garden)
        with garden.transaction() as session:
            first = rules.in_force(session, "garden", "watering").id
            rules.activate(session, again, clock.now())
        for rule_id in (first, again):
            with garden.transaction() as session:
                with pytest.raises(RuleLockedError):
                    rules.discard(session, rule_id)
                with pytest.raises(RuleLockedError):
                    rules.activate(session, rule_id, clock.now())
        assert counted(garden) == [(1, "retired"), (2, "active")]

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE engagement.rules SET params = '{}' WHERE status = 'active'",
            "UPDATE engagement.rules SET amount = '1' WHERE status = 'active'",
            "UPDATE engagement.rules SET condition = 'false' WHERE status = 'active'",
            "UPDATE engagement.rules SET note = 'other' WHERE status = 'active'",
            "UPDATE engagement.rules SET created_by = uuidv7() WHERE status = 'active'",
            "UPDATE engagement.rules SET status = 'draft', activated_at = NULL WHERE status = 'active'",
            "DELETE FROM engagement.rules WHERE status = 'active'",
            "UPDATE engagement.rules SET status = 'active', retired_at = NULL WHERE status = 'retired'",
            "UPDATE engagement.rules SET retired_at = now() WHERE status = 'retired'",
            "DELETE FROM engagement.rules WHERE status = 'retired'",
        ],
    )
    def test_what_has_been_in_force_is_locked_in_the_database(
        self, garden: Database, clock: FixedClock, statement: str
    ) -> None:
        draft_id = write(garden)
        with garden.transaction() as session:
            rules.activate(session, draft_id, clock.now())
        query = text("SELECT * FROM engagement.rules ORDER BY id")
        with garden.transaction() as session:
            before = session.execute(query).all()
        with pytest.raises(DBAPIError, match="has been in force"), garden.transaction() as session:
            session.execute(text(statement))
        with garden.transaction() as session:
            assert session.execute(query).all() == before

    def test_parallel_versions_get_numbers_of_their_own(self, garden: Database) -> None:
        assert together(lambda _number: write(garden) and None, 8) == []
        assert [version for version, _ in counted(garden)] == list(range(1, 10))

    def test_of_drafts_activated_at_once_one_is_in_force(self, garden: Database, clock: FixedClock) -> None:
        drafts = [write(garden) for _ in range(6)]

        def activate(number: int) -> None:
            with garden.transaction() as session:
                rules.activate(session, drafts[number], clock.now())

        assert together(activate, 6) == []
        statuses = [status for _, status in counted(garden)]
        assert sorted(statuses) == ["active"] + ["retired"] * 6

    def test_one_draft_activated_twice_at_once_is_refused_once(self, garden: Database, clock: FixedClock) -> None:
        draft_id = write(garden)

        def activate(_number: int) -> None:
            with garden.transaction() as session:
                rules.activate(session, draft_id, clock.now())

        raised = together(activate, 2)
        assert [type(each) for each in raised] == [RuleLockedError]
        assert counted(garden) == [(1, "retired"), (2, "active")]
        assert audited(garden).count("engagement.rule_activated") == 1

    def test_installing_again_changes_nothing(self, garden: Database) -> None:
        write(garden)
        before = counted(garden)
        with garden.transaction() as session:
            rules.install(session, GARDEN.name, GARDEN.rules)
        assert counted(garden) == before

    def test_a_program_with_a_broken_rule_is_not_installed(self, garden: Database) -> None:
        for seed, field in (
            (RuleSeed("bad", "x", "LEAF", "1 +"), "amount"),
            (RuleSeed("bad", "x", "LEAF", "true"), "amount"),
            (RuleSeed("bad", "x", "LEAF", "params.rate"), "amount"),
            (RuleSeed("bad", "x", "LEAF", "1", condition="[1].map(x, x)"), "condition"),
            (RuleSeed("bad", "x", "LEAF", "1", condition="counters.bad.life > 0"), "condition"),
            (RuleSeed("bad", "x", "LEAF", "1", params={"rate": 0.5}), "params.rate"),
            (RuleSeed("bad", "x", "LEAF", "1", params={"rates": [1]}), "params.rates"),
            (RuleSeed("bad", "x", "LEAF", "1", caps={"day": "60.5"}), "caps.day"),  # type: ignore[dict-item]
            (RuleSeed("bad", "x", "LEAF", "1", caps={"year": 1}), "caps.year"),
            (RuleSeed("bad", "x", "LEAF", "1", cool_down_s=-1), "cool_down_s"),
            (RuleSeed("bad", "x", "TWIG", "1"), "unit"),
        ):
            told = rf"'garden\.bad' cannot be installed: {field}: "
            with pytest.raises(RuleSeedError, match=told), garden.transaction() as session:
                rules.install(session, "garden", [seed])
        with garden.transaction() as session, pytest.raises(RuleNotFoundError):
            rules.in_force(session, "garden", "bad")

    def test_lists_go_on_where_they_ended(self, garden: Database) -> None:
        for _ in range(4):
            write(garden)
        with garden.transaction() as session:
            every = rules.versions(session, status=RuleStatus.DRAFT)
            paged, after = [], None
            while True:
                found = rules.versions(session, after=after, limit=2)
                paged += found[:2]
                if len(found) <= 2:
                    break
                after = (found[1].program, found[1].code, found[1].version)
            own = [(rule.code, rule.version) for rule in paged if rule.program == "garden"]
        assert len([rule for rule in every if rule.program == "garden"]) == 4
        assert own == [("watering", number) for number in (5, 4, 3, 2, 1)] + [("weeding", 1)]


class TestParams:
    def test_a_form_is_read_in_the_shape_of_the_rule(self) -> None:
        known = {"rate": 5, "by_kind": {"a": 1}, "on": True, "word": "x"}
        sent = {"params.rate": "1 000", "params.by_kind.a": "2.5", "params.on": "yes", "params.word": "7"}
        read = parameters.read(known, sent)
        assert read == {"rate": 1000, "by_kind": {"a": "2.5"}, "on": True, "word": "7"}
        assert [each.field for each in parameters.misfits(known, read)] == ["params.by_kind.a"]
        assert parameters.read(known, {}) == {"rate": "", "by_kind": {"a": ""}, "on": False, "word": ""}


class TestPlaces:
    @pytest.mark.parametrize(
        ("earned_minor", "code", "missing_minor"),
        [
            (0, "seed", 2100),
            (2099, "seed", 1),
            (2100, "shoot", 3000),
            (5099, "shoot", 1),
            (5100, "bush", 5000),
            (10099, "bush", 1),
            (10100, "tree", 0),
            (2**63 - 1, "tree", 0),
            (-1, "seed", 2100),
            (-(2**63), "seed", 2100),
        ],
    )
    def test_boundaries(self, earned_minor: int, code: str, missing_minor: int) -> None:
        standing = tiers.place(STEPS, earned_minor)
        assert (standing.tier.code, standing.missing_minor) == (code, missing_minor)
        assert 0 <= standing.progress <= 1
        assert (standing.next is None) == (code == "tree")

    def test_sql_and_python_agree(self, garden: Database) -> None:
        with garden.transaction() as session:
            agree(session)

    def test_they_agree_after_a_change(self, garden: Database) -> None:
        with garden.transaction() as session:
            new = {"seed": 0, "shoot": 1, "bush": 2, "tree": 10**15}
            tiers.change(session, "garden", new, actor_id=None, reason="a test")
            agree(session)

    def test_nothing_is_known_of_other_programs(self, garden: Database) -> None:
        with garden.transaction() as session:
            assert session.execute(text("SELECT engagement.tier_code('nowhere', 5)")).scalar() is None


def agree(session: Session) -> None:
    steps = tiers.tiers(session, "garden")
    near = st.sampled_from([step.threshold_minor for step in steps]).flatmap(
        lambda threshold: st.integers(threshold - 2, threshold + 2)
    )

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(near | st.integers(-(2**63), 2**63 - 1))
    def check(earned_minor: int) -> None:
        query = text("SELECT engagement.tier_code('garden', :earned)")
        assert session.execute(query, {"earned": earned_minor}).scalar() == tiers.place(steps, earned_minor).tier.code

    check()


class TestTierChanges:
    def thresholds(self, database: Database) -> dict[str, int]:
        with database.transaction() as session:
            return {step.code: step.threshold_minor for step in tiers.tiers(session, "garden")}

    def test_installing_again_keeps_what_was_changed(self, garden: Database) -> None:
        new = {"seed": 0, "shoot": 5100, "bush": 10100, "tree": 20000}
        with garden.transaction() as session:
            tiers.change(session, "garden", new, actor_id=None, reason="too easy")
        with garden.transaction() as session:
            tiers.install(session, GARDEN.name, GARDEN.tiers)
        assert self.thresholds(garden) == new
        assert audited(garden) == ["engagement.tiers_changed"]

    @pytest.mark.parametrize(
        ("new", "fields"),
        [
            ({"seed": 1}, ["thresholds.seed"]),
            ({"shoot": 0}, ["thresholds.shoot"]),
            ({"shoot": 5100}, ["thresholds.bush"]),
            ({"bush": 2000}, ["thresholds.bush"]),
            ({"tree": 2**63}, ["thresholds.tree"]),
            ({"weed": 5}, ["thresholds.weed"]),
            ({"tree": None}, ["thresholds.tree"]),
        ],
    )
    def test_steps_that_do_not_rise_are_refused(
        self, garden: Database, new: dict[str, int | None], fields: list[str]
    ) -> None:
        before = self.thresholds(garden)
        wanted = {code: value for code, value in {**before, **new}.items() if value is not None}
        with pytest.raises(FieldErrors) as refused, garden.transaction() as session:
            tiers.change(session, "garden", wanted, actor_id=None, reason="a test")
        assert [each.field for each in refused.value.errors] == fields
        assert self.thresholds(garden) == before
        assert audited(garden) == []

    def test_a_program_without_tiers(self, garden: Database) -> None:
        with pytest.raises(TiersNotFoundError), garden.transaction() as session:
            tiers.change(session, "nowhere", {}, actor_id=None, reason="a test")

    def test_any_rising_steps_follow_any_others(self, garden: Database) -> None:
        codes = ["shoot", "bush", "tree"]
        rising = st.lists(st.integers(1, 12), min_size=3, max_size=3, unique=True).map(sorted)

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(rising)
        def check(steps: list[int]) -> None:
            new = {"seed": 0, **dict(zip(codes, steps, strict=True))}
            with garden.transaction() as session:
                tiers.change(session, "garden", new, actor_id=None, reason="a test")
            assert self.thresholds(garden) == new

        check()

    def test_parallel_changes_leave_one_of_them_whole(self, garden: Database) -> None:
        ladders = [{"seed": 0, "shoot": n, "bush": n * 2, "tree": n * 3} for n in (7, 100, 2100, 9000)]

        def change(number: int) -> None:
            with garden.transaction() as session:
                tiers.change(session, "garden", ladders[number], actor_id=None, reason="a test")

        assert together(change, 4) == []
        assert self.thresholds(garden) in ladders
