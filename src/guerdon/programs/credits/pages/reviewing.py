"""Staff's queue: what waits, what was decided, and deciding, one by one or many at once."""

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import FieldError, GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.identity.service.accounts import names_of
from guerdon.programs.credits.errors import (
    ContributionChangedError,
    CreditsSpentError,
    OwnContributionError,
    TransitionRefusedError,
)
from guerdon.programs.credits.models import Contribution, ContributionStatus
from guerdon.programs.credits.pages.asked import ALL, PAGE_SIZE, AskedFor, decimal_of, shown_and_next
from guerdon.programs.credits.pages.shown import AS_IS, credits_named, happenings, page
from guerdon.programs.credits.schemas import BulkOutcome, Filters, Listed
from guerdon.programs.credits.service import photos, reading, reviewing
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of, viewing

router = APIRouter(prefix="/staff/credits")

Reviewer = Annotated[Principal, Depends(requires("credits:review"))]

RECENT = 30
REASONS = (
    msgid("A photo or a receipt is missing."),
    msgid("We have no use for it at present."),
    msgid("The amount does not match what we received."),
    msgid("It was submitted twice."),
    msgid("Nobody could confirm it."),
)
"""What staff often write to members; suggestions, any other text will do."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the queue; ``ticket`` is what its box sends: the contribution, and the revision that was looked at."""

    listed: Listed
    own: bool

    @property
    def ticket(self) -> str:
        """Id and revision."""
        contribution = self.listed.contribution
        return f"{contribution.id}:{contribution.revision}"


@router.get("")
def show_queue(request: Request, who: Reviewer, session: SessionDep, asked: AskedFor) -> Response:
    """Contributions in the order in which they were submitted; those that wait unless asked otherwise."""
    return _queue(request, session, who, asked, FormState())


def _queue(
    request: Request, session: Session, who: Principal, asked: AskedFor, state: FormState, status: int = 200
) -> Response:
    filters = asked.filters()
    if not asked.values["status"]:
        filters = replace(filters, status=ContributionStatus.PENDING)
    rows = reading.listed(session, filters, oldest_first=True, after=asked.after, limit=PAGE_SIZE + 1)
    shown, following = shown_and_next(rows)
    context = {
        "rows": [Waiting(row, row.contribution.user_id == who.user_id) for row in shown],
        "asked": asked,
        "member": names_of(session, [asked.member]).get(asked.member) if asked.member else None,
        "waiting": reading.count_pending(session),
        "next_cursor": following,
        "reasons": REASONS,
        "state": state,
        "ALL": ALL,
    }
    return page(request, "staff/queue.html", context, status)


@router.get("/recent")
def show_recent(request: Request, _who: Reviewer, session: SessionDep) -> Response:
    """What was approved last."""
    context = {"rows": reading.recently_approved(session, limit=RECENT), "waiting": reading.count_pending(session)}
    return page(request, "staff/recent.html", context)


@router.post("/decisions")
def decide_many(
    request: Request,
    who: Reviewer,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    asked: AskedFor,
    sent: SentForm,
) -> Response:
    """Approve or reject those that were ticked, each for itself."""
    revisions = dict(filter(None, map(_ticket, sent.many("ids"))))
    if not revisions or sent.get("decision") not in ("approve", "reject"):
        flash(request, msgid("Nothing was decided: tick what you decide on, then press Approve or Reject."), "warning")
        return redirect(request, "/staff/credits")
    rejecting = sent.get("decision") == "reject"
    try:
        reason = reviewing.checked_reason(sent.get("reason")) if rejecting else None
    except FieldError as exc:
        state = FormState.refused({**sent, "ids": sent.many("ids")}, exc, viewer_of(request).translator)
        return _queue(request, session, who, asked, state, exc.status)

    def decide(contribution_id: UUID) -> Contribution:
        revision = revisions[contribution_id]
        if reason is not None:
            return reviewing.reject(session, clock, who.user_id, contribution_id, reason=reason, revision=revision)
        return reviewing.approve(session, clock, who.user_id, contribution_id, revision=revision)

    outcomes = reviewing.decide_many(session, list(revisions), decide)
    if all(outcome.error is None for outcome in outcomes):
        _tell_done(request, len(outcomes), rejecting=rejecting)
        return redirect(request, "/staff/credits")
    return _outcomes(request, session, outcomes, rejecting=rejecting)


def _ticket(text: str) -> tuple[UUID, int | None] | None:
    contribution_id, _, revision = text.partition(":")
    try:
        return UUID(contribution_id), int(revision) if revision else None
    except ValueError:
        return None


def _tell_done(request: Request, number: int, *, rejecting: bool) -> None:
    ngettext = viewer_of(request).translator.ngettext
    text = (
        ngettext("{number} contribution rejected.", "{number} contributions rejected.", number)
        if rejecting
        else ngettext("{number} contribution approved.", "{number} contributions approved.", number)
    )
    flash(request, AS_IS, text=text)


def _outcomes(request: Request, session: Session, outcomes: list[BulkOutcome], *, rejecting: bool) -> Response:
    known = reading.of_ids(session, {outcome.contribution_id for outcome in outcomes})
    translate = viewer_of(request).translator.translate_error
    rows = [
        {
            "id": outcome.contribution_id,
            "contribution": known.get(outcome.contribution_id),
            "error": translate(outcome.error) if isinstance(outcome.error, GuerdonError) else None,
        }
        for outcome in outcomes
    ]
    rows.sort(key=lambda row: row["error"] is None)
    context = {
        "rows": rows,
        "rejecting": rejecting,
        "done": sum(row["error"] is None for row in rows),
        "failed": sum(row["error"] is not None for row in rows),
        "waiting": reading.count_pending(session),
    }
    return page(request, "staff/outcome.html", context)


@router.get("/{contribution_id}")
def show(request: Request, contribution_id: UUID, who: Reviewer, session: SessionDep, clock: ClockDep) -> Response:
    """One contribution with all that one needs to decide."""
    return _show(request, session, clock, who, contribution_id)


def _show(
    request: Request,
    session: Session,
    clock: Clock,
    who: Principal,
    contribution_id: UUID,
    *,
    state: FormState | None = None,
    open_form: str = "",
    problem: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    listed = reading.get(session, contribution_id)
    contribution = listed.contribution
    with viewing(viewer_of(request)):
        history = happenings(session, contribution)
    past = reading.listed(session, Filters(user_id=contribution.user_id), after=None, limit=7)
    context = {
        "listed": listed,
        "contribution": contribution,
        "photos": photos.of(session, contribution_id),
        "address": photos.address,
        "history": history,
        "standing": reading.summary(session, contribution.user_id, clock.now()),
        "past": [row.contribution for row in past if row.contribution.id != contribution_id][:6],
        "own": contribution.user_id == who.user_id,
        "following": reading.next_pending(session, who.user_id, (contribution.created_at, contribution.id)),
        "waiting": reading.count_pending(session),
        "reasons": REASONS,
        "state": state or FormState(),
        "open_form": open_form,
        "problem": problem,
    }
    return page(request, "staff/review.html", context, status)


@router.post("/{contribution_id}/{decision}")
def decide(
    request: Request,
    contribution_id: UUID,
    decision: str,
    who: Reviewer,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Approve, reject, reopen or correct one; whatever is refused is said on the page with what it is now."""
    if decision not in _DONE:
        return redirect(request, f"/staff/credits/{contribution_id}")
    try:
        with attempt(session):
            contribution = _decide(request, session, clock, who, contribution_id, decision, sent)
    except FieldError as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _show(request, session, clock, who, contribution_id, state=state, open_form=decision, status=exc.status)
    except (ContributionChangedError, TransitionRefusedError, OwnContributionError, CreditsSpentError) as exc:
        session.expire_all()
        told = viewer_of(request).translator.translate_error(exc)
        return _show(request, session, clock, who, contribution_id, problem=told, status=exc.status)
    with viewing(viewer_of(request)):
        flash(request, _DONE[decision], credits=credits_named(contribution.calculated_credits))
    return redirect(request, f"/staff/credits/{contribution_id}")


_DONE = {
    "approve": msgid("Approved: {credits} are on the member's balance."),
    "reject": msgid("Rejected. The member can read why."),
    "reopen": msgid("Reopened: it waits for review again, and what was credited is taken back."),
    "credits": msgid("Changed: it is worth {credits} now."),
    "recalculate": msgid("Worked out anew by today's rule: {credits}."),
}


def _decide(
    request: Request, session: Session, clock: Clock, who: Principal, contribution_id: UUID, decision: str, sent: Sent
) -> Contribution:
    text = sent.get("revision", "")
    revision = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
    reason = sent.get("reason", "")
    if decision == "approve":
        given = decimal_of(sent, "credits", viewer_of(request).locale)
        return reviewing.approve(
            session, clock, who.user_id, contribution_id, revision=revision, credits=given, reason=reason or None
        )
    if decision == "reject":
        return reviewing.reject(session, clock, who.user_id, contribution_id, reason=reason, revision=revision)
    if decision == "reopen":
        return reviewing.reopen(session, clock, who.user_id, contribution_id, reason=reason)
    if decision == "recalculate":
        return reviewing.recalculate(session, clock, who.user_id, contribution_id)
    given = decimal_of(sent, "credits", viewer_of(request).locale)
    if given is None:
        raise AmountMissingError(field="credits", problem="")
    return reviewing.change_credits(session, clock, who.user_id, contribution_id, credits=given, reason=reason)


class AmountMissingError(FieldError):
    """A correction without the amount."""

    code = "amount-missing"
    message = "Enter how many credits it is worth."
    remedy = "Use a number with at most two decimals."
