-- What the door (50_post.sql) reads before it judges. Locking comes first and is a statement of its own, because a
-- statement that had to wait for a lock still sees the snapshot from before the wait.

-- One movement that a caller asks for. debit and credit are account numbers: pockets of the owner below 100, system
-- accounts from 100. With peer_owner_id, credit is a pocket of that owner. hold_id names the hold that a debit of
-- another pocket than available takes from; due_at is when value that is set aside becomes available by itself.
DO $$ BEGIN
    IF to_regtype('ledger.posting') IS NULL THEN
        CREATE TYPE ledger.posting AS (
            owner_id uuid, unit_id smallint, debit smallint, credit smallint, amount bigint, kind_id smallint,
            idempotency_key uuid, reference_type_id smallint, reference_id uuid, happened_at timestamptz,
            actor_id uuid, detail jsonb, reverses_id uuid, peer_owner_id uuid, hold_id uuid, due_at timestamptz
        );
    END IF;
END $$;

-- What became of one: posted, replayed, or why not. Balances are those of the owner's own pockets.
DO $$ BEGIN
    IF to_regtype('ledger.posted') IS NULL THEN
        CREATE TYPE ledger.posted AS (
            verdict text, transfer_id uuid, debit_after bigint, credit_after bigint, problem jsonb);
    END IF;
END $$;

-- The accounts that the items touch: two legs an item, system accounts left out.
CREATE OR REPLACE FUNCTION ledger.legs(p_items ledger.posting[])
RETURNS TABLE (ord bigint, is_debit boolean, owner_id uuid, unit_id smallint, pocket smallint) LANGUAGE sql IMMUTABLE AS $$
    SELECT ordinality, true, owner_id, unit_id, debit
    FROM unnest(p_items) WITH ORDINALITY
    WHERE debit < 100
    UNION ALL
    SELECT ordinality, false, coalesce(peer_owner_id, owner_id), unit_id, credit
    FROM unnest(p_items) WITH ORDINALITY
    WHERE credit < 100
$$;

-- Locks the accounts that the items touch, in the order of their keys, so that postings never wait in a circle.
CREATE OR REPLACE FUNCTION ledger.lock_accounts(p_items ledger.posting[])
RETURNS TABLE (
    ord bigint, is_debit boolean, owner_id uuid, unit_id smallint, pocket smallint, balance bigint, floor bigint,
    closed boolean, last_transfer_id uuid)
LANGUAGE sql AS $$
    -- Materialized: after a wait PostgreSQL joins the changed account anew with the very row that it had found, and loses
    -- track of which that was if the rows come out of a UNION.
    WITH legs AS MATERIALIZED (SELECT * FROM ledger.legs(p_items))
    SELECT leg.ord, leg.is_debit, a.owner_id, a.unit_id, a.pocket, a.balance, a.floor, a.closed_at IS NOT NULL,
        a.last_transfer_id
    FROM legs AS leg
    JOIN ledger.accounts AS a ON a.owner_id = leg.owner_id AND a.unit_id = leg.unit_id AND a.pocket = leg.pocket
    ORDER BY a.owner_id, a.unit_id, a.pocket
    FOR NO KEY UPDATE OF a
$$;

-- Opens accounts that the items need and that their owners, being open themselves, may have. Returns how many.
--
-- The caller may hold locks already. Accounts are opened in the order of their keys, and whoever finds one opened by
-- another at the same moment gives up its locks and starts over (ledger.post sees to it), so that no circle can form.
CREATE OR REPLACE FUNCTION ledger.open_missing(p_items ledger.posting[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_missing bigint;
    v_opened bigint;
BEGIN
    WITH open_owners AS MATERIALIZED (
        -- Locked, because whoever closes an owner must not overlook an account that is being opened.
        SELECT o.id FROM ledger.owners AS o
        WHERE o.id IN (SELECT leg.owner_id FROM ledger.legs(p_items) AS leg) AND o.closed_at IS NULL
        ORDER BY o.id
        FOR KEY SHARE
    ), missing AS MATERIALIZED (
        SELECT DISTINCT leg.owner_id, leg.unit_id, leg.pocket
        FROM ledger.legs(p_items) AS leg
        JOIN open_owners AS o ON o.id = leg.owner_id
        JOIN ledger.units AS u ON u.id = leg.unit_id
        JOIN ledger.pockets AS p ON p.id = leg.pocket
        WHERE NOT EXISTS (
            SELECT FROM ledger.accounts AS a
            WHERE a.owner_id = leg.owner_id AND a.unit_id = leg.unit_id AND a.pocket = leg.pocket)
    ), opened AS (
        INSERT INTO ledger.accounts (owner_id, unit_id, pocket)
        SELECT owner_id, unit_id, pocket FROM missing ORDER BY owner_id, unit_id, pocket
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM missing), (SELECT count(*) FROM opened) INTO v_missing, v_opened;
    IF v_opened < v_missing THEN
        RAISE EXCEPTION 'an account was opened by another posting at the same moment'
            USING ERRCODE = 'serialization_failure', HINT = 'Post it again.';
    END IF;
    RETURN v_missing;
END $$;

-- Finds out whether accounts that lock_accounts did not see were opened by another posting before open_missing looked.
CREATE OR REPLACE FUNCTION ledger.check_unseen(p_items ledger.posting[], p_seen bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_seen < (
        SELECT count(*)
        FROM ledger.legs(p_items) AS leg
        JOIN ledger.accounts AS a ON a.owner_id = leg.owner_id AND a.unit_id = leg.unit_id AND a.pocket = leg.pocket)
    THEN
        RAISE EXCEPTION 'an account was opened by another posting at the same moment'
            USING ERRCODE = 'serialization_failure', HINT = 'Post it again.';
    END IF;
END $$;

-- Items whose key has been used: by a transfer (transfer_id), and whether the content is the same; or by an earlier item
-- of the batch (first_ord), which may yet be refused. A happened_at that the caller left open cannot differ.
CREATE OR REPLACE FUNCTION ledger.read_replays(p_items ledger.posting[])
RETURNS TABLE (
    ord bigint, first_ord bigint, same boolean, transfer_id uuid, debit_after bigint, credit_after bigint)
LANGUAGE sql STABLE AS $$
    SELECT i.ordinality, NULL::bigint,
        (t.unit_id, t.debit, t.amount, t.kind_id) = (i.unit_id, i.debit, i.amount, i.kind_id)
            AND CASE WHEN i.peer_owner_id IS NULL THEN t.credit = i.credit
                ELSE t.credit = 102 AND coalesce(h.pocket, 1) = i.credit END
            AND (t.reference_type_id, t.reference_id, t.reverses_id, t.peer_owner_id, t.hold_id, t.detail, h.due_at)
                IS NOT DISTINCT FROM
                (i.reference_type_id, i.reference_id, i.reverses_id, i.peer_owner_id, i.hold_id, i.detail, i.due_at)
            AND t.happened_at = coalesce(i.happened_at, t.happened_at),
        t.id, t.debit_after, t.credit_after
    FROM unnest(p_items) WITH ORDINALITY AS i
    JOIN ledger.transfers AS t ON t.owner_id = i.owner_id AND t.idempotency_key = i.idempotency_key
    LEFT JOIN ledger.holds AS h ON h.owner_id = coalesce(i.peer_owner_id, t.owner_id) AND h.id = t.id
    UNION ALL
    SELECT later.ordinality, later.first_ord, NULL, NULL, NULL, NULL
    FROM (
        SELECT ordinality, first_value(ordinality) OVER (
            PARTITION BY owner_id, idempotency_key ORDER BY ordinality) AS first_ord
        FROM unnest(p_items) WITH ORDINALITY
    ) AS later
    WHERE later.first_ord < later.ordinality
$$;

-- The transfers that items reverse, numbered, with what is left to reverse and what forbids it.
CREATE OR REPLACE FUNCTION ledger.read_originals(p_items ledger.posting[])
RETURNS TABLE (ord bigint, ix bigint, remaining bigint, fault text) LANGUAGE sql STABLE AS $$
    SELECT i.ordinality, dense_rank() OVER (ORDER BY i.owner_id, i.reverses_id),
        t.amount - (
            SELECT coalesce(sum(r.amount), 0)::bigint
            FROM ledger.transfers AS r
            WHERE r.owner_id = t.owner_id AND r.reverses_id = t.id),
        CASE
            WHEN t.id IS NULL THEN 'transfer_not_found'
            WHEN t.reverses_id IS NOT NULL OR (t.debit < 100 AND t.credit < 100) THEN 'not_reversible'
            WHEN i.unit_id <> t.unit_id OR i.kind_id <> t.kind_id OR i.peer_owner_id IS DISTINCT FROM t.peer_owner_id
                OR t.peer_owner_id IS NOT NULL AND (t.debit <> 102 OR i.credit <> 1)
                OR t.peer_owner_id IS NULL AND t.debit >= 100 AND i.credit <> t.debit
                OR t.peer_owner_id IS NULL AND t.credit >= 100 AND (i.debit <> t.credit OR i.credit <> 1)
                THEN 'reversal_mismatch'
        END
    FROM unnest(p_items) WITH ORDINALITY AS i
    LEFT JOIN ledger.transfers AS t ON t.owner_id = i.owner_id AND t.id = i.reverses_id
    WHERE i.reverses_id IS NOT NULL
$$;

-- Locks the holds that items take from and tells what is left of each.
CREATE OR REPLACE FUNCTION ledger.lock_holds(p_items ledger.posting[])
RETURNS TABLE (ord bigint, owner_id uuid, id uuid, remaining bigint, due_at timestamptz) LANGUAGE sql AS $$
    SELECT i.ordinality, h.owner_id, h.id, h.remaining, h.due_at
    FROM unnest(p_items) WITH ORDINALITY AS i
    JOIN ledger.holds AS h
        ON h.owner_id = i.owner_id AND h.id = i.hold_id AND h.unit_id = i.unit_id AND h.pocket = i.debit
    WHERE i.hold_id IS NOT NULL
    ORDER BY h.owner_id, h.id
    FOR NO KEY UPDATE OF h
$$;
