-- Where members stand. A ladder *remembers* when its tiers can be kept although what counts has shrunk: with grace, when
-- nobody falls, or step by step. Then a member stands on the tier that was settled last, or higher if they have more;
-- all others stand where what counts puts them. Views, pages and rules all ask here or compute the same.

-- The first day that counts on p_day, for a window.
CREATE OR REPLACE FUNCTION engagement.window_start(p_unit text, p_length integer, p_day date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE p_unit
    WHEN 'day' THEN p_day - (p_length - 1)
    WHEN 'month' THEN (date_trunc('month', p_day::timestamp) - make_interval(months => p_length - 1))::date
    WHEN 'year' THEN (date_trunc('year', p_day::timestamp) - make_interval(years => p_length - 1))::date
END;

CREATE OR REPLACE FUNCTION engagement.community_day(p_at timestamptz DEFAULT now()) RETURNS date
LANGUAGE sql STABLE RETURN (
    p_at AT TIME ZONE coalesce((SELECT time_zone FROM engagement.community), 'UTC'))::date;

-- What counts for members on a program's ladder at a moment; those without anything have no row.
CREATE OR REPLACE FUNCTION engagement.tier_amounts(p_program text, p_owner_ids uuid[], p_at timestamptz DEFAULT now())
RETURNS TABLE (owner_id uuid, amount numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_unit smallint := (SELECT unit_id FROM engagement.tiers WHERE program = p_program LIMIT 1);
    v_ladder engagement.tier_ladders;
    v_day date := engagement.community_day(p_at);
BEGIN
    SELECT * INTO v_ladder FROM engagement.tier_ladders WHERE program = p_program;
    IF v_ladder.basis = 'window' THEN
        RETURN QUERY
        SELECT c.owner_id, sum(c.value)
        FROM engagement.counters AS c
        WHERE c.owner_id = ANY (p_owner_ids) AND c.period = 'day'
            AND c.metric_id = (SELECT id FROM engagement.metrics WHERE unit_id = v_unit)
            AND c.period_start BETWEEN
                engagement.window_start(v_ladder.window_unit, v_ladder.window_length, v_day) AND v_day
        GROUP BY c.owner_id;
    ELSIF v_ladder.basis = 'balance' THEN
        RETURN QUERY
        SELECT a.owner_id, a.balance + coalesce((
            SELECT sum(h.remaining) FROM ledger.holds AS h
            WHERE h.owner_id = a.owner_id AND h.unit_id = v_unit AND h.remaining > 0 AND h.due_at <= p_at), 0)
        FROM ledger.accounts AS a
        WHERE a.owner_id = ANY (p_owner_ids) AND a.unit_id = v_unit AND a.pocket = 1;
    ELSE
        RETURN QUERY
        SELECT a.owner_id, sum(a.earned)
        FROM ledger.accounts AS a
        WHERE a.owner_id = ANY (p_owner_ids) AND a.unit_id = v_unit
        GROUP BY a.owner_id;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION engagement.ladder_remembers(p_program text) RETURNS boolean
LANGUAGE sql STABLE RETURN coalesce((
    SELECT basis = 'window' OR downgrade <> 'at_once' OR grace_days > 0
    FROM engagement.tier_ladders WHERE program = p_program), false);

-- On which tier a member stands; the lowest if nothing is known of them.
CREATE OR REPLACE FUNCTION engagement.tier_of(p_program text, p_owner_id uuid, p_at timestamptz DEFAULT now())
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.code
    FROM engagement.tiers AS t
    WHERE t.program = p_program AND t.threshold_minor <= greatest(
        0,
        (SELECT amount FROM engagement.tier_amounts(p_program, ARRAY[p_owner_id], p_at)),
        (SELECT s.threshold_minor
            FROM engagement.tier_standings AS k
            JOIN engagement.tiers AS s ON (s.program, s.code) = (k.program, k.tier_code)
            WHERE (k.owner_id, k.program) = (p_owner_id, p_program) AND engagement.ladder_remembers(p_program)))
    ORDER BY t.threshold_minor DESC
    LIMIT 1
$$;

-- Members who stand elsewhere than was written down last, because value was moved in SQL within two days before p_at.
CREATE OR REPLACE FUNCTION engagement.tiers_unsettled(p_program text, p_limit integer, p_at timestamptz DEFAULT now())
RETURNS TABLE (owner_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.owner_id
    FROM (SELECT DISTINCT owner_id FROM ledger.accounts
        WHERE unit_id = (SELECT unit_id FROM engagement.tiers WHERE program = p_program LIMIT 1)
            AND updated_at >= p_at - interval '2 days') AS a
    JOIN ledger.owners AS o ON o.id = a.owner_id AND o.kind = 'member' AND o.closed_at IS NULL
    LEFT JOIN engagement.tier_standings AS k ON (k.owner_id, k.program) = (a.owner_id, p_program)
    WHERE engagement.tier_of(p_program, a.owner_id, p_at) IS DISTINCT FROM coalesce(
        k.tier_code, (SELECT code FROM engagement.tiers WHERE program = p_program ORDER BY threshold_minor LIMIT 1))
    ORDER BY a.owner_id
    LIMIT p_limit
$$;

-- History is written once; only an erased account takes its own along.
CREATE OR REPLACE FUNCTION engagement.refuse_tier_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of tiers is not rewritten' USING ERRCODE = 'restrict_violation';
END $$;

CREATE OR REPLACE TRIGGER tier_changes_are_immutable
    BEFORE UPDATE OR TRUNCATE ON engagement.tier_changes
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.refuse_tier_change();

-- Writes down where everybody stands who stands above the lowest tier, before a ladder begins to remember.
CREATE OR REPLACE FUNCTION engagement.remember_tiers(p_program text, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_owners uuid[] := ARRAY(
        SELECT DISTINCT a.owner_id FROM ledger.accounts AS a
        JOIN ledger.owners AS o ON o.id = a.owner_id AND o.kind = 'member'
        WHERE a.unit_id = (SELECT unit_id FROM engagement.tiers WHERE program = p_program LIMIT 1));
    v_remembered bigint;
BEGIN
    INSERT INTO engagement.tier_standings AS k (owner_id, program, tier_code, since, settled_on)
    SELECT n.owner_id, p_program, n.code, p_at, engagement.community_day(p_at)
    FROM (
        SELECT a.owner_id, (
            SELECT t.code FROM engagement.tiers AS t
            WHERE t.program = p_program AND t.threshold_minor <= greatest(a.amount, 0)
            ORDER BY t.threshold_minor DESC LIMIT 1) AS code
        FROM engagement.tier_amounts(p_program, v_owners, p_at) AS a
    ) AS n
    WHERE n.code <> (SELECT code FROM engagement.tiers WHERE program = p_program ORDER BY threshold_minor LIMIT 1)
    ORDER BY n.owner_id
    ON CONFLICT (owner_id, program) DO UPDATE
    SET tier_code = excluded.tier_code, settled_on = excluded.settled_on, short_since = NULL,
        since = CASE WHEN k.tier_code = excluded.tier_code THEN k.since ELSE excluded.since END;
    GET DIAGNOSTICS v_remembered = ROW_COUNT;
    RETURN v_remembered;
END $$;

-- What processes keep of ladders is kept under the community's mark.
CREATE OR REPLACE TRIGGER tier_ladders_mark_revision
    AFTER INSERT OR UPDATE OR DELETE ON engagement.tier_ladders
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.mark_revision();

CALL identity.keep_to_owner('engagement.tier_standings', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.tier_changes', 'owner_id = (SELECT identity.reader())');
REVOKE ALL ON engagement.tier_ladders, engagement.tier_standings, engagement.tier_changes FROM PUBLIC, guerdon_app;
GRANT SELECT, INSERT, UPDATE ON engagement.tier_ladders TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON engagement.tier_standings TO guerdon_app;
GRANT SELECT, INSERT, DELETE ON engagement.tier_changes TO guerdon_app;
REVOKE EXECUTE ON FUNCTION engagement.tier_amounts(text, uuid[], timestamptz), engagement.tier_of(text, uuid, timestamptz),
    engagement.tiers_unsettled(text, integer, timestamptz), engagement.refuse_tier_change(),
    engagement.remember_tiers(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION engagement.tier_amounts(text, uuid[], timestamptz), engagement.tier_of(text, uuid, timestamptz),
    engagement.tiers_unsettled(text, integer, timestamptz), engagement.remember_tiers(text, timestamptz) TO guerdon_app;
