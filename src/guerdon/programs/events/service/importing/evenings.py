"""Events of another system, who registered, who came, and what they paid: as history, of which nobody is told.

Each row keeps the identity that it has in the source, so that reading the same files again brings in what is new alone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.texts import one_line
from guerdon.programs.events.models import (
    LIVE,
    Attendance,
    AttendanceStatus,
    CheckInMethod,
    Event,
    EventStatus,
    Payment,
    PaymentKind,
    PaymentState,
    Registration,
    RegistrationStatus,
)
from guerdon.programs.events.service.checking import scale_of
from guerdon.programs.events.service.holders import HOLDING
from guerdon.programs.events.service.importing.keys import Keys
from guerdon.programs.events.service.importing.kinds import Kinds
from guerdon.programs.events.service.importing.report import Report
from guerdon.programs.events.service.importing.source import (
    AttendeeRow,
    EventRow,
    PaymentRow,
    RegistrationRow,
    Row,
    Source,
)
from guerdon.programs.events.service.providers import DESK

WHY = "Imported"
STATUSES: Mapping[str, RegistrationStatus] = {
    "registered": RegistrationStatus.REGISTERED,
    "confirmed": RegistrationStatus.REGISTERED,
    "no_show": RegistrationStatus.REGISTERED,
    "attended": RegistrationStatus.ATTENDED,
    "waiting": RegistrationStatus.WAITING,
    "waitlist": RegistrationStatus.WAITING,
    "waitlisted": RegistrationStatus.WAITING,
    "cancelled": RegistrationStatus.CANCELLED,
    "canceled": RegistrationStatus.CANCELLED,
}
CAME = ("attended", "present", "checked_in", "checked_out")
STAYED_AWAY = ("absent", "no_show", "registered", "cancelled", "canceled")

Kind = TypeVar("Kind", Event, Registration, Payment)
Pair = tuple[UUID, UUID]
"""A member and an event."""


@dataclass(slots=True)
class Wish:
    """A registration that is to come in, or is here."""

    id: UUID
    pair: Pair
    made_at: datetime
    status: RegistrationStatus
    is_new: bool = True
    walk_in: bool = False
    row: int = 0


class Evenings:
    """Brings in what happened, in the order in which one thing rests on the other.

    Args:
        key: turns a table and an id of the source into the id that the row has here.
        people: accounts by the user's id in the source.
        zone: in which events take place.
    """

    def __init__(
        self,
        session: Session,
        clock: Clock,
        source: Source,
        report: Report,
        *,
        key: Keys,
        people: Mapping[str, UUID],
        zone: str,
        currency: str,
    ) -> None:
        self._session, self._now, self._source, self._report = session, clock.now(), source, report
        self._key, self._people, self._zone, self._currency = key, people, zone, currency
        self.events: dict[str, Event] = {}
        self._wishes: dict[str, Wish] = {}
        self._live: dict[Pair, Wish] = {}
        self.attended: list[Attendance] = []

    def bring_events(self) -> None:
        """Events, and the types that are missing."""
        prices = self._prices()
        kinds = Kinds(self._session)
        here = self._here(Event, "events", self._source.events)
        for row in self._source.events:
            known = here.get(self._key("events", row.id))
            if known is not None:
                self.events[row.id] = known
            elif row.end_time <= row.start_time:
                self._report.fault("events", row.row, "end_time", "the event ends before it begins")
            else:
                self.events[row.id] = self._event(row, kinds.code(row.event_type), prices.get(row.id, 0))
                self._report.new["events"] += 1
        self._session.flush()

    def _event(self, row: EventRow, kind: str, price_minor: int) -> Event:
        # Cancelled ones are published until everybody who had registered is there too.
        made = Event(
            id=self._key("events", row.id),
            title=one_line(row.title),
            description=row.description,
            event_type=kind,
            location=one_line(row.location),
            start_time=row.start_time,
            end_time=row.end_time,
            time_zone=self._zone,
            max_participants=row.max_participants,
            points_reward=row.points_reward,
            price_minor=price_minor,
            currency=self._currency,
            status=EventStatus.PUBLISHED,
            published_at=row.created_at or row.start_time,
            created_by=self._people.get(row.created_by or ""),
            created_at=row.created_at or self._now,
            updated_at=self._now,
        )
        self._session.add(made)
        return made

    def _prices(self) -> dict[str, int]:
        """What most have paid for each event: the source knows payments, and no prices."""
        paid: dict[str, Counter[int]] = {}
        for row in self._source.payment:
            if row.amount_paid > 0:
                paid.setdefault(row.event_id, Counter())[self._minor(row.amount_paid)] += 1
        return {event_id: amounts.most_common(1)[0][0] for event_id, amounts in paid.items()}

    def _minor(self, amount: Decimal) -> int:
        return int(amount.scaleb(scale_of(self._currency)))

    def bring_registrations(self) -> None:
        """Who registered; whoever came without having done so counts as a walk-in."""
        here = self._here(Registration, "registrations", self._source.registrations)
        for row in self._source.registrations:
            pair = self._pair("registrations", row.row, row.user_id, row.event_id)
            status = STATUSES.get(row.status.lower())
            if status is None:
                self._report.fault("registrations", row.row, "status", f"'{row.status}' is no status of a registration")
            elif pair is not None:
                known = here.get(self._key("registrations", row.id))
                self._register(row, pair, status if known is None else known.status, known)
        self._join_live()
        self._plan_walk_ins()
        self._check_places()
        fresh = [wish for wish in self._wishes.values() if wish.is_new]
        self._report.new["registrations"] += len(fresh)
        fresh.sort(key=lambda each: (each.made_at, each.row))
        self._keep([self._registration(wish) for wish in fresh])

    def _register(
        self, row: RegistrationRow, pair: Pair, status: RegistrationStatus, known: Registration | None
    ) -> None:
        made_at = row.registration_date or self._start(pair)
        wish = Wish(self._key("registrations", row.id), pair, made_at, status, is_new=known is None, row=row.row)
        if status in LIVE:
            if pair in self._live:
                self._report.fault("registrations", row.row, "user_id", "they are registered for this event already")
                return
            self._live[pair] = wish
        self._wishes[row.id] = wish

    def _join_live(self) -> None:
        """Leave out those who have registered here meanwhile, or came in before."""
        events = {event.id for event in self.events.values()}
        query = select(Registration).where(Registration.event_id.in_(events), Registration.status.in_(LIVE))
        for each in self._session.scalars(query):
            pair = each.user_id, each.event_id
            wish = self._live.get(pair)
            if wish is None or wish.is_new:
                joined = Wish(each.id, pair, each.registration_date, each.status, is_new=False)
                self._live[pair] = joined
                for row_id, planned in self._wishes.items():
                    if planned is wish:
                        self._wishes[row_id] = joined

    def _plan_walk_ins(self) -> None:
        for row in self._source.event_attendees:
            pair = self._came(row)
            if pair is not None and pair not in self._live:
                made_at = row.check_in_time or self._start(pair)
                wish = Wish(self._key("walk-ins", row.id), pair, made_at, RegistrationStatus.REGISTERED, walk_in=True)
                self._live[pair] = self._wishes[f"walk-in {row.id}"] = wish

    def _came(self, row: AttendeeRow) -> Pair | None:
        """Who came where, if they came; what is wrong with the row is told once, when attendances come in."""
        user, event = self._people.get(row.user_id), self.events.get(row.event_id)
        if user is None or event is None or row.status.lower() not in CAME:
            return None
        return user, event.id

    def _check_places(self) -> None:
        taken = Counter(wish.pair[1] for wish in self._live.values() if wish.status is not RegistrationStatus.WAITING)
        for row in self._source.events:
            event = self.events.get(row.id)
            if event is not None and event.max_participants is not None and taken[event.id] > event.max_participants:
                problem = f"{taken[event.id]} have a place; make it at least as many"
                self._report.fault("events", row.row, "max_participants", problem)

    def _registration(self, wish: Wish) -> Registration:
        status = wish.status
        if status is RegistrationStatus.ATTENDED:  # which comes with the check-in
            status = RegistrationStatus.REGISTERED
        elif status is RegistrationStatus.WAITING and self._start(wish.pair) <= self._now:
            status = RegistrationStatus.LAPSED
        cancelled = status is RegistrationStatus.CANCELLED
        return Registration(
            id=wish.id,
            user_id=wish.pair[0],
            event_id=wish.pair[1],
            registration_date=wish.made_at,
            status=status,
            is_walk_in=wish.walk_in,
            cancelled_at=wish.made_at if cancelled else None,
            cancellation_reason=WHY if cancelled else None,
        )

    def bring_attendances(self) -> None:
        """Who came. Whoever is called attended and has no check-in came with the beginning."""
        here = {(each.user_id, each.event_id) for each in self._attendances_here()}
        planned: dict[Pair, Attendance] = {}
        for row in self._source.event_attendees:
            pair = self._pair("event_attendees", row.row, row.user_id, row.event_id)
            word = row.status.lower()
            if word not in CAME and word not in STAYED_AWAY:
                self._report.fault("event_attendees", row.row, "status", f"'{row.status}' is no status of an attendee")
            elif pair is not None and word in CAME and pair not in here:
                if pair in planned:
                    self._report.fault("event_attendees", row.row, "user_id", "they came to this event already")
                    continue
                came_at = row.check_in_time or self._start(pair)
                if row.check_out_time is not None and row.check_out_time < came_at:
                    self._report.fault("event_attendees", row.row, "check_out_time", "they left before they came")
                    continue
                planned[pair] = self._attendance(
                    self._key("event_attendees", row.id), pair, came_at, row.check_out_time
                )
        unseen = []
        for pair, wish in self._live.items():
            if wish.status is RegistrationStatus.ATTENDED and pair not in here and pair not in planned:
                key = self._key("attended", str(wish.id))
                planned[pair] = self._attendance(key, pair, self._start(pair), None)
                unseen.append(wish.row)
        self._report.note("Registrations that are called attended and have no check-in: they came at the start", unseen)
        self.attended = [planned[pair] for pair in sorted(planned)]
        self._report.new["event_attendees"] += len(self.attended)
        self._keep(self.attended)

    def _attendances_here(self) -> Iterable[Attendance]:
        query = select(Attendance).where(
            Attendance.event_id.in_({event_id for _, event_id in self._live}),
            Attendance.status == AttendanceStatus.ATTENDED,
        )
        return self._session.scalars(query)

    def _attendance(self, key: UUID, pair: Pair, came_at: datetime, left_at: datetime | None) -> Attendance:
        wish = self._live[pair]
        if wish.status is RegistrationStatus.WAITING:
            wish.status = RegistrationStatus.REGISTERED
        return Attendance(
            id=key,
            registration_id=wish.id,
            user_id=pair[0],
            event_id=pair[1],
            status=AttendanceStatus.ATTENDED,
            check_in_time=came_at,
            check_out_time=left_at,
            method=CheckInMethod.STAFF,
            reason=WHY,
        )

    def bring_payments(self) -> None:
        """What was paid, each for a registration of the same member and event."""
        here = self._here(Payment, "payment", self._source.payment)
        paid, made = self._paid_already(), []
        for row in self._source.payment:
            pair = self._pair("payment", row.row, row.user_id, row.event_id)
            wish = self._wishes.get(row.registration_id)
            if pair is None or row.amount_paid == 0 or self._key("payment", row.id) in here:
                continue
            minor = self._minor(row.amount_paid)
            if wish is None or wish.pair != pair:
                problem = f"{row.registration_id} is no registration of this member for this event"
                self._report.fault("payment", row.row, "registration_id", problem)
            elif Decimal(minor).scaleb(-scale_of(self._currency)) != row.amount_paid:
                self._report.fault("payment", row.row, "amount_paid", f"{self._currency} has fewer decimals")
            elif wish.id in paid:
                self._report.fault("payment", row.row, "registration_id", "it is paid already")
            else:
                paid.add(wish.id)
                made.append(self._payment(row, wish, minor))
        self._report.new["payment"] += len(made)
        self._keep(made)

    def _paid_already(self) -> set[UUID]:
        query = select(Payment.registration_id).where(
            Payment.registration_id.in_({wish.id for wish in self._wishes.values() if not wish.is_new}),
            Payment.kind == PaymentKind.CHARGE,
            Payment.status.in_((PaymentState.PENDING, PaymentState.PAID)),
        )
        return set(self._session.scalars(query))

    def _payment(self, row: PaymentRow, wish: Wish, amount_minor: int) -> Payment:
        paid_at = row.payment_date or wish.made_at
        channel = re.sub(r"[^a-z0-9_]+", "_", row.payment_channel.lower()).strip("_")[:50]
        return Payment(
            id=self._key("payment", row.id),
            registration_id=wish.id,
            user_id=wish.pair[0],
            event_id=wish.pair[1],
            kind=PaymentKind.CHARGE,
            status=PaymentState.PAID,
            amount_minor=amount_minor,
            currency=self._currency,
            scale=scale_of(self._currency),
            payment_channel=channel if re.match(r"[a-z]", channel) else f"by_{channel}",
            payment_date=paid_at,
            settled_at=paid_at,
            provider=DESK.code,
        )

    def end_cancelled(self) -> None:
        """Cancel the events that are not active in the source, with what still holds a place at them."""
        gone = [
            self.events[row.id].id
            for row in self._source.events
            if not row.is_active and row.id in self.events and self.events[row.id].status is EventStatus.PUBLISHED
        ]
        told = {"cancelled_at": self._now, "cancellation_reason": WHY}
        for model, column, condition, status in (
            (Event, Event.id, Event.status == EventStatus.PUBLISHED, EventStatus.CANCELLED),
            (Registration, Registration.event_id, Registration.status.in_(HOLDING), RegistrationStatus.CANCELLED),
        ):
            self._session.execute(
                update(model)
                .where(column.in_(gone), condition)
                .values(status=status, **told)
                .execution_options(synchronize_session=False)
            )

    def _keep(self, made: Sequence[Registration | Attendance | Payment]) -> None:
        """Write rows down, unless something is wrong: the database would refuse them for it."""
        if not self._report.faults:
            self._session.add_all(made)
            self._session.flush()

    def _here(self, model: type[Kind], table: str, rows: Sequence[Row]) -> dict[UUID, Kind]:
        ids = [self._key(table, row.id) for row in rows]
        found = self._session.scalars(select(model).where(model.id.in_(ids)))
        return {each.id: each for each in found}

    def _pair(self, table: str, row: int, user: str, event: str) -> Pair | None:
        if user not in self._people:
            self._report.fault(table, row, "user_id", f"users has no row {user} that could be brought in")
        if event not in self.events:
            self._report.fault(table, row, "event_id", f"events has no row {event} that could be brought in")
        return (self._people[user], self.events[event].id) if user in self._people and event in self.events else None

    def _start(self, pair: Pair) -> datetime:
        return self._starts[pair[1]]

    @property
    def _starts(self) -> dict[UUID, datetime]:
        return {event.id: event.start_time for event in self.events.values()}
