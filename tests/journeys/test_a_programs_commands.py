"""A program of somebody else's at the command line: what its command records is followed as in a request."""

import os
import textwrap
from pathlib import Path

import psycopg
import pytest

from support.operators import Run
from support.processes import guerdon

PROGRAM = '''
"""A mill, whose sacks are ground at the command line."""

from datetime import timedelta

import typer
from sqlalchemy import select, text

from guerdon.core.clock import FixedClock, SystemClock
from guerdon.kernel import acts
from guerdon.kernel.admin.retention import Policy, older_than
from guerdon.kernel.commands import working_database
from guerdon.kernel.engagement.activities.schemas import ActivityKind, Consequences, Fact, MetricSeed
from guerdon.kernel.engagement.activities.service import following
from guerdon.kernel.engagement.activities.service.recording import record
from guerdon.kernel.engagement.badges.seeds import BadgeLevel, BadgeSeed, Criteria
from guerdon.kernel.identity.models import User
from guerdon.kernel.program import Program

commands = typer.Typer(no_args_is_help=True, help="The mill.")


@commands.callback()
def mill() -> None:
    """The mill."""


@commands.command()
def grind(email: str) -> None:
    """Grind a sack for somebody."""
    clock = SystemClock()
    with working_database("guerdon mill") as database, database.transaction() as session:
        user_id = session.scalars(select(User.id).where(User.email == email)).one()
        acts.announce(session, acts.Act("mill.opened", "mill"))
        [outcome] = record(session, clock, [Fact(user_id, "mill", "mill.ground", clock.now(), {}, "sack 1")])
        typer.echo([badge["badge"] for badge in outcome.badges])


def follow(session, now, batch):
    for each in batch.facts:
        row = {"at": now - timedelta(days=20), "id": each.activity_id}
        session.execute(text("INSERT INTO public.mill_log VALUES (:id, :at)"), row)
    return Consequences()


def install(session):
    session.execute(text("CREATE TABLE IF NOT EXISTS public.mill_log (id uuid, at timestamptz)"))
    session.execute(text("GRANT SELECT, INSERT, DELETE ON public.mill_log TO guerdon_app"))


PROGRAM = Program(
    name="mill",
    title="Mill",
    package="mill",
    activity_kinds=(ActivityKind("mill.ground", "Ground"),),
    metrics=(MetricSeed("sacks", "Sacks", ("mill.ground",)),),
    badges=(BadgeSeed("miller", "Miller", "Grinds.", Criteria.total("sacks"), (BadgeLevel(1),)),),
    commands=commands,
    retention=(Policy("mill.log", 7, "What was ground", older_than("public.mill_log.at")),),
    prepare=lambda _settings: following.follow("mill", following.BOARDS + 10, follow),
    install=install,
)
'''


@pytest.fixture
def mill(running: Run, tmp_path: Path) -> Run:
    """The mill beside Guerdon, on its database, and somebody who has grain."""
    (tmp_path / "mill").mkdir()
    (tmp_path / "mill" / "__init__.py").write_text(textwrap.dedent(PROGRAM))
    metadata = tmp_path / "mill-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mill\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[guerdon.programs]\nmill = mill:PROGRAM\n")
    environment, dsn = running
    environment = environment | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    migrated = guerdon("db", "migrate", environment=environment)
    assert migrated.returncode == 0, migrated.stderr
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO identity.users (name, email) VALUES ('Awa', 'awa@example.org')")
    return environment, dsn


def test_what_it_records_is_followed_and_what_it_keeps_is_forgotten(mill: Run) -> None:
    environment, dsn = mill
    ground = guerdon("mill", "grind", "awa@example.org", environment=environment)
    assert (ground.returncode, ground.stdout) == (0, "['miller']\n"), ground.stderr
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM public.mill_log").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM admin.audit_logs WHERE action = 'mill.opened'").fetchone() == (
            1,
        )

    tried = guerdon("retention", "--dry-run", environment=environment)
    assert [line.split() for line in tried.stdout.splitlines() if line.startswith("mill.log")] == [
        ["mill.log", "What", "was", "ground", "7", "1"]
    ], tried.stdout + tried.stderr
    assert guerdon("retention", environment=environment).returncode == 0
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM public.mill_log").fetchone() == (0,)
        kept = connection.execute(
            "SELECT last_removed FROM admin.retention_policies WHERE code = 'mill.log'"
        ).fetchone()
    assert kept == (1,)
