-- The short way for batches: what most of them hold is movements between available pockets and system accounts.

-- Posts a batch of nothing else, in one statement of a few sets, where post_judged judges item by item. Returns no row,
-- and has changed nothing, when an item is of another sort; ends in unique_violation when an item has to be refused, is a
-- replay or needs an account opened: ledger.post then starts over the general way, which finds out what.
--
-- The UPDATE locks, judges and writes at once, so no account is read twice. Whichever join the settings below leave
-- to the planner, accounts are met in the order of their keys, so that postings never wait in a circle. An account's
-- balance from before is found by its number in an array: PostgreSQL cannot know how many items will come, takes them
-- for few, and would join them by nested loops.
CREATE OR REPLACE FUNCTION ledger.post_plain_batch(p_items ledger.posting[], p_at timestamptz)
RETURNS TABLE (item integer, verdict text, transfer_id uuid, debit_after bigint, credit_after bigint, problem jsonb)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashagg = off
SET work_mem = '64MB' AS $$
DECLARE
    v_effects smallint[] := ARRAY(SELECT k.effect FROM ledger.transfer_kinds AS k ORDER BY k.id);
    v_system_max smallint := (SELECT max(id) FROM ledger.system_accounts);
    v_reference_max smallint := coalesce((SELECT max(id) FROM ledger.reference_types), 0);
    v_recorded_at timestamptz := clock_timestamp();
    v_oldest uuid := uuidv7();
    v_plain boolean;
    v_posted bigint;
BEGIN
    SELECT bool_and(coalesce(
        i.amount BETWEEN 1 AND 92233720368547 AND i.idempotency_key IS NOT NULL AND v_effects[i.kind_id] IS NOT NULL
        AND (i.credit = 1 AND i.debit BETWEEN 100 AND v_system_max
            OR i.debit = 1 AND i.credit BETWEEN 100 AND v_system_max)
        AND (i.reference_type_id IS NULL OR i.reference_type_id BETWEEN 1 AND v_reference_max)
        AND i.hold_id IS NULL AND i.reverses_id IS NULL AND i.peer_owner_id IS NULL AND i.due_at IS NULL, false))
    INTO v_plain
    FROM unnest(p_items) AS i;
    IF NOT v_plain THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH running AS MATERIALIZED (
        SELECT m.*, (sum(m.change) OVER account)::bigint AS moved, lead(m.id) OVER account IS NULL AS is_last,
            dense_rank() OVER (ORDER BY m.owner_id, m.unit_id) AS ix
        FROM (
            SELECT i.*, uuidv7() AS id, CASE WHEN i.credit = 1 THEN i.amount ELSE -i.amount END AS change
            FROM unnest(p_items) WITH ORDINALITY AS i
        ) AS m
        WINDOW account AS (PARTITION BY m.owner_id, m.unit_id ORDER BY m.ordinality)
    ), changed AS (
        UPDATE ledger.accounts AS a
        SET balance = a.balance + c.change, earned = a.earned + c.earned, spent = a.spent + c.spent,
            last_transfer_id = c.last_id, updated_at = p_at
        FROM (
            SELECT min(r.ix) AS ix, r.owner_id, r.unit_id, max(r.moved) FILTER (WHERE r.is_last) AS change,
                least(min(r.moved), 0) AS low, greatest(max(r.moved), 0) AS high,
                coalesce(sum(r.change) FILTER (WHERE v_effects[r.kind_id] = 1), 0) AS earned,
                coalesce(-sum(r.change) FILTER (WHERE v_effects[r.kind_id] = 2), 0) AS spent,
                (array_agg(r.id) FILTER (WHERE r.is_last))[1] AS last_id
            FROM running AS r
            GROUP BY r.owner_id, r.unit_id
            ORDER BY r.owner_id, r.unit_id
        ) AS c
        WHERE a.owner_id = c.owner_id AND a.unit_id = c.unit_id AND a.pocket = 1 AND a.closed_at IS NULL
            AND (c.low = 0 OR a.balance::numeric + c.low >= coalesce(a.floor, -9223372036854775807))
            AND a.balance <= 9223372036854775807 - c.high
            AND (a.last_transfer_id IS NULL OR a.last_transfer_id < v_oldest)
        RETURNING c.ix, old.balance
    ), judged AS MATERIALIZED (
        SELECT r.*, ((SELECT array_agg(balance ORDER BY ix) FROM changed))[r.ix] + r.moved AS after
        FROM running AS r
        WHERE (SELECT count(*) FROM changed) = (SELECT max(ix) FROM running)
    ), posted AS (
        INSERT INTO ledger.transfers (
            owner_id, id, idempotency_key, amount, debit_after, credit_after, happened_at, recorded_at, unit_id, debit,
            credit, kind_id, reference_type_id, reference_id, actor_id, detail)
        SELECT j.owner_id, j.id, j.idempotency_key, j.amount, CASE WHEN j.change < 0 THEN j.after END,
            CASE WHEN j.change > 0 THEN j.after END, coalesce(j.happened_at, p_at), v_recorded_at, j.unit_id, j.debit,
            j.credit, j.kind_id, j.reference_type_id, j.reference_id, j.actor_id, j.detail
        FROM judged AS j
    ), moved AS (
        INSERT INTO ledger.system_deltas (owner_id, unit_id, account, amount)
        SELECT p_items[1].owner_id, j.unit_id, greatest(j.debit, j.credit), -sum(j.change)
        FROM judged AS j
        GROUP BY j.unit_id, greatest(j.debit, j.credit)
    )
    SELECT j.ordinality::integer, 'posted', j.id, CASE WHEN j.change < 0 THEN j.after END,
        CASE WHEN j.change > 0 THEN j.after END, NULL::jsonb
    FROM judged AS j
    ORDER BY j.ordinality;
    GET DIAGNOSTICS v_posted = ROW_COUNT;
    IF v_posted < cardinality(p_items) THEN
        RAISE unique_violation USING MESSAGE = 'an account is missing, closed, at its limits or ahead of the clock';
    END IF;
END $$;
