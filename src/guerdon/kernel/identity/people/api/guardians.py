"""Guardianships over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.limits import spend
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep
from guerdon.kernel.identity.people.schemas import (
    GuardianRequest,
    GuardianReview,
    GuardianshipOut,
    MinorAlone,
    Reason,
    WardOut,
)
from guerdon.kernel.identity.people.service import guardians

router = APIRouter()

Guard = Annotated[Principal, Depends(requires("identity:guard"))]


def _show(row: Any) -> GuardianshipOut:
    each = row[0]
    return GuardianshipOut(
        id=each.id,
        minor_id=each.minor_id,
        minor_name=row.minor_name,
        guardian_id=each.guardian_id,
        guardian_name=row.guardian_name,
        relationship_type=each.relationship_type,
        status=each.status,
        requested_at=each.requested_at,
        consented_at=each.consented_at,
        ended_at=each.ended_at,
        reason=each.reason,
        fault=each.fault,
    )


def _one(session: Session, user_id: UUID, guardianship_id: UUID) -> GuardianshipOut:
    return next(_show(row) for row in guardians.of(session, user_id) if row[0].id == guardianship_id)


@router.get("/guardianships")
def list_guardianships(who: SignedIn, session: SessionDep) -> list[GuardianshipOut]:
    """Who answers for you, and for whom you answer or are asked to."""
    return [_show(row) for row in guardians.of(session, who.user_id)]


@router.post("/guardianships", status_code=201, responses=problem_responses(409, 429))
def ask(
    body: GuardianRequest, who: SignedIn, database: DatabaseDep, session: SessionDep, clock: ClockDep
) -> GuardianshipOut:
    """Ask an adult to answer for you, a minor; they consent in a session of their own."""
    spend(database, clock, guardians.REQUESTS, str(who.user_id))
    asked = guardians.request(
        session, clock, who.user_id, guardian_email=body.guardian_email, relationship=body.relationship_type
    )
    return _one(session, who.user_id, asked.id)


@router.get("/guardianships/{guardianship_id}/ward", responses=problem_responses(404))
def see_ward(guardianship_id: UUID, who: SignedIn, session: SessionDep) -> WardOut:
    """Who it is for whom you answer, with their birth date; the look is on record."""
    return WardOut.model_validate(guardians.see_ward(session, who.user_id, guardianship_id))


@router.post("/guardianships/{guardianship_id}/consent", responses=problem_responses(409))
def consent(guardianship_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep) -> GuardianshipOut:
    """Agree to answer for the minor who asked you."""
    guardians.consent(session, clock, who.user_id, guardianship_id)
    return _one(session, who.user_id, guardianship_id)


@router.post("/guardianships/{guardianship_id}/refuse", responses=problem_responses(409))
def refuse(guardianship_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep) -> GuardianshipOut:
    """Decline to answer for the minor who asked you."""
    guardians.refuse(session, clock, who.user_id, guardianship_id)
    return _one(session, who.user_id, guardianship_id)


@router.post("/guardianships/{guardianship_id}/revoke", responses=problem_responses(409))
def revoke(guardianship_id: UUID, body: Reason, who: SignedIn, session: SessionDep, clock: ClockDep) -> GuardianshipOut:
    """Stop answering for a minor."""
    guardians.revoke(session, clock, who.user_id, guardianship_id, reason=body.reason)
    return _one(session, who.user_id, guardianship_id)


@router.post("/guardianships/{guardianship_id}/withdraw", responses=problem_responses(409))
def withdraw(guardianship_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep) -> GuardianshipOut:
    """Take your request back before it is answered."""
    guardians.withdraw(session, clock, who.user_id, guardianship_id)
    return _one(session, who.user_id, guardianship_id)


@router.get("/guardian-review")
def review(who: Guard, session: SessionDep, clock: ClockDep) -> GuardianReview:
    """Guardianships that need a look, and minors for whom nobody answers."""
    alone = guardians.minors_without(session, clock, actor_id=who.user_id)
    return GuardianReview(
        at_fault=[_show(row) for row in guardians.at_fault(session)],
        without_guardian=[MinorAlone.model_validate(row) for row in alone],
    )


@router.post("/guardian-review/{guardianship_id}/end", status_code=204, responses=problem_responses(409))
def end(guardianship_id: UUID, body: Reason, who: Guard, session: SessionDep, clock: ClockDep) -> None:
    """End a guardianship that is at fault."""
    guardians.end_as_staff(session, clock, guardianship_id, actor_id=who.user_id, reason=body.reason)
