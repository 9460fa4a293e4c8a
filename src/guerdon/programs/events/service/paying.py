"""Payments for registrations: begun, confirmed, given back. The provider carries them out (``providers.py``)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.programs.events.errors import (
    AmountNotThePriceError,
    ChannelUnknownError,
    OwnPaymentError,
    PaymentNotFoundError,
    PaymentNotRequiredError,
    PaymentStateError,
    RefundedMeanwhileError,
    RefundTooLargeError,
    RegistrationNotFoundError,
    RegistrationStateError,
)
from guerdon.programs.events.models import (
    Payment,
    PaymentKind,
    PaymentState,
    PaymentStatus,
    Registration,
    RegistrationStatus,
)
from guerdon.programs.events.service.checking import minor_of, price_text, scale_of
from guerdon.programs.events.service.providers import DESK, Answer, provider_named, provider_of
from guerdon.web.i18n import msgid
from guerdon.worker.queue import enqueue
from guerdon.worker.tasks import Task

OTHER_WAY = msgid("Another way to pay was chosen")
AT_THE_DESK = msgid("Paid at the desk instead")
BY_THE_MEMBER = msgid("Cancelled by the member")
ACCOUNT_SUSPENDED = msgid("The account is suspended or closed")
OWN_REASONS = (OTHER_WAY, AT_THE_DESK, BY_THE_MEMBER, ACCOUNT_SUSPENDED)
"""Why payments and registrations changed that nobody gave a reason for; pages translate them."""
PAYABLE = (RegistrationStatus.REGISTERED, RegistrationStatus.ATTENDED)
PAYOUTS_MAX = 200


def begin(
    session: Session, clock: Clock, user_id: UUID, registration_id: UUID, *, channel: str
) -> tuple[Payment, Answer]:
    """Begin to pay for a registration of one's own; begun again by the same channel, it is the same charge.

    Returns:
        The charge, and what the provider said: where to go on, for example.

    Raises:
        RegistrationNotFoundError: the member has none of that id.
        PaymentNotRequiredError, RegistrationStateError: it is free, or not one to pay for.
        ChannelUnknownError: nobody takes payments that way.
        PaymentStateError: it is paid.
    """
    provider = provider_of(channel)
    registration = _payable(session, registration_id, user_id)
    charge = _live_charge(session, registration.id)
    if charge is not None and charge.status is PaymentState.PAID:
        raise PaymentStateError(status=charge.status.value)
    if charge is not None and (charge.provider, charge.payment_channel) != (provider.code, channel):
        _settle(session, clock, charge, Answer(PaymentState.FAILED, problem=OTHER_WAY))
        charge = None
    if charge is None:
        charge = _charge(session, clock, registration, channel=channel, provider=provider.code)
    answer = provider.begin(session, clock, charge)
    _settle(session, clock, charge, answer)
    return charge, answer


def record(
    session: Session,
    clock: Clock,
    actor_id: UUID,
    registration_id: UUID,
    *,
    channel: str,
    amount: Decimal | None = None,
) -> Payment:
    """Record that somebody paid at the desk.

    Args:
        amount: what was taken; the price, or nothing to mean the price.

    Raises:
        RegistrationNotFoundError, PaymentNotRequiredError, RegistrationStateError: as ``begin``.
        ChannelUnknownError: the desk does not take payments that way.
        OwnPaymentError: it is the actor's own registration.
        AmountNotThePriceError: more or less than the price.
        PaymentStateError: it is paid already.
    """
    if channel not in DESK.channels:
        raise ChannelUnknownError(field="channel", channel=channel[:50], channels=", ".join(DESK.channels))
    registration = _payable(session, registration_id, None)
    _check_not_own(registration, actor_id)
    if amount is not None:
        _check_amount(registration, amount)
    charge = _live_charge(session, registration.id)
    if charge is not None and charge.status is PaymentState.PAID:
        raise PaymentStateError(status=charge.status.value)
    if charge is not None and (charge.provider != DESK.code or charge.payment_channel != channel):
        _settle(session, clock, charge, Answer(PaymentState.FAILED, problem=AT_THE_DESK))
        charge = None
    if charge is None:
        charge = _charge(session, clock, registration, channel=channel, provider=DESK.code, actor_id=actor_id)
    _settle(session, clock, charge, DESK.confirm(session, clock, charge, {}), actor_id)
    _put_on_record(session, "payment_recorded", charge, actor_id)
    return charge


def confirm(session: Session, clock: Clock, payment_id: UUID, evidence: dict[str, str]) -> Payment:
    """Ask the provider whether a charge was paid, with what came in; for providers' notices.

    Saying it again changes nothing.

    Raises:
        PaymentNotFoundError: there is no such charge.
    """
    charge = _locked(session, payment_id)
    if charge.kind is not PaymentKind.CHARGE:
        raise PaymentNotFoundError
    if charge.status is PaymentState.PENDING:
        answer = provider_named(charge.provider).confirm(session, clock, charge, evidence)
        _settle(session, clock, charge, answer)
    return charge


def refund(
    session: Session,
    clock: Clock,
    actor_id: UUID,
    payment_id: UUID,
    *,
    reason: str,
    amount: Decimal | None = None,
    seen_minor: int | None = None,
) -> Payment:
    """Give back a charge, or part of it.

    Args:
        reason: already checked; the member reads it.
        amount: None is all that remains.
        seen_minor: how much had been given back when the actor looked; refused if that has changed.

    Raises:
        PaymentNotFoundError: there is no such charge.
        OwnPaymentError: the actor paid it.
        PaymentStateError: it was not paid, or was given back.
        RefundedMeanwhileError: some of it was given back since ``seen_minor``.
        RefundTooLargeError: more than remains, or nothing.
    """
    charge = _locked(session, payment_id)
    if charge.kind is not PaymentKind.CHARGE:
        raise PaymentNotFoundError
    _check_not_own(charge, actor_id)
    if charge.status is not PaymentState.PAID:
        raise PaymentStateError(status=charge.status.value)
    if seen_minor is not None and seen_minor != charge.refunded_minor:
        raise RefundedMeanwhileError
    remaining = charge.amount_minor - charge.refunded_minor
    wanted = remaining if amount is None else minor_of(amount, charge.currency)
    if not 0 < wanted <= remaining:
        limit = price_text(remaining, charge.currency)
        raise RefundTooLargeError(field="amount", amount=limit, currency=charge.currency)
    made = _give_back(session, clock, charge, wanted, reason=reason, actor_id=actor_id)
    _put_on_record(session, "payment_refunded", made, actor_id, reason)
    return made


def give_back_many(session: Session, clock: Clock, registration_ids: Sequence[UUID], *, reason: str) -> set[UUID]:
    """Give back all that remains of what was paid for registrations that are gone, and drop what was begun.

    Returns:
        Whose money is given back.
    """
    query = (
        select(Payment)
        .where(
            Payment.registration_id.in_(registration_ids),
            Payment.kind == PaymentKind.CHARGE,
            Payment.status.in_((PaymentState.PENDING, PaymentState.PAID)),
        )
        .order_by(Payment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    refunded = set()
    for charge in session.scalars(query).all():
        if charge.status is PaymentState.PENDING:
            _settle(session, clock, charge, Answer(PaymentState.FAILED, problem=reason))
        else:
            _give_back(
                session, clock, charge, charge.amount_minor - charge.refunded_minor, reason=reason, actor_id=None
            )
            refunded.add(charge.user_id)
    return refunded


def hand_back(session: Session, clock: Clock, actor_id: UUID, payment_id: UUID) -> Payment:
    """Say that a refund of the desk was handed back.

    Raises:
        PaymentNotFoundError, PaymentStateError: there is no such refund of the desk; it is settled.
        OwnPaymentError: it is the actor's.
    """
    found = _locked(session, payment_id)
    if found.kind is not PaymentKind.REFUND or found.provider != DESK.code:
        raise PaymentNotFoundError
    _check_not_own(found, actor_id)
    if found.status is not PaymentState.PENDING:
        raise PaymentStateError(status=found.status.value)
    _settle(session, clock, found, Answer(PaymentState.PAID), actor_id)
    _put_on_record(session, "refund_handed_back", found, actor_id)
    return found


def carry_out(session: Session, clock: Clock, payment_id: UUID) -> None:
    """Have the provider carry out a refund that is pending; the job."""
    found = _locked(session, payment_id)
    if found.status is PaymentState.PENDING:
        _settle(session, clock, found, provider_named(found.provider).refund(session, clock, found))


CARRY_OUT_REFUND = Task("events.carry_out_refund", carry_out)


def payouts(session: Session, event_id: UUID | None = None) -> Sequence[Payment]:
    """Refunds that staff still have to hand back, oldest first."""
    query = select(Payment).where(
        Payment.kind == PaymentKind.REFUND, Payment.status == PaymentState.PENDING, Payment.provider == DESK.code
    )
    if event_id is not None:
        query = query.where(Payment.event_id == event_id)
    return session.scalars(query.order_by(Payment.payment_date, Payment.id).limit(PAYOUTS_MAX)).all()


def count_payouts(session: Session) -> int:
    """How many refunds the desk has to hand back, up to a bound."""
    return len(payouts(session))


def get(session: Session, payment_id: UUID) -> Payment:
    """A payment.

    Raises:
        PaymentNotFoundError: there is none.
    """
    found = session.get(Payment, payment_id)
    if found is None:
        raise PaymentNotFoundError
    return found


def of_registrations(session: Session, registration_ids: Sequence[UUID]) -> dict[UUID, list[Payment]]:
    """Payments by registration, oldest first."""
    found: dict[UUID, list[Payment]] = {}
    query = select(Payment).where(Payment.registration_id.in_(registration_ids))
    for each in session.scalars(query.order_by(Payment.payment_date, Payment.id)):
        found.setdefault(each.registration_id, []).append(each)
    return found


def _payable(session: Session, registration_id: UUID, user_id: UUID | None) -> Registration:
    query = select(Registration).where(Registration.id == registration_id)
    if user_id is not None:
        query = query.where(Registration.user_id == user_id)
    found = session.scalars(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise RegistrationNotFoundError
    if found.payment_status is PaymentStatus.NOT_REQUIRED:
        raise PaymentNotRequiredError
    if found.status not in PAYABLE:
        raise RegistrationStateError(status=found.status.value)
    return found


def _check_not_own(what: Registration | Payment, actor_id: UUID) -> None:
    if what.user_id == actor_id:
        raise OwnPaymentError(permission="events:attendees")


def _check_amount(registration: Registration, amount: Decimal) -> None:
    if minor_of(amount, registration.currency) != registration.price_minor:
        price = price_text(registration.price_minor, registration.currency)
        raise AmountNotThePriceError(field="amount", price=price, currency=registration.currency)


def _live_charge(session: Session, registration_id: UUID) -> Payment | None:
    query = select(Payment).where(
        Payment.registration_id == registration_id,
        Payment.kind == PaymentKind.CHARGE,
        Payment.status.in_((PaymentState.PENDING, PaymentState.PAID)),
    )
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _charge(
    session: Session,
    clock: Clock,
    registration: Registration,
    *,
    channel: str,
    provider: str,
    actor_id: UUID | None = None,
) -> Payment:
    made = Payment(
        id=new_id(),
        registration_id=registration.id,
        user_id=registration.user_id,
        event_id=registration.event_id,
        kind=PaymentKind.CHARGE,
        status=PaymentState.PENDING,
        amount_minor=registration.price_minor,
        currency=registration.currency,
        scale=scale_of(registration.currency),
        payment_channel=channel,
        payment_date=clock.now(),
        provider=provider,
        recorded_by=actor_id,
    )
    session.add(made)
    session.flush()
    session.refresh(made)
    return made


def _give_back(
    session: Session, clock: Clock, charge: Payment, amount_minor: int, *, reason: str, actor_id: UUID | None
) -> Payment:
    made = Payment(
        id=new_id(),
        registration_id=charge.registration_id,
        user_id=charge.user_id,
        event_id=charge.event_id,
        kind=PaymentKind.REFUND,
        status=PaymentState.PENDING,
        amount_minor=amount_minor,
        currency=charge.currency,
        scale=charge.scale,
        refunds_id=charge.id,
        payment_channel=charge.payment_channel,
        payment_date=clock.now(),
        provider=charge.provider,
        recorded_by=actor_id,
        reason=reason,
    )
    session.add(made)
    session.flush()
    session.refresh(made)
    session.refresh(charge)
    enqueue(session, CARRY_OUT_REFUND, dedupe_key=f"events.refund:{made.id}", payment_id=made.id)
    return made


def _settle(session: Session, clock: Clock, payment: Payment, answer: Answer, actor_id: UUID | None = None) -> None:
    """Write down what a provider said of a payment that is pending and locked."""
    values: dict[str, Any] = {}
    if answer.state is not PaymentState.PENDING:
        values |= {"status": answer.state, "settled_at": clock.now()}
    if answer.reference is not None:
        values["provider_reference"] = answer.reference
    if answer.problem is not None:
        values["reason"] = answer.problem
    if actor_id is not None:
        values["recorded_by"] = actor_id
    if values:
        session.execute(
            update(Payment)
            .where(Payment.id == payment.id, Payment.status == PaymentState.PENDING)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        session.refresh(payment)


def _locked(session: Session, payment_id: UUID) -> Payment:
    """A payment, locked; its registration before it, as everywhere, so that nobody waits in a circle."""
    of_payment = select(Payment.registration_id).where(Payment.id == payment_id).scalar_subquery()
    session.execute(select(Registration.id).where(Registration.id == of_payment).with_for_update(key_share=True))
    query = select(Payment).where(Payment.id == payment_id).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise PaymentNotFoundError
    return found


def _put_on_record(session: Session, what: str, payment: Payment, actor_id: UUID, reason: str | None = None) -> None:
    told = {
        "amount": price_text(payment.amount_minor, payment.currency),
        "currency": payment.currency,
        "channel": payment.payment_channel,
        "registration_id": payment.registration_id,
    }
    announce(session, Act(f"events.{what}", "payment", payment.id, actor_id=actor_id, new=told, reason=reason))
