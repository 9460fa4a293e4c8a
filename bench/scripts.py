"""What pgbench runs: one transfer each, to a member taken at random."""

from bench.arena import MEMBERS
from bench.members import BY_MOMENT, numbered

_ANY = numbered(f"random(1, {MEMBERS})")


def door(*, accounts: int = 1, member: str = _ANY) -> str:
    """A transfer through the public door, from one system account or from one of many taken at random."""
    account = "100" if accounts == 1 else ":a"
    choice = "" if accounts == 1 else f"\\set a random(104, {103 + accounts})\n"
    return (
        f"{member}{choice}SELECT ledger.post_one(ROW({BY_MOMENT}, 1, {account}, 1, 10, 1, gen_random_uuid(), NULL,"
        " NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::ledger.posting);\n"
    )


ONE_MEMBER = numbered("1")

RAW = (
    f"{_ANY}BEGIN;\n"
    "UPDATE raw.accounts SET balance = balance + 10, earned = earned + 10, last_transfer_id = uuidv7(),"
    f" updated_at = now() WHERE owner_id = {BY_MOMENT} AND unit_id = 1 AND pocket = 1 RETURNING balance \\gset\n"
    "INSERT INTO raw.transfers (owner_id, id, idempotency_key, amount, credit_before, credit_after, happened_at,"
    f" recorded_at, unit_id, debit, credit, kind_id) VALUES ({BY_MOMENT}, uuidv7(), gen_random_uuid(), 10,"
    " :balance - 10, :balance, now(), now(), 1, 100, 1, 1);\nCOMMIT;\n"
)

YARDSTICK = (
    f"{_ANY}BEGIN;\n"
    "UPDATE yardstick.accounts SET balance = balance + 10, version = version + 1, updated_at = now()"
    f" WHERE id = {BY_MOMENT} RETURNING balance \\gset\n"
    "INSERT INTO yardstick.transfers (debit_account_id, credit_account_id, amount, balance_after, kind,"
    " idempotency_key, happened_at, recorded_at) VALUES ('00000000-0000-7000-9000-000000000000',"
    f" {BY_MOMENT}, 10, :balance, 'award', gen_random_uuid()::text, now(), now());\nCOMMIT;\n"
)
