"""Awards badges as activities are recorded: a follower of counters, after that of streaks."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Batch, Consequences
from guerdon.kernel.engagement.badges.models import EarnedLevel
from guerdon.kernel.engagement.badges.service import counting
from guerdon.kernel.engagement.badges.service.awarding import Candidate, award, revoke, unpaid
from guerdon.kernel.engagement.badges.service.definitions import Definition, Definitions, definitions
from guerdon.kernel.engagement.badges.service.versions import as_of
from guerdon.kernel.engagement.service.sets import among
from guerdon.kernel.engagement.streaks.service.definitions import definitions as streaks

WITHDRAWN = "withdrawn"


def follow_badges(session: Session, now: datetime, batch: Batch) -> Consequences:
    """Award what a batch reached; after a withdrawal, take back what no longer holds."""
    found = Consequences()
    known = definitions(session, batch.revision)
    if not known.watched and not known.by_streak:
        return found
    if batch.withdrawn:
        _take_back(session, now, known, batch, found)
    candidates = _candidates(session, now, known, batch)
    for awarded in award(session, map(unpaid, candidates) if batch.unrewarded else candidates):
        if awarded.reward is not None:
            found.rewards.append(awarded.reward)
        found.documents.setdefault(awarded.owner_id, {}).setdefault("badges", []).append(awarded.document())
    return found


def looks_at(session: Session, revision: UUID) -> Iterable[tuple[int, str]]:
    """The counters of badges' criteria; those of the streaks that badges are for are told to streaks."""
    return definitions(session, revision).watched


def _candidates(session: Session, now: datetime, known: Definitions, batch: Batch) -> Iterator[Candidate]:
    recounted: dict[Definition, dict[UUID, datetime]] = {}
    for change in batch.changes:
        for badge in known.watched.get((change.metric_id, change.period), ()):
            if badge.kind == "periods":
                if change.before < badge.minimum <= change.after:
                    recounted.setdefault(badge, {})[change.owner_id] = change.at
                continue
            level = badge.reached(change.after)
            if level > badge.reached(change.before):
                yield Candidate(change.owner_id, badge, level, change.after, change.at)
    counted: dict[UUID, dict[UUID, int]] = {}
    for badge, owners in [*recounted.items(), *_of_streaks(session, now, known, batch)]:
        if badge.streak_id is None:
            values = counting.values(session, badge, owners)
        elif badge.streak_id in counted:  # badges of one streak look at the same runs of the same members
            values = counted[badge.streak_id]
        else:
            values = counted[badge.streak_id] = counting.values(session, badge, owners)
        for owner_id, value in values.items():
            if value >= badge.lowest:
                yield Candidate(owner_id, badge, badge.reached(value), value, owners[owner_id])


def _of_streaks(
    session: Session, now: datetime, known: Definitions, batch: Batch
) -> Iterator[tuple[Definition, dict[UUID, datetime]]]:
    """The badges for streaks that the batch may have led on, each with the members concerned."""
    if not known.by_streak:
        return
    watched = streaks(session, batch.revision).watched
    touched: dict[UUID, dict[UUID, datetime]] = {}
    for change in batch.changes:
        for streak in watched.get((change.metric_id, change.period), ()):
            if streak.id in known.by_streak and (change.before >= streak.minimum) != (change.after >= streak.minimum):
                touched.setdefault(streak.id, {})[change.owner_id] = now
    for streak_id, owners in touched.items():
        for badge in known.by_streak[streak_id]:
            yield badge, owners


def _take_back(session: Session, now: datetime, known: Definitions, batch: Batch, found: Consequences) -> None:
    suspects: dict[Definition, set[UUID]] = {}
    for change in batch.changes:
        if change.after < change.before:
            for badge in known.watched.get((change.metric_id, change.period), ()):
                suspects.setdefault(badge, set()).add(change.owner_id)
    for badge, members in _of_streaks(session, now, known, batch):
        suspects.setdefault(badge, set()).update(members)
    for badge in sorted(suspects, key=lambda each: each.id):
        holders = _holders(session, badge, suspects[badge])
        held = _still_held(session, badge, holders)
        for owner_id in sorted(holders):
            level = held[owner_id]
            if level < max(holders[owner_id]):
                gone = revoke(
                    session, now, owner_id, badge, level + 1, reason=WITHDRAWN, actor_id=None, only_by_criteria=True
                )
                documents = found.documents.setdefault(owner_id, {}).setdefault("badges", [])
                documents += [
                    {"program": badge.program, "badge": badge.code, "level": each, "revoked": True} for each in gone
                ]


def _still_held(session: Session, badge: Definition, holders: Mapping[UUID, Mapping[int, int]]) -> dict[UUID, int]:
    """The highest level of each holder that stands: by what the badge said when it was earned, or by what it says now.

    Who has a level keeps it when the badge asks for more, or for something else.
    """
    said = {version: as_of(session, badge, version) for levels in holders.values() for version in levels.values()}
    said[badge.version] = badge
    values = {version: counting.values(session, each, holders) for version, each in said.items()}

    def reached(owner_id: UUID, version: int) -> int:
        return said[version].reached(values[version].get(owner_id, 0))

    return {
        owner_id: max(
            (
                level
                for level, version in levels.items()
                if level <= max(reached(owner_id, version), reached(owner_id, badge.version))
            ),
            default=0,
        )
        for owner_id, levels in holders.items()
    }


def _holders(session: Session, badge: Definition, owners: Iterable[UUID]) -> dict[UUID, dict[int, int]]:
    """Who of some members has the badge by its criteria: the levels, each with the version that it was earned by."""
    rows = session.execute(
        select(EarnedLevel.owner_id, EarnedLevel.level, EarnedLevel.version)
        .where(
            among(EarnedLevel.owner_id, owners),
            EarnedLevel.badge_id == badge.id,
            EarnedLevel.how == "criteria",
            EarnedLevel.revoked_at.is_(None),
        )
        .order_by(EarnedLevel.level)
    )
    found: dict[UUID, dict[int, int]] = {}
    for row in rows:
        found.setdefault(row.owner_id, {})[row.level] = row.version
    return found
