-- Reading boards. Members may not read each other's rows, so these functions read as the owner and give out what the
-- board shows: nobody who is absent, and of a private profile neither name nor id, except to its owner and to staff.

-- The number of different scores above one: for boards that rank densely. Jumps from score to score along the index.
CREATE OR REPLACE FUNCTION engagement.board_scores_above(p_run_id integer, p_score bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE higher AS (
        (SELECT -score AS key FROM engagement.board_entries
            WHERE run_id = p_run_id AND present AND score > 0 AND -score < -p_score ORDER BY -score DESC LIMIT 1)
        UNION ALL
        SELECT (
            SELECT -score FROM engagement.board_entries
            WHERE run_id = p_run_id AND present AND score > 0 AND -score < higher.key ORDER BY -score DESC LIMIT 1)
        FROM higher
        WHERE higher.key IS NOT NULL
    )
    SELECT count(key) FROM higher
$$;

-- The place that a score would hold: 1 for the highest. p_reached and p_owner_id matter only where equals are numbered.
CREATE OR REPLACE FUNCTION engagement.board_rank(
    p_run_id integer, p_ranking text, p_score bigint, p_reached timestamptz, p_owner_id uuid)
RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF p_ranking = 'dense' THEN
        RETURN 1 + engagement.board_scores_above(p_run_id, p_score);
    END IF;
    RETURN 1 + (SELECT above FROM engagement.board_above(p_run_id, p_score)) + CASE WHEN p_ranking = 'row' THEN (
        SELECT count(*) FROM engagement.board_entries
        WHERE run_id = p_run_id AND present AND score > 0 AND -score = -p_score
            AND (reached_at, owner_id) < (p_reached, p_owner_id)) ELSE 0 END;
END $$;

-- Numbers a stretch of a board and says who is on it, as p_reader_id may know. Only the first score is looked up: equals
-- of it may stand before the stretch, but every later group begins within it. Members whose profile is gone are left out.
CREATE OR REPLACE FUNCTION engagement.board_stretch(
    p_run_id integer, p_ranking text, p_owners uuid[], p_scores bigint[], p_reached timestamptz[], p_from_top boolean,
    p_own_id uuid, p_reader_id uuid, p_knows_all boolean)
RETURNS TABLE (rank bigint, user_id uuid, name text, avatar_url text, score bigint, reached_at timestamptz, own boolean)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_first bigint := 1;
    v_second bigint;
BEGIN
    IF p_ranking = 'rank' AND NOT p_from_top THEN
        SELECT 1 + above, 1 + above + equal INTO v_first, v_second FROM engagement.board_above(p_run_id, p_scores[1]);
        -- Seen from the second group, which stands in the stretch behind as many as the first group shows.
        v_second := v_second - coalesce(array_length(array_positions(p_scores, p_scores[1]), 1), 0);
    ELSIF NOT p_from_top THEN
        v_first := engagement.board_rank(p_run_id, p_ranking, p_scores[1], p_reached[1], p_owners[1]);
    END IF;
    RETURN QUERY
    SELECT CASE
            WHEN p_ranking = 'row' THEN v_first + s.number - 1
            WHEN p_ranking = 'dense' THEN v_first + dense_rank() OVER (ORDER BY s.number_score DESC) - 1
            WHEN s.number_score = p_scores[1] THEN v_first
            ELSE coalesce(v_second, 1) + rank() OVER (ORDER BY s.number_score DESC) - 1
        END,
        CASE WHEN f.seen THEN s.owner_id END, CASE WHEN f.seen THEN f.full_name::text END,
        CASE WHEN f.seen THEN f.avatar_url::text END, s.number_score, s.number_reached,
        coalesce(s.owner_id = p_own_id, false)
    FROM unnest(p_owners, p_scores, p_reached) WITH ORDINALITY
        AS s (owner_id, number_score, number_reached, number)
    LEFT JOIN LATERAL (
        SELECT p.full_name, p.avatar_url, p.is_profile_public OR p_knows_all OR p.user_id = p_reader_id AS seen
        FROM identity.profiles AS p
        WHERE p.user_id = s.owner_id
    ) AS f ON true
    ORDER BY s.number;
END $$;

-- The place of one member and those around it in a run that is open, in the order of the board. Empty without a place.
CREATE OR REPLACE FUNCTION engagement.board_around(
    p_run_id integer, p_ranking text, p_owner_id uuid, p_neighbours integer, p_reader_id uuid, p_knows_all boolean)
RETURNS TABLE (rank bigint, user_id uuid, name text, avatar_url text, score bigint, reached_at timestamptz, own boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_owners uuid[];
    v_scores bigint[];
    v_reached timestamptz[];
BEGIN
    SELECT array_agg(n.owner_id), array_agg(n.score), array_agg(n.reached_at)
    INTO v_owners, v_scores, v_reached
    FROM engagement.board_entries AS own
    CROSS JOIN LATERAL (
        SELECT b.owner_id, b.score, b.reached_at
        FROM (
            (SELECT e.owner_id, e.score, e.reached_at FROM engagement.board_entries AS e
                WHERE e.run_id = p_run_id AND e.present AND e.score > 0
                    AND (-e.score, e.reached_at, e.owner_id) < (-own.score, own.reached_at, own.owner_id)
                ORDER BY -e.score DESC, e.reached_at DESC, e.owner_id DESC LIMIT p_neighbours)
            UNION ALL
            (SELECT e.owner_id, e.score, e.reached_at FROM engagement.board_entries AS e
                WHERE e.run_id = p_run_id AND e.present AND e.score > 0
                    AND (-e.score, e.reached_at, e.owner_id) >= (-own.score, own.reached_at, own.owner_id)
                ORDER BY -e.score, e.reached_at, e.owner_id LIMIT p_neighbours + 1)
        ) AS b
        ORDER BY b.score DESC, b.reached_at, b.owner_id
    ) AS n
    WHERE own.owner_id = p_owner_id AND own.run_id = p_run_id AND own.present AND own.score > 0;
    RETURN QUERY SELECT * FROM engagement.board_stretch(
        p_run_id, p_ranking, v_owners, v_scores, v_reached, false, p_owner_id, p_reader_id, p_knows_all);
END $$;

-- Places of an open run from the top, or after a page: p_score and p_reached of its last place and how many places with
-- both of them have been shown.
CREATE OR REPLACE FUNCTION engagement.board_top(
    p_run_id integer, p_ranking text, p_score bigint, p_reached timestamptz, p_skip integer, p_limit integer,
    p_reader_id uuid, p_knows_all boolean)
RETURNS TABLE (rank bigint, user_id uuid, name text, avatar_url text, score bigint, reached_at timestamptz, own boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_owners uuid[];
    v_scores bigint[];
    v_reached timestamptz[];
BEGIN
    SELECT array_agg(n.owner_id), array_agg(n.score), array_agg(n.reached_at)
    INTO v_owners, v_scores, v_reached
    FROM (
        SELECT e.owner_id, e.score, e.reached_at FROM engagement.board_entries AS e
        WHERE e.run_id = p_run_id AND e.present AND e.score > 0
            AND (-e.score, e.reached_at) >= (coalesce(-p_score, -9223372036854775807), coalesce(p_reached, '-infinity'))
        ORDER BY -e.score, e.reached_at, e.owner_id
        OFFSET p_skip LIMIT p_limit
    ) AS n;
    RETURN QUERY SELECT * FROM engagement.board_stretch(
        p_run_id, p_ranking, v_owners, v_scores, v_reached, p_score IS NULL, p_reader_id, p_reader_id, p_knows_all);
END $$;
