"""What is wrong with a program is said to who wrote it, before anything of it is there."""

from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from guerdon import boot
from guerdon.core.errors import GuerdonError
from guerdon.core.money import Unit, UnitKind
from guerdon.db.migrate import MigrationFailedError, Migrator
from guerdon.kernel.engagement.activities.schemas import ActivityKind, Aggregate, MetricSeed
from guerdon.kernel.engagement.boards.seeds import BoardSeed
from guerdon.kernel.engagement.errors import RuleSeedError
from guerdon.kernel.engagement.schemas import RuleSeed
from guerdon.kernel.engagement.streaks.seeds import StreakSeed
from guerdon.kernel.faults import ProgramFaultError
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.schemas import Effect
from guerdon.kernel.program import Program

GROUND = "mill.ground"
MILL = Program(
    name="mill",
    title="Mill",
    package="guerdon.kernel.home",
    units=(Unit("FLOUR", 3, UnitKind.POINTS, "flour"),),
    transfer_kinds={GROUND: Effect.EARN},
    activity_kinds=(ActivityKind(GROUND, "Ground", {"grams": int, "grain": str, "stone": bool | None}),),
    metrics=(
        MetricSeed("grams", "Grams", (GROUND, "bakery.baked"), Aggregate.SUM, "grams", "activity.stone == true"),
        MetricSeed("grains", "Grains", (GROUND,), Aggregate.DISTINCT, "grain"),
    ),
    rules=(RuleSeed("ground", GROUND, "FLOUR", "activity.grams", budget="mill.store", transfer_kind=GROUND),),
    install=lambda session: _open(session, "mill.store"),
)


def _open(session: Session, code: str) -> None:
    ledger.open_system_owner(session, code, "FLOUR")


def install(program: Program, owner_dsn: str) -> None:
    """Migrate with a program more."""
    module = program.module(partial(boot._install_program, program))
    Migrator(owner_dsn, [*boot.modules(), module]).upgrade()


def present(dsn: str) -> list[tuple[Any, ...]]:
    """What there is of the mill."""
    query = """
        SELECT 'kind', name FROM engagement.activity_kinds WHERE program = 'mill'
        UNION ALL SELECT 'metric', code FROM engagement.metrics WHERE program = 'mill'
        UNION ALL SELECT 'rule', code FROM engagement.rules WHERE program = 'mill'
        UNION ALL SELECT 'unit', code FROM ledger.units WHERE code = 'FLOUR'
        UNION ALL SELECT 'owner', code FROM ledger.owners WHERE code LIKE 'mill.%'
    """
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()


def test_one_without_faults_is_installed_again_and_again(owner_dsn: str) -> None:
    install(MILL, owner_dsn)
    once = present(owner_dsn)
    assert {what for what, _ in once} == {"kind", "metric", "rule", "unit", "owner"}
    install(MILL, owner_dsn)
    assert present(owner_dsn) == once


def metric(*given: Any, **more: Any) -> dict[str, Any]:
    """The program with one metric more."""
    return {"metrics": (*MILL.metrics, MetricSeed(*given, **more))}


def rule(**more: Any) -> dict[str, Any]:
    """The program with one rule more."""
    return {"rules": (*MILL.rules, RuleSeed("more", GROUND, "FLOUR", "1", **more))}


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"activity_kinds": (ActivityKind("ground", "Ground"),)}, ProgramFaultError, "has to begin with the program's"),
        (
            {"activity_kinds": (ActivityKind(GROUND, "Ground", {"kilos": float}),)},
            ProgramFaultError,
            "'kilos' of 'mill.ground' has to be int, str, bool or list",
        ),
        (metric("a-b", "A", (GROUND,)), ProgramFaultError, "letters, digits and underscores"),
        (metric("a", "A", ("mill.grond",)), ProgramFaultError, "'mill.grond', which is no kind of the program: mill.g"),
        (metric("a", "A", (GROUND,), Aggregate.SUM), ProgramFaultError, "has to name the property for 'sum'"),
        (metric("a", "A", (GROUND,), Aggregate.COUNT, "grams"), ProgramFaultError, "has to name no property"),
        (metric("a", "A", (GROUND,), Aggregate.MAX, "kilos"), ProgramFaultError, "does not have: grain, grams, stone"),
        (metric("a", "A", (GROUND,), Aggregate.SUM, "grain"), ProgramFaultError, "needs a whole number for 'sum'"),
        (metric("a", "A", (GROUND,), condition="activity.gran == 1"), ProgramFaultError, "no 'activity.gran'"),
        (metric("a", "A", (GROUND,), condition="activity.grams >"), ProgramFaultError, "stops too early"),
        (metric("a", "A", (GROUND,), Aggregate.EARNED), ProgramFaultError, "'ledger:earned.UNIT'"),
        (rule(transfer_kind="mill.grond"), RuleSeedError, "transfer_kind: There is no transfer kind 'mill.grond'"),
        (rule(budget="mill.stoer"), RuleSeedError, "budget: There is no budget 'mill.stoer' in FLOUR"),
        ({"boards": (BoardSeed("most", "Most", "kilos"),)}, ProgramFaultError, "'mill:kilos', which is no metric"),
        (
            {"boards": (BoardSeed("most", "Most", "grams", periods=("year",)),)},  # type: ignore[arg-type]
            MigrationFailedError,
            "chk_boards_periods",
        ),
        ({"streaks": (StreakSeed("s", "S", "grams", "year"),)}, MigrationFailedError, "chk_streaks_period"),  # type: ignore[arg-type]
        ({"units": (*MILL.units, Unit("POINT", 2, UnitKind.POINTS))}, MigrationFailedError, "POINT exists as points"),
        ({"transfer_kinds": {GROUND: Effect.EARN, "hold": Effect.EARN}}, MigrationFailedError, "transfer kind hold"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_is_wrong_is_said_and_nothing_is_there(
    owner_dsn: str, change: dict[str, Any], error: type[GuerdonError], told: str
) -> None:
    with pytest.raises(error) as refused:
        install(replace(MILL, **change), owner_dsn)
    assert told in str(refused.value)
    assert present(owner_dsn) == []
