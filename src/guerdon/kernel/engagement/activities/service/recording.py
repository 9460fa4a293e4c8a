"""Recording facts: once each, with everything that follows, whole or not at all.

The order, which every other writer keeps to: members' rows by id, distinct values, budgets, accounts on the ledger,
counters, followers, activities.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import GuerdonError
from guerdon.core.ids import idempotency_int, new_id
from guerdon.kernel.engagement.activities.errors import ActivityConflictError, MemberUnknownError
from guerdon.kernel.engagement.activities.schemas import Batch, Fact, Outcome, Recorded
from guerdon.kernel.engagement.activities.service import counting, following, members, paying, stored
from guerdon.kernel.engagement.activities.service.book import Book, load
from guerdon.kernel.engagement.activities.service.checking import SKEW_S, checked
from guerdon.kernel.engagement.activities.service.concluding import Documents, conclude
from guerdon.kernel.engagement.activities.service.counting import Tally
from guerdon.kernel.engagement.activities.service.evaluating import Candidate
from guerdon.kernel.engagement.activities.service.judging import Accepted, Judging
from guerdon.kernel.engagement.activities.service.periods import day_of, zone

BATCH_MAX = 10_000
_MANY = 500


@dataclass(slots=True)
class _Entry:
    """One fact on its way.

    Attributes:
        outcome: of what is not recorded: it was before, or may not be.
        accepted: of what is.
        same_as: the place of the fact in this batch that has the same key and came first.
    """

    fact: Fact
    properties: str = ""
    key: int = 0
    outcome: Outcome | None = None
    accepted: Accepted | None = None
    same_as: int | None = None


def record(
    session: Session, clock: Clock, facts: Sequence[Fact], book: Book | None = None, *, unrewarded: bool = False
) -> list[Outcome]:
    """Record facts in their order, each judged after those before it, with everything that follows from them.

    A fact that was recorded before under its key answers with what was answered then. A fact that cannot be recorded is
    refused by itself and does not hold up the others.

    Args:
        facts: at most ``BATCH_MAX``.
        book: what is in force, from whoever has just looked it up in this transaction.
        unrewarded: history from elsewhere, see ``Batch``; rules judge it as they judge every fact.

    Returns:
        One outcome for each fact, in order.

    Raises:
        ValueError: too many facts.
    """
    if not facts:
        return []
    with members.reaching_all(session):
        return record_alone(session, clock, facts, book or load(session), unrewarded=unrewarded)


def record_alone(
    session: Session, clock: Clock, facts: Sequence[Fact], book: Book, *, unrewarded: bool = False
) -> list[Outcome]:
    """The same in a transaction that the system has opened for this, and that is given up whole when it raises.

    It reaches every member as it is, and there is nothing else in it that a savepoint would have to keep.

    Raises:
        ValueError: too many facts.
    """
    if len(facts) > BATCH_MAX:
        raise ValueError(f"at most {BATCH_MAX} facts are recorded at once")
    if not facts:
        return []
    with _undisturbed(len(facts)):
        return _Recording(session, clock.now(), facts, book, unrewarded=unrewarded).run()


@contextmanager
def _undisturbed(facts: int) -> Iterator[None]:
    """Hold the collection of garbage while many facts are recorded.

    A batch makes hundreds of thousands of objects that all live until its end; looking through them again and again
    for some that do not would take a third of the time.
    """
    if facts < _MANY or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Recording:
    def __init__(self, session: Session, now: datetime, facts: Sequence[Fact], book: Book, *, unrewarded: bool) -> None:
        self.session = session
        self.unrewarded = unrewarded
        self.now = now
        self.entries = [_Entry(fact) for fact in facts]
        self.book = book
        self.members: dict[UUID, dict[str, Any]] = {}
        self.last_activity_id: UUID | None = None
        self.community = zone(self.book.time_zone)
        self.latest = now + timedelta(seconds=SKEW_S)

    def run(self) -> list[Outcome]:
        self._check()
        self._lock()
        accepted = self._accept()
        if accepted:
            tally = _tally(accepted)
            new_values = counting.keep_values(self.session, tally)
            grants = Judging(self.session, self.now, self.book, self.members, accepted).run(new_values)
            paying.add_earned(self.session, self.book, grants, tally)
            watched = following.watched(self.session, self.book.revision)
            changes = counting.advance(self.session, tally, new_values, watched=watched)
            recorded = [Recorded(each.candidate.activity_id, each.candidate.fact) for each in accepted]
            batch = Batch(
                recorded,
                changes,
                sorted(self.members),
                self.book.time_zone,
                revision=self.book.revision,
                unrewarded=self.unrewarded,
            )
            _take_conclusion(accepted, conclude(self.session, self.now, batch))
            stored.write(self.session, self.now, accepted)
        return [self._outcome(entry) for entry in self.entries]

    def _check(self) -> None:
        for entry in self.entries:
            try:
                entry.properties = checked(self.book, entry.fact, self.latest)
                entry.key = idempotency_int(entry.fact.key)
            except GuerdonError as refused:
                entry.outcome = Outcome(None, refused=refused)

    def _lock(self) -> None:
        possible = [entry for entry in self.entries if entry.outcome is None]
        locked = members.lock(self.session, [entry.fact.owner_id for entry in possible])
        self.members, self.last_activity_id = locked.read, locked.last_activity_id
        for entry in possible:
            if entry.fact.owner_id not in self.members:
                unknown = MemberUnknownError(field="owner_id", member=str(entry.fact.owner_id))
                entry.outcome = Outcome(None, refused=unknown)

    def _accept(self) -> list[Accepted]:
        """Take up every fact that is new; the rest are replays, or collide with what has their key."""
        new = self._new()
        ids = _ids_after(self.last_activity_id, len(new))
        counter = counting.Counter(self.book)
        accepted = []
        for entry, activity_id in zip(new, ids, strict=True):
            fact = entry.fact
            member = self.members[fact.owner_id]
            days = self._days(fact, member)
            candidate = Candidate(activity_id, fact, fact.owner_id.int, member, days["community"], days)
            contributions = counter.contributions(fact.kind, fact.properties, days)
            entry.accepted = Accepted(candidate, entry.key, entry.properties, contributions)
            accepted.append(entry.accepted)
        return accepted

    def _new(self) -> list[_Entry]:
        """The facts whose key nothing has, neither on record nor before them in this batch."""
        possible = [(number, entry) for number, entry in enumerate(self.entries) if entry.outcome is None]
        known = stored.find(self.session, [(entry.fact.owner_id.int, entry.key) for _, entry in possible])
        firsts: dict[tuple[int, int], int] = {}
        new: list[_Entry] = []
        for number, entry in possible:
            key = (entry.fact.owner_id.int, entry.key)
            before = known.get(key)
            first = firsts.setdefault(key, number)
            if before is not None:
                entry.outcome = (
                    stored.answered(self.session, before)
                    if stored.is_same(before, entry.fact, entry.properties)
                    else _conflict(before["id"])
                )
            elif first == number:
                new.append(entry)
            elif stored.are_same(self.entries[first].fact, entry.fact):
                entry.same_as = first
            else:
                entry.outcome = _conflict(None)
        return new

    def _days(self, fact: Fact, member: dict[str, Any]) -> dict[str, date]:
        """The day of a fact by the community's clock, and by the member's where somebody asks for it."""
        days = {"community": day_of(fact.happened_at, self.community)}
        if self.book.by_member:
            days["member"] = day_of(fact.happened_at, zone(member["time_zone"]))
        return days

    def _outcome(self, entry: _Entry) -> Outcome:
        if entry.accepted is not None:
            return entry.accepted.outcome
        first = None if entry.same_as is None else self.entries[entry.same_as].accepted
        if first is not None:
            return stored.replayed(first.outcome)
        if entry.outcome is None:
            raise AssertionError("every fact has an outcome")
        return entry.outcome


def _tally(accepted: Sequence[Accepted]) -> Tally:
    tally = Tally()
    for each in accepted:
        fact = each.candidate.fact
        for contribution in each.contributions:
            tally.add(fact.owner_id, contribution, fact.happened_at)
    return tally


def _take_conclusion(accepted: Sequence[Accepted], conclusion: Documents) -> None:
    """What followed from a batch is told with the last fact of each member."""
    last = {each.candidate.fact.owner_id: each for each in accepted} if conclusion else {}
    for owner_id, documents in conclusion.items():
        if owner_id in last:
            last[owner_id].outcome.tell(documents)


def _conflict(activity_id: UUID | None) -> Outcome:
    return Outcome(None, refused=ActivityConflictError(field="key", activity_id=activity_id))


def _ids_after(last: UUID | None, count: int) -> list[UUID]:
    """New ids that sort after ``last`` and among themselves, whatever the machine's clock says."""
    start = new_id().int
    if last is not None and last.int >= start:
        start = last.int + 1
    return [UUID(int=start + number) for number in range(count)]
