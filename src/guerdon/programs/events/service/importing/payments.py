"""What was paid in another system, each for a registration of the same member and event."""

import re
from uuid import UUID

from sqlalchemy import select

from guerdon.core.errors import FieldError
from guerdon.kernel.engagement.service.sets import among
from guerdon.programs.events.models import Payment, PaymentKind, PaymentState
from guerdon.programs.events.service.checking import minor_of, scale_of
from guerdon.programs.events.service.importing.context import Context
from guerdon.programs.events.service.importing.registrations import Registered, Wish
from guerdon.programs.events.service.importing.source import PaymentRow
from guerdon.programs.events.service.providers import DESK


def bring_payments(context: Context, registered: Registered) -> None:
    """Bring in payments; what is for nothing is left out."""
    here = context.here(Payment, "payment", context.source.payment)
    paid, made = _paid_already(context, registered), []
    for row in context.source.payment:
        pair = context.pair("payment", row.row, row.user_id, row.event_id)
        wish = registered.wishes.get(row.registration_id)
        if pair is None or row.amount_paid == 0 or context.key("payment", row.id) in here:
            continue
        if wish is None or wish.pair != pair:
            problem = f"{row.registration_id} is no registration of this member for this event"
            context.report.fault("payment", row.row, "registration_id", problem)
        elif wish.id in paid:
            context.report.fault("payment", row.row, "registration_id", "it is paid already")
        else:
            try:
                made.append(_payment(context, row, wish, minor_of(row.amount_paid, context.currency)))
            except FieldError as exc:
                context.report.fault("payment", row.row, "amount_paid", str(exc))
            paid.add(wish.id)
    context.report.new["payment"] += len(made)
    context.keep(made)


def _paid_already(context: Context, registered: Registered) -> set[UUID]:
    known = [wish.id for wish in registered.wishes.values() if not wish.is_new]
    query = select(Payment.registration_id).where(
        among(Payment.registration_id, known),
        Payment.kind == PaymentKind.CHARGE,
        Payment.status.in_((PaymentState.PENDING, PaymentState.PAID)),
    )
    return set(context.session.scalars(query))


def _payment(context: Context, row: PaymentRow, wish: Wish, amount_minor: int) -> Payment:
    paid_at = row.payment_date or wish.made_at
    return Payment(
        id=context.key("payment", row.id),
        registration_id=wish.id,
        user_id=wish.pair[0],
        event_id=wish.pair[1],
        kind=PaymentKind.CHARGE,
        status=PaymentState.PAID,
        amount_minor=amount_minor,
        currency=context.currency,
        scale=scale_of(context.currency),
        payment_channel=_channel(row.payment_channel),
        payment_date=paid_at,
        settled_at=paid_at,
        provider=DESK.code,
    )


def _channel(words: str) -> str:
    """The name of a channel, as all have them: ``Credit Card`` is ``credit_card``."""
    name = re.sub(r"[^a-z0-9_]+", "_", words.lower()).strip("_")
    return (name if re.match(r"[a-z]", name) else f"by_{name}")[:50]
