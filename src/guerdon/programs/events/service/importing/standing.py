"""What members had of another system: badges and points as they stood, and attendances that count from now on.

Points were paid there, so they are carried over as they are, and what is recorded of attendances here earns none again.
"""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.badges.service.bringing import bring_in
from guerdon.kernel.engagement.badges.service.definitions import Definition, definitions
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.errors import VERDICTS
from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount
from guerdon.programs.events.models import Attendance, Event
from guerdon.programs.events.seeds import ATTENDED, CARRIED_IN, CARRIED_OUT, UNIT
from guerdon.programs.events.service.facts import PROGRAM, fact, tell
from guerdon.programs.events.service.importing.evenings import WHY
from guerdon.programs.events.service.importing.keys import Keys
from guerdon.programs.events.service.importing.report import Report
from guerdon.programs.events.service.importing.source import PointsRow, Source

CHUNK = 1000
Told = Callable[[int, int], None]
"""Is told how many of how many are done."""


def bring_badges(session: Session, clock: Clock, source: Source, people: Mapping[str, UUID], report: Report) -> None:
    """The levels that members have, by the names of badges; what is missing here has to be made first."""
    here = {each.name.casefold(): each for each in definitions(session).all if each.program == PROGRAM}
    held: dict[str, Definition] = {}
    for badge in source.badges:
        found = here.get(badge.name.casefold())
        if found is None:
            report.fault("badges", badge.row, "name", f"there is no badge '{badge.name}' here; make it first")
        else:
            held[badge.id] = found
    wanted = []
    for row in source.user_badges:
        known, owner_id = held.get(row.badge_id), people.get(row.user_id)
        if owner_id is None:
            report.fault("user_badges", row.row, "user_id", f"users has no row {row.user_id} that could be brought in")
        if row.badge_id not in held:
            report.fault("user_badges", row.row, "badge_id", f"badges has no row {row.badge_id} that is known here")
        elif known is not None and row.level > len(known.levels):
            report.fault("user_badges", row.row, "level", f"'{known.name}' has {len(known.levels)} levels here")
        elif known is not None and owner_id is not None:
            wanted.append((owner_id, known, row.level, row.earned_date or clock.now()))
    if not report.faults:
        written = bring_in(session, wanted, reason=WHY)
        report.new["user_badges"] += len({(owner_id, badge_id) for owner_id, badge_id, _ in written})


def count_attendances(
    session: Session, clock: Clock, attended: Sequence[Attendance], events: Mapping[UUID, Event], told: Told
) -> None:
    """Record that members came, for counters, streaks and boards, each with the beginning of the event."""
    for start in range(0, len(attended), CHUNK):
        chunk = attended[start : start + CHUNK]
        facts = [
            fact(
                ATTENDED,
                each.user_id,
                each.id,
                min(events[each.event_id].start_time, clock.now()),
                event_id=each.event_id,
                properties={"event_type": events[each.event_id].event_type, "points": 0, "walk_in": False},
            )
            for each in chunk
        ]
        for each, outcome in zip(chunk, tell(session, clock, facts, unrewarded=True), strict=True):
            each.activity_id = outcome.activity_id
        told(start + len(chunk), len(attended))
    session.flush()


def bring_points(
    session: Session,
    clock: Clock,
    source: Source,
    people: Mapping[str, UUID],
    report: Report,
    *,
    keys: Keys,
    told: Told,
) -> None:
    """Each movement of points as a transfer of its own, at its time, in the order of time."""
    postings: list[tuple[PointsRow, Posting]] = []
    for row in sorted(source.points_transactions, key=lambda each: (each.transaction_date or clock.now(), each.row)):
        owner_id = people.get(row.user_id)
        if owner_id is None:
            problem = f"users has no row {row.user_id} that could be brought in"
            report.fault("points_transactions", row.row, "user_id", problem)
        elif row.transaction_date is not None and row.transaction_date > clock.now():
            report.fault("points_transactions", row.row, "transaction_date", "this is yet to come")
        elif row.points != 0:
            postings.append((row, _posting(row, owner_id, keys)))
    if report.faults:
        return
    for owner_id in sorted({people[row.user_id] for row, _ in postings}):
        ledger.open_member(session, owner_id)
    for start in range(0, len(postings), CHUNK):
        chunk = postings[start : start + CHUNK]
        verdicts = ledger.post_batch(session, [each for _, each in chunk], clock.now(), all_or_nothing=False)
        for (row, _), verdict in zip(chunk, verdicts, strict=True):
            if not verdict.accepted:
                problem = str(VERDICTS[verdict.verdict](**verdict.problem))
                report.fault("points_transactions", row.row, "points", problem)
            elif not verdict.replayed:
                report.new["points_transactions"] += 1
        told(start + len(chunk), len(postings))


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
