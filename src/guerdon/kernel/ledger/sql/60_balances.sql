-- Reading: balances now and at any past moment, entries with their running balance, balances of system accounts.
-- Value whose hold is past its due time counts as available, whether or not the job that settles it has run.

-- What an owner has, by unit and pocket, as of p_at. Where what is due does not fit beside what is available, the most that
-- a balance can be is told: more can nobody spend, and the rest waits until there is room.
CREATE OR REPLACE FUNCTION ledger.owner_balances(p_owner_id uuid, p_at timestamptz DEFAULT clock_timestamp())
RETURNS TABLE (
    unit_id smallint, pocket smallint, balance bigint, floor bigint, earned numeric, spent numeric,
    opened_at timestamptz, updated_at timestamptz, closed_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT a.unit_id, a.pocket,
        least(
            a.balance + CASE WHEN a.pocket = 1 THEN coalesce(due.total, 0) ELSE -coalesce(due.of_pocket, 0) END,
            9223372036854775807)::bigint,
        a.floor, a.earned, a.spent, a.opened_at, a.updated_at, a.closed_at
    FROM ledger.accounts AS a
    LEFT JOIN LATERAL (
        SELECT sum(h.remaining) AS total, sum(h.remaining) FILTER (WHERE h.pocket = a.pocket) AS of_pocket
        FROM ledger.holds AS h
        WHERE h.owner_id = a.owner_id AND h.unit_id = a.unit_id AND h.remaining > 0 AND h.due_at <= p_at
    ) AS due ON true
    WHERE a.owner_id = p_owner_id
    UNION ALL
    -- An award that came in pending and is due, for an owner who has never had anything available.
    SELECT h.unit_id, 1::smallint, least(sum(h.remaining), 9223372036854775807)::bigint, 0, 0, 0, min(h.due_at),
        max(h.due_at), NULL
    FROM ledger.holds AS h
    WHERE h.owner_id = p_owner_id AND h.remaining > 0 AND h.due_at <= p_at
        AND NOT EXISTS (
            SELECT FROM ledger.accounts AS a
            WHERE a.owner_id = p_owner_id AND a.unit_id = h.unit_id AND a.pocket = 1)
    GROUP BY h.unit_id
$$;

-- The balance of one pocket at a past moment: by when transfers were recorded, or with p_by_happened by when what they
-- record happened.
CREATE OR REPLACE FUNCTION ledger.balance_at(
    p_owner_id uuid, p_unit_id smallint, p_pocket smallint, p_moment timestamptz, p_by_happened boolean DEFAULT false)
RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT least(
        coalesce(sum(CASE WHEN t.credit = p_pocket THEN t.amount ELSE -t.amount END), 0)
        + (SELECT coalesce(sum(CASE WHEN p_pocket = 1 THEN h.remaining ELSE -h.remaining END), 0)
            FROM ledger.holds AS h
            JOIN ledger.transfers AS o ON o.owner_id = h.owner_id AND o.id = h.id
            WHERE h.owner_id = p_owner_id AND h.unit_id = p_unit_id AND h.remaining > 0 AND p_pocket IN (1, h.pocket)
                AND greatest(h.due_at, CASE WHEN p_by_happened THEN o.happened_at ELSE o.recorded_at END) <= p_moment
                AND h.due_at IS NOT NULL),
        9223372036854775807
        )::bigint
    FROM ledger.transfers AS t
    -- What a hold past its due time became, it became at that time, however late the job came that settled it.
    LEFT JOIN ledger.transfers AS o
        ON t.hold_id = t.idempotency_key AND o.owner_id = t.owner_id AND o.id = t.hold_id
    WHERE t.owner_id = p_owner_id AND t.unit_id = p_unit_id AND p_pocket IN (t.debit, t.credit)
        AND CASE
            WHEN o.id IS NOT NULL
                THEN greatest(t.happened_at, CASE WHEN p_by_happened THEN o.happened_at ELSE o.recorded_at END)
            WHEN p_by_happened THEN t.happened_at
            ELSE t.recorded_at
        END <= p_moment
$$;

-- One row for each pocket that a transfer touches, signed, with the balance before and after.
CREATE OR REPLACE VIEW ledger.entries AS
SELECT t.owner_id, t.id AS transfer_id, t.unit_id, t.debit AS pocket, -t.amount AS amount,
    t.debit_before AS balance_before, t.debit_after AS balance_after, t.credit AS counter_account, t.kind_id,
    t.reference_type_id, t.reference_id, t.actor_id, t.happened_at, t.recorded_at, t.reverses_id, t.peer_owner_id,
    t.hold_id, t.detail
FROM ledger.transfers AS t
WHERE t.debit < 100
UNION ALL
SELECT t.owner_id, t.id, t.unit_id, t.credit, t.amount, t.credit_before, t.credit_after, t.debit, t.kind_id,
    t.reference_type_id, t.reference_id, t.actor_id, t.happened_at, t.recorded_at, t.reverses_id, t.peer_owner_id,
    t.hold_id, t.detail
FROM ledger.transfers AS t
WHERE t.credit < 100;

-- Balances of unbounded system accounts: what has been folded and what has been posted since, in one snapshot.
CREATE OR REPLACE VIEW ledger.system_account_balances AS
SELECT unit_id, account, sum(amount) AS balance
FROM (
    SELECT unit_id, account, balance AS amount FROM ledger.system_balances
    UNION ALL
    SELECT unit_id, account, amount FROM ledger.system_deltas
) AS parts
GROUP BY unit_id, account;

-- Takes up the deltas that are there into the folded balances. Returns how many.
CREATE OR REPLACE FUNCTION ledger.fold_system_balances() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_folded bigint;
BEGIN
    -- One fold at a time: two would wait for each other's deleted rows and then find them gone.
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger.fold_system_balances', 0));
    WITH taken AS (
        DELETE FROM ledger.system_deltas RETURNING unit_id, account, amount
    ), sums AS (
        SELECT unit_id, account, sum(amount) AS amount, count(*) AS deltas FROM taken GROUP BY unit_id, account
    ), folded AS (
        INSERT INTO ledger.system_balances AS b (unit_id, account, balance)
        SELECT unit_id, account, amount FROM sums
        ON CONFLICT (unit_id, account) DO UPDATE SET balance = b.balance + excluded.balance, folded_at = now()
    )
    SELECT coalesce(sum(deltas), 0) INTO v_folded FROM sums;
    RETURN v_folded;
END $$;

-- Settles what one owner has past its due time, so that a statement shows it. Returns how many holds.
CREATE OR REPLACE FUNCTION ledger.settle_owner(p_owner_id uuid, p_at timestamptz DEFAULT clock_timestamp())
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_due ledger.holds[] := ARRAY(
        SELECT h FROM ledger.holds AS h
        WHERE h.owner_id = p_owner_id AND h.remaining > 0 AND h.due_at <= p_at);
BEGIN
    RETURN CASE WHEN cardinality(v_due) > 0 THEN ledger.settle_holds(v_due, p_at) ELSE 0 END;
END $$;
