-- The accounts as the seeds of the events and steps programs name their columns. The programs take these schemas over
-- when they come; until then the views stand here, because they show nothing but identity. Secrets are never shown:
-- a password's hash is NULL here, and where the seed has a token there is its hash.

CREATE OR REPLACE VIEW events.users AS
SELECT u.id, u.email, u.username, u.name AS full_name,
    NULL::text AS hashed_password,
    u.is_active AND u.deleted_at IS NULL AS is_active,
    'super_admin' = ANY (u.roles) AS is_superuser,
    CASE
        WHEN 'super_admin' = ANY (u.roles) OR 'admin' = ANY (u.roles) THEN 'admin'
        WHEN 'staff' = ANY (u.roles) THEN 'staff'
        WHEN 'partner' = ANY (u.roles) THEN 'partner'
        ELSE 'regular'
    END AS user_type,
    u.created_at,
    u.last_login_at AS last_login
FROM identity.users AS u;

CREATE OR REPLACE VIEW steps.users AS
SELECT u.id, u.email,
    NULL::text AS password_hash,
    u.name AS full_name, u.phone, u.country_code,
    CASE WHEN p.is_profile_public THEN p.avatar_url END AS profile_picture_url,
    u.auth_provider,
    l.subject AS provider_id,
    CASE WHEN p.is_profile_public THEN p.bio END AS bio,
    u.is_active,
    u.email_verified_at IS NOT NULL AS email_verified,
    0::bigint AS total_steps,
    0::bigint AS total_coins,
    0::bigint AS lifetime_coins_earned,
    0::bigint AS lifetime_coins_spent,
    u.created_at, u.updated_at, u.last_login_at, u.deleted_at
FROM identity.users AS u
LEFT JOIN identity.profiles AS p ON p.user_id = u.id
LEFT JOIN identity.linked_providers AS l ON l.user_id = u.id AND l.provider = u.auth_provider;

CREATE OR REPLACE VIEW steps.refresh_tokens WITH (security_invoker = true) AS
SELECT t.id, t.user_id, t.token_hash AS token, t.expires_at, t.created_at, t.revoked_at
FROM identity.refresh_tokens AS t;

GRANT USAGE ON SCHEMA events, steps TO guerdon_app;
GRANT SELECT ON events.users, steps.users, steps.refresh_tokens TO guerdon_app;
