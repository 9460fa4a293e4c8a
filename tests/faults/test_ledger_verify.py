"""Each promise of the ledger is broken on purpose, behind its back, and verification names it."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from guerdon.core.ids import new_id
from guerdon.core.money import to_text
from guerdon.db.embedded import EmbeddedServer
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.schemas import SystemAccount
from support.databases import on_database
from support.ledger import CREDIT, POINT, Ledger, award, gift, spend
from support.processes import guerdon_environment, guerdon_here, guerdon_in_terminal

HOUR = timedelta(hours=1)


@pytest.fixture
def superuser_dsn(database_server: EmbeddedServer, database_name: str) -> str:
    return on_database(database_server.superuser_dsn, database_name)


@pytest.fixture
def awa(ledger: Ledger) -> UUID:
    """Somebody to whom everything has happened once."""
    awa, ben = ledger.member(), ledger.member()
    first = ledger.award(awa, 100)
    ledger.award(awa, 5, CREDIT)
    ledger.post(spend(awa, 10, "spend"))
    ledger.post(gift(awa, ben, 10, "gift"))
    ledger.do(service.reverse, awa, first.transfer_id, key="r", at=ledger.now, amount_minor=5)
    hold_id = ledger.hold(awa, 20)
    ledger.do(service.capture, awa, hold_id, key="c", at=ledger.now, amount_minor=5)
    options = {"kind": "award", "key": "p", "at": ledger.now, "matures_at": ledger.now + HOUR}
    ledger.do(service.award_pending, SystemAccount("issuance", POINT), awa, 7, **options)
    ledger.do(service.fold_system_balances)
    ledger.award(awa, 1)
    assert ledger.faults() == []
    return awa


Plant = Callable[..., None]


@pytest.fixture
def plant(superuser_dsn: str) -> Plant:
    """Runs a statement as the superuser, past triggers."""

    def run(statement: str, *values: object) -> None:
        with psycopg.connect(superuser_dsn) as connection:
            connection.execute("SET session_replication_role = replica")
            assert connection.execute(statement, values).rowcount != 0

    return run


PLANTED: list[tuple[str, str, str]] = [
    (
        "conservation",
        "all balances add up to 1 instead of 0",
        "UPDATE ledger.accounts SET balance = balance + 1 WHERE owner_id = %s AND pocket = 1 AND unit_id = {point}",
    ),
    (
        "balances",
        "pocket 1 holds",
        "UPDATE ledger.accounts SET balance = balance + 1 WHERE owner_id = %s AND pocket = 1 AND unit_id = {point}",
    ),
    (
        "balances",
        "has earned",
        "UPDATE ledger.accounts SET earned = earned + 1 WHERE owner_id = %s AND pocket = 1 AND unit_id = {point}",
    ),
    ("balances", "which has no account", "DELETE FROM ledger.accounts WHERE owner_id = %s AND unit_id = {credit}"),
    (
        "running_balances",
        "the one before it ended at",
        "UPDATE ledger.transfers SET debit_after = debit_after + 1 WHERE owner_id = %s AND kind_id = 2",
    ),
    (
        "running_balances",
        "the one before it ended at",
        "DELETE FROM ledger.transfers WHERE owner_id = %s AND kind_id = 2",
    ),
    (
        "running_balances",
        "the one before it ended at",
        "UPDATE ledger.transfers SET debit_before = debit_before + 1 WHERE owner_id = %s AND kind_id = 2",
    ),
    (
        "holds",
        "its open holds add up to",
        "UPDATE ledger.holds SET remaining = remaining - 1 WHERE owner_id = %s AND pocket = 2",
    ),
    (
        "holds",
        "its transfers leave",
        "UPDATE ledger.holds SET remaining = remaining - 1 WHERE owner_id = %s AND pocket = 2",
    ),
    ("holds", "its open holds add up to 0", "DELETE FROM ledger.holds WHERE owner_id = %s AND pocket = 3"),
    (
        "holds",
        "was not opened by a transfer",
        "UPDATE ledger.holds SET amount = amount + 1 WHERE owner_id = %s AND pocket = 3",
    ),
    ("references", "its owner does not exist", "DELETE FROM ledger.owners WHERE id = %s"),
    (
        "references",
        "the account of pocket 1: its owner does not exist",
        "DELETE FROM ledger.owners WHERE id = %s",
    ),
    (
        "references",
        "the account of pocket 1: its unit does not exist",
        "UPDATE ledger.accounts SET unit_id = 999 WHERE owner_id = %s AND unit_id = {credit}",
    ),
    (
        "references",
        "the account of pocket 9: its pocket does not exist",
        "UPDATE ledger.accounts SET pocket = 9 WHERE owner_id = %s AND unit_id = {credit}",
    ),
    (
        "references",
        "its unit does not exist",
        "UPDATE ledger.transfers SET unit_id = 999 WHERE owner_id = %s AND unit_id = {credit}",
    ),
    (
        "references",
        "its kind does not exist",
        "UPDATE ledger.transfers SET kind_id = 999 WHERE owner_id = %s AND kind_id = 2",
    ),
    (
        "references",
        "one of its accounts does not exist",
        "UPDATE ledger.transfers SET credit = 999 WHERE owner_id = %s AND kind_id = 2",
    ),
    (
        "references",
        "it pays the account that it takes from",
        "UPDATE ledger.transfers SET credit = debit WHERE owner_id = %s AND kind_id = 2",
    ),
    (
        "references",
        "neither of its accounts is one of its owner's",
        "UPDATE ledger.transfers SET debit = 100 WHERE owner_id = %s AND kind_id = 2",
    ),
    (
        "references",
        "it shows no balance of its owner's account",
        "UPDATE ledger.transfers SET debit_before = NULL, debit_after = NULL WHERE owner_id = %s AND kind_id = 2",
    ),
    (
        "references",
        "or one of the system's",
        "UPDATE ledger.transfers SET credit_before = 0, credit_after = 10 WHERE owner_id = %s AND kind_id = 2",
    ),
    (
        "references",
        "its reference type does not exist",
        "UPDATE ledger.transfers SET reference_type_id = 999 WHERE owner_id = %s AND kind_id = 2",
    ),
    (
        "references",
        "what it reverses does not exist",
        "UPDATE ledger.transfers SET reverses_id = uuidv7() WHERE owner_id = %s AND reverses_id IS NOT NULL",
    ),
    (
        "references",
        "its hold does not exist",
        "UPDATE ledger.transfers SET hold_id = uuidv7() WHERE owner_id = %s AND hold_id IS NOT NULL",
    ),
    (
        "references",
        "its other half does not mirror it",
        "DELETE FROM ledger.transfers WHERE peer_owner_id = %s",
    ),
    (
        "references",
        "its other half does not mirror it",
        "UPDATE ledger.transfers SET amount = amount + 1 WHERE peer_owner_id = %s",
    ),
    (
        "reversals",
        "was reversed by",
        "UPDATE ledger.transfers SET amount = 1000 WHERE owner_id = %s AND reverses_id IS NOT NULL",
    ),
]


@pytest.mark.parametrize(("check", "words", "statement"), PLANTED)
def test_a_planted_fault_is_named(ledger: Ledger, awa: UUID, plant: Plant, check: str, words: str, statement: str):
    units = {"point": "ledger.unit_id('TEST_POINT')", "credit": "ledger.unit_id('TEST_CREDIT')"}
    plant(statement.format(**units), awa)
    found = [fault for fault in ledger.faults() if fault.check == check and words in fault.fault]
    assert found, ledger.faults()


def test_a_balance_below_the_floor(ledger: Ledger, awa: UUID, plant: Plant):
    plant("ALTER TABLE ledger.accounts DROP CONSTRAINT chk_accounts_floor")
    plant("UPDATE ledger.accounts SET floor = balance + 1 WHERE owner_id = %s AND pocket = 1", awa)
    found = [fault for fault in ledger.faults() if fault.check == "floors"]
    assert {fault.owner_id for fault in found} == {awa}


@pytest.mark.parametrize("table", ["system_balances", "system_deltas"])
def test_a_system_account_that_lost_something(ledger: Ledger, awa: UUID, plant: Plant, table: str):
    plant(f"DELETE FROM ledger.{table}")
    assert {fault.check for fault in ledger.faults()} == {"conservation", "system_accounts"}


def test_a_system_account_changed_on_both_sides(ledger: Ledger, awa: UUID, plant: Plant):
    """Conservation holds, and still it is found."""
    plant("UPDATE ledger.system_balances SET balance = balance - 1 WHERE account = 100")
    plant("UPDATE ledger.system_balances SET balance = balance + 1 WHERE account = 101")
    assert {fault.check for fault in ledger.faults()} >= {"system_accounts"}


def test_every_check_was_made_to_fail():
    assert {check for check, _, _ in PLANTED} | {"floors", "system_accounts"} == set(service.CHECKS)


@pytest.mark.parametrize("post", ["single", "general", "batch"])
def test_ids_sort_in_the_order_of_posting_though_the_clock_stepped_back(
    ledger: Ledger, awa: UUID, plant: Plant, post: str
):
    """A transfer of an hour ahead stands there already; what comes now still sorts behind it."""
    plant("UPDATE ledger.accounts SET last_transfer_id = uuidv7(interval '1 hour') WHERE owner_id = %s", awa)
    ids = []
    if post == "single":
        ids = [ledger.award(awa, 1).transfer_id for _ in range(50)]
    elif post == "general":
        ids = [ledger.hold(awa, 1) for _ in range(20)]
    else:
        for n in range(3):
            batch = [(spend if i % 2 else award)(awa, 1, f"{n}.{i}") for i in range(300)]
            ids += [each.transfer_id for each in ledger.do(service.post_batch, batch, ledger.now)]
    assert ids == sorted(ids)
    assert ledger.faults() == []


class Command:
    """``guerdon ledger`` against the test's database."""

    def __init__(self, owner_dsn: str, app_dsn: str, tmp_path: Path) -> None:
        self._environment = guerdon_environment(tmp_path, database_url=owner_dsn, database_app_url=app_dsn)

    def __call__(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return guerdon_here("ledger", *arguments, environment=self._environment)

    def in_terminal(self, columns: int, *arguments: str) -> list[str]:
        """What it shows in a terminal of that many columns."""
        return guerdon_in_terminal("ledger", *arguments, environment=self._environment, columns=columns)


@pytest.fixture
def command(owner_dsn: str, app_dsn: str, tmp_path: Path) -> Command:
    return Command(owner_dsn, app_dsn, tmp_path)


def test_the_command_says_that_all_is_well(ledger: Ledger, awa: UUID, command: Command):
    done = command("verify")
    assert done.returncode == 0, done.stderr
    assert "keeps all its promises: 8 checks" in done.stdout


def test_the_command_names_each_fault_and_fails(ledger: Ledger, awa: UUID, plant: Plant, command: Command):
    plant("UPDATE ledger.accounts SET balance = balance + 1 WHERE owner_id = %s AND pocket = 1", awa)
    done = command("verify")
    assert done.returncode == 1
    assert "✗ conservation" in done.stdout
    assert f"{awa} TEST_POINT: pocket 1 holds" in done.stdout
    assert "✓ holds" in done.stdout
    assert "breaks its promises" in done.stderr


def test_statement_and_export(ledger: Ledger, awa: UUID, command: Command, tmp_path: Path):
    table = command("statement", str(awa), "--unit", "TEST_CREDIT")
    assert table.returncode == 0, table.stderr
    assert "0.05" in table.stdout
    lines = command("statement", str(awa), "--format", "jsonl").stdout.splitlines()
    assert len(lines) == len(ledger.do(service.statement, awa, ledger.now + 1000 * HOUR, pocket=None, limit=999))
    file = tmp_path / "all.csv"
    done = command("export", "--format", "csv", "--out", str(file))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    printed = command("export", "--format", "csv").stdout
    assert file.read_text() == printed
    assert printed.startswith("owner_id,transfer_id,unit,pocket,amount")
    assert not file.with_name("all.csv.part").exists()
    assert command("export", "--owner", str(awa), "--since", "2100-01-01").stdout == ""


def test_unbounded_accounts_have_balances_and_say_where_their_statement_is(ledger: Ledger, awa: UUID, command: Command):
    refused = command("statement", "issuance")
    assert refused.returncode == 1
    assert "'issuance' is an unbounded account" in refused.stderr
    assert "guerdon ledger system-accounts" in refused.stderr
    assert "no such account" in command("statement", "nobody").stderr
    shown = command("system-accounts")
    assert shown.returncode == 0, shown.stderr
    told = [line.split() for line in shown.stdout.splitlines()[1:]]
    expected = [
        [each.account, each.unit, to_text(int(each.balance_minor), each.scale)]
        for each in ledger.do(service.system_balances)
    ]
    assert told == expected
    assert ["issuance", "TEST_CREDIT"] in [line[:2] for line in told]


def test_a_statement_loses_nothing_wherever_it_is_shown(ledger: Ledger, awa: UUID, command: Command):
    entries = ledger.do(service.statement, awa, ledger.now + 1000 * HOUR, pocket=None, limit=999)
    told = [
        [
            str(entry.transfer_id),
            entry.kind,
            entry.unit,
            entry.pocket.value,
            to_text(entry.amount_minor, entry.scale),
            to_text(entry.balance_after_minor, entry.scale),
        ]
        for entry in entries
    ]
    # In a pipe, one line for each, of any length.
    piped = command("statement", str(awa)).stdout.splitlines()[1:]
    assert len(piped) == len(told)
    for line, words in zip(piped, told, strict=True):
        assert set(words) <= set(line.split())
    wide = command.in_terminal(200, "statement", str(awa))[1:]
    assert [line.split() for line in wide] == [line.split() for line in piped]
    # In a narrow terminal two, and every id in one piece.
    narrow = command.in_terminal(80, "statement", str(awa))[2:]
    assert len(narrow) == 2 * len(told)
    for first, second, words in zip(narrow[::2], narrow[1::2], told, strict=True):
        assert max(len(first), len(second)) <= 80
        assert set(words) <= {*first.split(), *second.split()}
    # In a very narrow one it goes on below, and still nothing is cut.
    tiny = command.in_terminal(40, "statement", str(awa))
    assert all(len(line) <= 40 for line in tiny)
    assert "…" not in "".join(tiny)


def test_an_owner_that_nobody_knows(ledger: Ledger, command: Command):
    for owner in (str(new_id()), "nobody@example.org", "no.such.pool"):
        done = command("statement", owner)
        assert (done.returncode, done.stdout) == (1, "")
        assert "Error: There is no such account." in done.stderr
