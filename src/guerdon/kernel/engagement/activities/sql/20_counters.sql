-- Counters: periods, and what members earn of each unit.

-- The first day of the period that a day falls in. Weeks begin on Monday; a life on the first day that there is.
CREATE OR REPLACE FUNCTION engagement.period_start(p_period text, p_day date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE p_period
    WHEN 'day' THEN p_day
    WHEN 'week' THEN p_day - (extract(isodow FROM p_day)::integer - 1)
    WHEN 'month' THEN p_day - (extract(day FROM p_day)::integer - 1)
    ELSE DATE '0001-01-01'
END;

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
    SET value = c.value + excluded.value, reached_at = greatest(c.reached_at, excluded.reached_at);
END $$;
