"""Finding events: the list, a month, one event, one's own."""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock, local_date
from guerdon.http.access import Principal, requires
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.transaction import ClockDep, SessionDep, act_as_staff
from guerdon.programs.events.models import PaymentState, RegistrationStatus
from guerdon.programs.events.pages.asked import PAGE_SIZE, AskedFor, Word, month_of, shown_and_next
from guerdon.programs.events.pages.shown import last_day, page
from guerdon.programs.events.schemas import Filters, ListedEvent
from guerdon.programs.events.service import paying, places, providers, reading, types
from guerdon.web.forms import FormState
from guerdon.web.viewer import viewer_of

UPCOMING_MAX = 400
"""A year of every day, and some: what somebody is going to is shown as a whole."""

router = APIRouter(prefix="/events")

Member = Annotated[Principal, Depends(requires("events:attend"))]
ZONES_AHEAD, ZONES_BEHIND = timedelta(hours=14), timedelta(hours=12)
"""How long before a day begins in UTC it does so somewhere, and how long after its end it still lasts elsewhere."""


@router.get("")
def show_list(request: Request, who: Member, session: SessionDep, clock: ClockDep, asked: AskedFor) -> Response:
    """What there is to go to, the next first; what is over, the latest first."""
    rows = reading.listed(
        session,
        asked.filters(who.user_id, clock.now()),
        after=asked.after,
        limit=PAGE_SIZE + 1,
        latest_first=asked.past,
    )
    shown, next_cursor = shown_and_next(rows)
    context = {
        "rows": shown,
        "next_cursor": next_cursor,
        "asked": asked,
        "types": types.listed(session),
    }
    return page(request, "list.html", context)


@router.get("/month")
def show_month(
    request: Request, who: Member, session: SessionDep, clock: ClockDep, month: Word = "", mine: Word = ""
) -> Response:
    """A month as a grid of days: events stand on the days that they have at their places."""
    today = local_date(clock.now(), viewer_of(request).zone)
    first = month_of(month, today)
    days = calendar.Calendar().monthdatescalendar(first.year, first.month)
    begins = datetime.combine(days[0][0], time.min, UTC) - ZONES_AHEAD
    ends = datetime.combine(days[-1][-1] + timedelta(days=1), time.min, UTC) + ZONES_BEHIND
    filters = Filters(user_id=who.user_id, since=begins, until=ends, mine=mine == "yes")
    rows = reading.listed(session, filters, after=None, limit=reading.MONTH_EVENTS_MAX)
    by_day: dict[date, list[ListedEvent]] = {}
    for row in rows:
        for day in _days_of(row):
            if days[0][0] <= day <= days[-1][-1]:
                by_day.setdefault(day, []).append(row)
    context = {
        "first": first,
        "weeks": days,
        "by_day": by_day,
        "today": today,
        "mine": mine == "yes",
        "before": _month_text(first - timedelta(days=1)),
        "after": _month_text(first + timedelta(days=31)),
        "this_month": _month_text(first),
    }
    return page(request, "month.html", context)


def _month_text(day: date) -> str:
    return f"{day:%Y-%m}"


def _days_of(row: ListedEvent) -> Iterator[date]:
    day = local_date(row.event.start_time, ZoneInfo(row.event.time_zone))
    while day <= last_day(row.event):
        yield day
        day += timedelta(days=1)


@router.get("/mine")
def show_own(request: Request, who: Member, session: SessionDep, clock: ClockDep, cursor: Cursor = None) -> Response:
    """What the member is going to, and everything else that they ever registered for."""
    after = decode_cursor(cursor, datetime, UUID)
    now = clock.now()
    rows = reading.own(
        session, who.user_id, after=(after[0], after[1]) if after else None, limit=PAGE_SIZE + 1, past_at=now
    )
    shown = rows[:PAGE_SIZE]
    last = shown[-1] if len(rows) > PAGE_SIZE else None
    context = {
        "upcoming": [] if after else reading.own(session, who.user_id, after=None, limit=UPCOMING_MAX, upcoming_at=now),
        "rows": shown,
        "cursor": cursor,
        "next_cursor": encode_cursor(last.event.start_time, last.registration.id) if last else None,
    }
    return page(request, "mine.html", context)


@router.get("/{event_id}")
def show_event(request: Request, event_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """One event: what it is, whether there is a place, and what the member can do."""
    return event_page(request, session, clock, who, event_id, FormState())


def event_page(
    request: Request,
    session: Session,
    clock: Clock,
    who: Principal,
    event_id: UUID,
    state: FormState,
    *,
    status: int = 200,
) -> Response:
    """The page of an event, also to show a form again that was refused."""
    if who.may("events:manage"):
        act_as_staff(session)
    row = reading.one(session, event_id, who.user_id)
    registration = row.registration
    waiting = registration is not None and registration.status is RegistrationStatus.WAITING
    payments = paying.of_registrations(session, [registration.id]).get(registration.id, []) if registration else []
    context = {
        "row": row,
        "event": row.event,
        "registration": registration,
        "waiting_before": places.waiting_before(session, registration.id) if registration and waiting else None,
        "charge": next((each for each in payments if each.status is PaymentState.PENDING), None),
        "channels": providers.channels(),
        "begun": row.event.start_time <= clock.now(),
        "over": row.event.end_time <= clock.now(),
        "may_manage": who.may("events:manage"),
        "state": state,
    }
    return page(request, "event.html", context, status)
