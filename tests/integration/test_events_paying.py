"""Paying for events: begun by members, recorded by staff, given back; the provider is a seam."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import GuerdonError
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
from guerdon.programs.events.models import Payment, PaymentState
from guerdon.programs.events.service import changing, paying, providers, registering
from guerdon.programs.events.service.providers import Answer
from support.crowd import at_once
from support.events import Hall


@pytest.fixture
def staff(hall: Hall) -> UUID:
    return hall.person("zoe", "staff")


@pytest.fixture
def awa(hall: Hall) -> UUID:
    return hall.person("awa")


@pytest.fixture
def quiz(hall: Hall, staff: UUID) -> UUID:
    return hall.event(staff, price="5.00")


@pytest.fixture
def registration(hall: Hall, awa: UUID, quiz: UUID) -> UUID:
    return hall.register(awa, quiz).id


def refused(
    hall: Hall, error: type[GuerdonError], call: Callable[..., Any], *args: Any, **options: Any
) -> GuerdonError:
    """It raises, and nothing is different afterwards."""
    before = hall.snapshot()
    with pytest.raises(error) as caught:
        hall.do(call, *args, **options)
    assert hall.snapshot() == before
    return caught.value


def owed(hall: Hall) -> list[str]:
    return [row[0] for row in hall.sql("SELECT payment_status FROM registrations ORDER BY id")]


def payments(hall: Hall) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = hall.sql("SELECT kind, status, amount_paid::text FROM payment ORDER BY id")
    return rows


class TestPaying:
    def test_at_the_desk(self, hall: Hall, staff: UUID, awa: UUID, registration: UUID) -> None:
        assert owed(hall) == ["pending"]
        hall.do(paying.begin, hall.clock, awa, registration, channel="cash")
        again, _ = hall.do(paying.begin, hall.clock, awa, registration, channel="cash")
        assert payments(hall) == [("charge", "pending", "5.00")]
        paid = hall.do(paying.record, hall.clock, staff, registration, channel="cash", amount=Decimal("5"))
        assert paid.id == again.id
        assert payments(hall) == [("charge", "paid", "5.00")]
        assert owed(hall) == ["paid"]
        assert hall.sql("SELECT recorded_by FROM payment") == [(staff,)]

    def test_another_way_replaces_what_was_begun(self, hall: Hall, staff: UUID, awa: UUID, registration: UUID) -> None:
        hall.do(paying.begin, hall.clock, awa, registration, channel="cash")
        hall.do(paying.begin, hall.clock, awa, registration, channel="card")
        hall.do(paying.record, hall.clock, staff, registration, channel="mobile_money")
        assert [status for _, status, _ in payments(hall)] == ["failed", "failed", "paid"]
        assert owed(hall) == ["paid"]

    def test_what_cannot_be(self, hall: Hall, staff: UUID, awa: UUID, registration: UUID) -> None:
        record, clock = paying.record, hall.clock
        refused(hall, ChannelUnknownError, record, clock, staff, registration, channel="barter")
        refused(hall, ChannelUnknownError, paying.begin, clock, awa, registration, channel="barter")
        for amount in ("4.99", "5.01", "-5", "0"):
            refused(
                hall, AmountNotThePriceError, record, clock, staff, registration, channel="cash", amount=Decimal(amount)
            )
        refused(hall, RegistrationNotFoundError, paying.begin, clock, hall.person("badu"), registration, channel="cash")
        hall.do(record, clock, staff, registration, channel="cash")
        refused(hall, PaymentStateError, record, clock, staff, registration, channel="cash")
        refused(hall, PaymentStateError, paying.begin, clock, awa, registration, channel="cash")

    def test_staff_leave_their_own_to_a_colleague(self, hall: Hall, staff: UUID, quiz: UUID) -> None:
        clock, colleague, own = hall.clock, hall.person("sika", "staff"), hall.register(staff, quiz).id
        refused(hall, OwnPaymentError, paying.record, clock, staff, own, channel="cash")
        charge = hall.do(paying.record, clock, colleague, own, channel="cash").id
        refused(hall, OwnPaymentError, paying.refund, clock, staff, charge, reason="Ill")
        made = hall.do(paying.refund, clock, colleague, charge, reason="Ill").id
        refused(hall, OwnPaymentError, paying.hand_back, clock, staff, made)
        hall.do(paying.hand_back, clock, colleague, made)
        assert owed(hall) == ["refunded"]

    def test_free(self, hall: Hall, staff: UUID, awa: UUID) -> None:
        free = hall.register(awa, hall.event(staff)).id
        refused(hall, PaymentNotRequiredError, paying.begin, hall.clock, awa, free, channel="cash")
        assert owed(hall) == ["not_required"]

    def test_only_who_has_a_place_pays(self, hall: Hall, staff: UUID, awa: UUID) -> None:
        small = hall.event(staff, price="5.00", max_participants=1)
        hall.register(hall.person("badu"), small)
        waiting = hall.register(awa, small).id
        refused(hall, RegistrationStateError, paying.begin, hall.clock, awa, waiting, channel="cash")

    def test_the_price_is_that_of_the_day_of_registering(
        self, hall: Hall, staff: UUID, quiz: UUID, registration: UUID
    ) -> None:
        hall.sql("UPDATE events SET price_minor = 900 WHERE id = %s", [quiz])
        assert hall.do(paying.record, hall.clock, staff, registration, channel="cash").amount_minor == 500

    def test_twice_at_once_is_paid_once(self, hall: Hall, app_dsn: str, staff: UUID, registration: UUID) -> None:
        step = (staff, lambda session: paying.record(session, hall.clock, staff, registration, channel="cash"))
        results = at_once(app_dsn, [step] * 8, staff=frozenset({staff}))
        assert sum(isinstance(result, Payment) for result in results) == 1
        assert sum(isinstance(result, PaymentStateError) for result in results) == 7
        assert payments(hall) == [("charge", "paid", "5.00")]


class TestGivingBack:
    @pytest.fixture
    def paid(self, hall: Hall, staff: UUID, registration: UUID) -> UUID:
        found: UUID = hall.do(paying.record, hall.clock, staff, registration, channel="cash").id
        return found

    def test_in_parts_and_no_more(self, hall: Hall, staff: UUID, paid: UUID) -> None:
        hall.do(paying.refund, hall.clock, staff, paid, reason="Came late", amount=Decimal("2"))
        assert owed(hall) == ["paid"]
        for amount in ("3.01", "0", "-1"):
            refused(
                hall,
                RefundTooLargeError,
                paying.refund,
                hall.clock,
                staff,
                paid,
                reason="x",
                amount=Decimal(amount),
            )
        hall.do(paying.refund, hall.clock, staff, paid, reason="Ill")
        assert owed(hall) == ["refunded"]
        assert payments(hall) == [
            ("charge", "refunded", "5.00"),
            ("refund", "pending", "2.00"),
            ("refund", "pending", "3.00"),
        ]
        refused(hall, PaymentStateError, paying.refund, hall.clock, staff, paid, reason="x")

    def test_only_by_who_knows_what_was_given_back_before(self, hall: Hall, staff: UUID, paid: UUID) -> None:
        part = {"reason": "Came late", "amount": Decimal("2")}
        hall.do(paying.refund, hall.clock, staff, paid, seen_minor=0, **part)
        refused(hall, RefundedMeanwhileError, paying.refund, hall.clock, staff, paid, seen_minor=0, **part)
        hall.do(paying.refund, hall.clock, staff, paid, seen_minor=200, **part)
        assert payments(hall)[1:] == [("refund", "pending", "2.00")] * 2

    def test_handed_back_at_the_desk(self, hall: Hall, staff: UUID, paid: UUID) -> None:
        made = hall.do(paying.refund, hall.clock, staff, paid, reason="Ill")
        hall.do(paying.carry_out, hall.clock, made.id)
        assert [each.id for each in hall.do(paying.payouts)] == [made.id]
        hall.do(paying.hand_back, hall.clock, staff, made.id)
        assert hall.do(paying.payouts) == []
        refused(hall, PaymentStateError, paying.hand_back, hall.clock, staff, made.id)
        refused(hall, PaymentNotFoundError, paying.hand_back, hall.clock, staff, paid)

    def test_whoever_cancels_in_time_gets_it_back(self, hall: Hall, awa: UUID, paid: UUID, registration: UUID) -> None:
        hall.do(registering.cancel, hall.clock, registration, user_id=awa)
        assert owed(hall) == ["refunded"]
        assert payments(hall)[-1] == ("refund", "pending", "5.00")
        queued = hall.sql("SELECT count(*) FROM worker.procrastinate_jobs WHERE task_name = 'events.carry_out_refund'")
        assert queued == [(1,)]

    def test_a_cancelled_event_gives_everybody_theirs(
        self, hall: Hall, staff: UUID, quiz: UUID, awa: UUID, paid: UUID
    ) -> None:
        badu = hall.person("badu")
        hall.do(paying.begin, hall.clock, badu, hall.register(badu, quiz).id, channel="cash")
        hall.do(changing.cancel, hall.clock, staff, quiz, reason="Rain")
        assert owed(hall) == ["refunded", "pending"]
        assert payments(hall) == [
            ("charge", "refunded", "5.00"),
            ("charge", "failed", "5.00"),
            ("refund", "pending", "5.00"),
        ]
        assert hall.told(awa)[-1] == hall.told(badu)[-1] == "called_off"

    def test_refund_and_cancellation_at_once_give_back_once(
        self, hall: Hall, app_dsn: str, staff: UUID, awa: UUID, quiz: UUID, paid: UUID, registration: UUID
    ) -> None:
        steps: list[Any] = [
            (staff, lambda session: paying.refund(session, hall.clock, staff, paid, reason="Ill")),
            (awa, lambda session: registering.cancel(session, hall.clock, registration, user_id=awa)),
            (staff, lambda session: changing.cancel(session, hall.clock, staff, quiz, reason="Rain")),
        ]
        results = at_once(app_dsn, steps * 2, staff=frozenset({staff}))
        assert all(isinstance(each, GuerdonError) for each in results if isinstance(each, Exception)), results
        assert hall.sql("SELECT sum(amount_minor) FROM payment WHERE kind = 'refund'") == [(500,)]
        assert owed(hall) == ["refunded"]


@dataclass
class Wallet:
    """A provider that is asked over the wire elsewhere; here it answers what the test lays down."""

    code: str = "wallet"
    channels: tuple[str, ...] = ("wallet",)
    answers: dict[UUID, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def begin(self, session: Session, clock: Clock, charge: Payment) -> Answer:
        self.asked.append("begin")
        return Answer(PaymentState.PENDING, reference=f"w-{charge.id}", url="https://wallet.example.org/pay")

    def confirm(self, session: Session, clock: Clock, charge: Payment, evidence: Mapping[str, str]) -> Answer:
        self.asked.append(f"confirm {evidence['status']}")
        return Answer(PaymentState(evidence["status"]))

    def refund(self, session: Session, clock: Clock, refund: Payment) -> Answer:
        self.asked.append("refund")
        return self.answers.get(refund.refunds_id or refund.id, Answer(PaymentState.PAID))


@pytest.fixture
def wallet() -> Iterator[Wallet]:
    wallet = Wallet()
    providers.register(wallet)
    yield wallet
    providers._providers.pop("wallet")


class TestSeam:
    def test_the_whole_way(self, hall: Hall, staff: UUID, awa: UUID, registration: UUID, wallet: Wallet) -> None:
        charge, answer = hall.do(paying.begin, hall.clock, awa, registration, channel="wallet")
        assert (answer.url, charge.provider_reference) == ("https://wallet.example.org/pay", f"w-{charge.id}")
        for _ in range(2):
            assert hall.do(paying.confirm, hall.clock, charge.id, {"status": "paid"}).status is PaymentState.PAID
        made = hall.do(paying.refund, hall.clock, staff, charge.id, reason="Ill")
        hall.do(paying.carry_out, hall.clock, made.id)
        hall.do(paying.carry_out, hall.clock, made.id)
        assert payments(hall) == [("charge", "refunded", "5.00"), ("refund", "paid", "5.00")]
        assert wallet.asked == ["begin", "confirm paid", "refund"]
        assert hall.do(paying.payouts) == []

    def test_a_refund_that_fails_is_owed_again(
        self, hall: Hall, staff: UUID, awa: UUID, registration: UUID, wallet: Wallet
    ) -> None:
        charge, _ = hall.do(paying.begin, hall.clock, awa, registration, channel="wallet")
        hall.do(paying.confirm, hall.clock, charge.id, {"status": "paid"})
        wallet.answers[charge.id] = Answer(PaymentState.FAILED, problem="The account is closed")
        made = hall.do(paying.refund, hall.clock, staff, charge.id, reason="Ill")
        hall.do(paying.carry_out, hall.clock, made.id)
        assert payments(hall) == [("charge", "paid", "5.00"), ("refund", "failed", "5.00")]
        assert owed(hall) == ["paid"]
        assert hall.sql("SELECT reason FROM payment WHERE kind = 'refund'") == [("The account is closed",)]

    def test_a_charge_that_fails_can_be_tried_again(
        self, hall: Hall, awa: UUID, registration: UUID, wallet: Wallet
    ) -> None:
        charge, _ = hall.do(paying.begin, hall.clock, awa, registration, channel="wallet")
        hall.do(paying.confirm, hall.clock, charge.id, {"status": "failed"})
        assert owed(hall) == ["pending"]
        again, _ = hall.do(paying.begin, hall.clock, awa, registration, channel="wallet")
        assert again.id != charge.id
