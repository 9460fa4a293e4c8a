-- The fixed yardstick: the layout that most ledgers have, which does not change when ours does. Four indexes (id;
-- debit, id; credit, id; text key), about 385 bytes a transfer with them.
CREATE SCHEMA yardstick;
CREATE TABLE yardstick.accounts (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    unit text NOT NULL,
    kind text NOT NULL,
    balance bigint NOT NULL,
    floor bigint,
    version bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (floor IS NULL OR balance >= floor)) WITH (fillfactor = 70);
CREATE TABLE yardstick.transfers (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    debit_account_id uuid NOT NULL,
    credit_account_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    balance_after bigint NOT NULL,
    kind text NOT NULL,
    idempotency_key text NOT NULL UNIQUE,
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CHECK (debit_account_id <> credit_account_id));
CREATE INDEX ON yardstick.transfers (debit_account_id, id);
CREATE INDEX ON yardstick.transfers (credit_account_id, id);
INSERT INTO yardstick.accounts
SELECT owner_id, owner_id, 'BENCH', 'available', 0, 0, 0, now(), now() FROM ledger.accounts;
