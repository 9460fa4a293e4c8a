"""What badges said in former versions: by that a level was earned, and by that it is judged, told of and signed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.badges.errors import BadgeLevelNotFoundError
from guerdon.kernel.engagement.badges.models import BadgeVersion
from guerdon.kernel.engagement.badges.service.definitions import Definition, Level
from guerdon.kernel.engagement.streaks.models import Streak
from guerdon.kernel.engagement.streaks.service.definitions import metric_id


def as_of(session: Session, badge: Definition, version: int) -> Definition:
    """A badge as it was defined in one of its versions."""
    if version == badge.version:
        return badge
    row = session.get(BadgeVersion, (badge.id, version))
    return badge if row is None else _former(session, badge, row)


def with_level(session: Session, badge: Definition, level: int) -> Definition:
    """A badge as it is, or as it last was with a level that it has no more.

    Raises:
        BadgeLevelNotFoundError: it never had it.
    """
    if level <= len(badge.levels):
        return badge
    rows = session.scalars(
        select(BadgeVersion).where(BadgeVersion.badge_id == badge.id).order_by(BadgeVersion.version.desc())
    )
    row = next((row for row in rows if level <= len(row.document["levels"])), None)
    if row is None:
        raise BadgeLevelNotFoundError()
    return _former(session, badge, row)


def _former(session: Session, badge: Definition, row: BadgeVersion) -> Definition:
    said, criteria = row.document, row.document["criteria"]
    levels = enumerate(said["levels"], start=1)
    return replace(
        badge,
        version=row.version,
        name=said["name"],
        description=said["description"],
        icon=said["icon"],
        colour=said["colour"],
        kind=criteria["kind"],
        metric_id=metric_id(session, badge.program, criteria["metric"]) if "metric" in criteria else None,
        streak_id=_streak_id(session, badge.program, criteria),
        within=criteria.get("window"),
        minimum=criteria.get("minimum", 1),
        levels=tuple(Level(number, each["threshold"], each["unit"], each["amount_minor"]) for number, each in levels),
    )


def _streak_id(session: Session, program: str, criteria: Mapping[str, Any]) -> Any:
    owner, _, code = criteria.get("streak", "").rpartition(":")
    query = select(Streak.id).where(Streak.program == (owner or program), Streak.code == code)
    return session.scalars(query).one_or_none()
