"""How often somebody may try something, kept in PostgreSQL so that it holds across processes.

The rate limit is the generic cell rate algorithm: one row for each (rule, subject) holds the moment at which all that
was spent will have drained. An attempt moves it by ``window / attempts``; one that would move it beyond now + window
is refused and moves nothing. Subjects are stored as digests, so the table holds no address and no e-mail.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.db.database import Database
from guerdon.http.errors import RateLimitedError
from guerdon.http.models import RateWindow

AHEAD = timedelta(hours=1)
"""How far the clocks of processes may be apart.

What drains this much later than any attempt can have it drain was spent before the clock stepped back. It is forgotten:
it would keep people out for as long as the clock had run ahead.
"""

_SPEND = text(
    """
    INSERT INTO http.rate_windows AS w (rule, subject, due_at)
    VALUES (:rule, :subject, CAST(:now AS timestamptz) + :step)
    ON CONFLICT (rule, subject) DO UPDATE
    SET due_at = CASE WHEN w.due_at > :latest THEN :now ELSE greatest(w.due_at, :now) END + :step
    WHERE w.due_at > :latest OR greatest(w.due_at, :now) + :step <= CAST(:now AS timestamptz) + :window
    RETURNING due_at
    """
)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A rule: ``attempts`` in any ``window``, all at once or spread.

    Attributes:
        name: stored with each subject; changing it starts the counts afresh.
    """

    name: str
    attempts: int
    window: timedelta

    @property
    def step(self) -> timedelta:
        """What one attempt costs."""
        return self.window // self.attempts  # rounded down, so that all of them fit

    def latest(self, now: datetime) -> datetime:
        """The latest moment at which what was spent by now can drain."""
        return now + self.window + AHEAD


def _digest(subject: str) -> bytes:
    return hashlib.sha256(subject.encode()).digest()


def spend(database: Database, clock: Clock, limit: RateLimit, subject: str) -> None:
    """Count one attempt, in a transaction of its own: it stays counted when the request is refused.

    Call it before the request's own session takes a connection.

    Raises:
        RateLimitedError: with ``retry_after_s``, when the limit is used up; nothing is counted then.
    """
    now = clock.now()
    values = {"rule": limit.name, "subject": _digest(subject)}
    with database.aside() as session:
        terms = {"now": now, "step": limit.step, "window": limit.window, "latest": limit.latest(now)}
        due = session.execute(_SPEND, {**values, **terms}).scalar()
        if due is None:
            current: datetime = session.execute(
                text("SELECT due_at FROM http.rate_windows WHERE rule = :rule AND subject = :subject"), values
            ).scalar_one()
            wait = current + limit.step - limit.window - now
            raise RateLimitedError(retry_after_s=max(1, math.ceil(wait.total_seconds())))


def spent(session: Session, clock: Clock, limit: RateLimit, subject: str) -> int:
    """How many attempts of a subject have not drained yet."""
    due: datetime | None = session.execute(
        text("SELECT due_at FROM http.rate_windows WHERE rule = :rule AND subject = :subject"),
        {"rule": limit.name, "subject": _digest(subject)},
    ).scalar()
    now = clock.now()
    if due is None or due > limit.latest(now):
        return 0
    return max(0, math.ceil((due - now) / limit.step))


def forget(session: Session, limit: RateLimit, subject: str) -> None:
    """Give back all attempts, after a success."""
    session.execute(delete(RateWindow).where(RateWindow.rule == limit.name, RateWindow.subject == _digest(subject)))


def prune(session: Session, clock: Clock) -> int:
    """Forget whose attempts have drained. Returns how many."""
    gone = session.execute(delete(RateWindow).where(RateWindow.due_at < clock.now()).returning(RateWindow.rule))
    return len(gone.all())
