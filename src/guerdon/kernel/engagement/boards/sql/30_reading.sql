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

-- The place of the first row of a stretch, and how many hold that place where equals share it: from these two the reader
-- numbers the rest, because equals of the first row may stand before the stretch, but every later group begins within it.
CREATE OR REPLACE FUNCTION engagement.board_first(
    p_run_id integer, p_ranking text, p_score bigint, p_reached timestamptz, p_owner_id uuid,
    OUT first_rank bigint, OUT equals bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_ranking = 'rank' THEN
        SELECT 1 + above, equal INTO first_rank, equals FROM engagement.board_above(p_run_id, p_score);
    ELSE
        first_rank := engagement.board_rank(p_run_id, p_ranking, p_score, p_reached, p_owner_id);
    END IF;
END $$;

-- The place of one member and those around it in a run that is open, in the order of the board. Empty without a place.
CREATE OR REPLACE FUNCTION engagement.board_around(
    p_run_id integer, p_ranking text, p_owner_id uuid, p_neighbours integer, p_reader_id uuid, p_knows_all boolean)
RETURNS TABLE (
    user_id uuid, name text, score bigint, reached_at timestamptz, own boolean, first_rank bigint, equals bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_owners uuid[];
    v_scores bigint[];
    v_reached timestamptz[];
    v_first bigint;
    v_equals bigint;
BEGIN
    SELECT array_agg(n.owner_id), array_agg(n.score), array_agg(n.reached_at)
    INTO v_owners, v_scores, v_reached
    FROM engagement.board_entries AS mine
    CROSS JOIN LATERAL (
        SELECT b.owner_id, b.score, b.reached_at
        FROM (
            (SELECT e.owner_id, e.score, e.reached_at FROM engagement.board_entries AS e
                WHERE e.run_id = p_run_id AND e.present AND e.score > 0
                    AND (-e.score, e.reached_at, e.owner_id) < (-mine.score, mine.reached_at, mine.owner_id)
                ORDER BY -e.score DESC, e.reached_at DESC, e.owner_id DESC LIMIT p_neighbours)
            UNION ALL
            (SELECT e.owner_id, e.score, e.reached_at FROM engagement.board_entries AS e
                WHERE e.run_id = p_run_id AND e.present AND e.score > 0
                    AND (-e.score, e.reached_at, e.owner_id) >= (-mine.score, mine.reached_at, mine.owner_id)
                ORDER BY -e.score, e.reached_at, e.owner_id LIMIT p_neighbours + 1)
        ) AS b
        ORDER BY b.score DESC, b.reached_at, b.owner_id
    ) AS n
    WHERE mine.owner_id = p_owner_id AND mine.run_id = p_run_id AND mine.present AND mine.score > 0;
    IF v_owners IS NULL THEN
        RETURN;
    END IF;
    SELECT f.first_rank, f.equals INTO v_first, v_equals
    FROM engagement.board_first(p_run_id, p_ranking, v_scores[1], v_reached[1], v_owners[1]) AS f;
    RETURN QUERY
    SELECT CASE WHEN p.is_profile_public OR p_knows_all OR s.owner_id = p_reader_id THEN s.owner_id END,
        CASE WHEN p.is_profile_public OR p_knows_all OR s.owner_id = p_reader_id THEN p.full_name::text END,
        s.entry_score, s.entry_reached, s.owner_id = p_owner_id, v_first, v_equals
    FROM unnest(v_owners, v_scores, v_reached) WITH ORDINALITY AS s (owner_id, entry_score, entry_reached, number)
    LEFT JOIN identity.profiles AS p ON p.user_id = s.owner_id
    ORDER BY s.number;
END $$;

-- Places of an open run from the top, or after a page: p_score and p_reached of its last place and how many places with
-- both of them have been shown. Whatever the limit, names are looked up one by one, by a query for each: a join would be
-- planned for an unknown number of rows, and read every profile.
CREATE OR REPLACE FUNCTION engagement.board_top(
    p_run_id integer, p_ranking text, p_score bigint, p_reached timestamptz, p_skip integer, p_limit integer,
    p_reader_id uuid, p_knows_all boolean)
RETURNS TABLE (
    user_id uuid, name text, score bigint, reached_at timestamptz, own boolean, first_rank bigint, equals bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_first bigint := 1;
    v_equals bigint;
BEGIN
    IF p_score IS NOT NULL THEN
        SELECT f.first_rank, f.equals INTO v_first, v_equals
        FROM (
            SELECT e.owner_id, e.score, e.reached_at FROM engagement.board_entries AS e
            WHERE e.run_id = p_run_id AND e.present AND e.score > 0
                AND (-e.score, e.reached_at) >= (-p_score, p_reached)
            ORDER BY -e.score, e.reached_at, e.owner_id
            OFFSET p_skip LIMIT 1
        ) AS n, engagement.board_first(p_run_id, p_ranking, n.score, n.reached_at, n.owner_id) AS f;
    END IF;
    RETURN QUERY
    SELECT CASE WHEN n.seen_name IS NOT NULL THEN n.owner_id END, n.seen_name, n.score, n.reached_at,
        coalesce(n.owner_id = p_reader_id, false), v_first, v_equals
    FROM (
        SELECT s.*, (
            SELECT p.full_name::text FROM identity.profiles AS p
            WHERE p.user_id = s.owner_id AND (p.is_profile_public OR p_knows_all OR p.user_id = p_reader_id)
        ) AS seen_name
        FROM (
            SELECT -e.score AS key, e.owner_id, e.score, e.reached_at FROM engagement.board_entries AS e
            WHERE e.run_id = p_run_id AND e.present AND e.score > 0
                AND (-e.score, e.reached_at)
                    >= (coalesce(-p_score, -9223372036854775807), coalesce(p_reached, '-infinity'))
            ORDER BY -e.score, e.reached_at, e.owner_id
            OFFSET p_skip LIMIT p_limit
        ) AS s
        OFFSET 0
    ) AS n
    ORDER BY n.key, n.reached_at, n.owner_id;
END $$;
