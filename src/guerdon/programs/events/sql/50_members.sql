-- What members may know of each other, and nothing more. Each of these looks at everybody's rows, for the one who asks.

-- Whose link an invitation's code is.
CREATE OR REPLACE FUNCTION events.inviter_of(p_code text) RETURNS TABLE (user_id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT u.id, u.name::text
    FROM events.invitation_links AS l
    JOIN identity.users AS u ON u.id = l.user_id
    WHERE l.code = p_code AND u.is_active AND u.deleted_at IS NULL
$$;
REVOKE ALL ON FUNCTION events.inviter_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION events.inviter_of(text) TO guerdon_app;

-- Who else attended an event that a member attended: nobody, unless they did. Whoever blocked the other is hidden from
-- both; ``listed`` says whether they may be shown in a list, which is theirs to decide, or have agreed to connect.
CREATE OR REPLACE FUNCTION events.fellow_attendees(p_event_id uuid, p_user_id uuid)
RETURNS TABLE (user_id uuid, attendance_id uuid, name text, listed boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT other.user_id, other.id, u.name::text,
        p.is_profile_public OR EXISTS (
            SELECT FROM events.connections AS c
            WHERE c.status = 'agreed' AND (c.requester_id, c.addressee_id)
                IN ((own.user_id, other.user_id), (other.user_id, own.user_id)))
    FROM events.event_attendees AS own
    JOIN events.event_attendees AS other
        ON other.event_id = own.event_id AND other.status = 'attended' AND other.user_id <> own.user_id
    JOIN identity.users AS u ON u.id = other.user_id AND u.is_active AND u.deleted_at IS NULL
    JOIN identity.profiles AS p ON p.user_id = other.user_id
    WHERE own.event_id = p_event_id AND own.user_id = p_user_id AND own.status = 'attended'
        AND (identity.reaches_all() OR p_user_id = identity.reader())
        AND NOT EXISTS (
            SELECT FROM events.connection_blocks AS b
            WHERE (b.blocker_id, b.blocked_id) IN ((own.user_id, other.user_id), (other.user_id, own.user_id)))
$$;
REVOKE ALL ON FUNCTION events.fellow_attendees(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION events.fellow_attendees(uuid, uuid) TO guerdon_app;

-- Whose calendar an address is; the address is the proof.
CREATE OR REPLACE FUNCTION events.feed_owner(p_token_hash bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT f.user_id
    FROM events.calendar_feeds AS f
    JOIN identity.users AS u ON u.id = f.user_id
    WHERE f.token_hash = p_token_hash AND u.is_active AND u.deleted_at IS NULL
$$;
REVOKE ALL ON FUNCTION events.feed_owner(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION events.feed_owner(bytea) TO guerdon_app;

-- A ticket is void with its registration, whoever ends that.
CREATE OR REPLACE FUNCTION events.void_ticket() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE events.tickets SET revoked_at = coalesce(NEW.cancelled_at, now())
    WHERE registration_id = NEW.id AND revoked_at IS NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER ticket_voided
    AFTER UPDATE OF status ON events.registrations
    FOR EACH ROW WHEN (NEW.status IN ('cancelled', 'lapsed')) EXECUTE FUNCTION events.void_ticket();

CALL identity.keep_to_owner('events.calendar_feeds', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('events.connection_blocks', 'blocker_id = (SELECT identity.reader())');

REVOKE ALL ON events.calendar_feeds, events.connection_blocks FROM PUBLIC, guerdon_app;
GRANT SELECT, INSERT, DELETE ON events.calendar_feeds, events.connection_blocks TO guerdon_app;
GRANT UPDATE (token_hash, created_at) ON events.calendar_feeds TO guerdon_app;
