"""Badges for members: theirs and those that they can reach."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from guerdon.http.access import SignedIn
from guerdon.http.openapi import problem_responses
from guerdon.http.schemas import Text
from guerdon.http.transaction import SessionDep
from guerdon.kernel.engagement.badges.api.shapes import Shaper
from guerdon.kernel.engagement.badges.schemas import MyBadge
from guerdon.kernel.engagement.badges.service import reading

router = APIRouter()
Program = Annotated[Text | None, Query(max_length=100)]


@router.get("/badges")
def list_badges(request: Request, who: SignedIn, session: SessionDep, program: Program = None) -> list[MyBadge]:
    """The badges that you have and those that you can reach, with your progress; hidden ones once you have them."""
    shaper = Shaper(request, session)
    return [shaper.progress(each) for each in reading.of_member(session, who.user_id, program)]


@router.get("/badges/{badge_id}", responses=problem_responses(404))
def show_badge(request: Request, badge_id: UUID, who: SignedIn, session: SessionDep) -> MyBadge:
    """One badge, with your progress."""
    return Shaper(request, session).progress(reading.one_of_member(session, who.user_id, badge_id))
