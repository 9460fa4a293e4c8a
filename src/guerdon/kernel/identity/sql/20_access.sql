-- What the application may do with proofs, tokens and keys. Hashes of passwords that wait for a confirmation are
-- asked for one link at a time, like those of accounts.

REVOKE ALL ON identity.password_reset_tokens, identity.one_time_codes, identity.email_confirmations,
    identity.linked_providers, identity.admin_sessions, identity.refresh_tokens, identity.api_keys,
    identity.signing_keys FROM guerdon_app;

GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON identity.password_reset_tokens TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (used_at, tries) ON identity.one_time_codes TO guerdon_app;
GRANT SELECT (id, purpose, user_id, email, name, locale, time_zone, token_hash, created_at, expires_at, used_at),
    INSERT, DELETE, UPDATE (used_at, token_hash) ON identity.email_confirmations TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (last_used_at) ON identity.linked_providers TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (last_activity_at, terminated_at, termination_reason, permissions_granted,
    admin_level) ON identity.admin_sessions TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (rotated_to, revoked_at) ON identity.refresh_tokens TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (last_used_at, revoked_at) ON identity.api_keys TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (retired_at) ON identity.signing_keys TO guerdon_app;

CREATE OR REPLACE FUNCTION identity.waiting_password_hash(confirmation uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS $$ SELECT c.password_hash FROM identity.email_confirmations c WHERE c.id = confirmation $$;

REVOKE ALL ON FUNCTION identity.waiting_password_hash(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.waiting_password_hash(uuid) TO guerdon_app;

-- Taking the last way in away, and closing an account, forget the password.
GRANT DELETE ON identity.credentials TO guerdon_app;
