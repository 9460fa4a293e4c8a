"""The fast lane of the door, entered by either of its functions, and the general one give the same answer to the same
posting."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from guerdon.core.ids import idempotency_uuid
from guerdon.kernel.ledger import service
from support.ledger import POINT, REFERENCE, Ledger

ITEM = (
    "ROW(%(owner)s, ledger.unit_id(%(unit)s), %(debit)s, %(credit)s, %(amount)s, %(kind)s, %(key)s, %(type)s,"
    " %(ref)s, %(happened)s, NULL, %(detail)s, NULL, NULL, NULL, NULL)::ledger.posting"
)
LANES = {
    "one": sql.SQL(f"SELECT verdict, debit_after, credit_after, problem FROM ledger.post_one({ITEM}, now(), true)"),
    "fast": sql.SQL(f"SELECT verdict, debit_after, credit_after, problem FROM ledger.post(ARRAY[{ITEM}], now(), true)"),
    "general": sql.SQL(
        f"SELECT verdict, debit_after, credit_after, problem FROM ledger.post_judged(ARRAY[{ITEM}], now(), true, true)"
    ),
}
STATE = (
    "SELECT pocket, balance, floor, earned, spent FROM ledger.accounts WHERE owner_id = %s AND balance <> 0",
    (
        "SELECT amount, debit_before, debit_after, credit_before, credit_after, unit_id, debit, credit, kind_id,"
        " reference_type_id, reference_id, happened_at, detail, idempotency_key"
        " FROM ledger.transfers WHERE owner_id = %s ORDER BY id"
    ),
    "SELECT unit_id, account, sum(amount) FROM ledger.system_deltas WHERE owner_id = %s GROUP BY 1, 2 ORDER BY 1, 2",
)
THING = UUID(int=7)

items = st.fixed_dictionaries(
    {
        "unit": st.sampled_from((POINT, POINT, POINT, "NOPE")),
        "sides": st.sampled_from(
            ((100, 1), (1, 101), (103, 1), (1, 103), (100, 1), (1, 101), (1, 999), (999, 1), (1, 1))
        ),
        "amount": st.one_of(st.integers(1, 60), st.sampled_from((0, -1, None, 2**63 - 1, 2**62))),
        "kind": st.sampled_from((1, 2, 3, 4, 1, 2, 999)),
        "key": st.one_of(st.none(), *[st.just(f"key {n}") for n in range(8)]),
        "type": st.sampled_from((None, None, "known", 999)),
        "happened": st.sampled_from((None, "2026-01-01T00:00:00Z")),
        "detail": st.sampled_from((None, '{"a": 1}')),
    }
)


@pytest.mark.parametrize("floor", [0, -50, None])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(items, min_size=1, max_size=15))
def test_both_lanes_agree(ledger: Ledger, floor: int | None, drawn: list[dict[str, Any]]):
    told: dict[str, list[Any]] = {}
    with psycopg.connect(ledger.owner_dsn) as connection:
        known = connection.execute("SELECT ledger.reference_type_id(%s)", (REFERENCE,)).fetchone()
        assert known is not None
        for lane, query in LANES.items():
            owner = ledger.member()
            ledger.do(service.set_floor, owner, POINT, floor)
            told[lane] = []
            for each in drawn:
                debit, credit = each["sides"]
                values = {
                    **each,
                    "owner": owner,
                    "debit": debit,
                    "credit": credit,
                    "key": idempotency_uuid(each["key"]) if each["key"] else None,
                    "type": known[0] if each["type"] == "known" else each["type"],
                    "ref": THING if each["type"] else None,
                }
                row = connection.execute(query, values).fetchone()
                assert row is not None
                problem = {name: value for name, value in (row[3] or {}).items() if name != "transfer_id"}
                told[lane].append((*row[:3], problem))
            told[lane] += [connection.execute(state, (owner,)).fetchall() for state in STATE]
        connection.rollback()
    assert told["fast"] == told["general"]
