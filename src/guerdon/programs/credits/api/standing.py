"""Where members stand: summary, statement and leaderboard."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from guerdon.http.access import Principal, requires
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.identity.service.accounts import get_account
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.api.bodies import EntryOut
from guerdon.kernel.ledger.api.shapes import show_entry
from guerdon.kernel.ledger.schemas import Entry
from guerdon.programs.credits.api.bodies import LeaderboardOut, SummaryOut
from guerdon.programs.credits.api.shapes import SinceQuery, UntilQuery, show_place, show_summary
from guerdon.programs.credits.service import reading

router = APIRouter()

Member = Annotated[Principal, Depends(requires("credits:contribute"))]
Reviewer = Annotated[Principal, Depends(requires("credits:review"))]


@router.get("/summary")
def get_summary(who: Member, session: SessionDep, clock: ClockDep) -> SummaryOut:
    """Where you stand: balance, tier with progress, and what came from what."""
    return show_summary(reading.summary(session, who.user_id, clock.now()))


@router.get("/members/{user_id}/summary")
def get_summary_of(user_id: UUID, _who: Reviewer, session: SessionDep, clock: ClockDep) -> SummaryOut:
    """Where a member stands."""
    get_account(session, user_id)
    return show_summary(reading.summary(session, user_id, clock.now()))


@router.get("/statement")
def list_statement(
    who: Member,
    session: SessionDep,
    clock: ClockDep,
    since: SinceQuery = None,
    until: UntilQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EntryOut]:
    """Every change of your balance of credits, with the balance before and after, the latest first."""
    before = decode_cursor(cursor, UUID)
    found = ledger.statement(
        session,
        who.user_id,
        clock.now(),
        unit="CREDIT",
        before=before[0] if before else None,
        since=since,
        until=until,
        limit=limit + 1,
    )
    return page_of(found, limit, show=show_entry, key=_key)


def _key(entry: Entry) -> tuple[UUID]:
    return (entry.transfer_id,)


@router.get("/leaderboard")
def get_leaderboard(
    who: Member,
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=100, description="How many places at most.")] = 10,
) -> LeaderboardOut:
    """The highest balances, and your own place among all."""
    own = reading.place_of(session, who.user_id)
    return LeaderboardOut(
        items=[show_place(row) for row in reading.leaderboard(session, reader_id=who.user_id, limit=limit)],
        own=show_place(own) if own else None,
    )
