"""The program's part of a copy of personal data, and of what goes when an account is erased.

Credited contributions stay with kind, amounts and dates, because value moved for them; what was written freely goes,
and so do photos, and everything that nobody has approved, in the archive too.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session, undefer

from guerdon.core.clock import Clock
from guerdon.kernel.personal_data import PersonalData, PersonalFile, json_file
from guerdon.programs.credits.models import ArchivedContribution, Contribution, ContributionStatus, Photo


def _told(each: Contribution | ArchivedContribution) -> dict[str, Any]:
    return {
        "id": each.id,
        "type": each.type.value,
        "value": each.value_json,
        "status": each.status.value,
        "calculated_credits": each.calculated_credits,
        "rejection_reason": each.rejection_reason,
        "created_at": each.created_at,
        "approved_at": each.approved_at,
        "withdrawn_at": each.withdrawn_at,
    }


def _export(session: Session, clock: Clock, user_id: UUID) -> Iterator[PersonalFile]:
    del clock
    kept: tuple[tuple[str, Any], ...] = (
        ("contributions", Contribution),
        ("archived_contributions", ArchivedContribution),
    )
    for name, model in kept:
        query = select(model).where(model.user_id == user_id).order_by(model.created_at, model.id)
        yield json_file(f"{name}.json", [_told(each) for each in session.scalars(query)])
    own = select(Contribution.id).where(Contribution.user_id == user_id)
    photos = select(Photo).where(Photo.contribution_id.in_(own)).options(undefer(Photo.content))
    for photo in session.scalars(photos.execution_options(yield_per=5)):
        yield PersonalFile(f"photos/{photo.contribution_id}-{photo.position}.webp", photo.content)


def _erase(session: Session, clock: Clock, user_id: UUID) -> None:
    del clock
    own = select(Contribution.id).where(Contribution.user_id == user_id)
    session.execute(delete(Photo).where(Photo.contribution_id.in_(own)).execution_options(synchronize_session=False))
    session.execute(
        delete(Contribution)
        .where(Contribution.user_id == user_id, Contribution.status != ContributionStatus.APPROVED)
        .execution_options(synchronize_session=False)
    )
    session.execute(text("SELECT credits.forget_archived(:user)"), {"user": user_id})
    session.execute(
        text(
            "UPDATE credits.contributions SET value_json = credits.without_free_text(type, value_json),"
            " calculation = CASE WHEN calculation #> '{override,reason}' IS NULL THEN calculation"
            """ ELSE jsonb_set(calculation, '{override,reason}', '"[erased]"') END"""
            " WHERE user_id = :user"
        ),
        {"user": user_id},
    )


PART = PersonalData("credits", _export, _erase)
