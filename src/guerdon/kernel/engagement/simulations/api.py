"""``/api/v1/engagement``: what a version of a rule would have paid."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.money import to_text
from guerdon.http.access import Principal, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.engagement.simulations.jobs import SIMULATE
from guerdon.kernel.engagement.simulations.models import Simulation
from guerdon.kernel.engagement.simulations.schemas import Difference, SimulationIn, SimulationOut, SpreadStep, Tally
from guerdon.kernel.engagement.simulations.service import running
from guerdon.kernel.ledger.catalogue import unit_of
from guerdon.worker.queue import enqueue

router = APIRouter(prefix="/api/v1/engagement", tags=["engagement"])

Reader = Annotated[Principal, Depends(requires("engagement:read"))]


@router.post("/rules/{rule_id}/simulations", status_code=202, responses=problem_responses(404, 409))
def begin_simulation(
    rule_id: UUID, body: SimulationIn, who: Reader, session: SessionDep, clock: ClockDep
) -> SimulationOut:
    """Find out, in the background, what a version would have paid for what happened in a period. Nothing moves."""
    return show(session, start(session, clock, rule_id, since=body.since, until=body.until, actor_id=who.user_id))


@router.get("/simulations/{simulation_id}", responses=problem_responses(404))
def show_simulation(simulation_id: UUID, _who: Reader, session: SessionDep) -> SimulationOut:
    """How far a simulation is, and what it has found so far."""
    return show(session, running.get(session, simulation_id))


def start(
    session: Session, clock: Clock, rule_id: UUID, *, since: datetime, until: datetime, actor_id: UUID
) -> Simulation:
    """Begin one and queue its work."""
    begun = running.begin(session, clock, rule_id, since=since, until=until, actor_id=actor_id)
    enqueue(session, SIMULATE, simulation_id=begun.id)
    return begun


def show(session: Session, found: Simulation) -> SimulationOut:
    """A simulation as it is answered."""
    unit = unit_of(session, rules.get(session, found.rule_id).unit_code)
    tally = Tally.read(found.tally)

    def decimal(amount_minor: int) -> str:
        return to_text(amount_minor, unit.scale)

    return SimulationOut(
        id=found.id,
        rule_id=found.rule_id,
        status=found.status,
        since=found.since,
        until=found.until,
        members_done=found.members_done,
        members_total=found.members_total,
        unit=unit.code,
        facts=tally.facts,
        members=tally.members,
        granted=tally.granted,
        granted_before=tally.was_granted,
        paid=decimal(tally.paid_minor),
        paid_before=decimal(tally.was_minor),
        gaining=tally.gaining,
        losing=tally.losing,
        refusals=tally.refusals,
        spread=[
            SpreadStep(from_amount=decimal(start), members=would, members_before=did)
            for start, would, did in running.sizes(tally)
        ],
        gainers=[Difference(member=UUID(owner), difference=decimal(amount)) for amount, owner in tally.gainers],
        losers=[Difference(member=UUID(owner), difference=decimal(amount)) for amount, owner in tally.losers],
        problem=found.problem,
        created_at=found.created_at,
        ended_at=found.ended_at,
    )
