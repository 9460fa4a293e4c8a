"""The community's clock: by it points, streaks and figures count days, weeks and months."""

from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.models import Community


def zone_of_community(session: Session) -> ZoneInfo:
    """The community's zone."""
    return ZoneInfo(session.scalars(select(Community.time_zone)).one())
