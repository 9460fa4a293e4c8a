"""The outbox: messages are written in the transaction that they belong to, and leave afterwards."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import CursorResult, Engine, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.core.settings import Settings
from guerdon.http.keys import derive_key, load_secret
from guerdon.kernel.messages import Message
from guerdon.kernel.notifications.models import OutboxMessage
from guerdon.kernel.notifications.transports import DeliveryFailedError, Letter, Transport, transports
from guerdon.web.i18n import translator
from guerdon.worker.queue import enqueue
from guerdon.worker.tasks import Retry, Task

log = structlog.get_logger("guerdon.notifications")

CLAIM_MAX = timedelta(minutes=10)
"""A worker that has not said after this long how it went is taken for dead."""

RETRY = Retry(attempts_max=8, wait_s=30, factor=4, wait_s_max=4 * 3600)
NONCE_BYTES = 12


class Outbox:
    """Writes messages down and sends them.

    Args:
        settings: name the transports and the secret that addresses and texts are encrypted with.
        carriers: transports by channel instead of those of the settings.
    """

    def __init__(self, settings: Settings, carriers: Mapping[str, Transport] | None = None) -> None:
        self._cipher = AESGCM(derive_key(load_secret(settings), "outbox"))
        self._place = {"community": settings.community_name, "base_url": settings.base_url}
        self.transports = transports(settings) if carriers is None else carriers

    def put(self, session: Session, message: Message) -> None:
        """Write a message in the recipient's language, and queue its sending if its channel has a transport."""
        words = translator(message.locale, message.module)
        params = {**self._place, **message.params}
        body = words.gettext(message.body, **params)
        content = {
            "to": message.to,
            "subject": words.gettext(message.subject, **params) if message.subject else "",
            "body": "{body}\n\n-- \n{community}\n{base_url}\n".format(**{**self._place, "body": body})
            if message.channel == "email"
            else body,
        }
        message_id = new_id()
        # Nothing is asked back: who writes to somebody else may not read what they wrote.
        written = session.execute(
            insert(OutboxMessage)
            .values(
                id=message_id,
                user_id=message.user_id,
                kind=message.kind,
                channel=message.channel,
                locale=words.locale,
                recipient_hint=hint(message.to),
                content=self._seal(message_id, content),
                dedupe_key=message.dedupe_key,
                useful_until=message.useful_until,
            )
            .on_conflict_do_nothing()
        )
        if cast("CursorResult[Any]", written).rowcount and message.channel in self.transports:
            enqueue(session, DELIVER, dedupe_key=f"outbox:{message_id}", message_id=message_id)

    def _seal(self, message_id: UUID, content: Mapping[str, str]) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, json.dumps(content).encode(), message_id.bytes)

    def open(self, row: OutboxMessage) -> Letter | None:
        """The letter in a row, or None when it is forgotten or was sealed with another secret."""
        if row.content is None:
            return None
        try:
            plain = self._cipher.decrypt(row.content[:NONCE_BYTES], row.content[NONCE_BYTES:], row.id.bytes)
        except InvalidTag:
            return None
        return Letter(id=row.id, **json.loads(plain))

    def deliver(self, session: Session, clock: Clock, message_id: UUID) -> None:
        """Try to send one message; what fails in passing is queued again, later each time.

        The claim is a transaction of its own, so that tries are counted even when the worker dies, and no connection
        is held while the other side is spoken to.
        """
        row = _claim(session, clock, message_id)
        if row is None or row.channel not in self.transports:
            return
        letter = self.open(row)
        now = clock.now()
        if letter is None or (row.useful_until is not None and row.useful_until <= now):
            reason = "unreadable: sealed with another secret" if letter is None else "too late to be of use"
            _settle(session, row.id, now, "failed", reason)
            return
        try:
            self._carry(row.channel, letter, clock)
        except DeliveryFailedError as exc:
            wait_s = None if exc.permanent else RETRY.next_wait_s(row.attempts, exc)
            if wait_s is None:
                _settle(session, row.id, clock.now(), "failed", str(exc))
                return
            _write(session, row.id, {"state": "queued", "last_error": str(exc)})
            run_at = clock.now() + timedelta(seconds=wait_s)
            enqueue(session, DELIVER, run_at=run_at, dedupe_key=f"outbox:{row.id}", message_id=row.id)
            return
        _settle(session, row.id, clock.now(), "sent", None)

    def _carry(self, channel: str, letter: Letter, clock: Clock) -> None:
        """Hand a letter to its transport; what nobody foresaw counts as a try that failed."""
        try:
            self.transports[channel].carry(letter, clock)
        except DeliveryFailedError:
            raise
        except Exception as exc:
            log.exception("a transport failed", channel=channel, message_id=str(letter.id))
            raise DeliveryFailedError(f"{type(exc).__name__} in the transport") from exc

    def sweep(self, session: Session, clock: Clock) -> None:
        """Queue again what lies there without a job: of a dead worker, or from before there was a transport."""
        now = clock.now()
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.state == "sending", OutboxMessage.claimed_at < now - CLAIM_MAX)
            .values(state="queued")
        )
        waiting = session.scalars(
            select(OutboxMessage.id).where(
                OutboxMessage.state == "queued", OutboxMessage.channel.in_(list(self.transports))
            )
        )
        for message_id in waiting.all():
            enqueue(session, DELIVER, dedupe_key=f"outbox:{message_id}", message_id=message_id)


def _claim(session: Session, clock: Clock, message_id: UUID) -> OutboxMessage | None:
    engine = session.get_bind()
    assert isinstance(engine, Engine)  # noqa: S101 - a job's session is bound to the pool
    with Session(engine, expire_on_commit=False) as claiming, claiming.begin():
        free = (
            select(OutboxMessage.id)
            .where(OutboxMessage.id == message_id, OutboxMessage.state == "queued")
            .with_for_update(skip_locked=True)
        )
        return claiming.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(free.scalar_subquery()))
            .values(state="sending", claimed_at=clock.now(), attempts=OutboxMessage.attempts + 1)
            .returning(OutboxMessage)
            .execution_options(synchronize_session=False)
        ).scalar_one_or_none()


def _settle(session: Session, message_id: UUID, now: datetime, state: str, error: str | None) -> None:
    _write(session, message_id, {"state": state, "settled_at": now, "last_error": error, "content": None})


def _write(session: Session, message_id: UUID, values: Mapping[str, object]) -> None:
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def hint(address: str) -> str:
    """Enough of an address to recognise one's own, and not enough to write to it."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}…@{host}" if at else f"{address[:4]}…{address[-2:]}"


def latest(session: Session, *, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[OutboxMessage]:
    """Messages, the latest first; one more than ``limit`` when there are more."""
    query = select(OutboxMessage).order_by(OutboxMessage.created_at.desc(), OutboxMessage.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(tuple_(OutboxMessage.created_at, OutboxMessage.id) < tuple_(*before))
    return session.scalars(query).all()


_open: list[Outbox] = []


def use(outbox: Outbox) -> None:
    """Name the outbox that jobs of this process work for."""
    _open[:] = [outbox]


def current() -> Outbox:
    """The outbox of this process.

    Raises:
        IndexError: the composition root named none.
    """
    return _open[0]


def _deliver(session: Session, clock: Clock, message_id: UUID) -> None:
    current().deliver(session, clock, message_id)


def _sweep(session: Session, clock: Clock) -> None:
    current().sweep(session, clock)


DELIVER = Task("notifications.deliver", _deliver)
SWEEP = Task("notifications.sweep", _sweep, cron="*/5 * * * *")
