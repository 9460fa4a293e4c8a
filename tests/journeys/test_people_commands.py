"""``guerdon retention`` and ``guerdon users rotate-encryption`` as an operator types them."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from guerdon.kernel.identity.people import encryption
from support.operators import Run
from support.processes import guerdon, guerdon_here


def test_retention_counts_first_and_deletes_then(running: Run) -> None:
    environment, dsn = running
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "WITH awa AS (INSERT INTO identity.users (name, email) VALUES ('Awa', 'awa@example.org') RETURNING id)"
            " INSERT INTO identity.user_sessions (user_id, token_hash, created_at, expires_at)"
            " SELECT id, 'h', '2020-01-01', '2020-01-02' FROM awa"
        )
    dry = guerdon_here("retention", "--dry-run", environment=environment)
    assert (dry.returncode, "Would go" in dry.stdout) == (0, True), dry.stderr
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM identity.user_sessions").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM admin.retention_policies").fetchone() == (0,)
    assert guerdon_here("retention", environment=environment).returncode == 0
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM identity.user_sessions").fetchone() == (0,)


def test_rotation_brings_a_fresh_key_into_use(running: Run, short_dir: Path) -> None:
    environment, _ = running
    ring = short_dir / "secrets" / "encryption"
    first = guerdon("users", "rotate-encryption", environment=environment)
    assert first.returncode == 0, first.stderr
    fresh, _old = json.loads(ring.read_text())
    assert fresh in first.stdout
    second = guerdon("users", "rotate-encryption", "--drop-old", environment=environment)
    assert second.returncode == 0, second.stderr
    assert list(json.loads(ring.read_text())) == [fresh]


def test_two_rotations_at_once_would_lose_a_key(running: Run, short_dir: Path) -> None:
    environment, _ = running
    with encryption.rotation(short_dir):
        before = (short_dir / "secrets" / "encryption").read_text()
        for options in ((), ("--drop-old",)):
            refused = guerdon_here("users", "rotate-encryption", *options, environment=environment)
            assert refused.returncode == 1
            assert "are being rotated by another process" in refused.stderr
    assert (short_dir / "secrets" / "encryption").read_text() == before
    assert guerdon("users", "rotate-encryption", environment=environment).returncode == 0


@pytest.mark.parametrize("command", ["users list", "db url", "credits export"])
def test_output_that_finds_no_room_is_told_in_a_sentence(running: Run, command: str) -> None:
    environment, _ = running
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "guerdon.cli", *command.split()],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1, done.stderr
    assert "The output cannot be written: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["credits export", "ledger export"])
def test_an_export_into_a_closed_output_is_refused(running: Run, command: str) -> None:
    environment, _ = running
    shell = f"exec {sys.executable} -m guerdon.cli {command} >&-"
    done = subprocess.run(
        ["sh", "-c", shell], env=environment, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert "standard output is closed" in done.stderr
