"""The reading club over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from guerdon.http.access import Principal, requires
from guerdon.http.idempotency import OnceDep
from guerdon.http.schemas import Schema, Text
from guerdon.http.transaction import ClockDep, SessionDep
from reading_club import service

router = APIRouter()
Member = Annotated[Principal, Depends(requires("reading:record"))]


class ReadingIn(Schema):
    """What somebody has read."""

    book: Text = Field(min_length=1, max_length=200, examples=["So Long a Letter"])
    pages: int = Field(strict=True, ge=1, le=2_000, examples=[42])


class ReadingOut(Schema):
    """What became of it: ``points`` is what the pages earned."""

    activity_id: UUID | None
    points: int = Field(examples=[42])


@router.post("/entries", status_code=201, response_model=ReadingOut)
def add_entry(body: ReadingIn, who: Member, session: SessionDep, clock: ClockDep, once: OnceDep) -> Response:
    """Record pages that you have read."""

    def effect() -> ReadingOut:
        outcome = service.read(session, clock, who.user_id, body.book, body.pages, key=f"reading:{once.key}")
        return ReadingOut(activity_id=outcome.activity_id, points=sum(award.amount_minor for award in outcome.awards))

    return once.run(effect)
