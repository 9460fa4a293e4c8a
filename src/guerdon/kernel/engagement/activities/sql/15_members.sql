-- Members as recording takes them: opened when a first fact comes, locked, and told of.

-- Locks members in the order of their ids and tells what rules read of each, and the last activity that each has. Who
-- has no row yet gets one first, in the same order and before anything is locked, so that nobody waits in a circle.
CREATE OR REPLACE FUNCTION engagement.lock_members(p_ids uuid[])
RETURNS TABLE (
    owner_id uuid, last_activity_id uuid, time_zone text, locale text, country_code text, created_at timestamptz,
    verified boolean)
LANGUAGE plpgsql AS $$
DECLARE
    v_opened uuid;
BEGIN
    IF cardinality(p_ids) > (SELECT count(*) FROM engagement.members AS m WHERE m.owner_id = ANY (p_ids)) THEN
        FOR v_opened IN
            INSERT INTO engagement.members AS m (owner_id)
            SELECT u.id FROM identity.users AS u
            WHERE u.id = ANY (p_ids) AND u.deleted_at IS NULL
                AND NOT EXISTS (SELECT FROM engagement.members AS known WHERE known.owner_id = u.id)
            ORDER BY u.id
            ON CONFLICT DO NOTHING
            RETURNING m.owner_id
        LOOP
            PERFORM ledger.open_member(v_opened);
        END LOOP;
    END IF;
    PERFORM FROM engagement.members AS m WHERE m.owner_id = ANY (p_ids) ORDER BY m.owner_id FOR NO KEY UPDATE;
    -- A statement of its own, so that it sees what whoever held the locks has written.
    RETURN QUERY
    SELECT m.owner_id,
        (SELECT a.id FROM engagement.activities AS a WHERE a.owner_id = m.owner_id ORDER BY a.id DESC LIMIT 1),
        u.time_zone::text, u.locale::text, u.country_code::text, u.created_at,
        u.email_verified_at IS NOT NULL OR u.phone_verified_at IS NOT NULL
    FROM engagement.members AS m
    JOIN identity.users AS u ON u.id = m.owner_id
    WHERE m.owner_id = ANY (p_ids) AND u.deleted_at IS NULL;
END $$;
