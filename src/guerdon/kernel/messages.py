"""Messages to people outside of the pages: told by whoever has something to say, carried by whoever delivers.

The packages at the bottom of the kernel cannot know the notifications above them. So they hand a ``Message`` over,
inside their transaction, and the composition root says who carries it. A message that nobody would carry is refused:
a forgotten wire fails loudly instead of leaving somebody waiting for a code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

Channel = Literal["email", "sms"]


@dataclass(frozen=True, slots=True)
class Message:
    """Something to say to one person.

    Attributes:
        kind: stable, package first (``identity.password_reset``).
        module: who writes, ``__name__``; the words are those of its package.
        channel, to: how, and the address or the number in E.164.
        locale: the recipient's language.
        subject, body: message ids with ``{placeholders}``; an SMS has no subject.
        params: what fills the placeholders, already in the recipient's words; the carrier adds ``community`` and
            ``base_url``.
        user_id: the account that it concerns, if there is one.
        useful_until: after this moment it is not worth sending any more.
        dedupe_key: a second message under the same key is dropped.
    """

    kind: str
    channel: Channel
    to: str
    locale: str
    body: str
    subject: str = ""
    module: str = field(kw_only=True)
    params: Mapping[str, Any] = field(default_factory=dict)
    user_id: UUID | None = None
    useful_until: datetime | None = None
    dedupe_key: str | None = None


Carrier = Callable[[Session, Message], None]
_carriers: list[Carrier] = []


class NobodyDeliversError(RuntimeError):
    """A message was handed over in a process whose composition root named no carrier."""


def deliver_with(carrier: Carrier) -> None:
    """Have every message carried by ``carrier``, instead of by the one before."""
    _carriers[:] = [carrier]


def send(session: Session, message: Message) -> None:
    """Hand a message over; it leaves when the session's transaction commits, and never if that rolls back.

    Raises:
        NobodyDeliversError: no carrier is named.
    """
    if not _carriers:
        raise NobodyDeliversError(message.kind)
    _carriers[0](session, message)
