"""Simulations of everybody: a few hundred members at a time, so that one can watch, and nothing grows."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.db.database import Database
from guerdon.kernel.engagement.activities.models import Member
from guerdon.kernel.engagement.activities.service.book import compile_rule, load
from guerdon.kernel.engagement.errors import RuleEvaluationError
from guerdon.kernel.engagement.expressions import ExpressionError
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.engagement.simulations.errors import (
    SimulationNotFoundError,
    SimulationPeriodError,
    SimulationsRunningError,
)
from guerdon.kernel.engagement.simulations.models import Simulation
from guerdon.kernel.engagement.simulations.schemas import Tally
from guerdon.kernel.engagement.simulations.service.replaying import Question, replay

MEMBERS_AT_ONCE = 300
DAYS_MAX = 366
RUNNING_MAX = 3
KEEP = timedelta(days=30)
GIVE_UP = timedelta(days=1)


def last_month(now: datetime) -> tuple[datetime, datetime]:
    """The calendar month before, in the zone of ``now``: its first moment and the one after its last."""
    until = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (until - timedelta(days=1)).replace(day=1), until


def begin(
    session: Session, clock: Clock, rule_id: UUID, *, since: datetime, until: datetime, actor_id: UUID | None
) -> Simulation:
    """Begin a simulation; ``go_on`` does the work.

    Raises:
        RuleNotFoundError: there is no such version.
        SimulationPeriodError: the period is impossible.
        RuleEvaluationError: the version cannot be compiled.
        SimulationsRunningError: too many are running.
    """
    now = clock.now()
    rule = rules.get(session, rule_id)
    _check_period(since, until, now)
    ask(session, rule, since, until, now)
    running = session.scalars(select(func.count()).where(Simulation.status == "running")).one()
    if running >= RUNNING_MAX:
        raise SimulationsRunningError(number=running)
    simulation = Simulation(
        id=new_id(),
        rule_id=rule.id,
        since=since,
        until=until,
        members_total=count_members(session),
        tally=asdict(Tally()),
        created_by=actor_id,
    )
    session.add(simulation)
    session.flush()
    session.refresh(simulation)
    return simulation


def go_on(session: Session, clock: Clock, simulation_id: UUID) -> bool:
    """Take the next members. Returns whether there is more to do."""
    found = session.scalars(select(Simulation).where(Simulation.id == simulation_id).with_for_update()).one_or_none()
    if found is None or found.status != "running":
        return False
    now = clock.now()
    try:
        question = ask(session, rules.get(session, found.rule_id), found.since, found.until, now)
    except RuleEvaluationError as error:
        found.status, found.ended_at, found.problem = "failed", now, str(error)[:500]
        return False
    owners = next_members(session, found.after_id)
    tally = Tally.read(found.tally)
    replay(session, load(session), question, owners, tally)
    found.tally = asdict(tally)
    if owners:
        found.after_id = owners[-1]
        found.members_done = min(found.members_done + len(owners), found.members_total)
    if len(owners) < MEMBERS_AT_ONCE:
        found.status, found.ended_at, found.members_done = "done", now, found.members_total
    session.flush()
    return found.status == "running"


def simulate(
    database: Database,
    clock: Clock,
    rule_id: UUID,
    *,
    since: datetime,
    until: datetime,
    progress: Callable[[int], None],
) -> Tally:
    """The same at once, keeping nothing: for the command line.

    Args:
        progress: is told how many members more have been looked at.

    Raises:
        SimulationPeriodError: the period is impossible.
        RuleEvaluationError: the version cannot be compiled.
    """
    _check_period(since, until, clock.now())
    tally = Tally()
    after: UUID | None = None
    while True:
        with database.transaction() as session:
            question = ask(session, rules.get(session, rule_id), since, until, clock.now())
            owners = next_members(session, after)
            replay(session, load(session), question, owners, tally)
        progress(len(owners))
        if len(owners) < MEMBERS_AT_ONCE:
            return tally
        after = owners[-1]


def _check_period(since: datetime, until: datetime, now: datetime) -> None:
    if not timedelta(0) < until - since <= timedelta(days=DAYS_MAX) or since >= now:
        raise SimulationPeriodError(field="since", problem="", days_max=DAYS_MAX)


def ask(session: Session, rule: Rule, since: datetime, until: datetime, now: datetime) -> Question:
    """The version compiled.

    Raises:
        RuleEvaluationError: it cannot be.
    """
    try:
        return Question(compile_rule(rule, load(session).metrics), since, until, now)
    except ExpressionError as exc:
        name = f"{rule.program}.{rule.code}"
        raise RuleEvaluationError(rule=name, version=rule.version, **exc.details) from exc


def count_members(session: Session) -> int:
    """How many have any activities."""
    return session.scalars(select(func.count()).select_from(Member)).one()


def next_members(session: Session, after: UUID | None) -> list[UUID]:
    """The next members, by id."""
    query = select(Member.owner_id).order_by(Member.owner_id).limit(MEMBERS_AT_ONCE)
    return list(session.scalars(query if after is None else query.where(Member.owner_id > after)))


def get(session: Session, simulation_id: UUID) -> Simulation:
    """One simulation.

    Raises:
        SimulationNotFoundError: there is none of that id.
    """
    found = session.get(Simulation, simulation_id)
    if found is None:
        raise SimulationNotFoundError(what="simulation")
    return found


def give_up(session: Session, clock: Clock, under_way: Collection[UUID]) -> None:
    """Let those of a day ago end that nobody goes on with: others have to wait for what counts as running.

    Args:
        under_way: those that somebody will go on with.
    """
    now = clock.now()
    session.execute(
        update(Simulation)
        .where(Simulation.status == "running", Simulation.created_at <= now - GIVE_UP, Simulation.id.not_in(under_way))
        .values(status="failed", ended_at=now)
    )


def forget(session: Session, clock: Clock) -> int:
    """Forget simulations of a month ago: they name members. Returns how many."""
    gone = session.execute(
        delete(Simulation).where(Simulation.created_at < clock.now() - KEEP).returning(Simulation.id)
    )
    return len(gone.all())


def sizes(tally: Tally) -> Iterator[tuple[int, int, int]]:
    """The spread by size: from which amount in minor units, members of the version, members really."""
    for size in sorted({*tally.spread, *tally.was_spread}, key=int):
        start = 10 ** (int(size) - 1) if size != "0" else 0
        yield start, tally.spread.get(size, 0), tally.was_spread.get(size, 0)
