"""One activity a request: the web server as Guerdon runs it, against routes that only echo the same event.

All serve clients that keep their connections and send one event after the other. wrk sends them where it is installed;
a small program in Python does otherwise.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.request import Request, urlopen

from bench import echoing, least
from bench.activities import KINDS, METRICS, RULES
from bench.arena import Arena, Place
from bench.figures import Figure, Progress, Rounds
from bench.plan import Plan
from bench.servers import SECRET, free_port, guerdon_web, running
from guerdon.core.clock import SystemClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.kernel.admin import audit
from guerdon.kernel.engagement.activities.api.reporting import RECORD
from guerdon.kernel.engagement.activities.service import installing
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.identity.service import api_keys
from guerdon.kernel.identity.service.accounts import create_account
from guerdon.kernel.notifications import jobs as notifications

CLIENTS = 32
FEW = 4
MEMBERS = 2_000
SHARE_MIN = 0.5
CROWD_SHARE_MIN = 0.8
"""What many clients get, of what a few get: they wait for each other, and cost no more for it."""
HERE = Path(__file__).parent
WRK = shutil.which("wrk")
"""It shares the processors with the server, and costs less of them than a program in Python."""


def figures(arena: Arena, plan: Plan, progress: Progress) -> list[Figure]:
    """Requests a second, in turns."""
    place = arena.place("activity_http")
    members, key = _prepare(place)
    arena.tidy(place)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        script = _script(directory, members, key)
        ours = stack.enter_context(guerdon_web(place, directory, {"echoing": f"{echoing.__name__}:program"}))
        bare = stack.enter_context(_bare("bench.echo", directory))
        writing = stack.enter_context(_bare("bench.least", directory, {least.DSN: least.prepare(arena).owner_dsn}))
        seconds = max(3, plan.seconds)

        def asking(url: str, status: int, clients: int = CLIENTS) -> Callable[[], float]:
            return lambda: _rate(url, script, seconds, status, clients)

        rounds = Rounds(
            {
                "activities": asking(f"{ours}/api/v1/activities", 201),
                "open": asking(f"{ours}/api/v1/{echoing.program.name}/open", 200),
                "bare": asking(f"{bare}/echo", 200),
                "least": asking(writing, 201),
                "known": asking(f"{ours}/api/v1/{echoing.program.name}/known", 200),
                "few known": asking(f"{ours}/api/v1/{echoing.program.name}/known", 200, FEW),
            },
            plan.single_rounds,
            progress,
        )
        _check(place)
    return _figures(rounds)


def _figures(rounds: Rounds) -> list[Figure]:
    by = f"{CLIENTS} clients of {'wrk' if WRK else 'a Python program'}"

    def figure(title: str, ours: str, against: str, theirs: str, share_min: float | None) -> Figure:
        rates = rounds.rate(ours), rounds.rate(theirs)
        return Figure(title, against, *rates, "requests/s", rounds.ratio(ours, theirs), rounds.count, share_min)

    activities = f"activities over HTTP, one a request, {by}"
    same, known = "a route of the same application", f"a route behind a key that only echoes, {by}"
    bare = "a bare FastAPI application, in as many processes, that only echoes"
    rows = "their rows by plain statements, without a framework, a key, a rule or a check"
    return [
        figure(activities, "activities", bare, "bare", SHARE_MIN),
        figure(f"{rows}, {by}", "least", bare, "bare", None),
        figure(activities, "activities", rows, "least", None),
        figure(activities, "activities", f"{same} that only echoes, open to all", "open", None),
        figure(activities, "activities", f"{same} that only echoes, behind the same key", "known", None),
        figure(known, "known", f"the same, {FEW} clients", "few known", CROWD_SHARE_MIN),
    ]


def _prepare(place: Place) -> tuple[list[str], str]:
    """Rules, members, and a key for a machine."""
    audit.install()
    notifications.install(Settings(secret_key=SECRET))
    clock = SystemClock()
    owner = Database(place.owner_dsn)
    with owner.transaction() as session:
        installing.install_kinds(session, "bench", KINDS)
        installing.install_metrics(session, "bench", METRICS)
        rules.install(session, "bench", RULES)
        people = [
            create_account(session, clock, email=f"m{number}@example.org", name="Member", password=None).id
            for number in range(MEMBERS)
        ]
        staff = create_account(
            session, clock, email="machine@example.org", name="Machine", password=None, roles=("staff",)
        )
        scopes = [RECORD]
        key, _ = api_keys.create(session, clock, staff, name="Bench", scopes=scopes, days=1, held=scopes)
    owner.dispose()
    return [str(each) for each in people], key


@contextmanager
def _bare(module: str, directory: Path, told: Mapping[str, str] | None = None) -> Iterator[str]:
    """An application of the bench, by the same server with the same options in as many processes.

    Args:
        told: goes into its environment.
    """
    settings = Settings(data_dir=directory, port=free_port())
    command = [sys.executable, "-m", module]
    environment = {**os.environ, **(told or {})}
    log = (directory / f"{module}.log").open("wb")
    with log, running(command, settings, log, environment) as address:
        yield address


def _event(member: str, number: int) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"walk-{number}",
        "source": "https://gate.example.org/1",
        "type": KINDS[0].name,
        "subject": member,
        "time": (SystemClock().now() - timedelta(minutes=number % 60)).isoformat(timespec="seconds"),
        "data": {"metres": 5000, "minutes": 48, "park": "north"},
    }


def _script(directory: Path, members: list[str], key: str) -> Path:
    """What the clients send: a different member and a new id each time, made as cheaply as wrk's scripts can."""
    template = json.dumps(_event("MEMBER", 1)).replace("walk-1", "ID")
    script = directory / "events.lua"
    script.write_text(
        (HERE / "activity_http.lua")
        .read_text(encoding="utf-8")
        .replace("$KEY", key)
        .replace("$BODY", template)
        .replace("$MEMBERS", ",".join(f'"{each}"' for each in members)),
        encoding="utf-8",
    )
    (directory / "events.json").write_text(json.dumps({"key": key, "body": template, "members": members}))
    return script


def _rate(url: str, script: Path, seconds: int, status: int, clients: int) -> float:
    """Requests a second; the first answer is looked at."""
    _probe(url, script, status)
    if WRK is None:
        command = [sys.executable, "-m", "bench.http_client", url, str(script.with_suffix(".json")), str(seconds)]
        command.append(str(clients))
    else:
        command = [WRK, "-t1", "--timeout", "10s", f"-c{clients}", f"-d{seconds}s", "-s", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=HERE.parent)
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    failed = re.search(r"Non-2xx[^\n]*|Socket errors[^\n]*", done.stdout)
    if found is None or failed is not None:
        raise RuntimeError(f"{url}: {failed[0] if failed else done.stdout}")
    return float(found[1])


def _probe(url: str, script: Path, status: int) -> None:
    told = json.loads(script.with_suffix(".json").read_text())
    body = told["body"].replace("MEMBER", told["members"][0]).replace('"ID"', f'"probe-{time.time_ns()}"')
    headers = {"authorization": f"Bearer {told['key']}", "content-type": "application/json"}
    with urlopen(Request(url, body.encode(), headers)) as answer:  # noqa: S310 - our own server
        content = json.load(answer)
        if answer.status != status or (status == 201 and not content["earned"]):
            raise RuntimeError(f"{url} answered {answer.status}: {content}")


def _check(place: Place) -> None:
    """That something was really recorded and paid."""
    with place.owner() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM engagement.activities), (SELECT count(*) FROM ledger.transfers)"
        ).fetchone()
        if row is None or not 1000 < row[0] <= row[1]:
            raise RuntimeError(f"activities and transfers: {row}")
