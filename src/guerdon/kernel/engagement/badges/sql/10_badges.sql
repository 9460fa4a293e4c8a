-- Badges: a change of one tells every process; what was earned and what a badge said is not rewritten.

CREATE OR REPLACE TRIGGER badges_mark_revision
    AFTER INSERT OR UPDATE OR DELETE ON engagement.badges
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.mark_revision();
CREATE OR REPLACE TRIGGER badge_levels_mark_revision
    AFTER INSERT OR UPDATE OR DELETE ON engagement.badge_levels
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.mark_revision();

CALL identity.keep_to_owner('engagement.member_badges', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.earned_levels', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.badge_credentials', 'owner_id = (SELECT identity.reader())');

-- What the address of a credential shows to whoever has it: the credential, and nothing of the member besides.
CREATE OR REPLACE FUNCTION engagement.public_credential(p_public_id text)
RETURNS TABLE (token text, document jsonb, shown_name text, issued_at timestamptz, revoked_at timestamptz,
    revoke_reason text, badge_id uuid, level smallint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.token, c.document, c.shown_name, c.issued_at, c.revoked_at, c.revoke_reason, l.badge_id, l.level
    FROM engagement.badge_credentials AS c
    JOIN engagement.earned_levels AS l ON l.owner_id = c.owner_id AND l.id = c.earned_level_id
    WHERE c.public_id = p_public_id
$$;

-- The addresses of all credentials that are revoked, with when; for the public list.
CREATE OR REPLACE FUNCTION engagement.revoked_credentials()
RETURNS TABLE (public_id text, revoked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.public_id, c.revoked_at FROM engagement.badge_credentials AS c
    WHERE c.revoked_at IS NOT NULL ORDER BY c.revoked_at, c.public_id
$$;

-- How many members hold each badge; a number that everybody may read, not who.
CREATE OR REPLACE FUNCTION engagement.badge_holders() RETURNS TABLE (badge_id uuid, holders bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.badge_id, count(*) FROM engagement.member_badges AS m GROUP BY m.badge_id
$$;

REVOKE ALL ON engagement.badges, engagement.badge_levels, engagement.badge_versions, engagement.member_badges,
    engagement.earned_levels, engagement.badge_backfills, engagement.credential_keys, engagement.badge_credentials
    FROM PUBLIC, guerdon_app;
GRANT SELECT, INSERT, UPDATE ON engagement.badges, engagement.badge_backfills TO guerdon_app;
GRANT SELECT, INSERT, DELETE ON engagement.badge_levels TO guerdon_app;
GRANT SELECT, INSERT ON engagement.badge_versions TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON engagement.member_badges TO guerdon_app;
GRANT SELECT, INSERT, UPDATE (reason, taken_back_minor, revoked_at, revoked_by, revoke_reason)
    ON engagement.earned_levels TO guerdon_app;
GRANT SELECT, INSERT, UPDATE (retired_at, sealed) ON engagement.credential_keys TO guerdon_app;
GRANT SELECT, INSERT, UPDATE (token, document, shown_name, revoked_at, revoke_reason)
    ON engagement.badge_credentials TO guerdon_app;
REVOKE EXECUTE ON FUNCTION engagement.public_credential(text), engagement.revoked_credentials(),
    engagement.badge_holders() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION engagement.public_credential(text), engagement.revoked_credentials(),
    engagement.badge_holders() TO guerdon_app;
