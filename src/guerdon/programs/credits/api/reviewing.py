"""Staff's part: the queue, deciding, correcting, undoing."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.idempotency import OnceIfKeyedDep
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, LIMIT_MAX, Cursor, Limit, Page
from guerdon.http.problems import problem, translator
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.programs.credits.api.bodies import (
    Approval,
    BulkAction,
    BulkIn,
    BulkItem,
    BulkOut,
    ContributionOut,
    Correction,
    Rejection,
    Reopening,
)
from guerdon.programs.credits.api.shapes import (
    SearchQuery,
    SinceQuery,
    UntilQuery,
    page_of_contributions,
    show,
    show_one,
)
from guerdon.programs.credits.models import Contribution, ContributionStatus, ContributionType
from guerdon.programs.credits.schemas import Filters
from guerdon.programs.credits.service import photos, reading, reviewing

router = APIRouter(prefix="/review")

Reviewer = Annotated[Principal, Depends(requires("credits:review"))]


@router.get("/queue")
def list_queue(
    _who: Reviewer,
    session: SessionDep,
    type: Annotated[ContributionType | None, Query(description="What was given.")] = None,  # noqa: A002 - its name
    user_id: Annotated[UUID | None, Query(description="Of one member.")] = None,
    since: SinceQuery = None,
    until: UntilQuery = None,
    search: SearchQuery = "",
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ContributionOut]:
    """What waits for review, in the order in which it was submitted."""
    filters = Filters(
        status=ContributionStatus.PENDING, type=type, user_id=user_id, search=search, since=since, until=until
    )
    return page_of_contributions(session, filters, limit, cursor, oldest_first=True)


@router.get("/recent")
def list_recent(
    _who: Reviewer, session: SessionDep, limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
) -> list[ContributionOut]:
    """What was approved last, the latest first."""
    rows = reading.recently_approved(session, limit=limit)
    pictures = photos.of_many(session, [row.contribution.id for row in rows])
    return [show(row, pictures.get(row.contribution.id, ())) for row in rows]


@router.post("/bulk", response_model=BulkOut)
def decide_many(
    body: BulkIn, request: Request, who: Reviewer, session: SessionDep, clock: ClockDep, once: OnceIfKeyedDep
) -> Response:
    """Decide on many contributions; one that is refused does not hold up the others. The answer has a verdict for each.

    With an ``Idempotency-Key`` it is decided once, however often the request arrives.
    """
    translate = translator(request)

    def decide(contribution_id: UUID) -> Contribution:
        if body.action is BulkAction.APPROVE:
            return reviewing.approve(session, clock, who.user_id, contribution_id)
        return reviewing.reject(session, clock, who.user_id, contribution_id, reason=reason)

    def effect() -> BulkOut:
        outcomes = reviewing.decide_many(session, body.ids, decide)
        items = [
            BulkItem(
                id=each.contribution_id,
                done=each.error is None,
                problem=problem(each.error, translate) if isinstance(each.error, GuerdonError) else None,
            )
            for each in outcomes
        ]
        done = sum(item.done for item in items)
        return BulkOut(done=done, refused=len(items) - done, items=items)

    reason = reviewing.checked_reason(body.reason) if body.action is BulkAction.REJECT else ""
    return once.run(effect, status=200)


@router.post("/{contribution_id}/approve", response_model=ContributionOut, responses=problem_responses(409))
def approve(
    contribution_id: UUID, body: Approval, who: Reviewer, session: SessionDep, clock: ClockDep, once: OnceIfKeyedDep
) -> Response:
    """Approve a pending contribution; its credits are on the member's balance with the answer. Never one's own."""

    def effect() -> ContributionOut:
        reviewing.approve(
            session,
            clock,
            who.user_id,
            contribution_id,
            revision=body.revision,
            credits=body.credits,
            reason=body.reason,
        )
        return show_one(session, contribution_id)

    return once.run(effect, status=200)


@router.post("/{contribution_id}/reject", responses=problem_responses(409))
def reject(
    contribution_id: UUID, body: Rejection, who: Reviewer, session: SessionDep, clock: ClockDep
) -> ContributionOut:
    """Reject a pending contribution, with a reason that the member reads."""
    reviewing.reject(session, clock, who.user_id, contribution_id, reason=body.reason, revision=body.revision)
    return show_one(session, contribution_id)


@router.post("/{contribution_id}/reopen", response_model=ContributionOut, responses=problem_responses(409))
def reopen(
    contribution_id: UUID, body: Reopening, who: Reviewer, session: SessionDep, clock: ClockDep, once: OnceIfKeyedDep
) -> Response:
    """Undo a decision: it is pending again, and what was credited is taken back, unless the member has spent it."""

    def effect() -> ContributionOut:
        reviewing.reopen(session, clock, who.user_id, contribution_id, reason=body.reason)
        return show_one(session, contribution_id)

    return once.run(effect, status=200)


@router.post("/{contribution_id}/credits", response_model=ContributionOut, responses=problem_responses(409))
def correct(
    contribution_id: UUID, body: Correction, who: Reviewer, session: SessionDep, clock: ClockDep, once: OnceIfKeyedDep
) -> Response:
    """Give another amount than the rule does, before or after the approval, with a reason."""

    def effect() -> ContributionOut:
        reviewing.change_credits(session, clock, who.user_id, contribution_id, credits=body.credits, reason=body.reason)
        return show_one(session, contribution_id)

    return once.run(effect, status=200)


@router.post("/{contribution_id}/recalculate", responses=problem_responses(409))
def recalculate(contribution_id: UUID, who: Reviewer, session: SessionDep, clock: ClockDep) -> ContributionOut:
    """Work the credits of a pending contribution out anew, by the rule that is in force today."""
    reviewing.recalculate(session, clock, who.user_id, contribution_id)
    return show_one(session, contribution_id)
