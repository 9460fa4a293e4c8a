"""Advances streaks as activities are recorded: a follower of counters.

Usually a period comes after the last one, and the run that is kept is led on. A late fact, or one that is withdrawn,
changes the past: then the run is worked out from the beginning, out of the counters.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.db.statement import Statement
from guerdon.kernel.engagement.activities.schemas import Batch, Consequences, CounterChange
from guerdon.kernel.engagement.streaks.calendar import distance
from guerdon.kernel.engagement.streaks.computing import Run, advance
from guerdon.kernel.engagement.streaks.service import bonuses, recomputing
from guerdon.kernel.engagement.streaks.service.definitions import Definition, definitions
from guerdon.kernel.engagement.streaks.service.neutrality import Neutrality

_KEPT = Statement(
    """
    SELECT owner_id, current, longest, freezes, started, last
    FROM engagement.streak_runs
    WHERE streak_id = :streak_id AND owner_id = ANY(CAST(:owners AS uuid[]))
    ORDER BY owner_id
    FOR UPDATE
    """
)
_KEEP = Statement(
    """
    INSERT INTO engagement.streak_runs
        (owner_id, streak_id, current, longest, freezes, started, last, updated_at)
    SELECT owner_id, CAST(:streak_id AS uuid), current, longest, freezes, started, last, :now
    FROM unnest(CAST(:owners AS uuid[]), CAST(:current AS integer[]), CAST(:longest AS integer[]),
        CAST(:freezes AS smallint[]), CAST(:started AS date[]), CAST(:last AS date[]))
        AS run(owner_id, current, longest, freezes, started, last)
    ORDER BY owner_id
    ON CONFLICT (owner_id, streak_id) DO UPDATE SET current = excluded.current, longest = excluded.longest,
        freezes = excluded.freezes, started = excluded.started, last = excluded.last, updated_at = excluded.updated_at
    """
)


def follow_streaks(session: Session, now: datetime, batch: Batch) -> Consequences:
    """Lead on the streaks that a batch touched, and say what bonuses fall due."""
    found = Consequences()
    known = definitions(session, batch.revision).watched
    if not known:
        return found
    touched: dict[UUID, tuple[Definition, dict[UUID, list[date]]]] = {}
    for change in batch.changes:
        for streak in known.get((change.metric_id, change.period), ()):
            if _crosses(change, streak.minimum):
                periods = touched.setdefault(streak.id, (streak, defaultdict(list)))[1]
                periods[change.owner_id].append(change.period_start)
    for streak, changed in touched.values():
        _follow(session, now, streak, changed, found, withdrawn=batch.withdrawn, unrewarded=batch.unrewarded)
    return found


def looks_at(session: Session, revision: UUID) -> Iterable[tuple[int, str]]:
    """The counters that active streaks count."""
    return definitions(session, revision).watched


def _crosses(change: CounterChange, minimum: int) -> bool:
    return (change.before >= minimum) != (change.after >= minimum)


def _follow(
    session: Session,
    now: datetime,
    streak: Definition,
    changed: Mapping[UUID, Sequence[date]],
    found: Consequences,
    *,
    withdrawn: bool,
    unrewarded: bool,
) -> None:
    runs = kept(session, streak.id, changed)
    late = {
        owner_id: periods for owner_id, periods in changed.items() if withdrawn or _is_late(runs.get(owner_id), periods)
    }
    leading = {owner_id: sorted(periods) for owner_id, periods in changed.items() if owner_id not in late}
    if leading:
        _lead_on(session, now, streak, leading, runs=runs, found=found, unrewarded=unrewarded)
    if late:
        recomputing.recompute(session, now, streak, late, found, withdrawn=withdrawn, unrewarded=unrewarded)


def _is_late(run: Run | None, periods: Iterable[date]) -> bool:
    return run is not None and run.last is not None and min(periods) <= run.last


def _lead_on(
    session: Session,
    now: datetime,
    streak: Definition,
    leading: Mapping[UUID, Sequence[date]],
    *,
    runs: Mapping[UUID, Run],
    found: Consequences,
    unrewarded: bool,
) -> None:
    gaps = {owner_id: periods for owner_id, periods in leading.items() if _has_gap(streak, runs.get(owner_id), periods)}
    neutrality: Neutrality | None = None
    if gaps:
        lasts = [run.last for owner_id in gaps if (run := runs.get(owner_id)) and run.last is not None]
        every = [period for periods in gaps.values() for period in periods]
        neutrality = Neutrality(session, streak, gaps, min([*lasts, *every]), max(every))
    after: dict[UUID, Run] = {}
    due: list[bonuses.Due] = []
    for owner_id, periods in leading.items():
        run = runs.get(owner_id, Run())
        neutral = neutrality.of(owner_id) if neutrality and owner_id in gaps else _counts
        for period in periods:
            run = advance(run, period, streak.rules, neutral)
            due.append(bonuses.Due(owner_id, period, run.current, 0))
        after[owner_id] = run
    keep(session, streak.id, after, now)
    paid = bonuses.pay(session, now, streak, due, found, unrewarded=unrewarded)
    for owner_id, run in after.items():
        tell(found, streak, owner_id, run, paid.get(owner_id, 0))


def _has_gap(streak: Definition, run: Run | None, periods: Sequence[date]) -> bool:
    """Whether periods lie between the run and those that follow it, or between these: only then is it asked which of
    them count."""
    chain = [run.last, *periods] if run is not None and run.last is not None else list(periods)
    return distance(chain[0], chain[-1], streak.rules.period) >= len(chain)


def _counts(_period: date) -> bool:
    return False


def kept(session: Session, streak_id: UUID, owners: Iterable[UUID]) -> dict[UUID, Run]:
    """The runs of some members as they are kept, locked until the transaction ends."""
    rows = _KEPT.rows(session, streak_id=streak_id, owners=list(owners))
    return {owner_id: Run(*run) for owner_id, *run in rows}


def keep(session: Session, streak_id: UUID, runs: Mapping[UUID, Run], now: datetime) -> None:
    """Write the runs of some members down."""
    if not runs:
        return
    values = list(runs.values())
    _KEEP.run(
        session,
        streak_id=streak_id,
        now=now,
        owners=list(runs),
        current=[run.current for run in values],
        longest=[run.longest for run in values],
        freezes=[run.freezes for run in values],
        started=[run.started for run in values],
        last=[run.last for run in values],
    )


def tell(found: Consequences, streak: Definition, owner_id: UUID, run: Run, bonus_minor: int) -> None:
    """Say in the outcome where a member stands."""
    document: dict[str, Any] = {
        "program": streak.program,
        "streak": streak.code,
        "period": streak.rules.period,
        "current": run.current,
        "longest": run.longest,
        "freezes": run.freezes,
    }
    if bonus_minor and streak.bonus:
        document["bonus"] = {"unit": streak.bonus.unit, "amount_minor": bonus_minor}
    found.documents.setdefault(owner_id, {}).setdefault("streaks", []).append(document)
