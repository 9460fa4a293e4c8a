"""Where members stand and what moves them: read, settled after each batch and once a day, told before a fall."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from babel.dates import format_date
from sqlalchemy import or_, select, text, update
from sqlalchemy.orm import Session

from guerdon.core.clock import local_date
from guerdon.core.money import to_text
from guerdon.kernel import messages
from guerdon.kernel.engagement.activities.models import Counter, Metric
from guerdon.kernel.engagement.activities.service.community import zone_of_community
from guerdon.kernel.engagement.ladders.models import TierChange, TierLadder, TierStandingRow
from guerdon.kernel.engagement.ladders.service.deciding import (
    Fall,
    Keeping,
    Ladder,
    State,
    amount_on,
    next_fall,
    step,
    window_start,
)
from guerdon.kernel.engagement.models import TierStep
from guerdon.kernel.engagement.schemas import Tier, TierStanding
from guerdon.kernel.engagement.service.tiers import place
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people.models import Profile
from guerdon.kernel.identity.people.service.profiles import notification_preferences
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.web.i18n import msgid, translator

BATCH = 1_000
_AMOUNTS = text("SELECT owner_id, amount FROM engagement.tier_amounts(:program, CAST(:ids AS uuid[]), :at)")
_SETTLE = text(
    """
    INSERT INTO engagement.tier_standings AS k (owner_id, program, tier_code, since, short_since, settled_on)
    SELECT owner_id, :program, tier_code, :now, short_since, :day
    FROM unnest(CAST(:ids AS uuid[]), CAST(:codes AS text[]), CAST(:shorts AS date[]))
        AS n (owner_id, tier_code, short_since)
    ORDER BY owner_id
    ON CONFLICT (owner_id, program) DO UPDATE
    SET tier_code = excluded.tier_code, short_since = excluded.short_since,
        settled_on = greatest(k.settled_on, excluded.settled_on),
        since = CASE WHEN k.tier_code = excluded.tier_code THEN k.since ELSE excluded.since END
    RETURNING k.owner_id, old.tier_code AS before, new.tier_code AS after
    """
)
_UNSETTLED = text("SELECT owner_id FROM engagement.tiers_unsettled(:program, :limit, :now)")


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a member stands on a ladder.

    Attributes:
        standing: tier, the one above, what is missing to it and the progress.
        since: when they came there; None if they have always stood there.
        fall: what comes if nothing more is earned, if anything does.
    """

    ladder: Ladder
    standing: TierStanding
    since: datetime | None
    fall: Fall | None

    @property
    def falls_to(self) -> Tier | None:
        """The tier after the fall."""
        return self.ladder.steps[self.fall.to] if self.fall else None


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody who has come to another tier."""

    owner_id: UUID
    before: str
    after: str
    rose: bool


def ladders(session: Session) -> dict[str, Ladder]:
    """Every program's ladder."""
    units = catalogue(session).units_by_id
    kept = {row.program: row for row in session.scalars(select(TierLadder))}
    steps: dict[str, list[TierStep]] = {}
    for row in session.scalars(select(TierStep).order_by(TierStep.program, TierStep.threshold_minor)):
        steps.setdefault(row.program, []).append(row)
    return {
        program: Ladder(
            program,
            units[rows[0].unit_id].code,
            units[rows[0].unit_id].scale,
            tuple(Tier(row.code, row.name, row.threshold_minor) for row in rows),
            _keeping(kept.get(program)),
        )
        for program, rows in steps.items()
    }


def _keeping(row: TierLadder | None) -> Keeping:
    if row is None:
        return Keeping()
    return Keeping(
        row.basis,
        row.window_unit,
        row.window_length,
        row.downgrade,
        row.review_period,
        row.grace_days,
        row.notice_days,
    )


def today(session: Session, now: datetime) -> date:
    """The community's day."""
    return local_date(now, zone_of_community(session))


def amounts(session: Session, ladder: Ladder, owner_ids: Sequence[UUID], now: datetime) -> dict[UUID, int]:
    """What counts for members now; 0 for those of whom nothing is known."""
    values = {"program": ladder.program, "ids": list(owner_ids), "at": now}
    found = {owner_id: int(amount) for owner_id, amount in session.execute(_AMOUNTS, values)}
    return {owner_id: found.get(owner_id, 0) for owner_id in owner_ids}


def _earned_by_day(
    session: Session, ladder: Ladder, owner_ids: Sequence[UUID], since: date
) -> dict[UUID, list[tuple[date, int]]]:
    unit_id = catalogue(session).unit_id(ladder.unit)
    query = (
        select(Counter.owner_id, Counter.period_start, Counter.value)
        .join(Metric, Metric.id == Counter.metric_id)
        .where(Metric.unit_id == unit_id, Counter.period == "day", Counter.period_start >= since)
        .where(Counter.owner_id.in_(owner_ids))
        .order_by(Counter.owner_id, Counter.period_start)
    )
    found: dict[UUID, list[tuple[date, int]]] = {}
    for owner_id, day, value in session.execute(query):
        found.setdefault(owner_id, []).append((day, value))
    return found


def _states(session: Session, ladder: Ladder, owner_ids: Sequence[UUID], *, lock: bool = False) -> dict[UUID, Any]:
    query = select(TierStandingRow).where(
        TierStandingRow.program == ladder.program, TierStandingRow.owner_id.in_(owner_ids)
    )
    if lock:
        query = query.order_by(TierStandingRow.owner_id).with_for_update()
    return {row.owner_id: row for row in session.scalars(query.execution_options(populate_existing=True))}


def current(
    session: Session, found: Mapping[str, Ladder], owner_ids: Sequence[UUID], now: datetime
) -> dict[UUID, dict[str, str]]:
    """The code of the tier on which members stand in each program, in sets; ``engagement.tier_of`` says the same."""
    result: dict[UUID, dict[str, str]] = {owner_id: {} for owner_id in owner_ids}
    for program, ladder in found.items():
        counted = amounts(session, ladder, owner_ids, now)
        states = _states(session, ladder, owner_ids) if ladder.keeping.remembers else {}
        for owner_id, amount in counted.items():
            settled = ladder.number(states[owner_id].tier_code) if owner_id in states else 0
            result[owner_id][program] = ladder.steps[max(settled, ladder.reached(amount))].code
    return result


def kept(session: Session, ladder: Ladder, owner_id: UUID, now: datetime) -> Kept:
    """Where a member stands, how far the next tier is, and what comes if nothing more is earned."""
    amount = amounts(session, ladder, [owner_id], now)[owner_id]
    row = _states(session, ladder, [owner_id]).get(owner_id)
    remembered = ladder.number(row.tier_code) if row is not None and ladder.keeping.remembers else 0
    number = max(remembered, ladder.reached(amount))
    since = row.since if row is not None and row.tier_code == ladder.steps[number].code else None
    fall = None
    if ladder.keeping.remembers:
        day = today(session, now)
        short = row.short_since if row is not None and ladder.reached(amount) < number else None
        state = State(number, day, short)
        fall = next_fall(ladder, state, _window(session, ladder, owner_id, day), amount)
    return Kept(ladder, _standing(ladder, number, amount), since, fall)


def _window(session: Session, ladder: Ladder, owner_id: UUID, day: date) -> list[tuple[date, int]]:
    if ladder.keeping.basis != "window":
        return []
    return _earned_by_day(session, ladder, [owner_id], window_start(ladder.keeping, day)).get(owner_id, [])


def _standing(ladder: Ladder, number: int, amount: int) -> TierStanding:
    reached = place(ladder.steps, amount)
    if ladder.steps[number] == reached.tier:
        return reached
    following = ladder.steps[number + 1] if number + 1 < len(ladder.steps) else None
    missing = following.threshold_minor - max(amount, 0) if following else 0
    return TierStanding(ladder.steps[number], following, amount, missing, 0.0 if following else 1.0)


def settle(session: Session, ladder: Ladder, owner_ids: Iterable[UUID], now: datetime) -> list[Moved]:
    """Bring members' standings up to now, day by day since they were last settled, and write down who moved."""
    ids = sorted(set(owner_ids))
    if not ids:
        return []
    states = _states(session, ladder, ids, lock=True)
    counted = amounts(session, ladder, ids, now)
    day = today(session, now)
    oldest = min((row.settled_on for row in states.values()), default=day)
    earned = (
        _earned_by_day(session, ladder, ids, window_start(ladder.keeping, min(oldest, day)))
        if ladder.keeping.basis == "window"
        else {}
    )
    settled = [_settled(ladder, states.get(each), day, earned.get(each, []), counted[each]) for each in ids]
    rows = session.execute(
        _SETTLE,
        {
            "program": ladder.program,
            "now": now,
            "day": day,
            "ids": ids,
            "codes": [ladder.steps[state.step].code for state in settled],
            "shorts": [state.short_since for state in settled],
        },
    ).all()
    moved = []
    for row in rows:
        before, after = ladder.number(row.before or ladder.steps[0].code), ladder.number(row.after)
        if before != after:
            moved.append(Moved(row.owner_id, ladder.steps[before].code, row.after, after > before))
    fallen = "short" if ladder.keeping.remembers or ladder.keeping.basis == "balance" else "reversed"
    session.add_all(
        TierChange(
            owner_id=each.owner_id,
            program=ladder.program,
            from_code=each.before,
            to_code=each.after,
            reason="earned" if each.rose else fallen,
            amount_minor=counted[each.owner_id],
            changed_at=now,
        )
        for each in moved
    )
    session.flush()
    return moved


def _settled(
    ladder: Ladder, row: TierStandingRow | None, day: date, earned: Sequence[tuple[date, int]], amount: int
) -> State:
    if row is None:
        return State(ladder.reached(amount), day)
    state = State(ladder.number(row.tier_code), row.settled_on, row.short_since)
    by_day = ladder.keeping.basis == "window"
    # Day by day, because a window shrinks and grace ends while nobody looks. Of what is counted otherwise only the
    # present amount is known: who had enough when they were settled last is not held to have been short before today.
    while (by_day or state.short_since is not None) and state.settled_on < day - timedelta(days=1):
        following = state.settled_on + timedelta(days=1)
        state = step(ladder, state, following, amount_on(ladder.keeping, earned, following) if by_day else amount)
    return step(ladder, state, day, amount)


def history(session: Session, owner_id: UUID, program: str, *, limit: int = 50) -> Sequence[TierChange]:
    """A member's rises and falls in a program, the latest first."""
    query = select(TierChange).where(TierChange.owner_id == owner_id, TierChange.program == program)
    return session.scalars(query.order_by(TierChange.id.desc()).limit(limit)).all()


def review(session: Session, now: datetime) -> int:
    """Settle some of those whom a new day, or value moved in SQL, may have moved. Returns how many; 0 when all are."""
    day = today(session, now)
    done = 0
    for ladder in ladders(session).values():
        ids = list(session.scalars(_UNSETTLED, {"program": ladder.program, "limit": BATCH, "now": now}))
        ids += _unreviewed(session, ladder, day) if ladder.keeping.remembers else []
        for moved in settle(session, ladder, ids, now):
            if not moved.rose:
                _tell(session, ladder, moved.owner_id, None, day)
        if ladder.keeping.remembers:
            _notice(session, ladder, ids, day, now)
        done += len(set(ids))
    return done


def _unreviewed(session: Session, ladder: Ladder, day: date) -> list[UUID]:
    """Some of those whom the review has not looked at on this day, marked as looked at."""
    seen = TierStandingRow.reviewed_on
    waiting = (
        select(TierStandingRow.owner_id)
        .where(TierStandingRow.program == ladder.program, or_(seen.is_(None), seen < day))
        .order_by(TierStandingRow.owner_id)
        .limit(BATCH)
    )
    ids = list(session.scalars(waiting))
    session.execute(
        update(TierStandingRow)
        .where(TierStandingRow.program == ladder.program, TierStandingRow.owner_id.in_(ids))
        .values(reviewed_on=day)
        .execution_options(synchronize_session=False)
    )
    return ids


def _notice(session: Session, ladder: Ladder, ids: Sequence[UUID], day: date, now: datetime) -> None:
    """Tell those who will fall within the time of notice, once for each fall."""
    if ladder.keeping.notice_days == 0 or not ids:
        return
    first = window_start(ladder.keeping, day) if ladder.keeping.basis == "window" else day
    earned = _earned_by_day(session, ladder, ids, first)
    counted = amounts(session, ladder, ids, now)
    for owner_id, row in _states(session, ladder, ids).items():
        state = State(ladder.number(row.tier_code), day, row.short_since)
        days = ladder.keeping.notice_days
        fall = next_fall(ladder, state, earned.get(owner_id, []), counted[owner_id], days=days)
        if fall is not None and row.noticed_for != fall.on:
            row.noticed_for = fall.on
            _tell(session, ladder, owner_id, fall, day)
    session.flush()


def _tell(session: Session, ladder: Ladder, owner_id: UUID, fall: Fall | None, day: date) -> None:
    user = session.get(User, owner_id)
    profile = session.get(Profile, owner_id)
    if user is None or user.email is None or user.deleted_at is not None or profile is None:
        return
    if not notification_preferences(profile)["email"]:
        return
    words = translator(user.locale, ladder.program)
    now_on = session.get(TierStandingRow, (owner_id, ladder.program), populate_existing=True)
    code = now_on.tier_code if now_on is not None else ladder.steps[0].code
    names = {"tier": words.gettext(ladder.steps[ladder.number(code)].name)}
    if fall is None:
        body = msgid("You stand on {tier} now. What you earn counts as before: you can climb again at any time.")
        subject, key = msgid("You stand on {tier} now"), f"tier fell:{owner_id}:{ladder.program}:{day}"
    else:
        names |= {
            "lower": words.gettext(ladder.steps[fall.to].name),
            "day": format_date(fall.on, "medium", locale=words.locale),
            "missing": to_text(fall.missing_minor, ladder.scale),
            "unit": ladder.unit,
        }
        body = msgid("Until {day} you stand on {tier}, then on {lower}. Earn {missing} {unit} before, and you keep it.")
        subject, key = msgid("Your tier {tier} ends on {day}"), f"tier falls:{owner_id}:{ladder.program}:{fall.on}"
    messages.send(
        session,
        messages.Message(
            kind="engagement.tier_fell" if fall is None else "engagement.tier_falls",
            channel="email",
            to=user.email,
            locale=user.locale,
            subject=subject,
            body=body,
            module=__name__,
            params=names,
            user_id=owner_id,
            dedupe_key=key,
        ),
    )
