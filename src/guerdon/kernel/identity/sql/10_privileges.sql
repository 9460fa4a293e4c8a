-- What the application may do with accounts. A password's hash is written, and asked for one account at a time;
-- the column cannot be read, so that no query, however it came about, lists the hashes.

GRANT USAGE ON SCHEMA identity TO guerdon_app;

REVOKE ALL ON identity.users, identity.credentials, identity.user_sessions FROM guerdon_app;
GRANT SELECT, INSERT, UPDATE ON identity.users TO guerdon_app;
GRANT SELECT (user_id, changed_at), INSERT, UPDATE (password_hash, changed_at) ON identity.credentials TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (last_used_at, is_revoked) ON identity.user_sessions TO guerdon_app;

CREATE OR REPLACE FUNCTION identity.password_hash(account uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS $$ SELECT c.password_hash FROM identity.credentials c WHERE c.user_id = account $$;

REVOKE ALL ON FUNCTION identity.password_hash(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.password_hash(uuid) TO guerdon_app;

-- Everybody who can run the place, locked, so that two who leave at once see each other. As the owner: whoever leaves
-- may lock no account but their own.
CREATE OR REPLACE FUNCTION identity.lock_super_admins() RETURNS SETOF uuid
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT u.id FROM identity.users AS u
        WHERE u.roles @> ARRAY['super_admin'] AND u.is_active AND u.deleted_at IS NULL
        ORDER BY u.id
        FOR UPDATE
    $$;

REVOKE ALL ON FUNCTION identity.lock_super_admins() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.lock_super_admins() TO guerdon_app;
