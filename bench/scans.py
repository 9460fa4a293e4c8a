"""Tickets at the door: two doorkeepers scan at once, each at the pace at which the door answers.

Whoever is let in has come for the first time that evening, so that each scan checks a signature and the guest list,
notes the arrival and pays points, a streak and a badge. Afterwards the same tickets are shown again.
"""

import json
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit
from uuid import UUID

from bench.arena import Arena, Place
from bench.figures import Figure, Progress
from bench.plan import Plan
from bench.servers import SECRET, guerdon_web
from guerdon import boot
from guerdon.core.clock import SystemClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.db.migrate import Migrator
from guerdon.http.keys import derive_key
from guerdon.kernel.identity.service import api_keys
from guerdon.kernel.identity.service.accounts import create_account
from guerdon.kernel.ledger.service import open_member
from guerdon.programs.events.api.keys import TICKET_PURPOSE
from guerdon.programs.events.service import registering
from guerdon.programs.events.service.passes import pass_of
from guerdon.programs.events.service.tickets import TicketSigner

DOORS = 2
GUESTS = 150
"""For each door, in each round."""
SCANS_PER_SECOND = 20


def figures(built: Arena, plan: Plan, progress: Progress) -> list[Figure]:
    """Scans a second at both doors together, and how long one of them takes at the worst of a hundred."""
    place = built.place("scans")
    rates: dict[int, list[float]] = {201: [], 200: []}
    slow: list[float] = []
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        evening, tickets, key = _prepare(place, directory, GUESTS * DOORS * plan.client_rounds)
        built.tidy(place)
        address = stack.enter_context(guerdon_web(place, directory))
        for guests in _parts(tickets, plan.client_rounds):
            for status, measured in rates.items():
                times, rate = _at_the_doors(address, evening, key, guests, status)
                measured.append(rate)
                if status == 201:
                    slow.append(sorted(times)[len(times) * 99 // 100] * 1e3)
            progress("scanning tickets")
    new, again = median(rates[201]), median(rates[200])
    rounds = plan.client_rounds
    where = f"at {DOORS} doors at once"
    return [
        Figure(f"tickets scanned {where}", "", new, None, "scans/s", new, rounds, SCANS_PER_SECOND),
        Figure(f"tickets shown again {where}", "", again, None, "scans/s", again, rounds, SCANS_PER_SECOND),
        Figure("the slowest of a hundred scans", "", median(slow), None, "ms", median(slow), rounds),
    ]


def _prepare(place: Place, directory: Path, guests: int) -> tuple[UUID, list[str], str]:
    """An evening that is about to begin, tickets of everybody who is coming, and a key for its doors."""
    settings = Settings(secret_key=SECRET, data_dir=directory)
    boot.prepare(settings)
    Migrator(place.owner_dsn, boot.modules()).upgrade()
    clock = SystemClock()
    signer = TicketSigner(derive_key(SECRET.encode(), TICKET_PURPOSE))
    database = Database(place.owner_dsn)
    start = clock.now() + timedelta(minutes=10)
    with place.owner() as connection:
        row = connection.execute(
            "INSERT INTO events.events"
            " (title, event_type, location, start_time, end_time, time_zone, status, published_at) VALUES"
            " ('Quiz', 'trivia_night', 'Hall', %s, %s, 'UTC', 'published', %s) RETURNING id",
            (start, start + timedelta(hours=2), clock.now()),
        ).fetchone()
    if row is None:
        raise RuntimeError("the evening was not made")
    evening: UUID = row[0]
    tickets = []
    with database.transaction() as session:
        staff = create_account(
            session, clock, email="keeper@example.org", name="Keeper", password=None, roles=("staff",)
        )
        scopes = ["events:door"]
        key, _ = api_keys.create(session, clock, staff, name="Doors", scopes=scopes, days=1, held=scopes)
        for number in range(guests):
            member = create_account(session, clock, email=f"g{number}@example.org", name="Guest", password=None)
            open_member(session, member.id)
            registration = registering.register(session, clock, member.id, evening)
            tickets.append(signer.code(pass_of(session, clock, registration.id, holder_id=member.id).content))
    database.dispose()
    return evening, tickets, key


def _parts(tickets: Sequence[str], rounds: int) -> list[list[str]]:
    size = len(tickets) // rounds
    return [list(tickets[size * number : size * (number + 1)]) for number in range(rounds)]


def _at_the_doors(
    address: str, evening: UUID, key: str, tickets: Sequence[str], status: int
) -> tuple[list[float], float]:
    """Seconds of each scan, and how many a second there were in all."""
    start = perf_counter()
    with ThreadPoolExecutor(DOORS) as doors:
        queues = [tickets[door::DOORS] for door in range(DOORS)]
        found = list(doors.map(lambda queue: _scan(address, evening, key, queue, status), queues))
    return [each for times in found for each in times], len(tickets) / (perf_counter() - start)


def _scan(address: str, evening: UUID, key: str, tickets: Sequence[str], status: int) -> list[float]:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    times = []
    with closing(HTTPConnection(urlsplit(address).netloc, timeout=30)) as connection:
        for ticket in tickets:
            start = perf_counter()
            connection.request("POST", f"/api/v1/events/door/{evening}/scans", json.dumps({"code": ticket}), headers)
            answer = connection.getresponse()
            told = answer.read()
            times.append(perf_counter() - start)
            if answer.status != status:
                raise RuntimeError(f"the door answered {answer.status} instead of {status}: {told.decode()}")
    return times
