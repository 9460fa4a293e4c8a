"""Events of another system: past and coming ones, published as they were, or cancelled."""

from collections import Counter
from contextlib import suppress

from sqlalchemy import update

from guerdon.core.errors import FieldError
from guerdon.kernel.engagement.service.sets import among
from guerdon.programs.events.models import Event, EventStatus, Registration, RegistrationStatus
from guerdon.programs.events.service.checking import minor_of
from guerdon.programs.events.service.holders import HOLDING
from guerdon.programs.events.service.importing.context import WHY, Context
from guerdon.programs.events.service.importing.kinds import Kinds
from guerdon.programs.events.service.importing.source import EventRow


def bring_events(context: Context) -> None:
    """Bring in events, and the types that are missing."""
    prices = _prices(context)
    kinds = Kinds(context.session)
    here = context.here(Event, "events", context.source.events)
    for row in context.source.events:
        known = here.get(context.key("events", row.id))
        if known is not None:
            context.events[row.id] = known
        elif row.end_time <= row.start_time:
            context.report.fault("events", row.row, "end_time", "the event ends before it begins")
        else:
            made = _event(context, row, kinds.code(row.event_type), prices.get(row.id, 0))
            context.session.add(made)
            context.events[row.id] = made
            context.new_events.add(made.id)
            context.report.new["events"] += 1
    context.session.flush()


def end_cancelled(context: Context) -> None:
    """Cancel those that came in and are not active in the source, with what still holds a place at them."""
    rows = [row for row in context.source.events if not row.is_active and row.id in context.events]
    gone = context.new_events & {context.events[row.id].id for row in rows}
    told = {"cancelled_at": context.clock.now(), "cancellation_reason": WHY}
    context.session.execute(
        update(Event)
        .where(among(Event.id, gone))
        .values(status=EventStatus.CANCELLED, **told)
        .execution_options(synchronize_session=False)
    )
    context.session.execute(
        update(Registration)
        .where(among(Registration.event_id, gone), Registration.status.in_(HOLDING))
        .values(status=RegistrationStatus.CANCELLED, **told)
        .execution_options(synchronize_session=False)
    )


def _event(context: Context, row: EventRow, kind: str, price_minor: int) -> Event:
    # Cancelled ones are published until everybody who had registered is there too.
    return Event(
        id=context.key("events", row.id),
        title=row.title,
        description=row.description,
        event_type=kind,
        location=row.location,
        start_time=row.start_time,
        end_time=row.end_time,
        time_zone=context.zone,
        max_participants=row.max_participants,
        points_reward=row.points_reward,
        price_minor=price_minor,
        currency=context.currency,
        status=EventStatus.PUBLISHED,
        published_at=row.created_at or row.start_time,
        created_by=context.people.get(row.created_by or ""),
        created_at=row.created_at or context.clock.now(),
        updated_at=context.clock.now(),
    )


def _prices(context: Context) -> dict[str, int]:
    """What most have paid for each event: the source knows payments, and no prices."""
    paid: dict[str, Counter[int]] = {}
    for row in context.source.payment:
        if row.amount_paid > 0:
            with suppress(FieldError):  # which is told when payments come in
                paid.setdefault(row.event_id, Counter())[minor_of(row.amount_paid, context.currency)] += 1
    return {event_id: amounts.most_common(1)[0][0] for event_id, amounts in paid.items() if amounts}
