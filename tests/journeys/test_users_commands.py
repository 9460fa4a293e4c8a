"""``guerdon users`` as an operator types it."""

import subprocess
import sys

import psycopg

from support.operators import Run
from support.processes import guerdon_here


def accounts(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT count(*) FROM identity.users").fetchone()
    assert found
    return int(found[0])


def test_what_is_wrong_with_an_account_is_told_before_a_password_is_asked_for(running: Run) -> None:
    environment, dsn = running
    chosen = {**environment, "GUERDON_NEW_PASSWORD": "seven quiet herons"}
    made = guerdon_here("users", "add", "--email", "awa@example.org", "--role", "admin", environment=chosen)
    assert (made.returncode, made.stdout) == (0, "awa@example.org may sign in as user, admin.\n")
    for address, told in (("nobody", "Error: email: "), ("AWA@example.org", "Error: email: ")):
        refused = guerdon_here("users", "add", "--email", address, environment=environment)
        assert refused.returncode == 1
        assert told in refused.stderr
        assert "Password" not in refused.stdout + refused.stderr
    assert accounts(dsn) == 1


def test_every_field_that_is_refused_is_named(running: Run) -> None:
    environment, dsn = running
    weak = {**environment, "GUERDON_NEW_PASSWORD": "short"}
    refused = guerdon_here("users", "add", "--email", "nobody", environment=weak)
    assert refused.returncode == 1
    assert "Error: email: " in refused.stderr
    assert "Error: password: " in refused.stderr
    assert accounts(dsn) == 0


def test_the_password_is_asked_for_when_all_else_is_right(running: Run) -> None:
    environment, dsn = running
    typed = subprocess.run(
        [sys.executable, "-m", "guerdon.cli", "users", "add", "--email", "awa@example.org"],
        env=environment,
        input="seven quiet herons\nseven quiet herons\n",
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # without a terminal, so that what is typed comes from the pipe
        timeout=60,
    )
    assert typed.returncode == 0, typed.stderr
    assert "awa@example.org may sign in as user." in typed.stdout
    assert accounts(dsn) == 1
