-- Closing a run, and what can be checked and built anew.

-- Ends a run: whoever records has done so or finds it closing. Its entries stand still from here on.
CREATE OR REPLACE FUNCTION engagement.end_run(p_run_id integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7304811, p_run_id);
    UPDATE engagement.board_runs SET state = 'closing'
    WHERE id = p_run_id AND state = 'open' AND period <> 'life';
    RETURN FOUND;
END $$;

-- Writes the places of a run that has ended, for good, and lets go of its entries. Returns how many places there are.
--
-- The entries are sorted, by no more columns than they are sorted by and in work memory that is bounded: whatever exceeds
-- it goes through a file, so a million members take no more of it than ten. Read along the index instead, each would be
-- looked up at another place of the table, which grows dearer once the table is larger than what is near the processor.
CREATE OR REPLACE FUNCTION engagement.close_run(p_run_id integer, p_at timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '16MB' AS $$
DECLARE
    v_ranking text;
    v_places integer;
BEGIN
    SELECT b.ranking INTO v_ranking
    FROM engagement.board_runs AS r
    JOIN engagement.boards AS b ON b.id = r.board_id
    WHERE r.id = p_run_id AND r.state = 'closing'
    FOR UPDATE OF r;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO engagement.leaderboard_cache (run_id, position, user_id, rank, score, reached_at)
    SELECT p_run_id, position, owner_id, CASE v_ranking WHEN 'rank' THEN rank WHEN 'dense' THEN dense ELSE position END,
        -key, reached_at
    FROM (
        SELECT key, owner_id, reached_at, row_number() OVER (ORDER BY key, reached_at, owner_id) AS position,
            rank() OVER (ORDER BY key) AS rank, dense_rank() OVER (ORDER BY key) AS dense
        FROM (
            SELECT -score AS key, reached_at, owner_id
            FROM engagement.board_entries
            WHERE run_id = p_run_id AND present AND score > 0
            OFFSET 0
        ) AS entries
    ) AS placed;
    GET DIAGNOSTICS v_places = ROW_COUNT;
    INSERT INTO engagement.board_finishes (run_id, user_id, position)
    SELECT run_id, user_id, position FROM engagement.leaderboard_cache WHERE run_id = p_run_id ORDER BY user_id;
    DELETE FROM engagement.board_entries WHERE run_id = p_run_id;
    DELETE FROM engagement.board_buckets WHERE run_id = p_run_id;
    DELETE FROM engagement.board_lanes WHERE run_id = p_run_id;
    UPDATE engagement.board_runs SET state = 'closed', members = v_places, closed_at = p_at WHERE id = p_run_id;
    RETURN v_places;
END $$;

-- Opens the first periods that a board will know: parallel arrays. Whoever finds it being built finds them, too.
CREATE OR REPLACE FUNCTION engagement.begin_board(p_board_id smallint, p_periods text[], p_since date[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO engagement.board_runs (board_id, period, period_start)
    SELECT p_board_id, period, since FROM unnest(p_periods, p_since) AS w (period, since)
    ON CONFLICT DO NOTHING
$$;

-- Carries some members' counters of a board's metric into its entries, the next ones after p_after: a board that is
-- defined on a metric with a past. The counters are locked, so that what is recorded meanwhile comes after.
CREATE OR REPLACE FUNCTION engagement.build_board(
    p_board_id smallint, p_periods text[], p_since date[], p_after uuid, p_limit integer, OUT counted integer,
    OUT last_owner uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_owners uuid[];
    v_metrics smallint[];
    v_in text[];
    v_starts date[];
    v_values bigint[];
    v_reached timestamptz[];
BEGIN
    SELECT array_agg(owner_id), array_agg(metric_id), array_agg(period::text), array_agg(period_start),
        array_agg(value), array_agg(reached_at)
    INTO v_owners, v_metrics, v_in, v_starts, v_values, v_reached
    FROM (
        SELECT c.*
        FROM engagement.counters AS c
        WHERE c.metric_id = (SELECT metric_id FROM engagement.boards WHERE id = p_board_id)
            AND c.owner_id = ANY (ARRAY(
                SELECT m.owner_id FROM engagement.board_members(p_after, p_limit) AS m))
            AND EXISTS (SELECT FROM unnest(p_periods, p_since) AS w (period, since)
                WHERE w.period = c.period AND c.period_start >= w.since)
        ORDER BY c.owner_id, c.metric_id, c.period, c.period_start
        FOR UPDATE
    ) AS held;
    IF v_owners IS NOT NULL THEN
        PERFORM engagement.advance_boards(v_owners, v_metrics, v_in, v_starts, v_values, v_reached);
    END IF;
    SELECT count(*), max(m.owner_id::text)::uuid INTO counted, last_owner
    FROM engagement.board_members(p_after, p_limit) AS m;
END $$;

-- The next members with counters after p_after, by id, jumping from one to the next along the key.
CREATE OR REPLACE FUNCTION engagement.board_members(p_after uuid, p_limit integer) RETURNS TABLE (owner_id uuid)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE each AS (
        (SELECT c.owner_id, 1 AS number FROM engagement.counters AS c
            WHERE p_after IS NULL OR c.owner_id > p_after ORDER BY c.owner_id LIMIT 1)
        UNION ALL
        SELECT (SELECT c.owner_id FROM engagement.counters AS c
            WHERE c.owner_id > each.owner_id ORDER BY c.owner_id LIMIT 1), number + 1
        FROM each
        WHERE each.owner_id IS NOT NULL AND number < p_limit
    )
    SELECT owner_id FROM each WHERE owner_id IS NOT NULL
$$;

-- Counts the buckets of a run anew from its entries.
CREATE OR REPLACE FUNCTION engagement.recount_run(p_run_id integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7304811, p_run_id);
    PERFORM pg_advisory_xact_lock(7304812, p_run_id);
    DELETE FROM engagement.board_buckets WHERE run_id = p_run_id;
    DELETE FROM engagement.board_lanes WHERE run_id = p_run_id;
    INSERT INTO engagement.board_buckets (run_id, level, bucket, members)
    SELECT p_run_id, level, bucket, sum(members)
    FROM (
        SELECT engagement.score_code(score) AS code, count(*) AS members
        FROM engagement.board_entries
        WHERE run_id = p_run_id AND present AND score > 0
        GROUP BY code
    ) AS by_code
    CROSS JOIN LATERAL (VALUES (0, code), (1, code >> 6), (2, code >> 12)) AS l (level, bucket)
    GROUP BY level, bucket;
END $$;

-- What does not add up, in one snapshot: open runs against counters, and buckets with lanes against entries.
CREATE OR REPLACE FUNCTION engagement.verify_boards()
RETURNS TABLE (fault text, run_id integer, owner_id uuid, expected bigint, found bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'score', r.id, coalesce(c.owner_id, e.owner_id), coalesce(c.value, 0), coalesce(e.score, 0)
    FROM engagement.board_runs AS r
    JOIN engagement.boards AS b ON b.id = r.board_id AND b.status = 'active'
    JOIN LATERAL (
        SELECT * FROM engagement.counters AS c
        WHERE (c.metric_id, c.period, c.period_start) = (b.metric_id, r.period, r.period_start)
    ) AS c ON r.state = 'open'
    FULL JOIN (
        SELECT e.* FROM engagement.board_entries AS e
        JOIN engagement.board_runs AS r ON r.id = e.run_id AND r.state = 'open'
        JOIN engagement.boards AS b ON b.id = r.board_id AND b.status = 'active'
    ) AS e ON e.run_id = r.id AND e.owner_id = c.owner_id
    WHERE coalesce(c.value, 0) <> coalesce(e.score, 0)
    UNION ALL
    SELECT 'absence', e.run_id, e.owner_id, 0, 1
    FROM engagement.board_entries AS e
    WHERE e.present AND EXISTS (SELECT FROM engagement.board_absences AS a WHERE a.owner_id = e.owner_id)
    UNION ALL
    SELECT 'bucket ' || coalesce(k.level, t.level) || ' ' || coalesce(k.bucket, t.bucket),
        coalesce(k.run_id, t.run_id), NULL, coalesce(t.members, 0), coalesce(k.members, 0)
    FROM (
        SELECT run_id, level, bucket, sum(members) AS members
        FROM (
            SELECT run_id, level, bucket, members FROM engagement.board_buckets
            UNION ALL
            SELECT run_id, level, bucket, CASE WHEN change > 0 THEN 1 ELSE -1 END
            FROM engagement.board_lanes
            CROSS JOIN LATERAL unnest(changes) AS change
            CROSS JOIN LATERAL (VALUES (0, abs(change)), (1, abs(change) >> 6), (2, abs(change) >> 12))
                AS l (level, bucket)
        ) AS parts
        GROUP BY run_id, level, bucket
    ) AS k
    FULL JOIN (
        SELECT e.run_id, level, bucket, count(*) AS members
        FROM engagement.board_entries AS e
        CROSS JOIN LATERAL (VALUES
            (0, engagement.score_code(e.score)), (1, engagement.score_code(e.score) >> 6),
            (2, engagement.score_code(e.score) >> 12)) AS l (level, bucket)
        WHERE e.present AND e.score > 0
        GROUP BY e.run_id, level, bucket
    ) AS t ON (t.run_id, t.level, t.bucket) = (k.run_id, k.level, k.bucket)
    WHERE coalesce(t.members, 0) <> coalesce(k.members, 0)
$$;
