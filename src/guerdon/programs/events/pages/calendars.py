"""Calendars: one event as a file, a member's feed under a secret address, and the page where they get it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from guerdon.http.access import Principal, public, requires
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, SettingsDep, identify
from guerdon.programs.events.service import feeds
from guerdon.programs.events.service.calendars import MEDIA_TYPE
from guerdon.web.flash import flash, redirect
from guerdon.web.i18n import msgid
from guerdon.web.once import acted_on
from guerdon.web.render import render

router = APIRouter(prefix="/events")

Member = Annotated[Principal, Depends(requires("events:attend"))]


@router.get("/calendar")
def show(request: Request, who: Member, session: SessionDep) -> Response:
    """Whether there is an address, and what it is for."""
    return render(request, "events/calendar_address.html", {"feed": feeds.feed_of(session, who.user_id), "url": ""})


@router.post("/calendar")
def make(
    request: Request, who: Member, _once: SentOnce, session: SessionDep, clock: ClockDep, settings: SettingsDep
) -> Response:
    """Make an address and show it, this once."""
    token = feeds.new_feed(session, clock, who.user_id)
    url = f"{settings.base_url}/events/calendar/{token}.ics"
    context = {"feed": feeds.feed_of(session, who.user_id), "url": url}
    acted_on(request, "/events/calendar")
    return render(request, "events/calendar_address.html", context)


@router.post("/calendar/revoke")
def revoke(request: Request, who: Member, session: SessionDep) -> Response:
    """Make the address worth nothing."""
    feeds.revoke_feed(session, who.user_id)
    flash(request, msgid("The address opens nothing any more."))
    return redirect(request, "/events/calendar")


@router.get("/calendar/{token}.ics", dependencies=[Depends(public(identify=False))])
def read_feed(request: Request, token: str, session: SessionDep, clock: ClockDep, settings: SettingsDep) -> Response:
    """A member's calendar, for whoever knows the address."""
    owner_id = feeds.owner_of_feed(session, token)
    identify(session, owner_id)
    content = feeds.feed(session, clock, owner_id, name=settings.community_name, base_url=settings.base_url)
    tag = feeds.tag_of(content)
    headers = {"etag": tag, "cache-control": "private, no-cache", "referrer-policy": "no-referrer"}
    if feeds.matches(tag, request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


@router.get("/{event_id}.ics")
def download(event_id: UUID, _who: Member, session: SessionDep, settings: SettingsDep) -> Response:
    """One event, to be taken into a calendar."""
    content = feeds.one_event(session, event_id, base_url=settings.base_url)
    headers = {"content-disposition": 'attachment; filename="event.ics"', "cache-control": "private, no-store"}
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
