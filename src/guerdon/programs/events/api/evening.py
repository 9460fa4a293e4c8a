"""What comes of an evening, over HTTP: results, points for special activities, and the dashboards."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from guerdon.http.access import Principal, requires
from guerdon.http.idempotency import OnceDep
from guerdon.http.openapi import problem_responses
from guerdon.http.schemas import Day
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.programs.events.api.evening_bodies import (
    AwardIn,
    AwardOut,
    CohortOut,
    FiguresOut,
    IssuedOut,
    ReasonIn,
    ResultOut,
    ResultsIn,
    TurnoutOut,
)
from guerdon.programs.events.models import Award
from guerdon.programs.events.service import figures, reading, results, specials

router = APIRouter()

Awarder = Annotated[Principal, Depends(requires("events:award"))]
Reporter = Annotated[Principal, Depends(requires("events:report"))]


@router.get("/results/{event_id}")
def list_results(event_id: UUID, _who: Awarder, session: SessionDep) -> list[ResultOut]:
    """The places of an event, the first one first."""
    reading.get(session, event_id)
    return _shown(session, event_id)


@router.post("/results/{event_id}", responses=problem_responses(403, 409, 422))
def enter_results(
    event_id: UUID, body: ResultsIn, who: Awarder, session: SessionDep, clock: ClockDep
) -> list[ResultOut]:
    """Enter places of attendees, all or none. A place that stands is left alone; another one replaces it."""
    placings = [results.Placing(each.user_id, each.placed, each.note) for each in body.results]
    results.enter_results(session, clock, event_id, placings, actor_id=who.user_id)
    return _shown(session, event_id)


@router.post("/results/{event_id}/{result_id}/withdraw", responses=problem_responses(403))
def withdraw_result(
    event_id: UUID, result_id: UUID, body: ReasonIn, who: Awarder, session: SessionDep, clock: ClockDep
) -> list[ResultOut]:
    """Take a place back, with what it earned as far as that remains."""
    results.withdraw_result(session, clock, result_id, actor_id=who.user_id, reason=body.reason)
    return _shown(session, event_id)


def _shown(session: SessionDep, event_id: UUID) -> list[ResultOut]:
    return [
        ResultOut(
            id=each.result.id,
            user_id=each.result.user_id,
            name=each.name,
            placed=each.result.placed,
            note=each.result.note,
            recorded_at=each.result.recorded_at,
        )
        for each in results.results_of(session, event_id)
    ]


@router.post("/awards", status_code=201, response_model=AwardOut, responses=problem_responses(403, 404, 409, 422))
def award(body: AwardIn, who: Awarder, session: SessionDep, clock: ClockDep, once: OnceDep) -> Response:
    """Give a member points for a special activity. Needs an ``Idempotency-Key``; never to oneself."""

    def effect() -> AwardOut:
        made = specials.award(
            session,
            clock,
            body.user_id,
            points=body.points,
            title=body.title,
            reason=body.reason,
            actor_id=who.user_id,
            event_id=body.event_id,
        )
        return _award(made)

    return once.run(effect, status=201)


@router.post("/awards/{award_id}/withdraw", responses=problem_responses(403))
def withdraw_award(award_id: UUID, body: ReasonIn, who: Awarder, session: SessionDep, clock: ClockDep) -> AwardOut:
    """Take points back that were given, as far as they remain."""
    return _award(specials.withdraw_award(session, clock, award_id, actor_id=who.user_id, reason=body.reason))


def _award(made: Award) -> AwardOut:
    return AwardOut(
        id=made.id,
        user_id=made.user_id,
        event_id=made.event_id,
        title=made.title,
        points=made.points,
        reason=made.reason,
        awarded_at=made.awarded_at,
        withdrawn_at=made.withdrawn_at,
    )


@router.get("/figures")
def show_figures(
    _who: Reporter,
    session: SessionDep,
    clock: ClockDep,
    since: Annotated[Day, Query(description="First day.", examples=["2026-01-01"])],
    until: Annotated[Day, Query(description="Last day.", examples=["2026-03-31"])],
) -> FiguresOut:
    """Attendance, no-shows, retention by cohort and points issued; by weeks up to half a year, by months beyond."""
    chosen, now = figures.Range(since, until), clock.now()
    return FiguresOut(
        step=chosen.step.value,
        turnout=[
            TurnoutOut(start=each.start, events=each.events, came=each.came, walk_ins=each.walk_ins, absent=each.absent)
            for each in figures.turnout(session, chosen, now)
        ],
        cohorts=[
            CohortOut(month=each.month, size=each.size, returned=dict(each.returned))
            for each in figures.cohorts(session, chosen, now)
        ],
        issued=[
            IssuedOut(start=each.start, points=dict(each.by_kind)) for each in figures.issued(session, chosen, now)
        ],
    )
