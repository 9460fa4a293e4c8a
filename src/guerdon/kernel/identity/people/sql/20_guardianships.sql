-- Minors and those who answer for them.

-- The day from which somebody is an adult: the 18th birthday; who is born on 29 February comes of age on 1 March.
CREATE OR REPLACE FUNCTION identity.came_of_age_on(born date) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (born + interval '18 years')::date
        + CASE WHEN extract(day FROM born) = 29 AND extract(day FROM born + interval '18 years') = 28 THEN 1 ELSE 0 END
$$;

-- Until when somebody is a minor for whom nobody answers; NULL for who has a guardian or tells no birth date. Asked while
-- a request is authenticated, so it is one look-up by key.
CREATE OR REPLACE FUNCTION identity.alone_until(account uuid) RETURNS date
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT identity.came_of_age_on(p.date_of_birth)
    FROM identity.profiles AS p
    WHERE p.user_id = account AND p.guardian_user_id IS NULL
$$;

-- Whether an account may answer for a minor: active, and known to be of age in its own zone.
CREATE OR REPLACE FUNCTION identity.may_guard(account uuid, moment timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((
        SELECT u.is_active AND u.deleted_at IS NULL
            AND identity.came_of_age_on(p.date_of_birth) <= (moment AT TIME ZONE u.time_zone)::date
        FROM identity.users AS u
        JOIN identity.profiles AS p ON p.user_id = u.id
        WHERE u.id = account), false)
$$;

-- Nobody answers for somebody while somebody answers for them: so no chain and no loop can come about, however many
-- ask at once, because both accounts are locked, in the order of their ids.
CREATE OR REPLACE FUNCTION identity.guard_guardianship() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.minor_id, NEW.guardian_id) IS DISTINCT FROM (OLD.minor_id, OLD.guardian_id) THEN
        RAISE EXCEPTION 'a guardianship stays between the same two people' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NOT NULL AND NEW.status IS DISTINCT FROM OLD.status THEN
        RAISE EXCEPTION 'a guardianship that ended stays so' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status IN ('requested', 'consented') THEN
        PERFORM 1 FROM identity.users WHERE id IN (NEW.minor_id, NEW.guardian_id) ORDER BY id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT FROM identity.guardianships
            WHERE status IN ('requested', 'consented')
                AND (minor_id = NEW.guardian_id OR guardian_id = NEW.minor_id))
        THEN
            RAISE EXCEPTION 'guardianships form no chain' USING ERRCODE = 'check_violation',
                CONSTRAINT = 'guardianships_form_no_chain';
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER guardianship_guarded
    BEFORE INSERT OR UPDATE ON identity.guardianships
    FOR EACH ROW EXECUTE FUNCTION identity.guard_guardianship();

-- The profile shows who answers for a minor, exactly while they have consented.
CREATE OR REPLACE FUNCTION identity.show_guardianship() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status = 'consented' THEN
        UPDATE identity.profiles
        SET guardian_user_id = NEW.guardian_id, relationship_type = NEW.relationship_type,
            updated_at = greatest(updated_at, NEW.consented_at)
        WHERE user_id = NEW.minor_id;
    ELSIF TG_OP = 'UPDATE' AND OLD.status = 'consented' THEN
        UPDATE identity.profiles
        SET guardian_user_id = NULL, relationship_type = NULL, updated_at = greatest(updated_at, NEW.ended_at)
        WHERE user_id = NEW.minor_id;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER guardianship_shown
    AFTER INSERT OR UPDATE ON identity.guardianships
    FOR EACH ROW EXECUTE FUNCTION identity.show_guardianship();

-- What a guardian sees of their ward, from their consent to its end.
CREATE OR REPLACE FUNCTION identity.ward(guardianship uuid)
    RETURNS TABLE (user_id uuid, name text, date_of_birth date, avatar_url text, is_profile_public boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id, u.name, p.date_of_birth, p.avatar_url::text, p.is_profile_public
    FROM identity.guardianships AS g
    JOIN identity.users AS u ON u.id = g.minor_id
    JOIN identity.profiles AS p ON p.user_id = g.minor_id
    WHERE g.id = guardianship AND g.status = 'consented' AND g.guardian_id = identity.reader()
        AND u.deleted_at IS NULL
$$;
