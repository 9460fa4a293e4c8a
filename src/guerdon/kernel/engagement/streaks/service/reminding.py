"""Tells members that a streak is about to break, once for each period, by mail, if they want mails."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock, local_date
from guerdon.kernel.engagement.activities.service.community import time_zone
from guerdon.kernel.engagement.streaks.calendar import following, period_of
from guerdon.kernel.engagement.streaks.computing import Run, standing
from guerdon.kernel.engagement.streaks.models import StreakRun
from guerdon.kernel.engagement.streaks.service.definitions import Definition, definitions
from guerdon.kernel.engagement.streaks.service.neutrality import Neutrality
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people.models import Profile
from guerdon.kernel.messages import Message, send
from guerdon.web.i18n import msgid, translator

SUBJECT = msgid("Your streak at {community} is about to break")
BODY = msgid(
    "Hello {name},\n\nyou have kept up '{streak}' {current} times in a row. Nothing has been recorded in the present"
    " period yet, and it ends soon.\n\n{base_url}/streaks"
)
AHEAD = {"day": timedelta(hours=6), "week": timedelta(days=2), "month": timedelta(days=5)}
"""How long before its end members are told."""
PORTION = 500
CURRENT_MIN = 2
"""Whoever has only just begun has nothing to lose yet."""


def remind(session: Session, clock: Clock) -> int:
    """Send the notices that are due now; a second run in the same period sends none. Returns how many were due."""
    now = clock.now()
    return sum(_remind(session, now, streak) for streak in definitions(session).all if streak.active)


def _remind(session: Session, now: datetime, streak: Definition) -> int:
    sent = 0
    community = time_zone(session)
    for rows in _portions(session, now, streak):
        firsts = [row[0].last for row in rows if row[0].last is not None]
        if not firsts:
            continue
        last = local_date(now, ZoneInfo("UTC")) + timedelta(days=1)
        owners = [row[0].owner_id for row in rows]
        neutrality = Neutrality(session, streak, owners, min(firsts), max(last, *firsts))
        for kept, user, preferences in rows:
            zone = ZoneInfo(user.time_zone if streak.zone == "member" else community)
            ends = _due(now, streak, kept, zone, neutrality)
            if ends is not None and user.email and preferences.get("email", True):
                _send(session, streak, kept, user, ends)
                sent += 1
    return sent


def _portions(
    session: Session, now: datetime, streak: Definition
) -> Iterator[Sequence[tuple[StreakRun, User, dict[str, bool]]]]:
    """Members with something to lose, some at a time; only runs that can still be alive are looked at."""
    after: UUID | None = None
    today = local_date(now, ZoneInfo("UTC"))
    since = following(period_of(today, streak.rules.period), streak.rules.period, -60)
    while True:
        query = (
            select(StreakRun, User, Profile.notification_preferences)
            .join(User, User.id == StreakRun.owner_id)
            .join(Profile, Profile.user_id == StreakRun.owner_id)
            .where(
                StreakRun.streak_id == streak.id,
                StreakRun.current >= CURRENT_MIN,
                StreakRun.last >= since,
                User.deleted_at.is_(None),
            )
            .order_by(StreakRun.owner_id)
            .limit(PORTION)
        )
        if after is not None:
            query = query.where(StreakRun.owner_id > after)
        rows = [(row[0], row[1], row[2]) for row in session.execute(query).all()]
        if rows:
            yield rows
        if len(rows) < PORTION:
            return
        after = rows[-1][0].owner_id


def _due(now: datetime, streak: Definition, kept: StreakRun, zone: ZoneInfo, neutrality: Neutrality) -> datetime | None:
    """When the present period ends, if that is soon and the streak would break with it or cost a freeze."""
    present = period_of(local_date(now, zone), streak.rules.period)
    ends = datetime.combine(following(present, streak.rules.period), datetime.min.time(), zone)
    if not now < ends <= now + AHEAD[streak.rules.period] or neutrality.why(kept.owner_id, present) is not None:
        return None
    run = Run(kept.current, kept.longest, kept.freezes, kept.started, kept.last)
    found = standing(run, present, streak.rules, neutrality.of(kept.owner_id))
    return ends if found.current > 0 and not found.active else None


def _send(session: Session, streak: Definition, kept: StreakRun, user: User, ends: datetime) -> None:
    words = translator(user.locale, streak.program)
    send(
        session,
        Message(
            "engagement.streak_at_risk",
            "email",
            user.email or "",
            user.locale,
            BODY,
            SUBJECT,
            module=__name__,
            params={"name": user.name, "streak": words.gettext(streak.name), "current": kept.current},
            user_id=user.id,
            useful_until=ends,
            dedupe_key=f"streak:{streak.id}:{user.id}:{ends.date().isoformat()}",
        ),
    )
