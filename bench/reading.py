"""What row-level security costs who reads: a page of a member's history, bound by policies and not."""

from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from uuid import UUID

from sqlalchemy import text

from bench.arena import Arena, Place
from bench.figures import Figure, Progress, Rounds
from bench.plan import Plan
from guerdon.db.database import Database
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.schemas import Account, Pocket, Posting, SystemAccount

MEMBERS = 50
TRANSFERS = 2_000
"""Of each member: a history of years."""
PAGE = 50
READS = 200


def figures(arena: Arena, plan: Plan, progress: Progress) -> list[Figure]:
    """The rate of pages from the middle of a history, as the application and as the owner, whom nothing binds."""
    place = arena.place("reading")
    bound, free = Database(place.app_dsn), Database(place.owner_dsn)
    try:
        members = _fill(place, bound)
        arena.tidy(place)
        progress("histories")
        rounds = Rounds(
            {"bound": lambda: _rate(bound, members), "free": lambda: _rate(free, members)}, plan.single_rounds, progress
        )
    finally:
        bound.dispose()
        free.dispose()
    return [
        Figure(
            "a member's history with row-level security",
            "the same page without",
            rounds.rate("bound"),
            rounds.rate("free"),
            "pages/s",
            rounds.ratio("bound", "free"),
            rounds.count,
        )
    ]


def _fill(place: Place, database: Database) -> list[UUID]:
    """Post the histories; gives whose they are."""
    with place.owner() as owner:
        found = owner.execute("SELECT id FROM ledger.owners WHERE kind = 'member' ORDER BY id LIMIT %s", [MEMBERS])
        members = [UUID(str(member)) for (member,) in found]
        unit = str(owner.execute("SELECT code FROM ledger.units ORDER BY id LIMIT 1").fetchone()[0])  # type: ignore[index]
    source = SystemAccount("issuance", unit)
    now = datetime.now(UTC)
    for number in range(TRANSFERS):
        postings = [Posting(source, Account(member, unit), 1, "award", f"history {number}") for member in members]
        with database.transaction() as session:
            service.post_batch(session, postings, now)
    return members


def _rate(database: Database, members: list[UUID]) -> float:
    taken = []
    for number in range(READS):
        member = members[number % len(members)]
        with database.transaction() as session:
            session.execute(
                text(
                    "SELECT set_config('guerdon.user_id', :id, true), set_config('guerdon.acting_as', 'member', true)"
                ),
                {"id": str(member)},
            )
            middle = session.execute(_MIDDLE, {"id": member, "half": TRANSFERS // 2}).scalar_one()
            start = perf_counter()
            page = service.statement(
                session, member, datetime.now(UTC), before=middle, before_pocket=Pocket.AVAILABLE, limit=PAGE
            )
            taken.append(perf_counter() - start)
            if len(page) != PAGE:
                raise RuntimeError(f"a page of {len(page)} entries")
    return 1 / median(taken)


_MIDDLE = text("SELECT id FROM ledger.transfers WHERE owner_id = :id ORDER BY id OFFSET :half LIMIT 1")
