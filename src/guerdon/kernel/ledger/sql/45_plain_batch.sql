-- The short way for batches: what most of them hold is movements between available pockets and system accounts.

-- A sum that stays a bigint, and fails where one cannot hold it; PostgreSQL's own makes a numeric of every step.
CREATE OR REPLACE AGGREGATE ledger.total(bigint) (
    SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE);

-- The ids of a batch: one UUIDv7, its last 32 bits counting from 80000001 up, as RFC 9562 (6.2) allows. Drawing each at
-- random costs more than anything else that is done for an item.
CREATE OR REPLACE FUNCTION ledger.batch_ids(p_count integer) RETURNS uuid[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_base text := left(uuidv7()::text, 28);
BEGIN
    RETURN ARRAY(SELECT (v_base || to_hex(n))::uuid FROM generate_series(2147483649, 2147483648 + p_count) AS n);
END $$;

-- Posts a batch of nothing else, in a few sets, where post_judged judges item by item. Returns no row, and has changed
-- nothing, when an item is of another sort; ends in unique_violation when an item has to be refused, is a replay or needs
-- an account opened: ledger.post then starts over the general way, which finds out what.
--
-- The first UPDATE locks, judges and writes at once, so no account is read twice. Whichever join the settings below leave
-- to the planner, accounts are met in the order of their keys, so that postings never wait in a circle. Sorting and
-- running sums see only what they need of an item; the rest of it is read once, when the transfers are written, again in
-- the order of the owners, whose index entries then stand together. What belongs together is found by its number in an
-- array: PostgreSQL cannot know how many items will come, takes them for few, and would join them by nested loops.
CREATE OR REPLACE FUNCTION ledger.post_plain_batch(p_items ledger.posting[], p_at timestamptz)
RETURNS TABLE (item integer, verdict text, transfer_id uuid, debit_after bigint, credit_after bigint, problem jsonb)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET work_mem = '64MB' AS $$
DECLARE
    v_effects smallint[] := ARRAY(SELECT k.effect FROM ledger.transfer_kinds AS k ORDER BY k.id);
    v_system_max smallint := (SELECT max(id) FROM ledger.system_accounts);
    v_reference_max smallint := coalesce((SELECT max(id) FROM ledger.reference_types), 0);
    v_recorded_at timestamptz := clock_timestamp();
    v_ids uuid[] := ledger.batch_ids(cardinality(p_items));
    v_oldest uuid := v_ids[1];
    v_plain boolean;
    v_all boolean;
    v_change bigint[];
    v_after bigint[];
BEGIN
    WITH running AS MATERIALIZED (
        SELECT m.*, ledger.total(m.change) OVER account AS moved,
            dense_rank() OVER (ORDER BY m.owner_id, m.unit_id) AS ix
        FROM (
            SELECT i.ordinality::integer AS n, i.owner_id, i.unit_id, v_effects[i.kind_id] AS effect,
                greatest(i.debit, i.credit) AS system,
                CASE WHEN i.amount BETWEEN 1 AND 92233720368547
                    THEN CASE WHEN i.credit = 1 THEN i.amount ELSE -i.amount END END AS change,
                coalesce(
                    i.amount BETWEEN 1 AND 92233720368547 AND v_effects[i.kind_id] IS NOT NULL
                    AND (i.credit = 1 AND i.debit BETWEEN 100 AND v_system_max
                        OR i.debit = 1 AND i.credit BETWEEN 100 AND v_system_max)
                    AND (i.reference_type_id IS NULL OR i.reference_type_id BETWEEN 1 AND v_reference_max)
                    AND num_nonnulls(i.hold_id, i.reverses_id, i.peer_owner_id, i.due_at) = 0
                    AND num_nulls(i.owner_id, i.unit_id, i.idempotency_key) = 0, false) AS plain
            FROM unnest(p_items) WITH ORDINALITY AS i
        ) AS m
        WINDOW account AS (PARTITION BY m.owner_id, m.unit_id ORDER BY m.n ROWS UNBOUNDED PRECEDING)
    ), judged AS MATERIALIZED (
        SELECT bool_and(r.plain) AS plain FROM running AS r
    ), changed AS (
        UPDATE ledger.accounts AS a
        SET balance = a.balance + c.change, last_transfer_id = v_ids[c.last], updated_at = p_at,
            earned = CASE WHEN c.earned <> 0 THEN a.earned + c.earned ELSE a.earned END,
            spent = CASE WHEN c.spent <> 0 THEN a.spent - c.spent ELSE a.spent END
        FROM (
            SELECT min(r.ix) AS ix, r.owner_id, r.unit_id, ledger.total(r.change) AS change, max(r.n) AS last,
                least(min(r.moved), 0) AS low, greatest(max(r.moved), 0) AS high,
                ledger.total(r.change) FILTER (WHERE r.effect = 1) AS earned,
                ledger.total(r.change) FILTER (WHERE r.effect = 2) AS spent
            FROM running AS r
            WHERE (SELECT judged.plain FROM judged)
            GROUP BY r.owner_id, r.unit_id
            ORDER BY r.owner_id, r.unit_id
        ) AS c
        WHERE a.owner_id = c.owner_id AND a.unit_id = c.unit_id AND a.pocket = 1 AND a.closed_at IS NULL
            AND (c.low = 0 OR a.balance::numeric + c.low >= coalesce(a.floor, -9223372036854775807))
            AND a.balance <= 9223372036854775807 - c.high
            AND (a.last_transfer_id IS NULL OR a.last_transfer_id < v_oldest)
        RETURNING c.ix, old.balance
    ), found AS MATERIALIZED (
        SELECT count(*) AS accounts, array_agg(balance ORDER BY ix) AS balances FROM changed
    ), moved AS (
        INSERT INTO ledger.system_deltas (owner_id, unit_id, account, amount)
        SELECT p_items[1].owner_id, r.unit_id, r.system, -ledger.total(r.change)
        FROM running AS r
        WHERE (SELECT judged.plain FROM judged)
        GROUP BY r.unit_id, r.system
    )
    SELECT (SELECT judged.plain FROM judged), max(r.ix) = (SELECT accounts FROM found), array_agg(r.change ORDER BY r.n),
        array_agg((SELECT balances FROM found)[r.ix] + r.moved ORDER BY r.n)
    INTO v_plain, v_all, v_change, v_after
    FROM running AS r;
    IF NOT v_plain THEN
        RETURN;
    END IF;
    IF NOT v_all THEN
        RAISE unique_violation USING MESSAGE = 'an account is missing, closed, at its limits or ahead of the clock';
    END IF;
    INSERT INTO ledger.transfers (
        owner_id, id, idempotency_key, amount, debit_before, debit_after, credit_before, credit_after, happened_at,
        recorded_at, unit_id, debit, credit, kind_id, reference_type_id, reference_id, actor_id, detail)
    SELECT i.owner_id, v_ids[i.ordinality], i.idempotency_key, i.amount,
        CASE WHEN i.debit = 1 THEN v_after[i.ordinality] + i.amount END,
        CASE WHEN i.debit = 1 THEN v_after[i.ordinality] END,
        CASE WHEN i.credit = 1 THEN v_after[i.ordinality] - i.amount END,
        CASE WHEN i.credit = 1 THEN v_after[i.ordinality] END,
        coalesce(i.happened_at, p_at), v_recorded_at, i.unit_id, i.debit, i.credit, i.kind_id, i.reference_type_id,
        i.reference_id, i.actor_id, i.detail
    FROM unnest(p_items) WITH ORDINALITY AS i
    ORDER BY i.owner_id, i.ordinality;
    RETURN QUERY
    SELECT t.n, 'posted', v_ids[t.n], CASE WHEN v_change[t.n] < 0 THEN v_after[t.n] END,
        CASE WHEN v_change[t.n] > 0 THEN v_after[t.n] END, NULL::jsonb
    FROM generate_series(1, cardinality(p_items)) AS t(n);
END $$;
