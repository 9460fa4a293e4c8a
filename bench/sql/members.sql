-- What every contestant starts from: the unit 1, codes, and members with an available pocket each.
SELECT ledger.register_unit('BENCH', 2::smallint, 'points', 'Bench');
SELECT ledger.register_system_account('bench-' || n) FROM generate_series(1, 64) AS n;

CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO guerdon_app;

CREATE FUNCTION bench.member(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT ('0' || to_hex({joined_ms} + {apart_ms} * n) || '{rest}')::uuid
$$;

INSERT INTO ledger.owners (id) SELECT bench.member(n) FROM generate_series(1, {members}) AS n;
INSERT INTO ledger.accounts (owner_id, unit_id, pocket)
SELECT bench.member(n), 1, 1 FROM generate_series(1, {members}) AS n;

-- What batches are fed from: the same rows for every contestant, read on the server. A run takes a number of its own,
-- because a key can be used only once.
CREATE TABLE bench.staging (
    run integer, ord integer, owner_id uuid NOT NULL, amount bigint NOT NULL, key uuid NOT NULL,
    PRIMARY KEY (run, ord));
GRANT SELECT ON bench.staging TO guerdon_app;

CREATE FUNCTION bench.stage(p_run integer, p_size integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO bench.staging
    SELECT p_run, n, bench.member(random(1, {members})), random(1, 1000), gen_random_uuid()
    FROM generate_series(1, p_size) AS n
$$;

-- The batch that is read from the staging rows, as the door takes it. Its unit is a constant, as in the raw statements:
-- looking it up for each row, as this once did, took 3 µs of the 22 that a transfer seemed to cost.
CREATE FUNCTION bench.staged(p_run integer) RETURNS ledger.posting[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT (owner_id, 1, 100, 1, amount, 1, key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            NULL)::ledger.posting
        FROM bench.staging WHERE run = p_run ORDER BY ord)
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bench TO guerdon_app;
