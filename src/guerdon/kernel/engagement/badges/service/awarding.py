"""Writes levels down, once each, and says what they earn; and takes them back.

A level that staff revoked is not earned again by criteria; one that fell with a withdrawn activity is, and then earns
only what had been taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from guerdon.core.ids import new_id
from guerdon.db.statement import Row, Statement
from guerdon.kernel.engagement.activities.schemas import Reward
from guerdon.kernel.engagement.badges.models import BadgeCredential, EarnedLevel, MemberBadge
from guerdon.kernel.engagement.badges.service.definitions import Definition, Level
from guerdon.kernel.engagement.service.recognition import BADGE_REFERENCE, REWARD_KIND
from guerdon.kernel.engagement.service.rewarding import take_back
from guerdon.kernel.engagement.service.sets import among
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.schemas import Account, Posting, Reference, SystemAccount

Key = tuple[UUID, UUID, int]
"""Member, badge, level."""


_PAST = Statement(
    """
    SELECT owner_id, badge_id, level, unit_id, count(*), CAST(sum(reward_minor - taken_back_minor) AS bigint),
        bool_or(revoked_at IS NULL), bool_or(revoked_by IS NOT NULL)
    FROM engagement.earned_levels
    WHERE owner_id = ANY(CAST(:owners AS uuid[])) AND badge_id = ANY(CAST(:badges AS uuid[]))
    GROUP BY owner_id, badge_id, level, unit_id
    """
)
_WRITE = Statement(
    """
    INSERT INTO engagement.earned_levels (
        owner_id, id, badge_id, level, version, how, value, awarded_by, reason, earned_at, unit_id, reward_minor)
    SELECT i.owner_id, i.id, i.badge_id, i.level, i.version, :how, i.value, CAST(:actor_id AS uuid), :reason,
        i.earned_at, i.unit_id, i.reward_minor
    FROM unnest(
        CAST(:owners AS uuid[]), CAST(:ids AS uuid[]), CAST(:badges AS uuid[]), CAST(:levels AS smallint[]),
        CAST(:versions AS integer[]), CAST(:counted AS bigint[]), CAST(:moments AS timestamptz[]),
        CAST(:units AS smallint[]), CAST(:rewards AS bigint[]))
        AS i(owner_id, id, badge_id, level, version, value, earned_at, unit_id, reward_minor)
    ON CONFLICT (owner_id, badge_id, level) WHERE revoked_at IS NULL DO NOTHING
    RETURNING owner_id, badge_id, level
    """
)
_RAISE = Statement(
    """
    INSERT INTO engagement.member_badges AS b (owner_id, badge_id, level, first_earned_at, earned_at)
    SELECT i.owner_id, i.badge_id, i.level, i.earned_at, i.earned_at
    FROM unnest(
        CAST(:owners AS uuid[]), CAST(:badges AS uuid[]), CAST(:levels AS smallint[]),
        CAST(:moments AS timestamptz[])) AS i(owner_id, badge_id, level, earned_at)
    ON CONFLICT (owner_id, badge_id) DO UPDATE SET level = excluded.level, earned_at = excluded.earned_at
    WHERE b.level < excluded.level
    """
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member who has reached a level of a badge, and all below it.

    Attributes:
        value: what the criteria counted; None for an award by hand.
        at: when it was reached.
    """

    owner_id: UUID
    badge: Definition
    level: int
    value: int | None
    at: datetime


def unpaid(candidate: Candidate) -> Candidate:
    """The same, of whom the levels earn nothing: they were rewarded elsewhere."""
    levels = tuple(replace(level, unit=None, amount_minor=0) for level in candidate.badge.levels)
    return replace(candidate, badge=replace(candidate.badge, levels=levels))


@dataclass(frozen=True, slots=True)
class Awarded:
    """A level that was written down, with the reward that goes with it."""

    owner_id: UUID
    badge: Definition
    level: int
    reward: Reward | None

    def document(self) -> dict[str, Any]:
        """What an outcome says of it."""
        found: dict[str, Any] = {
            "program": self.badge.program,
            "badge": self.badge.code,
            "badge_id": str(self.badge.id),
            "name": self.badge.name,
            "level": self.level,
        }
        if self.reward is not None:
            unit = self.reward.posting.debit.unit
            found["reward"] = {"unit": unit, "amount_minor": self.reward.posting.amount_minor}
        return found


@dataclass(frozen=True, slots=True)
class _Past:
    """What was written for a level before: how often, what of each unit is still with the member, whether it stands."""

    times: int
    kept_minor: Mapping[str, int]
    closed: bool


_NEVER = _Past(0, {}, False)


def award(
    session: Session,
    candidates: Iterable[Candidate],
    *,
    how: Literal["criteria", "hand", "elsewhere"] = "criteria",
    actor_id: UUID | None = None,
    reason: str | None = None,
) -> list[Awarded]:
    """Write down the levels that members have not got yet. Posting the rewards is the caller's.

    Two transactions that award the same level do so once: the second waits for the first and then finds it there.

    Returns:
        What was written, each level with its reward.
    """
    wanted = list(candidates)
    if not wanted:
        return []
    past = _past(session, wanted, again=how == "hand")
    rows: dict[Key, tuple[Candidate, Level]] = {}
    for each in wanted:
        for level in each.badge.levels:
            key = each.owner_id, each.badge.id, level.level
            known = past.get(key)
            if level.level <= each.level and (known is None or not known.closed):
                rows[key] = each, level
    if not rows:
        return []
    written = _write(session, rows, past, how=how, actor_id=actor_id, reason=reason)
    _raise_levels(session, [(rows[key][0], key) for key in sorted(written)])
    return [_awarded(*rows[key], past.get(key)) for key in sorted(written)]


def _past(session: Session, candidates: Sequence[Candidate], *, again: bool) -> Mapping[Key, _Past]:
    """The levels that were written before.

    Args:
        again: a level that staff revoked may be written again.
    """
    rows = _PAST.rows(
        session,
        owners=list({each.owner_id for each in candidates}),
        badges=list({each.badge.id for each in candidates}),
    )
    codes = catalogue(session)
    found: dict[Key, _Past] = {}
    for owner_id, badge_id, level, unit_id, times, kept, stands, by_staff in rows:
        known = found.get((owner_id, badge_id, level), _NEVER)
        of_unit = {codes.units_by_id[unit_id].code: kept} if unit_id is not None else {}
        closed = known.closed or stands or (by_staff and not again)
        found[owner_id, badge_id, level] = _Past(known.times + times, {**known.kept_minor, **of_unit}, closed)
    return found


def _owed(level: Level, past: _Past | None) -> int:
    return max(level.amount_minor - (past.kept_minor.get(level.unit or "", 0) if past else 0), 0)


def _write(
    session: Session,
    rows: Mapping[Key, tuple[Candidate, Level]],
    past: Mapping[Key, _Past],
    *,
    how: str,
    actor_id: UUID | None,
    reason: str | None,
) -> set[Row]:
    codes = catalogue(session)
    keys = sorted(rows)
    reached = [rows[key] for key in keys]
    owed = [_owed(level, past.get(key)) for key, (_, level) in zip(keys, reached, strict=True)]
    written = _WRITE.rows(
        session,
        how=how,
        actor_id=actor_id,
        reason=reason,
        owners=[owner_id for owner_id, _, _ in keys],
        ids=[new_id() for _ in keys],
        badges=[badge_id for _, badge_id, _ in keys],
        levels=[level for _, _, level in keys],
        versions=[candidate.badge.version for candidate, _ in reached],
        counted=[candidate.value for candidate, _ in reached],
        moments=[candidate.at for candidate, _ in reached],
        units=[
            codes.unit_id(level.unit) if level.unit and amount else None
            for (_, level), amount in zip(reached, owed, strict=True)
        ],
        rewards=owed,
    )
    return set(written)


def _raise_levels(session: Session, written: Sequence[tuple[Candidate, Key]]) -> None:
    highest: dict[tuple[UUID, UUID], tuple[Candidate, int]] = {}
    for candidate, (owner_id, badge_id, level) in written:
        highest[owner_id, badge_id] = candidate, level  # keys are sorted: the last is the highest
    if not highest:
        return
    keys = sorted(highest)
    _RAISE.run(
        session,
        owners=[owner_id for owner_id, _ in keys],
        badges=[badge_id for _, badge_id in keys],
        levels=[highest[key][1] for key in keys],
        moments=[highest[key][0].at for key in keys],
    )


def reward_key(badge_id: UUID, level: int, times: int) -> str:
    """The idempotency key of a level's reward; ``times`` is how often the level was written before."""
    return f"badge.reward:{badge_id}:{level}" + (f":{times}" if times else "")


def _awarded(candidate: Candidate, level: Level, past: _Past | None) -> Awarded:
    owed = _owed(level, past)
    reward: Reward | None = None
    if level.unit is not None and owed > 0:
        badge = candidate.badge
        detail = {"program": badge.program, "badge": badge.code, "level": level.level}
        posting = Posting(
            SystemAccount("issuance", level.unit),
            Account(candidate.owner_id, level.unit),
            owed,
            REWARD_KIND,
            reward_key(badge.id, level.level, past.times if past else 0),
            reference=Reference(BADGE_REFERENCE, badge.id),
            happened_at=candidate.at,
            detail=detail,
        )
        reward = Reward(posting, detail)
    return Awarded(candidate.owner_id, candidate.badge, level.level, reward)


def revoke(
    session: Session,
    now: datetime,
    owner_id: UUID,
    badge: Definition,
    from_level: int,
    *,
    reason: str,
    actor_id: UUID | None,
    only_by_criteria: bool = False,
) -> list[int]:
    """Take levels back, from one upwards: their rewards as far as the member has them, their credentials too.

    Args:
        actor_id: who does it; None when an activity that they stood on was withdrawn.
        only_by_criteria: leave what was awarded by hand.

    Returns:
        The levels that are gone.
    """
    query = select(EarnedLevel).where(
        EarnedLevel.owner_id == owner_id,
        EarnedLevel.badge_id == badge.id,
        EarnedLevel.level >= from_level,
        EarnedLevel.revoked_at.is_(None),
    )
    if only_by_criteria:
        query = query.where(EarnedLevel.how == "criteria")
    rows = session.scalars(query.order_by(EarnedLevel.level.desc()).with_for_update()).all()
    for row in rows:
        if row.reward_minor:
            key = reward_key(badge.id, row.level, _times_before(session, row))
            row.taken_back_minor = take_back(
                session, now, owner_id, key, row.reward_minor, reason=reason, actor_id=actor_id
            )
        row.revoked_at = now
        row.revoked_by = actor_id
        row.revoke_reason = reason
    session.flush()
    if rows:
        _end_credentials(session, now, owner_id, [row.id for row in rows], reason)
        _lower_level(session, owner_id, badge.id)
    return [row.level for row in rows]


def _times_before(session: Session, row: EarnedLevel) -> int:
    """How often a level was written before a row: ids sort by the time of their making."""
    return session.scalars(
        select(func.count())
        .select_from(EarnedLevel)
        .where(
            EarnedLevel.owner_id == row.owner_id,
            EarnedLevel.badge_id == row.badge_id,
            EarnedLevel.level == row.level,
            EarnedLevel.id < row.id,
        )
    ).one()


def _end_credentials(session: Session, now: datetime, owner_id: UUID, levels: Sequence[UUID], reason: str) -> None:
    session.execute(
        update(BadgeCredential)
        .where(
            BadgeCredential.owner_id == owner_id,
            among(BadgeCredential.earned_level_id, levels),
            BadgeCredential.revoked_at.is_(None),
        )
        .values(revoked_at=now, revoke_reason=reason)
    )


def _lower_level(session: Session, owner_id: UUID, badge_id: UUID) -> None:
    left = session.execute(
        select(EarnedLevel.level, EarnedLevel.earned_at)
        .where(EarnedLevel.owner_id == owner_id, EarnedLevel.badge_id == badge_id, EarnedLevel.revoked_at.is_(None))
        .order_by(EarnedLevel.level.desc())
        .limit(1)
    ).one_or_none()
    own = (MemberBadge.owner_id == owner_id) & (MemberBadge.badge_id == badge_id)
    if left is None:
        session.execute(delete(MemberBadge).where(own))
    else:
        session.execute(update(MemberBadge).where(own).values(level=left.level, earned_at=left.earned_at))
