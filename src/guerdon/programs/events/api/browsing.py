"""Events as members find them, and the types that there are."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from guerdon.http.access import Principal, requires
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.schemas import Moment, Text
from guerdon.http.transaction import ClockDep, SessionDep, act_as_staff
from guerdon.programs.events.api.bodies import EventOut, EventTypeOut
from guerdon.programs.events.api.shapes import show_event
from guerdon.programs.events.models import EventStatus
from guerdon.programs.events.schemas import Filters, ListedEvent
from guerdon.programs.events.service import reading, types

router = APIRouter()

Member = Annotated[Principal, Depends(requires("events:attend"))]


@router.get("")
def list_events(
    who: Member,
    session: SessionDep,
    clock: ClockDep,
    type: Annotated[Text, Query(max_length=50, description="Code of a type.")] = "",  # noqa: A002 - its name
    since: Annotated[Moment | None, Query(description="That end after this moment; default: now.")] = None,
    until: Annotated[Moment | None, Query(description="That begin before this moment.")] = None,
    search: Annotated[Text, Query(max_length=200, description="Words in title, description or place.")] = "",
    mine: Annotated[bool, Query(description="Only those for which you are registered or wait.")] = False,
    status: Annotated[EventStatus | None, Query(description="Drafts are seen by staff alone.")] = None,
    latest_first: Annotated[bool, Query(description="By start, the latest first.")] = False,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EventOut]:
    """Events by when they begin: published and cancelled ones, for staff drafts too."""
    if who.may("events:manage"):
        act_as_staff(session)
    filters = Filters(
        user_id=who.user_id,
        event_type=type or None,
        search=search,
        since=since if since or latest_first else clock.now(),
        until=until,
        mine=mine,
        status=status,
    )
    after = decode_cursor(cursor, datetime, UUID)
    rows = reading.listed(
        session,
        filters,
        after=(after[0], after[1]) if after else None,
        limit=limit + 1,
        latest_first=latest_first,
    )
    return page_of(rows, limit, show=lambda row: show_event(row, clock.now()), key=_key)


def _key(row: ListedEvent) -> tuple[datetime, UUID]:
    return row.event.start_time, row.event.id


@router.get("/types")
def list_types(_who: Member, session: SessionDep) -> list[EventTypeOut]:
    """The types of events, those not offered any more too."""
    return [EventTypeOut.model_validate(each) for each in types.listed(session)]


@router.get("/{event_id}")
def get_event(event_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> EventOut:
    """One event, with your registration if you have one."""
    if who.may("events:manage"):
        act_as_staff(session)
    return show_event(reading.one(session, event_id, who.user_id), clock.now())
