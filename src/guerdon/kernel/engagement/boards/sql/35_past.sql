-- Places of closed runs, as everybody may see them: who is absent by now is left out, and private profiles have no name.
CREATE OR REPLACE FUNCTION engagement.past_places(
    p_run_id integer, p_from integer, p_limit integer, p_own_id uuid, p_reader_id uuid, p_knows_all boolean)
RETURNS TABLE (
    rank bigint, user_id uuid, name text, score bigint, reached_at timestamptz, own boolean,
    "position" integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.rank, CASE WHEN f.seen THEN c.user_id END, CASE WHEN f.seen THEN f.full_name::text END,
        c.score, c.reached_at, coalesce(c.user_id = p_own_id, false),
        c.position
    FROM engagement.leaderboard_cache AS c
    LEFT JOIN LATERAL (
        SELECT p.full_name, p.is_profile_public OR p_knows_all OR p.user_id = p_reader_id AS seen
        FROM identity.profiles AS p
        WHERE p.user_id = c.user_id
    ) AS f ON true
    WHERE c.run_id = p_run_id AND c.position >= p_from
        AND (p_knows_all OR c.user_id = p_reader_id
            OR NOT EXISTS (SELECT FROM engagement.board_absences AS a WHERE a.owner_id = c.user_id))
    ORDER BY c.position
    LIMIT p_limit
$$;
