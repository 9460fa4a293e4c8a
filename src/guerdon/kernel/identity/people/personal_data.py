"""Identity's part of a copy of personal data, and of what goes when an account is erased."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, undefer

from guerdon.core.clock import Clock
from guerdon.kernel.identity.models import AdminSession, ApiKey, LinkedProvider, RefreshToken, User, UserSession
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people.models import (
    Avatar,
    Consent,
    Erasure,
    Export,
    Profile,
    UserAddress,
    Verification,
    VerificationDocument,
)
from guerdon.kernel.identity.people.service import erasures, guardians
from guerdon.kernel.personal_data import PersonalData, PersonalFile, json_file

_SECRET = frozenset({"token_hash", "session_token_hash", "key_hash", "id_hash", "id_number", "content"})
_SUFFIXES = {"image/webp": "webp", "application/pdf": "pdf"}


def _row(found: Any) -> dict[str, Any]:
    """The columns of a row, without hashes and what is encrypted."""
    columns = inspect(found).mapper.column_attrs
    return {each.key: getattr(found, each.key) for each in columns if each.key not in _SECRET}


def _rows(session: Session, model: Any, user_id: UUID) -> list[dict[str, Any]]:
    return [_row(each) for each in session.scalars(select(model).where(model.user_id == user_id))]


def _export(session: Session, clock: Clock, user_id: UUID) -> Iterator[PersonalFile]:
    del clock
    user = session.get(User, user_id)
    if user is not None:
        yield json_file("account.json", _row(user))
    profile = session.get(Profile, user_id)
    if profile is not None:
        yield json_file("profile.json", _row(profile))
    for name, model in (
        ("addresses", UserAddress),
        ("sessions", UserSession),
        ("staff_sessions", AdminSession),
        ("programs", RefreshToken),
        ("api_keys", ApiKey),
        ("linked_accounts", LinkedProvider),
        ("consents", Consent),
        ("copies", Export),
        ("closing", Erasure),
    ):
        yield json_file(f"{name}.json", _rows(session, model, user_id))
    yield json_file("guardianships.json", [_row(row[0]) for row in guardians.of(session, user_id)])
    yield from _pictures(session, user_id)
    yield from _proofs(session, user_id)


def _pictures(session: Session, user_id: UUID) -> Iterator[PersonalFile]:
    avatar = session.scalars(select(Avatar).where(Avatar.user_id == user_id).options(undefer(Avatar.content))).first()
    if avatar is not None:
        yield PersonalFile("avatar.webp", avatar.content)


def _proofs(session: Session, user_id: UUID) -> Iterator[PersonalFile]:
    ring = encryption.ring()
    told = []
    for sent in session.scalars(select(Verification).where(Verification.user_id == user_id)):
        number = ring.decrypt_text(sent.id_number, purpose=f"number:{sent.id}")
        told.append({**_row(sent), "id_number": number})
    yield json_file("proofs_of_identity.json", told)
    query = select(VerificationDocument).where(VerificationDocument.user_id == user_id)
    for document in session.scalars(query.options(undefer(VerificationDocument.content))):
        content = ring.decrypt(document.content, purpose=f"document:{document.verification_id}")
        suffix = _SUFFIXES.get(document.media_type, "bin")
        yield PersonalFile(f"documents/{document.verification_id}.{suffix}", content)


PART = PersonalData("identity", _export, erasures.erase_identity, erasures.leave)
