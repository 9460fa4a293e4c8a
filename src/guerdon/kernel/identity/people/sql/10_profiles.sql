-- Every account has a profile. Name, language and zone stand in both rows, because the seeds ask for both; triggers
-- carry a change of either to the other, as the owner, so that neither can be forgotten.

CREATE OR REPLACE FUNCTION identity.profile_from_account() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO identity.profiles (user_id, full_name, locale, timezone, created_at, updated_at)
        VALUES (NEW.id, NEW.name, NEW.locale, NEW.time_zone, NEW.created_at, NEW.created_at);
    ELSE
        UPDATE identity.profiles
        SET full_name = NEW.name, locale = NEW.locale, timezone = NEW.time_zone,
            updated_at = greatest(updated_at, NEW.updated_at)
        WHERE user_id = NEW.id
            AND (full_name, locale, timezone) IS DISTINCT FROM (NEW.name, NEW.locale, NEW.time_zone);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER account_has_profile
    AFTER INSERT OR UPDATE OF name, locale, time_zone ON identity.users
    FOR EACH ROW EXECUTE FUNCTION identity.profile_from_account();

CREATE OR REPLACE FUNCTION identity.account_from_profile() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE identity.users
    SET name = NEW.full_name, locale = NEW.locale, time_zone = NEW.timezone,
        updated_at = greatest(updated_at, NEW.updated_at)
    WHERE id = NEW.user_id AND (name, locale, time_zone) IS DISTINCT FROM (NEW.full_name, NEW.locale, NEW.timezone);
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER profile_names_account
    AFTER UPDATE OF full_name, locale, timezone ON identity.profiles
    FOR EACH ROW EXECUTE FUNCTION identity.account_from_profile();

-- What everybody who is signed in may see of somebody whose profile is public.
CREATE OR REPLACE FUNCTION identity.public_profile(account uuid)
    RETURNS TABLE (user_id uuid, name text, bio text, avatar_url text, member_since timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id, u.name, p.bio, p.avatar_url::text, u.created_at
    FROM identity.users AS u
    JOIN identity.profiles AS p ON p.user_id = u.id
    WHERE u.id = account AND p.is_profile_public AND u.is_active AND u.deleted_at IS NULL
$$;

-- A picture for those who may see its owner: themselves, their guardian, staff, and members if the profile is public.
CREATE OR REPLACE FUNCTION identity.visible_avatar(picture uuid)
    RETURNS TABLE (media_type text, content bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.media_type, a.content
    FROM identity.avatars AS a
    JOIN identity.profiles AS p ON p.user_id = a.user_id
    WHERE a.id = picture
        AND (identity.reaches_all()
            OR a.user_id = identity.reader()
            OR p.guardian_user_id = identity.reader()
            OR (p.is_profile_public AND identity.reader() IS NOT NULL))
$$;

-- By which channels an account wants to hear of things: whoever writes to it has to know, and need know no more of it.
CREATE OR REPLACE FUNCTION identity.wanted_channels(account uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.notification_preferences FROM identity.profiles AS p WHERE p.user_id = account
$$;
