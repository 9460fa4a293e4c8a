-- Places are counted here, in the row of the event, so that no path can give away more of them than there are: the
-- CHECK on that row refuses. Who is registered, was offered a place or attended holds one.

CREATE OR REPLACE FUNCTION events.holds_place(p_status text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_status IN ('registered', 'offered', 'attended') THEN 1 ELSE 0 END
$$;

-- Before: takes the price from the event, gives a number on the waiting list, and keeps a registration with its member.
-- The event is locked first, whoever writes, so that it cannot be cancelled under a registration.
CREATE OR REPLACE FUNCTION events.prepare_registration() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_event events.events;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.user_id, NEW.event_id) IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.event_id) THEN
        RAISE EXCEPTION 'a registration stays with its member and event' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO v_event FROM events.events WHERE id = NEW.event_id FOR NO KEY UPDATE;
        IF v_event.status <> 'published' THEN
            RAISE EXCEPTION 'nobody registers for an event that is %', v_event.status
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'registration_of_published';
        END IF;
        NEW.price_minor := v_event.price_minor;
        NEW.currency := v_event.currency;
        NEW.payment_status := CASE WHEN v_event.price_minor = 0 THEN 'not_required' ELSE 'pending' END;
    END IF;
    IF NEW.status = 'waiting' AND (TG_OP = 'INSERT' OR OLD.status <> 'waiting') THEN
        UPDATE events.events SET queue_last = queue_last + 1 WHERE id = NEW.event_id
            RETURNING queue_last INTO NEW.queue_number;
    END IF;
    IF NEW.status = 'attended' AND (TG_OP = 'INSERT' OR OLD.status <> 'attended') AND NOT EXISTS (
        SELECT FROM events.event_attendees WHERE registration_id = NEW.id AND status = 'attended')
    THEN
        RAISE EXCEPTION 'attendance comes from a check-in' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER registration_prepared
    BEFORE INSERT OR UPDATE ON events.registrations
    FOR EACH ROW EXECUTE FUNCTION events.prepare_registration();

CREATE OR REPLACE FUNCTION events.count_places() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_event_id uuid;
    v_taken integer := 0;
    v_waiting integer := 0;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        v_event_id := NEW.event_id;
        v_taken := events.holds_place(NEW.status);
        v_waiting := (NEW.status = 'waiting')::integer;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        v_event_id := OLD.event_id;
        v_taken := v_taken - events.holds_place(OLD.status);
        v_waiting := v_waiting - (OLD.status = 'waiting')::integer;
    END IF;
    -- A check-in changes neither, so the doors do not wait for each other.
    IF v_taken <> 0 OR v_waiting <> 0 THEN
        UPDATE events.events SET places_taken = places_taken + v_taken, waiting = waiting + v_waiting
        WHERE id = v_event_id;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER registration_counted
    AFTER INSERT OR DELETE OR UPDATE OF status ON events.registrations
    FOR EACH ROW EXECUTE FUNCTION events.count_places();

-- An event that was ever published is cancelled, never deleted: registrations and payments hang on it.
CREATE OR REPLACE FUNCTION events.keep_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'draft' THEN
        RAISE EXCEPTION 'an event that was published is kept: cancel it' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;

CREATE OR REPLACE TRIGGER event_kept BEFORE DELETE ON events.events
    FOR EACH ROW EXECUTE FUNCTION events.keep_event();

-- Lets offers lapse that nobody took in time, and offers free places to those who wait, in their order, until the offer
-- runs out or the event begins; once it has begun, whoever still waits waits no more. The one way by which a place goes
-- from one member to the next: it sees every registration of the event, whoever asks, and gives out no more than what it
-- changed.
CREATE OR REPLACE FUNCTION events.settle_places(p_event_id uuid, p_now timestamptz)
RETURNS TABLE (id uuid, user_id uuid, status text, offer_expires_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
DECLARE
    v_event events.events;
BEGIN
    SELECT * INTO v_event FROM events.events AS e WHERE e.id = p_event_id FOR NO KEY UPDATE;
    RETURN QUERY
        UPDATE events.registrations AS r SET status = 'lapsed'
        WHERE r.event_id = p_event_id
            AND (r.status = 'offered' AND r.offer_expires_at <= p_now
                OR r.status IN ('offered', 'waiting') AND v_event.start_time <= p_now)
        RETURNING r.id, r.user_id, r.status::text, r.offer_expires_at;
    -- The start may have been brought forward since they were made.
    UPDATE events.registrations AS r SET offer_expires_at = v_event.start_time
    WHERE r.event_id = p_event_id AND r.status = 'offered' AND r.offer_expires_at > v_event.start_time;
    -- Read again: the lines above have changed its counts.
    SELECT * INTO v_event FROM events.events AS e WHERE e.id = p_event_id;
    IF v_event.status = 'published' AND v_event.waiting > 0 THEN
        -- Whose account is suspended could not take a place: when it is their turn, it passes to the next.
        RETURN QUERY
            WITH turns AS (
                SELECT w.id, u.is_active,
                    count(*) FILTER (WHERE u.is_active) OVER (
                        ORDER BY w.queue_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                FROM events.registrations AS w
                JOIN identity.users AS u ON u.id = w.user_id
                WHERE w.event_id = p_event_id AND w.status = 'waiting')
            UPDATE events.registrations AS r
            SET status = CASE WHEN t.is_active THEN 'offered' ELSE 'lapsed' END,
                offered_at = CASE WHEN t.is_active THEN p_now END,
                offer_expires_at = CASE WHEN t.is_active THEN
                    least(p_now + make_interval(secs => v_event.offer_s), v_event.start_time) END
            FROM turns AS t
            WHERE r.id = t.id
                AND (v_event.max_participants IS NULL OR t.before < v_event.max_participants - v_event.places_taken)
            RETURNING r.id, r.user_id, r.status::text, r.offer_expires_at;
    END IF;
END $$;
REVOKE ALL ON FUNCTION events.settle_places(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION events.settle_places(uuid, timestamptz) TO guerdon_app;

-- How many wait before a registration; NULL if it does not wait.
CREATE OR REPLACE FUNCTION events.waiting_before(p_registration_id uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT (SELECT count(*) FROM events.registrations AS w
            WHERE w.event_id = r.event_id AND w.status = 'waiting' AND w.queue_number < r.queue_number)
    FROM events.registrations AS r WHERE r.id = p_registration_id AND r.status = 'waiting'
$$;
REVOKE ALL ON FUNCTION events.waiting_before(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION events.waiting_before(uuid) TO guerdon_app;
