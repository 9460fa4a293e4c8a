"""Encrypting anew, under the key in use, whatever is still under an older one."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from guerdon.kernel.identity.people.encryption import KeyRing
from guerdon.kernel.identity.people.models import ExportFile, Profile, Verification, VerificationDocument
from guerdon.kernel.identity.people.service.verifications import number_hash

BATCH = 50

Rotate = Callable[[Session, KeyRing, int], int]
"""Encrypts at most so many values of a package anew, and tells how many those were."""

_further: list[Rotate] = []


def include(rotate: Rotate) -> None:
    """Encrypt what another package keeps under the ring anew, too."""
    if rotate not in _further:
        _further.append(rotate)


def rotate(session: Session, ring: KeyRing, *, limit: int = BATCH) -> int:
    """Encrypt some values anew; repeat it, a transaction each, until it gives 0.

    Hashes of numbers are computed anew too, so that duplicates are still found after the secret was changed.

    Returns:
        How many values were encrypted anew.

    Raises:
        EncryptionKeyMissingError: one of them needs a key that is gone.
    """
    done = 0
    for sent in session.scalars(older(Verification, _unpacked(Verification.id_number), ring, limit)):
        number = ring.decrypt_text(sent.id_number, purpose=f"number:{sent.id}")
        sent.id_number = ring.encrypt_text(number, purpose=f"number:{sent.id}")
        sent.id_hash = number_hash(ring, sent.id_type, sent.id_country, number)
        done += 1
    for profile in session.scalars(older(Profile, _unpacked(Profile.id_number), ring, limit)):
        purpose = f"profile:{profile.user_id}"
        number = ring.decrypt_text(profile.id_number or "", purpose=purpose)
        profile.id_number = ring.encrypt_text(number, purpose=purpose)
        profile.id_hash = number_hash(ring, profile.id_type or "", profile.id_country or "", number)
        done += 1
    documents = older(VerificationDocument, VerificationDocument.content, ring, limit)
    for document in session.scalars(documents.options(undefer(VerificationDocument.content))):
        document.content = ring.encrypt_anew(document.content, purpose=f"document:{document.verification_id}")
        done += 1
    files = older(ExportFile, ExportFile.content, ring, limit)
    for file in session.scalars(files.options(undefer(ExportFile.content))):
        file.content = ring.encrypt_anew(file.content, purpose=f"export:{file.export_id}")
        done += 1
    done += sum(each(session, ring, limit) for each in _further)
    session.flush()
    return done


def _unpacked(column: Any) -> Any:
    return func.decode(func.translate(column, "-_", "+/"), "base64")


def older(model: Any, column: Any, ring: KeyRing, limit: int) -> Any:
    """The query for rows of a model whose value does not begin as the key in use writes it; it locks what it finds."""
    head = ring.head
    return (
        select(model)
        .where(func.substr(column, 1, len(head)) != head)
        .limit(limit)
        .with_for_update(skip_locked=True, of=model)
    )
