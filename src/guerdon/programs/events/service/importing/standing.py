"""What members had of another system: badges and points as they stood, and attendances that count from now on.

Points were paid there, so they are carried over as they are, and what is recorded of attendances here earns none again.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from guerdon.kernel.engagement.badges.service.bringing import bring_in
from guerdon.kernel.engagement.badges.service.definitions import Definition, definitions
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.errors import VERDICTS
from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount
from guerdon.programs.events.models import Attendance
from guerdon.programs.events.seeds import ATTENDED, CARRIED_IN, CARRIED_OUT, UNIT
from guerdon.programs.events.service.facts import PROGRAM, fact, tell
from guerdon.programs.events.service.importing.context import WHY, Context
from guerdon.programs.events.service.importing.keys import Keys
from guerdon.programs.events.service.importing.source import PointsRow

CHUNK = 1000
Told = Callable[[int, int], None]
"""Is told how many of how many are done."""


def bring_badges(context: Context) -> None:
    """The levels that members have, by the names of badges; what is missing here has to be made first."""
    report = context.report
    here = {each.name.casefold(): each for each in definitions(context.session).all if each.program == PROGRAM}
    held: dict[str, Definition] = {}
    for badge in context.source.badges:
        found = here.get(badge.name.casefold())
        if found is None:
            report.fault("badges", badge.row, "name", f"there is no badge '{badge.name}' here; make it first")
        else:
            held[badge.id] = found
    wanted = []
    for row in context.source.user_badges:
        owner_id, known = context.owner("user_badges", row.row, row.user_id), held.get(row.badge_id)
        if known is None:
            report.fault("user_badges", row.row, "badge_id", f"badges has no row {row.badge_id} that is known here")
        elif row.level > len(known.levels):
            report.fault("user_badges", row.row, "level", f"'{known.name}' has {len(known.levels)} levels here")
        elif owner_id is not None:
            wanted.append((owner_id, known, row.level, row.earned_date or context.clock.now()))
    if not report.faults:
        written = bring_in(context.session, wanted, reason=WHY)
        report.new["user_badges"] += len({(owner_id, badge_id) for owner_id, badge_id, _ in written})


def count_attendances(context: Context, attended: Sequence[Attendance], told: Told) -> None:
    """Record that members came, for counters, streaks and boards, each with the beginning of the event."""
    events = {event.id: event for event in context.events.values()}
    now = context.clock.now()
    for start in range(0, len(attended), CHUNK):
        chunk = attended[start : start + CHUNK]
        facts = [
            fact(
                ATTENDED,
                each.user_id,
                each.id,
                min(events[each.event_id].start_time, now),
                event_id=each.event_id,
                properties={"event_type": events[each.event_id].event_type, "points": 0, "walk_in": False},
            )
            for each in chunk
        ]
        outcomes = tell(context.session, context.clock, facts, unrewarded=True)
        for each, outcome in zip(chunk, outcomes, strict=True):
            each.activity_id = outcome.activity_id
        told(start + len(chunk), len(attended))
    context.session.flush()


def bring_points(context: Context, told: Told) -> None:
    """Each movement of points as a transfer of its own, at its time, in the order of time."""
    report, now = context.report, context.clock.now()
    wanted: list[tuple[PointsRow, UUID]] = []
    for row in sorted(context.source.points_transactions, key=lambda each: (each.transaction_date or now, each.row)):
        owner_id = context.owner("points_transactions", row.row, row.user_id)
        if row.transaction_date is not None and row.transaction_date > now:
            report.fault("points_transactions", row.row, "transaction_date", "this is yet to come")
        elif owner_id is not None and row.points != 0:
            wanted.append((row, owner_id))
    if report.faults:
        return
    for owner_id in sorted({owner_id for _, owner_id in wanted}):
        ledger.open_member(context.session, owner_id)
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        postings = [_posting(row, owner_id, context.key) for row, owner_id in chunk]
        verdicts = ledger.post_batch(context.session, postings, now, all_or_nothing=False)
        for (row, _), verdict in zip(chunk, verdicts, strict=True):
            if not verdict.accepted:
                problem = str(VERDICTS[verdict.verdict](**verdict.problem))
                report.fault("points_transactions", row.row, "points", problem)
            elif not verdict.replayed:
                report.new["points_transactions"] += 1
        told(start + len(chunk), len(wanted))


def _posting(row: PointsRow, owner_id: UUID, keys: Keys) -> Posting:
    account = Account(owner_id, UNIT)
    earned = row.points > 0
    return Posting(
        SystemAccount("issuance", UNIT) if earned else account,
        account if earned else SystemAccount("redemption", UNIT),
        abs(row.points),
        CARRIED_IN if earned else CARRIED_OUT,
        keys.text("points_transactions", row.id),
        happened_at=row.transaction_date,
        detail={"reason": row.description or row.transaction_type, "type": row.transaction_type},
    )
