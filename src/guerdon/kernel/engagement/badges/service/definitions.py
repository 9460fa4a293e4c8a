"""Which badges there are, kept by each process as long as nothing changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.models import Community
from guerdon.kernel.engagement.badges.errors import BadgeNotFoundError
from guerdon.kernel.engagement.badges.models import Badge, BadgeLevel
from guerdon.kernel.ledger.catalogue import catalogue


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a badge; ``unit`` is None where it earns nothing."""

    level: int
    threshold: int
    unit: str | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Definition:
    """A badge as it is defined now; ``within`` is the window of its criteria."""

    id: UUID
    program: str
    code: str
    name: str
    description: str
    icon: str
    colour: str
    category: str
    type: str
    kind: str
    metric_id: int | None
    streak_id: UUID | None
    within: str | None
    minimum: int
    hidden: bool
    display_order: int
    active: bool
    version: int
    levels: tuple[Level, ...]

    def reached(self, value: int) -> int:
        """The highest level that a value reaches; 0 for none."""
        return max((each.level for each in self.levels if each.threshold <= value), default=0)

    def following(self, level: int) -> Level | None:
        """The level above one, None above the highest."""
        return next((each for each in self.levels if each.level > level), None)

    @property
    def lowest(self) -> int:
        """What the first level needs."""
        return self.levels[0].threshold

    @property
    def title(self) -> str:
        """Program and code, for errors and logs."""
        return f"{self.program}.{self.code}"


@dataclass(frozen=True, slots=True)
class Definitions:
    """All badges in the order in which they are shown.

    Attributes:
        watched: active badges by metric and period of the counter that they look at.
        by_streak: active badges by the streak that they look at.
    """

    all: tuple[Definition, ...]
    by_id: Mapping[UUID, Definition]
    watched: Mapping[tuple[int, str], tuple[Definition, ...]]
    by_streak: Mapping[UUID, tuple[Definition, ...]]


_kept: dict[UUID, Definitions] = {}


def definitions(session: Session, revision: UUID | None = None) -> Definitions:
    """Every badge.

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
    codes = catalogue(session, fresh=True)
    levels: dict[UUID, list[Level]] = defaultdict(list)
    for row in session.execute(select(BadgeLevel).order_by(BadgeLevel.level)).scalars():
        unit = None if row.unit_id is None else codes.units_by_id[row.unit_id].code
        levels[row.badge_id].append(Level(row.level, row.threshold, unit, row.amount_minor))
    rows = session.scalars(select(Badge).order_by(Badge.display_order, Badge.program, Badge.code))
    found = tuple(_definition(row, levels[row.id]) for row in rows)
    watched: dict[tuple[int, str], tuple[Definition, ...]] = {}
    by_streak: dict[UUID, tuple[Definition, ...]] = {}
    for each in found:
        if not each.active:
            continue
        if each.streak_id is not None:
            by_streak[each.streak_id] = (*by_streak.get(each.streak_id, ()), each)
        elif each.metric_id is not None:
            key = each.metric_id, watched_period(each)
            watched[key] = (*watched.get(key, ()), each)
    return Definitions(found, {each.id: each for each in found}, watched, by_streak)


def watched_period(badge: Definition) -> str:
    """The period of the counters that criteria look at."""
    return {"total": "life", "periods": "day"}.get(badge.kind) or str(badge.within)


def _definition(row: Badge, levels: Sequence[Level]) -> Definition:
    return Definition(
        id=row.id,
        program=row.program,
        code=row.code,
        name=row.name,
        description=row.description,
        icon=row.icon,
        colour=row.colour,
        category=row.category,
        type=row.type,
        kind=row.kind,
        metric_id=row.metric_id,
        streak_id=row.streak_id,
        within=row.within,
        minimum=row.minimum,
        hidden=row.hidden,
        display_order=row.display_order,
        active=row.active,
        version=row.version,
        levels=tuple(levels),
    )


def get(session: Session, badge_id: UUID) -> Definition:
    """One badge.

    Raises:
        BadgeNotFoundError: there is none of that id.
    """
    found = definitions(session).by_id.get(badge_id)
    if found is None:
        raise BadgeNotFoundError(badge=str(badge_id))
    return found


def by_code(session: Session, program: str, code: str) -> Definition:
    """A program's badge.

    Raises:
        BadgeNotFoundError: it has none of that code.
    """
    for each in definitions(session).all:
        if (each.program, each.code) == (program, code):
            return each
    raise BadgeNotFoundError(badge=f"{program}.{code}")
