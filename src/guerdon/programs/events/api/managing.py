"""Staff's part: making, changing, publishing, cancelling and copying events, and the types."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Response

from guerdon.http.access import Principal, requires
from guerdon.http.idempotency import OnceIfKeyedDep
from guerdon.http.openapi import problem_responses
from guerdon.http.schemas import Schema, Text
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.programs.events.api.bodies import (
    EVENTS,
    CancelEventIn,
    EventChangeIn,
    EventOut,
    EventTypeIn,
    EventTypeOut,
    NewEventIn,
    NewEventTypeIn,
    ScopeIn,
)
from guerdon.programs.events.api.shapes import show_event
from guerdon.programs.events.schemas import EventIn
from guerdon.programs.events.service import changing, making, reading, types

router = APIRouter()

Manager = Annotated[Principal, Depends(requires("events:manage"))]
Configurer = Annotated[Principal, Depends(requires("events:configure"))]
Given = Annotated[NewEventIn, Body(openapi_examples=EVENTS)]


class MadeOut(Schema):
    """The events that were made or changed, the first one first."""

    events: list[EventOut]


@router.post("", status_code=201, response_model=MadeOut)
def create(body: Given, who: Manager, session: SessionDep, clock: ClockDep, once: OnceIfKeyedDep) -> Response:
    """Make an event, or all those of a series, as drafts.

    With an ``Idempotency-Key`` they are made once, however often the request arrives.
    """

    def effect() -> MadeOut:
        made = making.create(session, clock, who.user_id, _of(body), repetition=body.repetition)
        return _shown(session, clock, [each.id for each in made])

    return once.run(effect, status=201)


@router.put("/{event_id}", responses=problem_responses(409))
def change(event_id: UUID, body: EventChangeIn, who: Manager, session: SessionDep, clock: ClockDep) -> EventOut:
    """Change an event, or it and all that follow in its series; those registered are told when it moves."""
    changing.change(session, clock, who.user_id, event_id, _of(body), scope=body.scope, revision=body.revision)
    return show_event(reading.one(session, event_id), clock.now())


@router.post("/{event_id}/publish", responses=problem_responses(409))
def publish(event_id: UUID, who: Manager, session: SessionDep, clock: ClockDep, body: ScopeIn | None = None) -> MadeOut:
    """Publish a draft; from now on members see it and register."""
    scope = (body or ScopeIn()).scope
    chosen = changing.publish(session, clock, who.user_id, event_id, scope=scope)
    return _shown(session, clock, [each.id for each in chosen])


@router.post("/{event_id}/cancel", responses=problem_responses(409))
def cancel(event_id: UUID, body: CancelEventIn, who: Manager, session: SessionDep, clock: ClockDep) -> MadeOut:
    """Cancel an event: those registered are told why, and get back what they paid."""
    chosen = changing.cancel(session, clock, who.user_id, event_id, reason=body.reason, scope=body.scope)
    return _shown(session, clock, [each.id for each in chosen])


@router.post("/{event_id}/duplicate", status_code=201)
def duplicate(event_id: UUID, who: Manager, session: SessionDep, clock: ClockDep) -> EventOut:
    """Make a draft like it, a week later."""
    made = making.duplicate(session, clock, who.user_id, event_id)
    return show_event(reading.one(session, made.id), clock.now())


@router.delete("/{event_id}", status_code=204, responses=problem_responses(409))
def discard(event_id: UUID, who: Manager, session: SessionDep) -> None:
    """Delete a draft; what was published is cancelled instead."""
    changing.discard(session, who.user_id, event_id)


@router.post("/types", status_code=201, responses=problem_responses(409))
def add_type(body: NewEventTypeIn, who: Configurer, session: SessionDep) -> EventTypeOut:
    """Add a type of event."""
    made = types.add(session, who.user_id, code=body.code, name=body.name, default_points=body.default_points)
    session.refresh(made)
    return EventTypeOut.model_validate(made)


@router.put("/types/{code}")
def change_type(code: Text, body: EventTypeIn, who: Configurer, session: SessionDep) -> EventTypeOut:
    """Change a type; whoever attended keeps what they got."""
    found = types.change(session, who.user_id, code, **body.model_dump())
    return EventTypeOut.model_validate(found)


@router.delete("/types/{code}", status_code=204, responses=problem_responses(409))
def remove_type(code: Text, who: Configurer, session: SessionDep) -> None:
    """Take away a type that no event has."""
    types.remove(session, who.user_id, code)


def _of(body: EventIn) -> EventIn:
    return EventIn.model_validate(body.model_dump(include=set(EventIn.model_fields)))


def _shown(session: SessionDep, clock: ClockDep, event_ids: list[UUID]) -> MadeOut:
    return MadeOut(events=[show_event(reading.one(session, each), clock.now()) for each in event_ids])
