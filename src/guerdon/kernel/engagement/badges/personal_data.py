"""What badges and streaks know of a person: told for a copy, taken away when they leave.

What was earned stays, under the account's id alone: rewards on the ledger refer to it. Words about the person go,
and so do the credentials; their addresses stay on the public list as revoked.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, undefer

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.badges.models import BadgeCredential, EarnedLevel
from guerdon.kernel.engagement.badges.service.definitions import definitions
from guerdon.kernel.engagement.streaks.models import StreakPardon, StreakPause, StreakRun
from guerdon.kernel.engagement.streaks.service.definitions import definitions as streaks
from guerdon.kernel.personal_data import PersonalData, PersonalFile, json_file

ERASED = "erased"


def _export(session: Session, clock: Clock, user_id: UUID) -> Iterator[PersonalFile]:
    del clock
    badges = definitions(session).by_id
    rows = session.scalars(select(EarnedLevel).where(EarnedLevel.owner_id == user_id).order_by(EarnedLevel.id))
    yield json_file(
        "badges.json",
        [
            {
                "program": badges[row.badge_id].program,
                "badge": badges[row.badge_id].code,
                "level": row.level,
                "earned_at": row.earned_at,
                "by_hand": row.how == "hand",
                "reason": row.reason,
                "revoked_at": row.revoked_at,
                "revoke_reason": row.revoke_reason,
            }
            for row in rows
        ],
    )
    names = {each.id: each.code for each in streaks(session).all}
    runs = session.scalars(select(StreakRun).where(StreakRun.owner_id == user_id)).all()
    pauses = session.scalars(select(StreakPause).where(StreakPause.owner_id == user_id)).all()
    pardons = session.scalars(select(StreakPardon).where(StreakPardon.owner_id == user_id)).all()
    yield json_file(
        "streaks.json",
        {
            "streaks": [
                {"streak": names[run.streak_id], "current": run.current, "longest": run.longest, "last": run.last}
                for run in runs
            ],
            "pauses": [
                {
                    "streak": names[each.streak_id],
                    "from": each.starts_on,
                    "until": each.ends_on,
                    "reason": each.reason,
                }
                for each in pauses
            ],
            "restored": [
                {"streak": names[each.streak_id], "period": each.period_start, "reason": each.reason}
                for each in pardons
            ],
        },
    )
    credentials = session.scalars(
        select(BadgeCredential).where(BadgeCredential.owner_id == user_id).options(undefer(BadgeCredential.token))
    )
    for each in credentials:
        yield PersonalFile(f"credentials/{each.public_id}.jwt", each.token.encode())


def _erase(session: Session, clock: Clock, user_id: UUID) -> None:
    session.execute(delete(StreakPause).where(StreakPause.owner_id == user_id))
    session.execute(update(StreakPardon).where(StreakPardon.owner_id == user_id).values(reason=ERASED))
    own = EarnedLevel.owner_id == user_id
    session.execute(update(EarnedLevel).where(own, EarnedLevel.reason.is_not(None)).values(reason=ERASED))
    session.execute(update(EarnedLevel).where(own, EarnedLevel.revoked_at.is_not(None)).values(revoke_reason=ERASED))
    mine = BadgeCredential.owner_id == user_id
    session.execute(
        update(BadgeCredential)
        .where(mine, BadgeCredential.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .values(revoke_reason=ERASED)
    )
    session.execute(
        update(BadgeCredential).where(mine).values(token="", document={}, shown_name=None, revoke_reason=ERASED)
    )


PART = PersonalData("badges", _export, _erase)
