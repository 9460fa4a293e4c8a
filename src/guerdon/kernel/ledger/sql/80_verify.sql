-- Verification: everything that the ledger promises, computed again from its transfers. Each function returns the faults
-- that it finds, none if the promise is kept; guerdon.kernel.ledger.verify runs them all in one snapshot.

-- For each unit, what members and the system have adds up to nothing.
CREATE OR REPLACE FUNCTION ledger.verify_conservation()
RETURNS TABLE (owner_id uuid, unit_id smallint, fault text) LANGUAGE sql STABLE AS $$
    SELECT NULL::uuid, unit_id, format('all balances add up to %s instead of 0', sum(balance))
    FROM (
        SELECT a.unit_id, a.balance FROM ledger.accounts AS a
        UNION ALL
        SELECT s.unit_id, s.balance FROM ledger.system_account_balances AS s
    ) AS parts
    GROUP BY unit_id
    HAVING sum(balance) <> 0
$$;

-- The balance of each account is what its transfers add up to, and so are what it earned and spent.
CREATE OR REPLACE FUNCTION ledger.verify_balances()
RETURNS TABLE (owner_id uuid, unit_id smallint, fault text) LANGUAGE sql STABLE AS $$
    SELECT coalesce(a.owner_id, e.owner_id), coalesce(a.unit_id, e.unit_id),
        CASE
            WHEN a.owner_id IS NULL THEN format('transfers touch pocket %s, which has no account', e.pocket)
            WHEN a.balance <> coalesce(e.balance, 0) THEN format(
                'pocket %s holds %s, its transfers add up to %s', a.pocket, a.balance, coalesce(e.balance, 0))
            ELSE format(
                'pocket %s has earned %s and spent %s, its transfers say %s and %s',
                a.pocket, a.earned, a.spent, coalesce(e.earned, 0), coalesce(e.spent, 0))
        END
    FROM ledger.accounts AS a
    FULL JOIN (
        SELECT t.owner_id, t.unit_id, t.pocket, sum(t.amount) AS balance,
            coalesce(sum(t.amount) FILTER (WHERE k.effect = 1), 0) AS earned,
            coalesce(-sum(t.amount) FILTER (WHERE k.effect = 2), 0) AS spent
        FROM ledger.entries AS t
        JOIN ledger.transfer_kinds AS k ON k.id = t.kind_id
        GROUP BY t.owner_id, t.unit_id, t.pocket
    ) AS e ON e.owner_id = a.owner_id AND e.unit_id = a.unit_id AND e.pocket = a.pocket
    WHERE (a.balance, a.earned, a.spent)
        IS DISTINCT FROM (coalesce(e.balance, 0), coalesce(e.earned, 0), coalesce(e.spent, 0))
$$;

-- The running balance of each account has no gap: each transfer begins where the one before it ended, and ends by its
-- amount from there.
CREATE OR REPLACE FUNCTION ledger.verify_running_balances()
RETURNS TABLE (owner_id uuid, unit_id smallint, fault text) LANGUAGE sql STABLE AS $$
    SELECT chain.owner_id, chain.unit_id,
        format('transfer %s goes from %s to %s in pocket %s, by %s; the one before it ended at %s',
            chain.transfer_id, chain.balance_before, chain.balance_after, chain.pocket, chain.amount, chain.expected)
    FROM (
        SELECT e.owner_id, e.unit_id, e.pocket, e.transfer_id, e.amount, e.balance_before, e.balance_after,
            coalesce(lag(e.balance_after) OVER (
                PARTITION BY e.owner_id, e.unit_id, e.pocket ORDER BY e.transfer_id), 0) AS expected
        FROM ledger.entries AS e
    ) AS chain
    WHERE chain.balance_before IS DISTINCT FROM chain.expected
        OR chain.balance_before::numeric + chain.amount IS DISTINCT FROM chain.balance_after
$$;

-- No account is below its floor, nor has ever been since the floor was set.
CREATE OR REPLACE FUNCTION ledger.verify_floors()
RETURNS TABLE (owner_id uuid, unit_id smallint, fault text) LANGUAGE sql STABLE AS $$
    SELECT a.owner_id, a.unit_id, format('pocket %s holds %s, below its floor of %s', a.pocket, a.balance, a.floor)
    FROM ledger.accounts AS a
    WHERE a.balance < a.floor
$$;

-- Each pocket but available holds exactly what its open holds have left, and each hold what its transfers left it.
CREATE OR REPLACE FUNCTION ledger.verify_holds()
RETURNS TABLE (owner_id uuid, unit_id smallint, fault text) LANGUAGE sql STABLE AS $$
    SELECT coalesce(a.owner_id, h.owner_id), coalesce(a.unit_id, h.unit_id),
        format('pocket %s holds %s, its open holds add up to %s',
            coalesce(a.pocket, h.pocket), coalesce(a.balance, 0), coalesce(h.remaining, 0))
    FROM (SELECT * FROM ledger.accounts WHERE pocket > 1) AS a
    FULL JOIN (
        SELECT held.owner_id, held.unit_id, held.pocket, sum(held.remaining) AS remaining
        FROM ledger.holds AS held
        GROUP BY held.owner_id, held.unit_id, held.pocket
    ) AS h ON h.owner_id = a.owner_id AND h.unit_id = a.unit_id AND h.pocket = a.pocket
    WHERE coalesce(a.balance, 0) <> coalesce(h.remaining, 0)
    UNION ALL
    SELECT h.owner_id, h.unit_id,
        format('hold %s has %s left, its transfers leave %s', h.id, h.remaining, h.amount - coalesce(taken.amount, 0))
    FROM ledger.holds AS h
    LEFT JOIN (
        SELECT t.owner_id, t.hold_id, sum(t.amount) AS amount
        FROM ledger.transfers AS t
        WHERE t.hold_id IS NOT NULL
        GROUP BY t.owner_id, t.hold_id
    ) AS taken ON taken.owner_id = h.owner_id AND taken.hold_id = h.id
    WHERE h.remaining <> h.amount - coalesce(taken.amount, 0)
    UNION ALL
    SELECT h.owner_id, h.unit_id, format('hold %s was not opened by a transfer of its amount', h.id)
    FROM ledger.holds AS h
    LEFT JOIN ledger.transfers AS t ON t.owner_id = h.owner_id AND t.id = h.id
    WHERE (t.unit_id, t.credit, t.amount) IS DISTINCT FROM (h.unit_id, h.pocket, h.amount)
$$;

-- No transfer is an orphan: its codes, its owner, its hold, its original and its other half exist and agree. No account is
-- one either.
CREATE OR REPLACE FUNCTION ledger.verify_references()
RETURNS TABLE (owner_id uuid, unit_id smallint, fault text) LANGUAGE sql STABLE AS $$
    SELECT t.owner_id, t.unit_id, format('transfer %s: %s', t.id, faults.fault)
    FROM ledger.transfers AS t
    LEFT JOIN ledger.owners AS owner ON owner.id = t.owner_id
    LEFT JOIN ledger.units AS unit ON unit.id = t.unit_id
    LEFT JOIN ledger.transfer_kinds AS kind ON kind.id = t.kind_id
    LEFT JOIN ledger.reference_types AS reference ON reference.id = t.reference_type_id
    LEFT JOIN ledger.pockets AS pocket_debit ON pocket_debit.id = t.debit
    LEFT JOIN ledger.pockets AS pocket_credit ON pocket_credit.id = t.credit
    LEFT JOIN ledger.system_accounts AS system_debit ON system_debit.id = t.debit
    LEFT JOIN ledger.system_accounts AS system_credit ON system_credit.id = t.credit
    LEFT JOIN ledger.transfers AS original ON original.owner_id = t.owner_id AND original.id = t.reverses_id
    LEFT JOIN ledger.transfers AS peer ON peer.owner_id = t.peer_owner_id AND peer.id = t.id
    LEFT JOIN ledger.holds AS hold ON hold.owner_id = t.owner_id AND hold.id = t.hold_id
    CROSS JOIN LATERAL (
        VALUES
            (owner.id IS NULL, 'its owner does not exist'),
            (unit.id IS NULL, 'its unit does not exist'),
            (kind.id IS NULL, 'its kind does not exist'),
            (coalesce(pocket_debit.id, system_debit.id) IS NULL OR coalesce(pocket_credit.id, system_credit.id) IS NULL,
                'one of its accounts does not exist'),
            (t.debit = t.credit, 'it pays the account that it takes from'),
            (least(t.debit, t.credit) >= 100, 'neither of its accounts is one of its owner''s'),
            ((t.debit_after IS NULL) <> (t.debit >= 100) OR (t.credit_after IS NULL) <> (t.credit >= 100),
                'it shows no balance of its owner''s account, or one of the system''s'),
            (t.reference_type_id IS NOT NULL AND reference.id IS NULL, 'its reference type does not exist'),
            (t.reverses_id IS NOT NULL AND original.id IS NULL, 'what it reverses does not exist'),
            (t.hold_id IS NOT NULL AND hold.id IS NULL, 'its hold does not exist'),
            (t.peer_owner_id IS NOT NULL AND (
                peer.id IS NULL OR peer.amount <> t.amount OR peer.unit_id <> t.unit_id
                OR peer.peer_owner_id IS DISTINCT FROM t.owner_id OR (peer.debit = 102) = (t.debit = 102)),
                'its other half does not mirror it')
    ) AS faults(found, fault)
    WHERE faults.found
    UNION ALL
    SELECT a.owner_id, a.unit_id, format('the account of pocket %s: %s', a.pocket, faults.fault)
    FROM ledger.accounts AS a
    LEFT JOIN ledger.owners AS owner ON owner.id = a.owner_id
    LEFT JOIN ledger.units AS unit ON unit.id = a.unit_id
    LEFT JOIN ledger.pockets AS pocket ON pocket.id = a.pocket
    CROSS JOIN LATERAL (
        VALUES
            (owner.id IS NULL, 'its owner does not exist'),
            (unit.id IS NULL, 'its unit does not exist'),
            (pocket.id IS NULL, 'its pocket does not exist')
    ) AS faults(found, fault)
    WHERE faults.found
$$;

-- Nothing has been reversed by more than its amount.
CREATE OR REPLACE FUNCTION ledger.verify_reversals()
RETURNS TABLE (owner_id uuid, unit_id smallint, fault text) LANGUAGE sql STABLE AS $$
    SELECT t.owner_id, t.unit_id, format('transfer %s of %s was reversed by %s', t.id, t.amount, r.amount)
    FROM (
        SELECT owner_id, reverses_id, sum(amount) AS amount
        FROM ledger.transfers
        WHERE reverses_id IS NOT NULL
        GROUP BY owner_id, reverses_id
    ) AS r
    JOIN ledger.transfers AS t ON t.owner_id = r.owner_id AND t.id = r.reverses_id
    WHERE r.amount > t.amount
$$;

-- The balance of each unbounded system account is what its transfers add up to.
CREATE OR REPLACE FUNCTION ledger.verify_system_accounts()
RETURNS TABLE (owner_id uuid, unit_id smallint, fault text) LANGUAGE sql STABLE AS $$
    SELECT NULL::uuid, coalesce(kept.unit_id, summed.unit_id),
        format('system account %s holds %s, its transfers add up to %s',
            coalesce(kept.account, summed.account), coalesce(kept.balance, 0), coalesce(summed.balance, 0))
    FROM ledger.system_account_balances AS kept
    FULL JOIN (
        SELECT unit_id, account, sum(change) AS balance
        FROM (
            SELECT t.unit_id, t.debit AS account, -t.amount::numeric AS change FROM ledger.transfers AS t WHERE t.debit >= 100
            UNION ALL
            SELECT t.unit_id, t.credit, t.amount FROM ledger.transfers AS t WHERE t.credit >= 100
        ) AS changes
        GROUP BY unit_id, account
    ) AS summed ON summed.unit_id = kept.unit_id AND summed.account = kept.account
    WHERE coalesce(kept.balance, 0) <> coalesce(summed.balance, 0)
$$;
