-- Counters: periods, and what members earn of each unit.

-- The first day of the period that a day falls in. Weeks begin on Monday; a life on the first day that there is.
CREATE OR REPLACE FUNCTION engagement.period_start(p_period text, p_day date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE p_period
    WHEN 'day' THEN p_day
    WHEN 'week' THEN p_day - (extract(isodow FROM p_day)::integer - 1)
    WHEN 'month' THEN p_day - (extract(day FROM p_day)::integer - 1)
    ELSE DATE '0001-01-01'
END;

-- The values of a column that was sent as one text: a unit separator stands between them, a record separator for NULL.
CREATE OR REPLACE FUNCTION engagement.apart(p_column text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN string_to_array(p_column, E'\x1f', E'\x1e');

-- A sum as a counter can hold it.
CREATE OR REPLACE FUNCTION engagement.whole(p_sum numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(greatest(p_sum, -9223372036854775807), 9223372036854775807)::bigint;

-- The metric that counts what is earned of a unit, made when it is first asked for.
CREATE OR REPLACE FUNCTION engagement.earned_metric(p_unit_id smallint) RETURNS smallint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_id smallint := (SELECT id FROM engagement.metrics WHERE unit_id = p_unit_id);
BEGIN
    IF v_id IS NULL THEN
        INSERT INTO engagement.metrics (program, code, title, aggregate, unit_id)
        SELECT 'ledger', 'earned.' || u.code, u.name, 'earned', u.id FROM ledger.units AS u WHERE u.id = p_unit_id
        ON CONFLICT DO NOTHING;
        SELECT id INTO STRICT v_id FROM engagement.metrics WHERE unit_id = p_unit_id;
    END IF;
    RETURN v_id;
END $$;

-- Counts that a member earned an amount of a unit, or with a negative amount that it was taken back, for whoever moves
-- value in SQL. p_at is when what it is for happened.
CREATE OR REPLACE FUNCTION engagement.earned(p_owner_id uuid, p_unit_id smallint, p_amount bigint, p_at timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_metric smallint := engagement.earned_metric(p_unit_id);
    v_day date := (p_at AT TIME ZONE (SELECT time_zone FROM engagement.community))::date;
BEGIN
    INSERT INTO engagement.counters AS c (owner_id, metric_id, period, period_start, value, reached_at)
    SELECT p_owner_id, v_metric, p.period, engagement.period_start(p.period, v_day), p_amount, p_at
    FROM unnest(ARRAY['day', 'life', 'month', 'week']) AS p(period)
    ON CONFLICT (owner_id, metric_id, period, period_start) DO UPDATE
    SET value = engagement.whole(c.value::numeric + excluded.value), reached_at = greatest(c.reached_at, excluded.reached_at);
END $$;

-- What a member earned by one of their transfers, negative when it takes something back, and when. A reversal counts
-- when its original happened.
CREATE OR REPLACE FUNCTION engagement.earnings(p_owner_id uuid, p_transfer_id uuid)
RETURNS TABLE (owner_id uuid, unit_id smallint, amount bigint, happened_at timestamptz, day date)
LANGUAGE sql STABLE AS $$
    SELECT t.owner_id, t.unit_id, CASE WHEN t.credit < 100 THEN t.amount ELSE -t.amount END, placed.at,
        (placed.at AT TIME ZONE (SELECT c.time_zone FROM engagement.community AS c))::date
    FROM ledger.transfers AS t
    JOIN ledger.transfer_kinds AS k ON k.id = t.kind_id AND k.effect = 1
    JOIN ledger.owners AS o ON o.id = t.owner_id AND o.kind = 'member'
    LEFT JOIN ledger.transfers AS original ON original.owner_id = t.owner_id AND original.id = t.reverses_id,
        LATERAL (SELECT coalesce(original.happened_at, t.happened_at) AS at) AS placed
    WHERE t.owner_id = p_owner_id AND (p_transfer_id IS NULL OR t.id = p_transfer_id)
        AND (t.credit < 100) <> (t.debit < 100)
$$;
