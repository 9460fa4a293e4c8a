"""The lane for batches of plain movements answers and writes what the general way would, item after item."""

import threading
import time
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guerdon.core.ids import idempotency_uuid
from support.ledger import CREDIT, POINT, REFERENCE, Ledger

ROW = (
    "ROW(%s, ledger.unit_id(%s), %s, %s, %s, %s, %s, ledger.reference_type_id(%s), NULL, NULL, NULL, NULL, NULL, NULL,"
    " NULL, NULL)::ledger.posting"
)
AWARD, SPEND = (100, 1, 1), (1, 101, 2)
ANSWER = "item, verdict, debit_after, credit_after, transfer_id IS NOT NULL"
STATE = (
    "SELECT unit_id, pocket, balance, floor, earned, spent FROM ledger.accounts WHERE owner_id = %s ORDER BY 1, 2",
    (
        "SELECT amount, debit_before, debit_after, credit_before, credit_after, unit_id, debit, credit, kind_id,"
        " idempotency_key, reference_type_id FROM ledger.transfers WHERE owner_id = %s ORDER BY id"
    ),
    (
        "SELECT t.id = a.last_transfer_id FROM ledger.accounts AS a JOIN LATERAL (SELECT id FROM ledger.transfers"
        " WHERE owner_id = a.owner_id AND unit_id = a.unit_id ORDER BY id DESC LIMIT 1) AS t ON true"
        " WHERE a.owner_id = %s"
    ),
)

items = st.tuples(
    st.integers(0, 2),
    st.sampled_from((POINT, POINT, CREDIT)),
    st.sampled_from((AWARD, AWARD, AWARD, SPEND, (103, 1, 3), (1, 103, 3))),
    st.one_of(st.integers(1, 50), st.sampled_from((0, 2**62))),
    st.one_of(st.none(), st.integers(0, 5)),
    st.sampled_from((None, REFERENCE)),
)


def batch(owners: list[UUID], drawn: list[Any]) -> tuple[str, list[Any]]:
    """The array that the door takes, as SQL with its values."""
    values: list[Any] = []
    for number, (who, unit, (debit, credit, kind), amount, key, reference) in enumerate(drawn):
        name = f"again {key}" if key is not None else f"once {number}"
        values += [owners[who], unit, debit, credit, amount, kind, idempotency_uuid(name), reference]
    return f"ARRAY[{', '.join([ROW] * len(drawn))}]", values


def moved(connection: psycopg.Connection[Any], owners: list[UUID]) -> list[Any]:
    return [connection.execute(query, (owner,)).fetchall() for owner in owners for query in STATE]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(items, min_size=2, max_size=20))
def test_a_batch_is_its_items_one_after_the_other(ledger: Ledger, drawn: list[Any]):
    told: dict[str, list[Any]] = {}
    with psycopg.connect(ledger.owner_dsn) as connection:
        for way in ("post(%s, now(), true)", "post_judged(%s, now(), true, true)"):
            owners = [ledger.member() for _ in range(3)]
            for owner in owners[:2]:
                ledger.award(owner, 40, key="first")
            array, values = batch(owners, drawn)
            query = f"SELECT {ANSWER} FROM ledger.{way.replace('%s', array)} ORDER BY item"
            told[way] = [*connection.execute(query, values).fetchall(), *moved(connection, owners)]
    before, after = told.values()
    assert before == after


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(items, min_size=1, max_size=12))
def test_whole_or_not_at_all_with_the_same_verdicts(ledger: Ledger, drawn: list[Any]):
    verdict = "item, verdict, debit_after, credit_after, transfer_id IS NOT NULL, problem - 'transfer_id'"
    with psycopg.connect(ledger.owner_dsn) as connection:
        told: dict[str, list[Any]] = {}
        states: dict[str, list[Any]] = {}
        for way in ("post(%s, now(), true)", "post_whole(%s, now())"):
            owners = [ledger.member() for _ in range(3)]
            for owner in owners[:2]:
                ledger.award(owner, 40, key="first")
            before = moved(connection, owners)
            array, values = batch(owners, drawn)
            query = f"SELECT {verdict} FROM ledger.{way.replace('%s', array)} ORDER BY item"
            told[way] = connection.execute(query, values).fetchall()
            states[way] = moved(connection, owners)
    judged, whole = told.values()
    assert judged == whole
    if all(each[1] in ("posted", "replayed") for each in whole):
        assert len({str(state) for state in states.values()}) == 1
    else:
        assert states["post_whole(%s, now())"] == before


@pytest.mark.parametrize(
    ("amounts", "verdicts"),
    [
        ((0, 5, 5), ["amount_not_positive", "posted", "replayed"]),
        ((0, 5, 6), ["amount_not_positive", "posted", "idempotency_conflict"]),
        ((0, 0, 5, 5, 5), ["amount_not_positive"] * 2 + ["posted", "replayed", "replayed"]),
    ],
)
def test_a_refused_item_leaves_its_key_to_the_next(ledger: Ledger, amounts: tuple[int, ...], verdicts: list[str]):
    owners = [ledger.member()]
    array, values = batch(owners, [(0, POINT, AWARD, amount, 1, REFERENCE) for amount in amounts])
    with psycopg.connect(ledger.owner_dsn) as connection:
        rows = connection.execute(f"SELECT verdict FROM ledger.post({array}, now(), true) ORDER BY item", values)
        assert [row[0] for row in rows] == verdicts
    assert ledger.balances(owners[0]) == {"available": 5}
    assert ledger.faults() == []


def test_a_key_that_was_used_is_told_by_its_transfer_and_not_by_the_batch(ledger: Ledger):
    owners = [ledger.member()]
    used = (0, POINT, AWARD, 5, 1, REFERENCE)
    verdicts = []
    with psycopg.connect(ledger.owner_dsn) as connection:
        for drawn in ([used, used], [(0, POINT, AWARD, 6, 1, REFERENCE), used]):
            array, values = batch(owners, drawn)
            rows = connection.execute(f"SELECT verdict FROM ledger.post({array}, now(), true) ORDER BY item", values)
            verdicts.append([row[0] for row in rows])
    assert verdicts == [["posted", "replayed"], ["idempotency_conflict", "replayed"]]
    assert ledger.balances(owners[0]) == {"available": 5}


def test_plain_batches_take_the_lane(ledger: Ledger):
    owners = [ledger.member() for _ in range(3)]
    for owner in owners:
        ledger.award(owner, 40)
    array, values = batch(owners, [(n % 3, POINT, AWARD if n % 2 else SPEND, 5, None, REFERENCE) for n in range(9)])
    with psycopg.connect(ledger.owner_dsn) as connection:
        rows = connection.execute(f"SELECT item FROM ledger.post_plain_batch({array}, now())", values).fetchall()
    assert [row[0] for row in rows] == list(range(1, 10))
    assert ledger.faults() == []


@pytest.mark.parametrize(
    "unusual",
    [
        pytest.param((0, POINT, SPEND, 41, None, None), id="below the floor"),
        pytest.param((1, CREDIT, AWARD, 1, None, None), id="no account yet"),
        pytest.param((0, POINT, AWARD, 2**62, None, None), id="very large"),
        pytest.param((0, POINT, (100, 2, 5), 5, None, None), id="a hold"),
        pytest.param((0, POINT, (999, 1, 1), 5, None, None), id="unknown account"),
        pytest.param((0, POINT, (100, 1, 99), 5, None, None), id="unknown kind"),
    ],
)
def test_the_lane_leaves_the_unusual_alone(ledger: Ledger, unusual: Any):
    owners = [ledger.member() for _ in range(2)]
    ledger.award(owners[0], 40)
    before = ledger.snapshot()
    array, values = batch(owners, [(0, POINT, SPEND, 20, None, None), unusual])
    with psycopg.connect(ledger.owner_dsn) as connection:
        try:
            rows = connection.execute(f"SELECT item FROM ledger.post_plain_batch({array}, now())", values).fetchall()
        except psycopg.errors.UniqueViolation:
            connection.rollback()
        else:
            assert rows == []
    assert ledger.snapshot() == before


@pytest.mark.parametrize("way", ["post", "post_judged"])
def test_a_batch_that_waited_for_an_account_posts_all_items_on_it(ledger: Ledger, way: str):
    owners = [ledger.member() for _ in range(3)]
    for owner in owners:
        ledger.award(owner, 40)
    array, values = batch(owners, [(n % 3, POINT, AWARD, 1, None, None) for n in range(9)])
    arguments = "now(), true" if way == "post" else "now(), true, true"
    found: list[Any] = []

    def post() -> None:
        with psycopg.connect(ledger.owner_dsn) as connection:
            found.extend(connection.execute(f"SELECT verdict FROM ledger.{way}({array}, {arguments})", values))

    with psycopg.connect(ledger.owner_dsn) as first:
        one, its_values = batch(owners, [(0, POINT, AWARD, 100, 5, None)])
        first.execute(f"SELECT FROM ledger.post({one})", its_values)
        other = threading.Thread(target=post)
        other.start()
        _wait_for_a_waiter(ledger.owner_dsn)
        first.commit()
        other.join(30)
    assert found == [("posted",)] * 9
    assert ledger.balances(owners[0]) == {"available": 143}
    assert ledger.faults() == []


def _wait_for_a_waiter(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            row = connection.execute(
                "SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            ).fetchone()
            if row is not None and row[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waited")
