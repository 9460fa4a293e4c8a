"""A member's own: points, badges, the weeks in a row, and the events that they attended."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.http.access import Principal, requires
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.badges.service.reading import of_member as badges_of
from guerdon.kernel.engagement.streaks.service import reading as streaks
from guerdon.kernel.engagement.streaks.service.reading import CalendarPeriod, MemberStreak
from guerdon.programs.events.pages.shown import page
from guerdon.programs.events.seeds import CARRIED_IN, CARRIED_OUT
from guerdon.programs.events.service import connections, history, standing
from guerdon.web.i18n import msgid
from guerdon.web.render import render

router = APIRouter(prefix="/events")

Member = Annotated[Principal, Depends(requires("events:attend"))]

PAGE_SIZE = 25
WEEKS_SHOWN = 52
RECENT = 10
STATES = {
    "active": msgid("attended"),
    "saved": msgid("saved by a freeze"),
    "missed": msgid("missed"),
    "not_begun": msgid("before your first"),
    "not_held": msgid("no event"),
    "paused": msgid("paused"),
    "pardoned": msgid("forgiven"),
    "open": msgid("this week"),
}
KINDS = {
    "events.attended": msgid("Attended an event"),
    "events.special": msgid("Special activity"),
    "streak.bonus": msgid("Weeks in a row"),
    "badge.reward": msgid("Badge reached"),
    "adjustment": msgid("Balance adjusted by staff"),
    CARRIED_IN: msgid("Brought along from before"),
    CARRIED_OUT: msgid("Spent before"),
}
NAMED = ("events.attended", "events.special", "adjustment", CARRIED_IN, CARRIED_OUT)
"""Where what somebody wrote says more than the kind alone."""
TAKING = ("adjustment", CARRIED_OUT)
"""What takes points without taking back what was given."""


@dataclass(frozen=True, slots=True)
class Weeks:
    """The streak with its calendar."""

    streak: MemberStreak
    calendar: list[CalendarPeriod]


@router.get("/profile")
def show_profile(request: Request, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """Points, badges, weeks in a row, connections."""
    now = clock.now()
    points = standing.points(session, who.user_id, now)
    known = connections.known(session, who.user_id)
    context = {
        "balance": points.available,
        "earned": points.earned,
        "weeks": _weeks(session, clock, who.user_id),
        "badges": badges_of(session, who.user_id, program="events"),
        "recent": history.latest_points(session, who.user_id, RECENT),
        "connected": sum(each.connection.status == "agreed" for each in known),
        "asked": sum(each.connection.status == "requested" and each.incoming for each in known),
        "STATES": STATES,
        "KINDS": KINDS,
        "TAKING": TAKING,
        "NAMED": NAMED,
    }
    return render(request, "events/profile.html", context)


def _weeks(session: Session, clock: Clock, user_id: UUID) -> Weeks | None:
    own = standing.weeks(session, user_id, clock.now())
    if own is None:
        return None
    return Weeks(own, streaks.calendar(session, clock.now(), user_id, own.streak, WEEKS_SHOWN))


@router.get("/history")
def show_history(
    request: Request, who: Member, session: SessionDep, before: Annotated[UUID | None, Query()] = None
) -> Response:
    """The events that the member attended, the latest first."""
    rows = history.attended(session, who.user_id, before=before, limit=PAGE_SIZE + 1)
    shown = rows[:PAGE_SIZE]
    context = {
        "rows": shown,
        "before": before,
        "next_before": shown[-1].attendance.id if len(rows) > PAGE_SIZE else None,
    }
    return page(request, "history.html", context)
