"""The community's clock: by it points, streaks, tiers, boards and figures count days, weeks and months."""

from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session, SessionTransaction

from guerdon.kernel.engagement.activities.models import Community
from guerdon.kernel.engagement.activities.service.periods import zone

UNTIL_SET = "UTC"
"""Before the community has its row, which it gets with its first migration."""
_KNOWN = "community_zone"


def time_zone(session: Session) -> str:
    """Its IANA name, asked once in a transaction: a page with a dozen periods would ask as often."""
    known: tuple[SessionTransaction, str] | None = session.info.get(_KNOWN)
    if known is not None and known[0] is session.get_transaction():
        return known[1]
    name = session.scalars(select(Community.time_zone)).one_or_none() or UNTIL_SET
    session.info[_KNOWN] = (session.get_transaction(), name)
    return name


def zone_of_community(session: Session) -> ZoneInfo:
    """The same, as a zone."""
    return zone(time_zone(session))


def set_time_zone(session: Session, name: str) -> str:
    """Have days begin by another zone from now on; what is counted already is counted anew by a rebuild.

    Returns:
        The former one.
    """
    former = time_zone(session)
    if name != former:
        session.execute(update(Community).values(time_zone=name))
        del session.info[_KNOWN]
    return former
