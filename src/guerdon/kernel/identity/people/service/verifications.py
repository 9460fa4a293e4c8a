"""Proof of identity: a paper's number and picture, encrypted, seen by reviewers only, each look on record."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import errors as pg
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, undefer

from guerdon.core.clock import Clock
from guerdon.core.errors import NotFoundError
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people.encryption import KeyRing
from guerdon.kernel.identity.people.errors import (
    DocumentFieldError,
    DocumentRefusedError,
    NumberInvalidError,
    OwnVerificationError,
    VerificationStateError,
)
from guerdon.kernel.identity.people.fields import is_country
from guerdon.kernel.identity.people.models import ID_TYPES, Profile, Verification, VerificationDocument
from guerdon.kernel.identity.people.service import profiles
from guerdon.kernel.identity.service.checks import Checks
from guerdon.web.i18n import msgid
from guerdon.web.images import ImageError, recode

DOCUMENT_BYTES_MAX = 8 * 1024 * 1024
DOCUMENT_SIDE_PX = 2400
VALID = timedelta(days=5 * 365)
_NUMBER = re.compile(r"[A-Z0-9]{4,50}")
_Outer = aliased(Verification)
_PDF_ACTIVE = (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/RichMedia")


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody sends in."""

    id_type: str
    id_country: str
    id_number: str
    document: bytes


def submit(session: Session, clock: Clock, ring: KeyRing, user_id: UUID, proof: Proof) -> Verification:
    """Send in a proof of identity for review.

    Raises:
        FieldErrors: every field at fault; nothing is kept.
        VerificationStateError: one waits already.
    """
    checks = Checks()
    number = checks.run(lambda: clean_number(proof.id_number), "")
    media_type, content = checks.run(lambda: _clean_document(proof.document), ("", b""))
    if proof.id_type not in ID_TYPES:
        checks.refuse(DocumentFieldError(field="id_type", problem=""))
    if not is_country(proof.id_country):
        checks.refuse(DocumentFieldError(field="id_country", problem=""))
    checks.settle()
    row_id = new_id()
    sent = Verification(
        id=row_id,
        user_id=user_id,
        id_type=proof.id_type,
        id_country=proof.id_country,
        id_number=ring.encrypt_text(number, purpose=f"number:{row_id}"),
        id_hash=number_hash(ring, proof.id_type, proof.id_country, number),
        status="pending",
        created_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(sent)
            session.flush()
    except IntegrityError as exc:
        if isinstance(exc.orig, pg.UniqueViolation):
            raise VerificationStateError from exc
        raise
    sealed = ring.encrypt(content, purpose=f"document:{row_id}")
    session.add(
        VerificationDocument(
            verification_id=row_id, user_id=user_id, media_type=media_type, content=sealed, created_at=clock.now()
        )
    )
    session.flush()
    announce(session, Act("identity.verification_submitted", "verification", row_id, actor_id=user_id))
    return sent


def clean_number(value: str, *, field: str = "id_number") -> str:
    """A document's number: its letters and digits, in capitals.

    Raises:
        NumberInvalidError: fewer than 4 or more than 50, or other signs than spaces, dots, dashes and slashes between.
    """
    number = re.sub(r"[\s./-]", "", value).upper()
    if not _NUMBER.fullmatch(number):
        raise NumberInvalidError(field=field, problem="")
    return number


def number_hash(ring: KeyRing, id_type: str, country: str, number: str) -> str:
    """The keyed hash by which the same paper is recognised."""
    return ring.keyed_hash(f"{id_type}\n{country}\n{number}")


def _clean_document(upload: bytes) -> tuple[str, bytes]:
    if len(upload) > DOCUMENT_BYTES_MAX:
        raise DocumentRefusedError(field="document", problem=msgid("it is larger than 8 MB"))
    if upload.startswith(b"%PDF-"):
        if b"%%EOF" not in upload[-2048:]:
            raise DocumentRefusedError(field="document", problem=msgid("it is damaged"))
        if any(word in upload for word in _PDF_ACTIVE):
            raise DocumentRefusedError(field="document", problem=msgid("it holds more than pages"))
        return "application/pdf", upload
    try:
        picture = recode(upload, side_px_max=DOCUMENT_SIDE_PX)
    except ImageError as exc:
        raise DocumentRefusedError(field="document", problem=str(exc)) from exc
    return picture.media_type, picture.content


def of(session: Session, user_id: UUID) -> Sequence[Verification]:
    """Somebody's proofs, the latest first."""
    query = select(Verification).where(Verification.user_id == user_id)
    return session.scalars(query.order_by(Verification.created_at.desc(), Verification.id.desc())).all()


def withdraw(session: Session, clock: Clock, user_id: UUID, verification_id: UUID) -> None:
    """Take back a proof that waits; its document is deleted at once.

    Raises:
        NotFoundError: they sent none of this id.
        VerificationStateError: it has been decided.
    """
    sent = _get(session, verification_id)
    if sent.user_id != user_id:
        raise NotFoundError(what="proof of identity")
    _settle(session, clock, sent, "withdrawn", user_id)
    session.execute(delete(VerificationDocument).where(VerificationDocument.verification_id == sent.id))
    announce(session, Act("identity.verification_withdrawn", "verification", sent.id, actor_id=user_id))


def queue(session: Session, *, limit: int = 100) -> Sequence[Any]:
    """What waits for a reviewer, the oldest first: rows of (verification, name, duplicates)."""
    other = select(func.count()).where(
        Verification.id_hash == _Outer.id_hash,
        Verification.user_id != _Outer.user_id,
        Verification.status.in_(("pending", "approved")),
    )
    query = (
        select(_Outer, User.name, other.correlate(_Outer).scalar_subquery().label("duplicates"))
        .join(User, User.id == _Outer.user_id)
        .where(_Outer.status == "pending")
    )
    return session.execute(query.order_by(_Outer.created_at, _Outer.id).limit(limit)).all()


def count_pending(session: Session) -> int:
    """How many wait."""
    return session.scalar(select(func.count()).where(Verification.status == "pending")) or 0


@dataclass(frozen=True, slots=True)
class Look:
    """A proof as its reviewer sees it."""

    verification: Verification
    name: str
    number: str
    profile: Profile
    media_type: str | None
    duplicates: Sequence[Any]


def look(session: Session, ring: KeyRing, reviewer_id: UUID, verification_id: UUID) -> Look:
    """A proof with its number in plain; the look is put on record.

    Raises:
        NotFoundError: there is no such proof.
    """
    sent = _get(session, verification_id, lock=False)
    others = session.execute(
        select(Verification.id, Verification.user_id, User.name, Verification.status)
        .join(User, User.id == Verification.user_id)
        .where(Verification.id_hash == sent.id_hash, Verification.user_id != sent.user_id)
        .order_by(Verification.created_at)
    ).all()
    media_type = session.scalar(
        select(VerificationDocument.media_type).where(VerificationDocument.verification_id == sent.id)
    )
    announce(session, Act("identity.verification_seen", "verification", sent.id, actor_id=reviewer_id))
    profile = profiles.get(session, sent.user_id)
    number = ring.decrypt_text(sent.id_number, purpose=f"number:{sent.id}")
    return Look(sent, profile.full_name, number, profile, media_type, others)


def document(session: Session, ring: KeyRing, reviewer_id: UUID, verification_id: UUID) -> tuple[str, bytes]:
    """Media type and content of a proof's document; the look is put on record.

    Raises:
        NotFoundError: there is none any more.
    """
    query = select(VerificationDocument).where(VerificationDocument.verification_id == verification_id)
    found = session.scalars(query.options(undefer(VerificationDocument.content))).one_or_none()
    if found is None:
        raise NotFoundError(what="proof of identity")
    announce(session, Act("identity.document_seen", "verification", verification_id, actor_id=reviewer_id))
    return found.media_type, ring.decrypt(found.content, purpose=f"document:{verification_id}")


def approve(session: Session, clock: Clock, ring: KeyRing, reviewer_id: UUID, verification_id: UUID) -> Verification:
    """Agree that the paper is the person's; the profile says so until it expires.

    Raises:
        NotFoundError, VerificationStateError: there is no such proof, or it has been decided.
        OwnVerificationError: it is the reviewer's own.
    """
    sent = _get(session, verification_id)
    if sent.user_id == reviewer_id:
        raise OwnVerificationError
    now = clock.now()
    former = update(Verification).where(Verification.user_id == sent.user_id, Verification.status == "approved")
    session.execute(former.values(status="expired"))
    sent.expires_at = now + VALID
    _settle(session, clock, sent, "approved", reviewer_id)
    profile = profiles.get(session, sent.user_id, lock=True)
    number = ring.decrypt_text(sent.id_number, purpose=f"number:{sent.id}")
    profile.id_number = ring.encrypt_text(number, purpose=f"profile:{sent.user_id}")
    profile.id_type, profile.id_country, profile.id_hash = sent.id_type, sent.id_country, sent.id_hash
    profile.id_media_url = f"/staff/identity/{sent.id}/document"
    profile.id_verified_at, profile.id_verified_by = now, reviewer_id
    profile.updated_at = max(now, profile.updated_at)
    session.flush()
    announce(session, Act("identity.verification_approved", "verification", sent.id, actor_id=reviewer_id))
    return sent


def reject(session: Session, clock: Clock, reviewer_id: UUID, verification_id: UUID, *, reason: str) -> Verification:
    """Disagree, and say why.

    Raises:
        NotFoundError, VerificationStateError, OwnVerificationError: as ``approve``.
    """
    sent = _get(session, verification_id)
    if sent.user_id == reviewer_id:
        raise OwnVerificationError
    sent.reason = reason
    _settle(session, clock, sent, "rejected", reviewer_id)
    announce(
        session, Act("identity.verification_rejected", "verification", sent.id, actor_id=reviewer_id, reason=reason)
    )
    return sent


def _settle(session: Session, clock: Clock, sent: Verification, status: str, actor_id: UUID) -> None:
    if sent.status != "pending":
        raise VerificationStateError
    sent.status, sent.decided_at = status, clock.now()
    sent.decided_by = actor_id if actor_id != sent.user_id else None
    session.flush()


def _get(session: Session, verification_id: UUID, *, lock: bool = True) -> Verification:
    query = select(Verification).where(Verification.id == verification_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    sent = session.scalars(query).one_or_none()
    if sent is None:
        raise NotFoundError(what="proof of identity")
    return sent


def expire(session: Session, clock: Clock) -> int:
    """End what was verified too long ago; its owner may send in a new proof. Returns how many."""
    late = session.scalars(
        select(Verification)
        .where(Verification.status == "approved", Verification.expires_at <= clock.now())
        .with_for_update()
    ).all()
    for sent in late:
        sent.status = "expired"
        profile = session.get(Profile, sent.user_id)
        if profile is not None:
            profile.id_number = profile.id_type = profile.id_country = profile.id_hash = None
            profile.id_media_url = profile.id_verified_by = None
            profile.id_verified_at = None
        announce(session, Act("identity.verification_expired", "verification", sent.id))
    session.flush()
    return len(late)
