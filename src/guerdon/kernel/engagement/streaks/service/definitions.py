"""Which streaks there are, kept by each process as long as nothing changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.models import Community, Metric
from guerdon.kernel.engagement.streaks.computing import Rules
from guerdon.kernel.engagement.streaks.errors import MetricUnknownError, StreakNotFoundError
from guerdon.kernel.engagement.streaks.models import Streak
from guerdon.kernel.engagement.streaks.seeds import Held, StreakBonus, StreakSeed
from guerdon.kernel.ledger.catalogue import catalogue


@dataclass(frozen=True, slots=True)
class Definition:
    """A streak as it is defined now.

    Attributes:
        zone: ``community`` or ``member``, the metric's.
        held: in which periods the community held anything, if the program says so.
    """

    id: UUID
    program: str
    code: str
    name: str
    description: str
    metric_id: int
    zone: str
    rules: Rules
    minimum: int
    bonus: StreakBonus | None
    milestones: tuple[int, ...]
    pause_periods_max: int
    active: bool
    held: Held | None

    def next_milestone(self, length: int) -> int | None:
        """The first milestone above a length."""
        return next((each for each in sorted(self.milestones) if each > length), None)


@dataclass(frozen=True, slots=True)
class Definitions:
    """All streaks; ``watched`` lists the active ones by the metric and the period that they count."""

    all: tuple[Definition, ...]
    watched: Mapping[tuple[int, str], tuple[Definition, ...]]


_held: dict[tuple[str, str], Held] = {}
_kept: dict[UUID, Definitions] = {}


def use(program: str, seeds: Sequence[StreakSeed]) -> None:
    """Know from now on in which periods a program's communities held anything; the composition root calls it."""
    for seed in seeds:
        if seed.held is not None:
            _held[program, seed.code] = seed.held
        else:
            _held.pop((program, seed.code), None)
    _kept.clear()


def definitions(session: Session, revision: UUID | None = None) -> Definitions:
    """Every streak, in the order of program and code.

    Args:
        revision: of what is in force, if the caller knows it.
    """
    revision = revision or session.scalars(select(Community.revision)).one()
    known = _kept.get(revision)
    if known is None:
        known = _read(session)
        _kept.clear()
        _kept[revision] = known
    return known


def _read(session: Session) -> Definitions:
    codes = catalogue(session)
    rows = session.execute(
        select(Streak, Metric.zone).join(Metric, Metric.id == Streak.metric_id).order_by(Streak.program, Streak.code)
    ).all()
    found = tuple(
        Definition(
            id=row.id,
            program=row.program,
            code=row.code,
            name=row.name,
            description=row.description,
            metric_id=row.metric_id,
            zone=zone,
            rules=Rules(row.period, row.freeze_every, row.freeze_max),  # type: ignore[arg-type]  # a CHECK holds it
            minimum=row.minimum,
            bonus=None
            if row.bonus_unit_id is None
            else StreakBonus(codes.units_by_id[row.bonus_unit_id].code, tuple(row.bonus_minor)),
            milestones=tuple(sorted(row.milestones)),
            pause_periods_max=row.pause_periods_max,
            active=row.active,
            held=_held.get((row.program, row.code)),
        )
        for row, zone in rows
    )
    watched: dict[tuple[int, str], tuple[Definition, ...]] = {}
    for each in found:
        if each.active:
            key = each.metric_id, each.rules.period
            watched[key] = (*watched.get(key, ()), each)
    return Definitions(found, watched)


def get(session: Session, streak_id: UUID) -> Definition:
    """One streak.

    Raises:
        StreakNotFoundError: there is none of that id.
    """
    for each in definitions(session).all:
        if each.id == streak_id:
            return each
    raise StreakNotFoundError(streak=str(streak_id))


def by_code(session: Session, program: str, code: str) -> Definition:
    """A program's streak.

    Raises:
        StreakNotFoundError: it has none of that code.
    """
    for each in definitions(session).all:
        if (each.program, each.code) == (program, code):
            return each
    raise StreakNotFoundError(streak=f"{program}.{code}")


def metric_id(session: Session, program: str, metric: str) -> int:
    """The number of a metric of a program, or of another's as ``program:code``.

    Raises:
        MetricUnknownError: there is no such metric.
    """
    owner, _, code = metric.rpartition(":")
    found = session.scalars(select(Metric.id).where(Metric.program == (owner or program), Metric.code == code)).first()
    if found is None:
        raise MetricUnknownError(field="metric", metric=metric)
    return found


def install(session: Session, program: str, seeds: Sequence[StreakSeed]) -> None:
    """Put in a program's streaks that are not there yet; its metrics and units have to be there.

    Raises:
        MetricUnknownError: a streak counts what nobody counts.
        UnknownUnitError: a bonus is in a unit that nobody knows.
    """
    codes = catalogue(session, fresh=True)
    for seed in seeds:
        bonus = seed.bonus
        session.execute(
            insert(Streak)
            .values(
                program=program,
                code=seed.code,
                name=seed.name,
                description=seed.description,
                metric_id=metric_id(session, program, seed.metric),
                period=seed.period,
                minimum=seed.minimum,
                freeze_every=seed.freeze_every,
                freeze_max=seed.freeze_max,
                bonus_unit_id=codes.unit_id(bonus.unit) if bonus else None,
                bonus_minor=list(bonus.amounts_minor) if bonus else [],
                milestones=sorted(set(seed.milestones)),
                pause_periods_max=seed.pause_periods_max,
                created_at=func.now(),
            )
            .on_conflict_do_nothing(index_elements=["program", "code"])
        )
