"""Writes that move value happen once for each ``Idempotency-Key``, however often the request arrives.

    @router.post("/transfers", status_code=201)
    def post(body: TransferIn, who: …, once: OnceDep) -> TransferOut:
        return once.run(lambda: service.post(…), status=201)

``OnceDep`` refuses a request without a key; with ``OnceIfKeyedDep`` such a request simply runs.

The answer is kept in the transaction of the effect. A second request with the same key waits for the first one, then
gets the same answer, with ``Idempotency-Replayed: true``. A refusal is not kept: whoever corrects the cause may repeat
with the same key.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from starlette.responses import Response

from guerdon.core.clock import Clock
from guerdon.core.ids import idempotency_uuid
from guerdon.http.errors import (
    IdempotencyKeyInvalidError,
    IdempotencyKeyMissingError,
    IdempotencyKeyReusedError,
    NotSignedInError,
)
from guerdon.http.models import IdempotencyRecord
from guerdon.http.openapi import REQUIRED
from guerdon.http.transaction import ClockDep, SessionDep

KEY_MAX = 255
KEEP = timedelta(days=30)
REPLAYED = "Idempotency-Replayed"
HEADER = "Idempotency-Key"
KEY_SCHEMA = {"minLength": 1, "maxLength": KEY_MAX}
"""What the description of the interface says of a key. It is checked here, where the refusal has a code of its own."""


def request_digest(method: str, path: str, query: str, body: bytes) -> bytes:
    """What makes two requests the same: method, address and content, whatever the order of JSON keys."""
    try:
        content = json.dumps(json.loads(body), sort_keys=True, ensure_ascii=True).encode()
    except (ValueError, RecursionError):
        content = body
    return sha256(b"\0".join((method.encode(), path.encode(), query.encode(), content))).digest()


class Claim:
    """A key of somebody's, to be taken by the first who comes with it and kept with the answer.

    Args:
        session: of the effect; whoever comes second waits until its transaction has ended.
        owner_id: whose key it is.
        key: made of what was sent.
    """

    def __init__(self, session: Session, owner_id: UUID, key: UUID) -> None:
        self._session = session
        self._owner_id = owner_id
        self._key = key
        self._mine = (IdempotencyRecord.owner_id == owner_id, IdempotencyRecord.key == key)

    def take(self, route: str, digest: bytes, now: datetime) -> bool:
        """Take the key, or wait for whoever holds it; False when it was used."""
        taken = self._session.execute(
            insert(IdempotencyRecord)
            .values(owner_id=self._owner_id, key=self._key, route=route, request_hash=digest, created_at=now)
            .on_conflict_do_nothing()
            .returning(IdempotencyRecord.key)
        )
        return taken.scalar() is not None

    def keep(self, status: int, body: bytes) -> None:
        """Keep the answer."""
        self._session.execute(update(IdempotencyRecord).where(*self._mine).values(status=status, body=body))

    def kept(self, digest: bytes) -> tuple[int, bytes]:
        """Status and body of the answer.

        Args:
            digest: of what is sent now.

        Raises:
            IdempotencyKeyReusedError: the key came before with other content, or its answer is not there.
        """
        record = self._session.execute(select(IdempotencyRecord).where(*self._mine)).scalar_one()
        if record.request_hash != digest or record.status is None or record.body is None:
            raise IdempotencyKeyReusedError(field=HEADER)
        return record.status, record.body

    def drop(self) -> None:
        """Give the key back: nothing was done with it."""
        self._session.execute(delete(IdempotencyRecord).where(*self._mine))


class Once:
    """The request's idempotency key, if it has one, and where answers are kept."""

    def __init__(
        self, request: Request, session: Session, clock: Clock, key: str | None, body: bytes, *, required: bool
    ) -> None:
        self.key = key
        self._required = required
        self._request = request
        self._session = session
        self._clock = clock
        self._body = body

    def run(self, effect: Callable[[], BaseModel], *, status: int = 201) -> Response:
        """Do it, or answer as when it was done.

        Args:
            effect: does it, in the request's session, and gives what to answer.
            status: of the answer.

        Raises:
            IdempotencyKeyMissingError, IdempotencyKeyInvalidError: the header.
            IdempotencyKeyReusedError: the key came before with other content; nothing is done.
        """
        if self.key is None:
            if self._required:
                raise IdempotencyKeyMissingError(field=HEADER)
            return _json(effect().model_dump_json().encode(), status)
        if not (0 < len(self.key) <= KEY_MAX and self.key.isascii() and self.key.isprintable()):
            raise IdempotencyKeyInvalidError(field=HEADER, problem="")
        owner_id, route = self._owner(), f"{self._request.method} {self._request.url.path}"
        stored_key = idempotency_uuid(f"{route}\n{self.key}")
        digest = request_digest(self._request.method, self._request.url.path, self._request.url.query, self._body)
        claim = Claim(self._session, owner_id, stored_key)
        if not claim.take(route, digest, self._clock.now()):
            kept_status, kept_body = claim.kept(digest)
            answer = _json(kept_body, kept_status)
            answer.headers[REPLAYED] = "true"
            return answer
        body = effect().model_dump_json().encode()
        claim.keep(status, body)
        return _json(body, status)

    def _owner(self) -> UUID:
        principal = getattr(self._request.state, "principal", None)
        if principal is None:
            raise NotSignedInError
        user_id: UUID = principal.user_id
        return user_id


def _json(body: bytes, status: int) -> Response:
    return Response(body, status, media_type="application/json")


_DESCRIPTION = "A fresh random key for each operation; repeat it when repeating the request."


async def get_once(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    key: Annotated[
        str | None,
        Header(alias=HEADER, description=_DESCRIPTION, json_schema_extra={**KEY_SCHEMA, REQUIRED: True}),
    ] = None,
) -> Once:
    """The dependency behind ``OnceDep``."""
    return Once(request, session, clock, key, await request.body(), required=True)


async def get_once_if_keyed(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    key: Annotated[
        str | None, Header(alias=HEADER, description=_DESCRIPTION, json_schema_extra=dict(KEY_SCHEMA))
    ] = None,
) -> Once:
    """The dependency behind ``OnceIfKeyedDep``."""
    return Once(request, session, clock, key, await request.body(), required=False)


OnceDep = Annotated[Once, Depends(get_once)]
OnceIfKeyedDep = Annotated[Once, Depends(get_once_if_keyed)]


def prune(session: Session, clock: Clock) -> int:
    """Forget answers older than 30 days; the ledger's own keys last for ever. Returns how many."""
    kept_since = clock.now() - KEEP
    gone = session.execute(
        delete(IdempotencyRecord).where(IdempotencyRecord.created_at < kept_since).returning(IdempotencyRecord.key)
    )
    return len(gone.all())
