-- What recording does to boards: set-based, whatever the number of members, boards and periods.

-- Carries counters into the entries of every board over them: parallel arrays, one element for each counter.
-- A counter that appears twice counts with its last value.
CREATE OR REPLACE FUNCTION engagement.advance_boards(
    p_owner_ids uuid[], p_metric_ids smallint[], p_periods text[], p_starts date[], p_scores bigint[],
    p_reached timestamptz[])
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_wanted integer;
    v_run_ids integer[];
    v_metric_ids smallint[];
    v_periods text[];
    v_starts date[];
    v_run record;
    v_changed integer := 0;
BEGIN
    SELECT array_agg(DISTINCT each) INTO v_metric_ids FROM unnest(p_metric_ids) AS each;
    IF NOT EXISTS (
        SELECT FROM engagement.boards
        WHERE metric_id = ANY (v_metric_ids) AND status IN ('building', 'active'))
    THEN
        RETURN 0;
    END IF;
    WITH wanted AS (
        SELECT b.id AS board_id, c.period, c.period_start, b.status = 'building' OR b.build_total > 0 AS built
        FROM (
            SELECT DISTINCT metric_id, period, period_start
            FROM unnest(p_metric_ids, p_periods, p_starts) AS c (metric_id, period, period_start)
        ) AS c
        JOIN engagement.boards AS b
            ON b.metric_id = c.metric_id AND b.status IN ('building', 'active') AND c.period = ANY (b.periods)
    ), opened AS (
        INSERT INTO engagement.board_runs (board_id, period, period_start)
        SELECT board_id, period, period_start
        FROM wanted AS w
        WHERE NOT EXISTS (
            SELECT FROM engagement.board_runs AS r
            WHERE (r.board_id, r.period, r.period_start) = (w.board_id, w.period, w.period_start))
            -- A board that was defined later begins with what was open then (begin_board), also while it is being built:
            -- of a period before that it knows nobody but those whose facts come late, and it would close with them alone.
            AND (NOT w.built OR w.period_start >= coalesce((
                SELECT min(r.period_start) FROM engagement.board_runs AS r
                WHERE r.board_id = w.board_id AND r.period = w.period), w.period_start))
        ORDER BY board_id, period, period_start
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) INTO v_wanted FROM wanted;
    IF v_wanted = 0 THEN
        RETURN 0;
    END IF;
    -- Lock, then read: whoever closes a run has either done so or waits for this transaction.
    SELECT array_agg(r.id ORDER BY r.id) INTO v_run_ids
    FROM (
        SELECT DISTINCT metric_id, period, period_start
        FROM unnest(p_metric_ids, p_periods, p_starts) AS c (metric_id, period, period_start)
    ) AS c
    JOIN engagement.boards AS b
        ON b.metric_id = c.metric_id AND b.status IN ('building', 'active') AND c.period = ANY (b.periods)
    JOIN engagement.board_runs AS r
        ON (r.board_id, r.period, r.period_start) = (b.id, c.period, c.period_start);
    PERFORM pg_advisory_xact_lock_shared(7304811, id) FROM unnest(v_run_ids) AS id;
    SELECT array_agg(r.id), array_agg(b.metric_id), array_agg(r.period), array_agg(r.period_start)
    INTO v_run_ids, v_metric_ids, v_periods, v_starts
    FROM engagement.board_runs AS r
    JOIN engagement.boards AS b ON b.id = r.board_id
    WHERE r.id = ANY (v_run_ids) AND r.state = 'open';
    FOR v_run IN
        WITH latest AS (
            SELECT DISTINCT ON (c.owner_id, r.run_id) c.owner_id, r.run_id, c.score, c.reached_at
            FROM unnest(p_owner_ids, p_metric_ids, p_periods, p_starts, p_scores, p_reached)
                WITH ORDINALITY AS c (owner_id, metric_id, period, period_start, score, reached_at, number)
            JOIN unnest(v_run_ids, v_metric_ids, v_periods, v_starts) AS r (run_id, metric_id, period, period_start)
                USING (metric_id, period, period_start)
            ORDER BY c.owner_id, r.run_id, c.number DESC
        ), written AS (
            INSERT INTO engagement.board_entries AS e (owner_id, run_id, score, reached_at, present)
            SELECT l.owner_id, l.run_id, l.score, l.reached_at,
                NOT EXISTS (SELECT FROM engagement.board_absences AS a WHERE a.owner_id = l.owner_id)
            FROM latest AS l
            ON CONFLICT (owner_id, run_id) DO UPDATE SET score = excluded.score, reached_at = excluded.reached_at
                WHERE (e.score, e.reached_at) IS DISTINCT FROM (excluded.score, excluded.reached_at)
            RETURNING e.run_id,
                CASE WHEN old.present AND old.score > 0 THEN engagement.score_code(old.score) END AS left_code,
                CASE WHEN new.present AND new.score > 0 THEN engagement.score_code(new.score) END AS code
        )
        SELECT w.run_id, array_agg(change) FILTER (WHERE change IS NOT NULL) AS changes, count(*) AS number
        FROM written AS w
        CROSS JOIN LATERAL (VALUES (w.code), (-w.left_code)) AS v (change)
        WHERE w.code IS DISTINCT FROM w.left_code
        GROUP BY w.run_id
        ORDER BY w.run_id
    LOOP
        v_changed := v_changed + v_run.number;
        IF v_run.changes IS NOT NULL THEN
            PERFORM engagement.keep_changes(v_run.run_id, v_run.changes);
        END IF;
    END LOOP;
    RETURN v_changed;
END $$;
