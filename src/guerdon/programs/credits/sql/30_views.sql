-- The seed's relations that are no tables here: who the members are, and what the ledger says of them. None of these
-- can throw, and none can disagree with the ledger, because each reads it.

CREATE OR REPLACE VIEW credits.users AS
SELECT id, name, email FROM identity.users;

-- Balance and tier of everyone who ever had credits. The tier comes from what was earned unless staff set other rules.
CREATE OR REPLACE VIEW credits.credit_balances AS
SELECT a.owner_id AS user_id,
    ((a.balance + coalesce(due.amount, 0)) * 0.01)::numeric(20, 2) AS balance,
    engagement.tier_of('credits', a.owner_id)::varchar(20) AS tier,
    a.updated_at AS last_calculated_at,
    a.opened_at AS created_at,
    a.updated_at
FROM ledger.accounts AS a
LEFT JOIN LATERAL (
    SELECT sum(h.remaining) AS amount
    FROM ledger.holds AS h
    WHERE h.owner_id = a.owner_id AND h.unit_id = a.unit_id AND h.remaining > 0 AND h.due_at <= now()
) AS due ON true
JOIN ledger.owners AS o ON o.id = a.owner_id AND o.kind = 'member'
WHERE a.unit_id = (SELECT id FROM ledger.units WHERE code = 'CREDIT') AND a.pocket = 1;

-- Every change of a balance, signed, with the balance after it.
CREATE OR REPLACE VIEW credits.credit_transactions AS
SELECT e.transfer_id AS id,
    e.owner_id AS user_id,
    CASE WHEN r.code = 'credits.contribution' THEN e.reference_id END AS contribution_id,
    e.actor_id AS created_by,
    (e.amount * 0.01)::numeric(20, 2) AS amount,
    (e.balance_after * 0.01)::numeric(20, 2) AS balance_after,
    coalesce(left(e.detail ->> 'reason', 255), k.code)::varchar(255) AS reason,
    e.recorded_at AS created_at
FROM ledger.entries AS e
JOIN ledger.transfer_kinds AS k ON k.id = e.kind_id
LEFT JOIN ledger.reference_types AS r ON r.id = e.reference_type_id
WHERE e.unit_id = (SELECT id FROM ledger.units WHERE code = 'CREDIT') AND e.pocket = 1;

CREATE OR REPLACE VIEW credits.contribution_summary AS
SELECT c.id, c.user_id, u.name AS user_name, u.email AS user_email, c.type, c.status, c.calculated_credits, c.created_at,
    c.approved_at, c.approved_by, approver.name AS approved_by_name,
    CASE c.type
        WHEN 'item_donation' THEN c.value_json ->> 'description'
        WHEN 'money' THEN 'Monetary contribution'
        WHEN 'volunteer_hours' THEN c.value_json ->> 'activity'
    END AS contribution_description,
    CASE c.type
        WHEN 'item_donation' THEN (c.value_json ->> 'estimated_value')::numeric
        WHEN 'money' THEN (c.value_json ->> 'amount')::numeric
        WHEN 'volunteer_hours' THEN (c.value_json ->> 'hours')::numeric
    END AS contribution_value
FROM credits.contributions AS c
JOIN credits.users AS u ON u.id = c.user_id
LEFT JOIN credits.users AS approver ON approver.id = c.approved_by;

CREATE OR REPLACE VIEW credits.user_credit_summary AS
SELECT u.id AS user_id, u.name, u.email,
    coalesce(b.balance, 0) AS credit_balance,
    coalesce(b.tier, engagement.tier_of('credits', u.id)) AS tier,
    coalesce(c.total, 0) AS total_contributions,
    coalesce(c.approved, 0) AS approved_contributions,
    coalesce(c.pending, 0) AS pending_contributions,
    CASE WHEN c.approved > 0 OR e.earned <> 0 THEN (coalesce(e.earned, 0) * 0.01)::numeric(20, 2) END
        AS total_credits_earned,
    c.latest AS last_contribution_date
FROM credits.users AS u
LEFT JOIN credits.credit_balances AS b ON b.user_id = u.id
LEFT JOIN LATERAL (
    SELECT sum(a.earned) AS earned
    FROM ledger.accounts AS a
    WHERE a.owner_id = u.id AND a.unit_id = (SELECT id FROM ledger.units WHERE code = 'CREDIT')
) AS e ON true
LEFT JOIN (
    SELECT user_id, count(*) AS total,
        count(*) FILTER (WHERE status = 'approved') AS approved,
        count(*) FILTER (WHERE status = 'pending') AS pending,
        max(created_at) AS latest
    FROM credits.contributions
    GROUP BY user_id
) AS c ON c.user_id = u.id;

-- Who holds how much, of those who are on boards. Whoever is closed, suspended or opted out is absent from them. It is
-- read for every place, so it asks nothing of a member that the first places alone are asked; only owners that are no
-- members have a code.
CREATE OR REPLACE VIEW credits.holders AS
SELECT a.owner_id AS user_id, a.balance + coalesce(due.amount, 0) AS minor, a.updated_at AS since
FROM ledger.accounts AS a
LEFT JOIN (
    SELECT h.owner_id, sum(h.remaining)::bigint AS amount
    FROM ledger.holds AS h
    WHERE h.unit_id = (SELECT id FROM ledger.units WHERE code = 'CREDIT') AND h.remaining > 0 AND h.due_at <= now()
    GROUP BY h.owner_id
) AS due ON due.owner_id = a.owner_id
WHERE a.unit_id = (SELECT id FROM ledger.units WHERE code = 'CREDIT') AND a.pocket = 1
    AND a.balance + coalesce(due.amount, 0) > 0
    AND NOT EXISTS (SELECT FROM engagement.board_absences AS b WHERE b.owner_id = a.owner_id)
    AND NOT EXISTS (SELECT FROM ledger.owners AS o WHERE o.id = a.owner_id AND o.code IS NOT NULL);

-- Balances and numbers of contributions are on the leaderboard for everybody; what was given and when is not. So this
-- runs as the owner and gives out exactly that: the first p_limit places, or the reader's own. As on every board, who
-- is absent holds no rank but sees the one that they would have, and of a private profile others see neither name nor id.
DROP FUNCTION IF EXISTS credits.approved_count(uuid);
CREATE OR REPLACE FUNCTION credits.leaderboard(p_limit integer, p_reader_id uuid, p_own boolean)
    RETURNS TABLE (rank bigint, user_id uuid, name text, balance numeric, tier varchar, contributions bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT place.rank, CASE WHEN seen.seen THEN place.user_id END, CASE WHEN seen.seen THEN u.name END, b.balance, b.tier, (
            SELECT count(*) FROM credits.contributions AS c WHERE c.user_id = place.user_id AND c.status = 'approved')
    FROM (
        SELECT rank() OVER (ORDER BY first.minor DESC) AS rank, first.user_id
        FROM (
            SELECT h.user_id, h.minor FROM credits.holders AS h
            WHERE NOT p_own ORDER BY h.minor DESC, h.since, h.user_id LIMIT p_limit
        ) AS first
        UNION ALL
        SELECT 1 + (SELECT count(*) FROM credits.holders AS h WHERE h.minor * 0.01 > own.balance), own.user_id
        FROM credits.credit_balances AS own
        WHERE p_own AND own.user_id = p_reader_id AND own.balance > 0
    ) AS place
    JOIN credits.credit_balances AS b ON b.user_id = place.user_id
    JOIN identity.users AS u ON u.id = place.user_id AND u.deleted_at IS NULL
    CROSS JOIN LATERAL (
        SELECT coalesce(place.user_id = p_reader_id, false) OR EXISTS (
            SELECT FROM identity.profiles AS p WHERE p.user_id = place.user_id AND p.is_profile_public) AS seen
    ) AS seen
    ORDER BY place.rank, b.last_calculated_at, place.user_id
$$;
REVOKE ALL ON FUNCTION credits.leaderboard(integer, uuid, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credits.leaderboard(integer, uuid, boolean) TO guerdon_app;
