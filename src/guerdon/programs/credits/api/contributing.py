"""The member's part: submitting, looking back, changing, withdrawing."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response

from guerdon.http.access import Principal, requires
from guerdon.http.idempotency import OnceIfKeyedDep
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page
from guerdon.http.transaction import ClockDep, SessionDep, act_as_staff
from guerdon.programs.credits.api.bodies import CONTRIBUTIONS, ContributionOut
from guerdon.programs.credits.api.shapes import (
    SearchQuery,
    SinceQuery,
    UntilQuery,
    page_of_contributions,
    show_one,
)
from guerdon.programs.credits.models import ContributionStatus, ContributionType
from guerdon.programs.credits.schemas import ContributionIn, Filters
from guerdon.programs.credits.service import submitting

router = APIRouter(prefix="/contributions")

Member = Annotated[Principal, Depends(requires("credits:contribute"))]
Given = Annotated[ContributionIn, Body(openapi_examples=CONTRIBUTIONS)]
SeenRevision = Annotated[
    int | None, Query(ge=1, lt=2**31, description="What you saw; refused with 409 if it has changed since.")
]


@router.post("", status_code=201, response_model=ContributionOut, responses=problem_responses(409))
def submit(body: Given, who: Member, session: SessionDep, clock: ClockDep, once: OnceIfKeyedDep) -> Response:
    """Put a contribution up for review; the answer says what it is worth by the rule in force.

    With an ``Idempotency-Key`` it is submitted once, however often the request arrives.
    """

    def effect() -> ContributionOut:
        made = submitting.submit(session, clock, who.user_id, body, zone=who.time_zone)
        return show_one(session, made.id)

    return once.run(effect, status=201)


@router.get("")
def list_own(
    who: Member,
    session: SessionDep,
    status: Annotated[ContributionStatus | None, Query(description="Where it stands.")] = None,
    type: Annotated[ContributionType | None, Query(description="What was given.")] = None,  # noqa: A002 - its name
    since: SinceQuery = None,
    until: UntilQuery = None,
    search: SearchQuery = "",
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ContributionOut]:
    """Your own contributions, the latest first."""
    filters = Filters(status=status, type=type, user_id=who.user_id, search=search, since=since, until=until)
    return page_of_contributions(session, filters, limit, cursor)


@router.get("/{contribution_id}")
def get_one(contribution_id: UUID, who: Member, session: SessionDep) -> ContributionOut:
    """One contribution: your own, or anybody's if you review."""
    if who.may("credits:review"):
        act_as_staff(session)
    else:
        submitting.get_own(session, who.user_id, contribution_id)
    return show_one(session, contribution_id)


@router.put("/{contribution_id}", responses=problem_responses(409))
def change(
    contribution_id: UUID,
    body: Given,
    who: Member,
    session: SessionDep,
    clock: ClockDep,
    revision: SeenRevision = None,
) -> ContributionOut:
    """Change what your contribution says while it is pending; its credits are worked out anew."""
    submitting.change(session, clock, who.user_id, contribution_id, body, revision=revision, zone=who.time_zone)
    return show_one(session, contribution_id)


@router.post("/{contribution_id}/withdraw", responses=problem_responses(409))
def withdraw(contribution_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> ContributionOut:
    """Take your pending contribution back; it stays in your history."""
    submitting.withdraw(session, clock, who.user_id, contribution_id)
    return show_one(session, contribution_id)


@router.post("/{contribution_id}/resubmit", responses=problem_responses(409))
def resubmit(contribution_id: UUID, who: Member, session: SessionDep) -> ContributionOut:
    """Put up again what you withdrew."""
    submitting.resubmit(session, who.user_id, contribution_id)
    return show_one(session, contribution_id)
