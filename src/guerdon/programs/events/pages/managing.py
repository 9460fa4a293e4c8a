"""Staff's part: the list with drafts, making and changing, publishing, cancelling, copying, types."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from guerdon.core.errors import ConflictError, FieldError, FieldErrors
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.identity.service.fields import time_zones
from guerdon.programs.events.errors import EventChangedError
from guerdon.programs.events.models import Event
from guerdon.programs.events.pages.asked import (
    PAGE_SIZE,
    AskedFor,
    event_of,
    refused,
    repetition_of,
    scope_of,
    shown_and_next,
    status_of,
)
from guerdon.programs.events.pages.registering import tell_refusal
from guerdon.programs.events.pages.shown import AS_IS, page
from guerdon.programs.events.service import attendees, changing, making, paying, reading, types
from guerdon.programs.events.service.checking import price_text
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/events")

Manager = Annotated[Principal, Depends(requires("events:manage"))]

SAYS_NOW = msgid("By now it says: {text}")
REASONS = (
    msgid("Too few people can come."),
    msgid("The place cannot be used."),
    msgid("The weather does not allow it."),
    msgid("Who was to lead it is ill."),
)
"""What staff often write when they cancel; suggestions, any other text will do."""


@router.get("")
def show_list(request: Request, _who: Manager, session: SessionDep, clock: ClockDep, asked: AskedFor) -> Response:
    """Every event, drafts too."""
    rows = reading.listed(
        session,
        asked.filters(None, clock.now()),
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
        "payouts": len(paying.payouts(session)),
    }
    return page(request, "staff/list.html", context)


@router.get("/new")
def show_new(request: Request, _who: Manager, session: SessionDep) -> Response:
    """The form of a new event."""
    offered = types.listed(session, active_only=True)
    values = {
        "event_type": offered[0].code if offered else "",
        "time_zone": viewer_of(request).zone.key,
        "currency": reading.currency_used_last(session),
        "price": "0",
        "offer_hours": "24",
        "repetition.interval_weeks": "1",
    }
    return _form(request, session, FormState(values))


@router.post("/new")
def create(
    request: Request, who: Manager, _once: SentOnce, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Make it, as a draft."""
    try:
        given, repetition = _both(lambda: event_of(sent), lambda: repetition_of(sent))
        with attempt(session):
            made = making.create(session, clock, who.user_id, given, repetition=repetition)
    except _Both as exc:
        return _form(request, session, refused(request, sent, *exc.errors), status=422)
    except (FieldError, FieldErrors) as exc:
        return _form(request, session, refused(request, sent, exc), status=status_of(exc))
    text = viewer_of(request).translator.ngettext(
        "{number} draft made. Publish it when it is ready.",
        "{number} drafts made. Publish them when they are ready.",
        len(made),
    )
    flash(request, AS_IS, text=text)
    return redirect(request, f"/staff/events/{made[0].id}")


class _Both(Exception):  # noqa: N818 - it stands for several errors of one form
    """Several parts of a form are wrong at once."""

    def __init__(self, errors: list[ValidationError]) -> None:
        super().__init__()
        self.errors = errors


def _both(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """Two parts of a form, or the errors of both, so that a person corrects it once."""
    results: list[Any] = []
    errors: list[ValidationError] = []
    for part in (first, second):
        try:
            results.append(part())
        except ValidationError as exc:
            errors.append(exc)
    if errors:
        raise _Both(errors)
    return results[0], results[1]


def _form(
    request: Request, session: Session, state: FormState, *, event: Event | None = None, status: int = 200
) -> Response:
    offered = list(types.listed(session, active_only=True))
    if event is not None and event.event_type not in [each.code for each in offered]:
        offered += [each for each in types.listed(session) if each.code == event.event_type]
    context = {
        "state": state,
        "event": event,
        "types": offered,
        # That of an event that was made over HTTP may be one that people are not offered, such as Japan.
        "zones": sorted({*time_zones(), *([event.time_zone] if event else [])}),
        "action": f"/staff/events/{event.id}/edit" if event else "/staff/events/new",
    }
    return page(request, "staff/form.html", context, status)


@router.get("/{event_id}")
def show_one(request: Request, event_id: UUID, _who: Manager, session: SessionDep) -> Response:
    """One event for staff: where it stands, who comes, what can be done."""
    return _one(request, session, event_id, FormState())


def _one(request: Request, session: Session, event_id: UUID, state: FormState, status: int = 200) -> Response:
    row = reading.one(session, event_id)
    context = {
        "row": row,
        "event": row.event,
        "counts": attendees.counts(session, event_id),
        "payouts": len(paying.payouts(session, event_id)),
        "reasons": REASONS,
        "state": state,
    }
    return page(request, "staff/event.html", context, status)


@router.get("/{event_id}/edit")
def show_edit(request: Request, event_id: UUID, _who: Manager, session: SessionDep) -> Response:
    """The form with what the event says."""
    event = reading.get(session, event_id)
    return _form(request, session, FormState(_values(event)), event=event)


def _values(event: Event) -> dict[str, Any]:
    zone = ZoneInfo(event.time_zone)
    return {
        "title": event.title,
        "description": event.description,
        "event_type": event.event_type,
        "location": event.location,
        "map_url": event.map_url,
        "start_time": _local(event.start_time, zone),
        "end_time": _local(event.end_time, zone),
        "time_zone": event.time_zone,
        "max_participants": event.max_participants,
        "points_reward": event.points_reward,
        "price": price_text(event.price_minor, event.currency),
        "currency": event.currency,
        "walk_ins_allowed": "yes" if event.walk_ins_allowed else None,
        "offer_hours": event.offer_s // 3600,
        "revision": event.revision,
    }


def _local(moment: datetime, zone: ZoneInfo) -> str:
    """A time of day as a form has it: to the minute, or as far as a browser goes if that is not all of it."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    return local.isoformat(timespec="milliseconds" if local.second or local.microsecond else "minutes")


@router.post("/{event_id}/edit")
def change(
    request: Request,
    event_id: UUID,
    who: Manager,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Change it, or it and all that follow in its series."""
    event = reading.get(session, event_id)
    revision = sent.get("revision", "")
    try:
        given = event_of(sent)
        with attempt(session):
            changing.change(
                session,
                clock,
                who.user_id,
                event_id,
                given,
                scope=scope_of(sent),
                revision=int(revision) if revision.isdecimal() and len(revision) < 10 else None,
            )
    except EventChangedError as exc:
        session.refresh(event)
        return _form(request, session, _beside(request, sent, exc, event), event=event, status=exc.status)
    except (ValidationError, FieldError, FieldErrors, ConflictError) as exc:
        session.refresh(event)
        return _form(request, session, refused(request, sent, exc), event=event, status=status_of(exc))
    flash(request, msgid("Changed. Whoever is registered is told if time or place are others now."))
    return redirect(request, f"/staff/events/{event_id}")


def _beside(request: Request, sent: Sent, exc: EventChangedError, event: Event) -> FormState:
    """What somebody wrote, beside what the event says by now where that is something else; sent again, it counts."""
    translator = viewer_of(request).translator
    state = refused(request, sent, exc)
    found = dict(state.errors)
    for name, value in _values(event).items():
        says = "" if value is None else str(value)
        if name != "revision" and says.split() != sent.get(name, "").split():
            found[name] = translator.gettext(SAYS_NOW, text=says or "–")
    return FormState({**state.values, "revision": event.revision}, found)


@router.post("/{event_id}/publish")
def publish(
    request: Request, event_id: UUID, who: Manager, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Let members see it."""
    try:
        with attempt(session):
            chosen = changing.publish(session, clock, who.user_id, event_id, scope=scope_of(sent))
    except (ConflictError, FieldError) as exc:
        tell_refusal(request, exc)
    else:
        text = viewer_of(request).translator.ngettext(
            "{number} event published.", "{number} events published.", len(chosen)
        )
        flash(request, AS_IS, text=text)
    return redirect(request, f"/staff/events/{event_id}")


@router.post("/{event_id}/cancel")
def cancel(
    request: Request, event_id: UUID, who: Manager, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Call it off; those registered are told, and get back what they paid."""
    try:
        with attempt(session):
            chosen = changing.cancel(
                session, clock, who.user_id, event_id, reason=sent.get("reason", ""), scope=scope_of(sent)
            )
    except FieldError as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _one(request, session, event_id, state, exc.status)
    except ConflictError as exc:
        tell_refusal(request, exc)
    else:
        text = viewer_of(request).translator.ngettext(
            "{number} event cancelled; those registered are told.",
            "{number} events cancelled; those registered are told.",
            len(chosen),
        )
        flash(request, AS_IS, text=text)
    return redirect(request, f"/staff/events/{event_id}")


@router.post("/{event_id}/duplicate")
def duplicate(
    request: Request, event_id: UUID, who: Manager, _once: SentOnce, session: SessionDep, clock: ClockDep
) -> Response:
    """Make a draft like it."""
    made = making.duplicate(session, clock, who.user_id, event_id)
    flash(request, msgid("This is the copy, a draft. Check when it is."))
    return redirect(request, f"/staff/events/{made.id}/edit")


@router.post("/{event_id}/discard")
def discard(request: Request, event_id: UUID, who: Manager, session: SessionDep) -> Response:
    """Delete a draft."""
    try:
        with attempt(session):
            changing.discard(session, who.user_id, event_id)
    except ConflictError as exc:
        tell_refusal(request, exc)
        return redirect(request, f"/staff/events/{event_id}")
    flash(request, msgid("The draft is gone."))
    return redirect(request, "/staff/events")
