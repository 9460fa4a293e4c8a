"""What pgbench runs: one transfer each, to a member taken at random."""

from bench.arena import MEMBERS

_MEMBER = "('00000000-0000-7000-8000-' || lpad(:n::text, 12, '0'))::uuid"
_ANY = f"\\set n random(1, {MEMBERS})\n"


def door(*, accounts: int = 1, member: str = _ANY) -> str:
    """A transfer through the public door, from one system account or from one of many taken at random."""
    account = "100" if accounts == 1 else ":a"
    choice = "" if accounts == 1 else f"\\set a random(104, {103 + accounts})\n"
    return (
        f"{member}{choice}SELECT * FROM ledger.post(ARRAY[ROW({_MEMBER}, 1, {account}, 1, 10, 1, gen_random_uuid(),"
        " NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::ledger.posting]);\n"
    )


ONE_MEMBER = "\\set n 1\n"

RAW = (
    f"{_ANY}BEGIN;\n"
    "UPDATE raw.accounts SET balance = balance + 10, earned = earned + 10, last_transfer_id = uuidv7(),"
    f" updated_at = now() WHERE owner_id = {_MEMBER} AND unit_id = 1 AND pocket = 1 RETURNING balance \\gset\n"
    "INSERT INTO raw.transfers (owner_id, id, idempotency_key, amount, credit_before, credit_after, happened_at,"
    f" recorded_at, unit_id, debit, credit, kind_id) VALUES ({_MEMBER}, uuidv7(), gen_random_uuid(), 10,"
    " :balance - 10, :balance, now(), now(), 1, 100, 1, 1);\nCOMMIT;\n"
)

YARDSTICK = (
    f"{_ANY}BEGIN;\n"
    "UPDATE yardstick.accounts SET balance = balance + 10, version = version + 1, updated_at = now()"
    f" WHERE id = {_MEMBER} RETURNING balance \\gset\n"
    "INSERT INTO yardstick.transfers (debit_account_id, credit_account_id, amount, balance_after, kind,"
    " idempotency_key, happened_at, recorded_at) VALUES ('00000000-0000-7000-9000-000000000000',"
    f" {_MEMBER}, 10, :balance, 'award', gen_random_uuid()::text, now(), now());\nCOMMIT;\n"
)
