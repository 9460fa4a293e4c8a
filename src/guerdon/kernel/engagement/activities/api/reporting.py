"""From events to facts and from outcomes to answers: what the doors share, be it one event or ten thousand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import FieldErrors, GuerdonError, PermissionDeniedError
from guerdon.core.ids import idempotency_int
from guerdon.http.access import Principal
from guerdon.kernel.engagement.activities.api.cloudevents import CloudEvent
from guerdon.kernel.engagement.activities.errors import (
    ActivityConflictError,
    ActivityKindInsideError,
    ActivityKindUnknownError,
    MemberUnknownError,
    OwnReportError,
)
from guerdon.kernel.engagement.activities.schemas import Fact, Outcome
from guerdon.kernel.engagement.activities.service import stored
from guerdon.kernel.engagement.activities.service.book import Book, load
from guerdon.kernel.engagement.activities.service.recording import record_alone
from guerdon.kernel.identity.models import User

RECORD = "activities:record"
_FIELDS = {"kind": "type", "happened_at": "time", "owner_id": "subject", "key": "id", "properties": "data"}
"""How an event calls what a fact calls otherwise."""


@dataclass(frozen=True, slots=True)
class Report:
    """An event and who reports it."""

    event: CloudEvent
    who: Principal


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an event that was not refused."""

    fact: Fact
    outcome: Outcome


def report(session: Session, clock: Clock, reports: Sequence[Report]) -> list[Told | GuerdonError]:
    """Record events in their order; each gets what became of it, or why it was refused, for itself alone.

    Args:
        session: of a transaction that the system has opened for this, and gives up whole when it raises.
    """
    found = _Reporting(session, clock, reports)
    found.read()
    found.record()
    return found.told


class _Reporting:
    def __init__(self, session: Session, clock: Clock, reports: Sequence[Report]) -> None:
        self._session = session
        self._clock = clock
        self._reports = reports
        self._book: Book = load(session)
        self._facts: dict[int, Fact] = {}
        self._told: dict[int, Told | GuerdonError] = {}

    @property
    def told(self) -> list[Told | GuerdonError]:
        return [self._told[number] for number in range(len(self._reports))]

    def read(self) -> None:
        """Make facts of the events."""
        addresses = {each.event.member for each in self._reports if isinstance(each.event.member, str)}
        owners = _owners(self._session, [address for address in addresses if isinstance(address, str)])
        for number, each in enumerate(self._reports):
            try:
                self._facts[number] = self._fact(each, owners)
            except GuerdonError as refusal:
                self._told[number] = refusal
        self._take_known_moments()

    def _fact(self, each: Report, owners: Mapping[str, UUID]) -> Fact:
        event, who = each.event, each.who
        member = event.member
        owner_id = owners.get(member) if isinstance(member, str) else member
        kind = self._book.kinds.get(event.kind)
        if not who.may(RECORD) and (kind is None or not kind.by_member or owner_id != who.user_id):
            raise PermissionDeniedError(permission=RECORD)
        if kind is None:
            raise ActivityKindUnknownError(field="type", kind=event.kind[:100])
        if not kind.outside and not kind.by_member:
            raise ActivityKindInsideError(field="type", kind=kind.name)
        if owner_id is None:
            raise MemberUnknownError(field="subject", member=str(member)[:200])
        if owner_id == who.user_id and not kind.by_member:
            raise OwnReportError
        return Fact(
            owner_id=owner_id,
            program=kind.program,
            kind=kind.name,
            happened_at=event.time or self._clock.now(),
            properties=event.data,
            key=event.key,
            actor_id=who.user_id,
            source=event.source,
        )

    def _take_known_moments(self) -> None:
        """An event without a time happens when it arrives first; when it comes again, that is when it happened."""
        timeless = [number for number in self._facts if self._reports[number].event.time is None]
        keys = [(self._facts[number].owner_id.int, idempotency_int(self._facts[number].key)) for number in timeless]
        known = stored.find(self._session, keys)
        for number, key in zip(timeless, keys, strict=True):
            if key in known:
                fact = self._facts[number]
                self._facts[number] = Fact(
                    fact.owner_id,
                    fact.program,
                    fact.kind,
                    known[key]["happened_at"],
                    fact.properties,
                    fact.key,
                    fact.actor_id,
                    fact.source,
                )

    def record(self) -> None:
        """Record the facts. Of two requests with the same event without a time, the slower one looks again."""
        self._record(list(self._facts))
        late = [
            number
            for number in self._facts
            if self._reports[number].event.time is None and isinstance(self._told[number], ActivityConflictError)
        ]
        if late:
            self._take_known_moments()
            self._record(late)

    def _record(self, numbers: Sequence[int]) -> None:
        facts = [self._facts[number] for number in numbers]
        outcomes = record_alone(self._session, self._clock, facts, self._book)
        for number, outcome in zip(numbers, outcomes, strict=True):
            refused = outcome.refused
            self._told[number] = Told(self._facts[number], outcome) if refused is None else _in_words_of_events(refused)


def _owners(session: Session, addresses: Sequence[str]) -> dict[str, UUID]:
    """The living accounts of e-mail addresses in lower case."""
    if not addresses:
        return {}
    lowered = func.lower(User.email)
    rows = session.execute(
        select(lowered.label("email"), User.id).where(lowered.in_(addresses), User.deleted_at.is_(None))
    )
    return {row.email: row.id for row in rows}


def _in_words_of_events(refused: GuerdonError) -> GuerdonError:
    """A refusal that names the attributes of events."""
    for error in refused.errors if isinstance(refused, FieldErrors) else [refused]:
        if error.field is not None:
            name, dot, rest = error.field.partition(".")
            error.field = f"{_FIELDS.get(name, name)}{dot}{rest}"
    return refused
