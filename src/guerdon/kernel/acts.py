"""Acts of people that have to be on record: told by whoever does them, written by whoever keeps the record.

The packages at the bottom of the kernel cannot know the audit log above them. So they *announce* an act, inside their
transaction, and the composition root subscribes the log. An act that nobody would record is refused: a forgotten wire
fails loudly instead of losing evidence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Act:
    """Something that somebody did.

    Attributes:
        action: past participle, package first (``identity.role_granted``).
        resource_type, resource_id: to what.
        actor_id: who; None is the system or the operator at the command line.
        old, new: what changed, without secrets.
        reason: why, in the actor's words.
        detail: anything else worth knowing.
    """

    action: str
    resource_type: str
    resource_id: UUID | None = None
    actor_id: UUID | None = None
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] | None = None
    reason: str | None = None
    detail: Mapping[str, Any] | None = None


Recorder = Callable[[Session, Act], None]
_recorders: list[Recorder] = []


class NobodyRecordsError(RuntimeError):
    """An act was announced in a process whose composition root subscribed no recorder."""


def subscribe(recorder: Recorder) -> None:
    """Have each act recorded by ``recorder`` too; subscribing it again changes nothing."""
    if recorder not in _recorders:
        _recorders.append(recorder)


def announce(session: Session, act: Act) -> None:
    """Put an act on record, in the transaction in which it happens.

    Raises:
        NobodyRecordsError: no recorder is subscribed.
    """
    if not _recorders:
        raise NobodyRecordsError(act.action)
    for recorder in _recorders:
        recorder(session, act)
