"""``/api/v1/activities``: what is on record of a member, and staff withdrawing what was not so."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from sqlalchemy.orm import Session

from guerdon.core.money import to_text
from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.problems import translator
from guerdon.http.schemas import Schema, Text
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.activities.api.reporting import Told
from guerdon.kernel.engagement.activities.api.shapes import ActivityOut, Answers
from guerdon.kernel.engagement.activities.service import reading, withdrawing
from guerdon.kernel.engagement.activities.service.reading import KeptActivity
from guerdon.kernel.engagement.explanation import Filling
from guerdon.kernel.ledger.catalogue import unit_of

router = APIRouter(prefix="/api/v1/activities", tags=["activities"])

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Withdrawer = Annotated[Principal, Depends(requires("activities:withdraw"))]
_formulas: dict[UUID, Filling] = {}


class TakenBackOut(Schema):
    """What became of an award of a withdrawn activity."""

    rule: str = Field(examples=["events.attendance"])
    unit: str = Field(examples=["POINT"])
    taken: str = Field(description="Decimal; taken back.", examples=["10"])
    kept: str = Field(description="Decimal; what the member keeps, because it was spent.", examples=["0"])


class WithdrawalOut(Schema):
    """That and why an activity was withdrawn."""

    at: datetime
    reason: str
    taken_back: list[TakenBackOut]


class KeptActivityOut(ActivityOut):
    """An activity on record."""

    title: str = Field(description="What kind it is, in the reader's language.")
    properties: dict[str, Any]
    source: str
    recorded_at: datetime
    withdrawn: WithdrawalOut | None = Field(description="Null unless it was withdrawn.")


class WithdrawalIn(Schema):
    """Why an activity was not so."""

    reason: Annotated[Text, Field(min_length=3, max_length=500)] = Field(examples=["The scanner was tried out."])


class _Shown:
    """Shows activities in the language of a request."""

    def __init__(self, request: Request, session: Session) -> None:
        self._translate = translator(request)
        self._answers = Answers(session, _formulas)
        self._session = session

    def __call__(self, kept: KeptActivity) -> KeptActivityOut:
        document = self._answers.document(Told(kept.fact, kept.outcome), self._translate)
        return KeptActivityOut(
            **document,
            title=self._translate(kept.title),
            properties=dict(kept.fact.properties),
            source=kept.fact.source,
            recorded_at=kept.recorded_at,
            withdrawn=self._withdrawal(kept),
        )

    def _withdrawal(self, kept: KeptActivity) -> WithdrawalOut | None:
        if kept.withdrawn is None:
            return None
        taken = [
            TakenBackOut(
                rule=each["rule"],
                unit=each["unit"],
                taken=to_text(each["taken_minor"], unit_of(self._session, each["unit"]).scale),
                kept=to_text(each["kept_minor"], unit_of(self._session, each["unit"]).scale),
            )
            for each in kept.withdrawn.taken_back
        ]
        return WithdrawalOut(at=kept.withdrawn.at, reason=kept.withdrawn.reason, taken_back=taken)


def _page(request: Request, session: Session, owner_id: UUID, limit: int, cursor: str | None) -> Page[KeptActivityOut]:
    after = decode_cursor(cursor, UUID)
    found = reading.history(session, owner_id, before=after[0] if after else None, limit=limit)
    return page_of(found, limit, show=_Shown(request, session), key=lambda kept: (kept.id,))


@router.get("/me")
def list_own(
    request: Request, who: SignedIn, session: SessionDep, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[KeptActivityOut]:
    """Your activities, the one recorded last first: what each earned, and why it did not."""
    return _page(request, session, who.user_id, limit, cursor)


@router.get("/members/{user_id}")
def list_of_member(
    request: Request,
    user_id: UUID,
    _who: Reader,
    session: SessionDep,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[KeptActivityOut]:
    """A member's activities, for staff."""
    return _page(request, session, user_id, limit, cursor)


@router.get("/members/{user_id}/{activity_id}", responses=problem_responses(404))
def show_of_member(
    request: Request, user_id: UUID, activity_id: UUID, _who: Reader, session: SessionDep
) -> KeptActivityOut:
    """One activity of a member, for staff."""
    return _Shown(request, session)(reading.get(session, user_id, activity_id))


@router.post("/members/{user_id}/{activity_id}/withdraw", responses=problem_responses(404, 409))
def withdraw(
    request: Request,
    user_id: UUID,
    activity_id: UUID,
    body: WithdrawalIn,
    who: Withdrawer,
    session: SessionDep,
    clock: ClockDep,
) -> KeptActivityOut:
    """Withdraw an activity that was not so: its awards are taken back as far as they are there."""
    withdrawing.withdraw_by_hand(session, clock, user_id, activity_id, actor_id=who.user_id, reason=body.reason)
    return _Shown(request, session)(reading.get(session, user_id, activity_id))


@router.get("/{activity_id}", responses=problem_responses(404))
def show_own(request: Request, activity_id: UUID, who: SignedIn, session: SessionDep) -> KeptActivityOut:
    """One of your activities."""
    return _Shown(request, session)(reading.get(session, who.user_id, activity_id))
