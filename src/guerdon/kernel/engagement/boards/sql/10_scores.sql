-- How a board knows the rank of any of a million members without counting them.
--
-- A score becomes a code: itself below 2^18, from there on its leading bits, so that codes keep the order of scores and
-- never exceed 2^22. Buckets count the members of a run by code on three levels, each joining 64 buckets of the one below.
-- The members above a score are then three short range scans, plus what changed since buckets were folded (lanes), plus,
-- for scores from 2^18 on, those with the same code and a higher score, counted one by one.

CREATE OR REPLACE FUNCTION engagement.score_code(p_score bigint) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (CASE
    WHEN p_score < 1::bigint << 18 THEN p_score
    WHEN p_score < 1::bigint << 22 THEN (1 << 18) + (p_score >> 4)
    WHEN p_score < 1::bigint << 26 THEN (2 << 18) + (p_score >> 8)
    WHEN p_score < 1::bigint << 30 THEN (3 << 18) + (p_score >> 12)
    WHEN p_score < 1::bigint << 34 THEN (4 << 18) + (p_score >> 16)
    WHEN p_score < 1::bigint << 38 THEN (5 << 18) + (p_score >> 20)
    WHEN p_score < 1::bigint << 42 THEN (6 << 18) + (p_score >> 24)
    WHEN p_score < 1::bigint << 46 THEN (7 << 18) + (p_score >> 28)
    WHEN p_score < 1::bigint << 50 THEN (8 << 18) + (p_score >> 32)
    WHEN p_score < 1::bigint << 54 THEN (9 << 18) + (p_score >> 36)
    WHEN p_score < 1::bigint << 58 THEN (10 << 18) + (p_score >> 40)
    WHEN p_score < 1::bigint << 62 THEN (11 << 18) + (p_score >> 44)
    ELSE (12 << 18) + (p_score >> 48)
END)::integer;

-- The highest score with the same code.
CREATE OR REPLACE FUNCTION engagement.same_code_max(p_score bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN p_score | CASE
    WHEN p_score < 1::bigint << 18 THEN 0
    WHEN p_score < 1::bigint << 22 THEN (1::bigint << 4) - 1
    WHEN p_score < 1::bigint << 26 THEN (1::bigint << 8) - 1
    WHEN p_score < 1::bigint << 30 THEN (1::bigint << 12) - 1
    WHEN p_score < 1::bigint << 34 THEN (1::bigint << 16) - 1
    WHEN p_score < 1::bigint << 38 THEN (1::bigint << 20) - 1
    WHEN p_score < 1::bigint << 42 THEN (1::bigint << 24) - 1
    WHEN p_score < 1::bigint << 46 THEN (1::bigint << 28) - 1
    WHEN p_score < 1::bigint << 50 THEN (1::bigint << 32) - 1
    WHEN p_score < 1::bigint << 54 THEN (1::bigint << 36) - 1
    WHEN p_score < 1::bigint << 58 THEN (1::bigint << 40) - 1
    WHEN p_score < 1::bigint << 62 THEN (1::bigint << 44) - 1
    ELSE (1::bigint << 48) - 1
END;

-- How many members of a run have more than p_score, and how many have just as much. One statement, so one snapshot:
-- exact at every instant.
CREATE OR REPLACE FUNCTION engagement.board_above(p_run_id integer, p_score bigint, OUT above bigint, OUT equal bigint)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    c integer := engagement.score_code(p_score);
    v_exact boolean := p_score < 1 << 18;
BEGIN
    SELECT coalesce(l0.above, 0) + coalesce(l1.above, 0) + coalesce(l2.above, 0)
            + coalesce(lanes.above, 0) + coalesce(higher.above, 0),
        CASE WHEN v_exact THEN coalesce(l0.equal, 0) + coalesce(lanes.equal, 0) ELSE higher.equal END
    INTO above, equal
    FROM (
        SELECT sum(members) FILTER (WHERE bucket > c) AS above, sum(members) FILTER (WHERE bucket = c) AS equal
        FROM engagement.board_buckets
        WHERE run_id = p_run_id AND level = 0 AND bucket >= c AND bucket <= c | 63
    ) AS l0, (
        SELECT sum(members) AS above FROM engagement.board_buckets
        WHERE run_id = p_run_id AND level = 1 AND bucket > c >> 6 AND bucket <= (c >> 6) | 63
    ) AS l1, (
        SELECT sum(members) AS above FROM engagement.board_buckets
        WHERE run_id = p_run_id AND level = 2 AND bucket > c >> 12
    ) AS l2, (
        SELECT count(*) FILTER (WHERE change > c) - count(*) FILTER (WHERE change < -c) AS above,
            count(*) FILTER (WHERE change = c) - count(*) FILTER (WHERE change = -c) AS equal
        FROM engagement.board_lanes, unnest(changes) AS change
        WHERE run_id = p_run_id
    ) AS lanes, (
        SELECT count(*) FILTER (WHERE score > p_score) AS above, count(*) FILTER (WHERE score = p_score) AS equal
        FROM engagement.board_entries
        WHERE NOT v_exact AND run_id = p_run_id AND present AND score > 0
            AND -score <= -p_score AND -score >= -engagement.same_code_max(p_score)
    ) AS higher;
END $$;

-- Counts changes into the buckets. Whoever calls it holds the run's fold lock.
CREATE OR REPLACE FUNCTION engagement.count_changes(p_run_id integer, p_changes integer[]) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO engagement.board_buckets AS b (run_id, level, bucket, members)
    SELECT p_run_id, level, bucket, sum(members)
    FROM (
        SELECT abs(change) AS code, sum(CASE WHEN change > 0 THEN 1 ELSE -1 END) AS members
        FROM unnest(p_changes) AS change
        GROUP BY code
        HAVING sum(CASE WHEN change > 0 THEN 1 ELSE -1 END) <> 0
    ) AS by_code
    CROSS JOIN LATERAL (VALUES (0, code), (1, code >> 6), (2, code >> 12)) AS l (level, bucket)
    GROUP BY level, bucket
    HAVING sum(members) <> 0
    ORDER BY level, bucket
    ON CONFLICT (run_id, level, bucket) DO UPDATE SET members = b.members + excluded.members
$$;

-- Lock classes: a run is shared by who records and exclusive to who closes or rebuilds it; a fold is one at a time.
CREATE OR REPLACE FUNCTION engagement.may_fold(p_run_id integer) RETURNS boolean
LANGUAGE sql AS $$ SELECT pg_try_advisory_xact_lock(7304812, p_run_id) $$;

-- Keeps changes of a run, in a lane that nobody else holds, or at once in the buckets when there are many.
CREATE OR REPLACE FUNCTION engagement.keep_changes(p_run_id integer, p_changes integer[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_lane bigint;
    v_changes integer[];
BEGIN
    IF cardinality(p_changes) >= 128 AND engagement.may_fold(p_run_id) THEN
        PERFORM engagement.count_changes(p_run_id, p_changes);
        RETURN;
    END IF;
    SELECT lane, changes || p_changes INTO v_lane, v_changes
    FROM engagement.board_lanes
    WHERE run_id = p_run_id
    LIMIT 1
    FOR UPDATE SKIP LOCKED;
    IF v_lane IS NULL THEN
        INSERT INTO engagement.board_lanes (run_id, changes) VALUES (p_run_id, p_changes);
        RETURN;
    END IF;
    IF cardinality(v_changes) >= 128 AND engagement.may_fold(p_run_id) THEN
        PERFORM engagement.count_changes(p_run_id, v_changes);
        v_changes := '{}';
    END IF;
    UPDATE engagement.board_lanes SET changes = v_changes WHERE run_id = p_run_id AND lane = v_lane;
END $$;

-- Folds what lies in lanes that nobody holds. Returns how many changes it took; skips runs that somebody else folds.
CREATE OR REPLACE FUNCTION engagement.fold_boards() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_run_id integer;
    v_changes integer[];
    v_folded bigint := 0;
BEGIN
    FOR v_run_id IN SELECT DISTINCT run_id FROM engagement.board_lanes ORDER BY run_id LOOP
        CONTINUE WHEN NOT engagement.may_fold(v_run_id);
        WITH free AS (
            SELECT lane FROM engagement.board_lanes WHERE run_id = v_run_id FOR UPDATE SKIP LOCKED
        ), taken AS (
            DELETE FROM engagement.board_lanes AS l USING free
            WHERE l.run_id = v_run_id AND l.lane = free.lane
            RETURNING l.changes
        )
        SELECT array_agg(change) INTO v_changes FROM taken, unnest(changes) AS change;
        PERFORM engagement.count_changes(v_run_id, v_changes);
        v_folded := v_folded + coalesce(cardinality(v_changes), 0);
    END LOOP;
    RETURN v_folded;
END $$;
