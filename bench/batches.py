"""Batches, all fed from the same rows on the server."""

from collections.abc import Callable
from itertools import count
from time import perf_counter

from bench.arena import Connection

_runs = count(1)

_RAW = (
    """
    INSERT INTO raw.transfers (owner_id, id, idempotency_key, amount, credit_before, credit_after, happened_at,
        recorded_at, unit_id, debit, credit, kind_id)
    SELECT owner_id, uuidv7(), key, amount, 0, amount, now(), now(), 1, 100, 1, 1
    FROM bench.staging WHERE run = %(run)s
    """,
    """
    UPDATE raw.accounts AS a
    SET balance = a.balance + s.amount, earned = a.earned + s.amount, last_transfer_id = uuidv7(), updated_at = now()
    FROM (
        SELECT owner_id, sum(amount)::bigint AS amount FROM bench.staging WHERE run = %(run)s GROUP BY owner_id
    ) AS s
    WHERE a.owner_id = s.owner_id AND a.unit_id = 1 AND a.pocket = 1
    """,
)
_YARDSTICK = (
    """
    INSERT INTO yardstick.transfers (debit_account_id, credit_account_id, amount, balance_after, kind, idempotency_key,
        happened_at, recorded_at)
    SELECT '00000000-0000-7000-9000-000000000000', owner_id, amount, amount, 'award', key::text, now(), now()
    FROM bench.staging WHERE run = %(run)s
    """,
    """
    UPDATE yardstick.accounts AS a
    SET balance = a.balance + s.amount, version = a.version + 1, updated_at = now()
    FROM (
        SELECT owner_id, sum(amount)::bigint AS amount FROM bench.staging WHERE run = %(run)s GROUP BY owner_id
    ) AS s
    WHERE a.id = s.owner_id
    """,
)

Send = Callable[[int], None]


def rate(owner: Connection, send: Send, size: int, repeat: int = 1) -> float:
    """Transfers per second of ``repeat`` batches of ``size``, staged before the clock starts."""
    runs = [next(_runs) for _ in range(repeat)]
    for run in runs:
        owner.execute("SELECT bench.stage(%s, %s)", (run, size))
    owner.execute("ANALYZE bench.staging")
    start = perf_counter()
    for run in runs:
        send(run)
    seconds = perf_counter() - start
    owner.execute("TRUNCATE bench.staging")
    return size * repeat / seconds


def door(app: Connection) -> Send:
    """Through the public door, as the application's role."""

    def send(run: int) -> None:
        app.execute("SELECT count(*) FROM ledger.post(bench.staged(%s))", (run,), prepare=True)

    return send


def raw(owner: Connection) -> Send:
    """INSERT … SELECT and UPDATE on the same tables; they do not even work out the running balances."""
    return _statements(owner, _RAW)


def yardstick(owner: Connection) -> Send:
    """INSERT … SELECT and UPDATE on the four-index table."""
    return _statements(owner, _YARDSTICK)


def _statements(owner: Connection, statements: tuple[str, ...]) -> Send:
    def send(run: int) -> None:
        with owner.transaction():
            for statement in statements:
                owner.execute(statement, {"run": run}, prepare=True)

    return send
