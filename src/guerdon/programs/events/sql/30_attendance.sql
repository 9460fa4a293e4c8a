-- A check-in makes a registration attended, and only a check-in does. The update waits for whoever is cancelling the
-- same registration and then looks again, so that one of the two is refused.

CREATE OR REPLACE FUNCTION events.mark_attended() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.status = 'attended' AND (TG_OP = 'INSERT' OR OLD.status <> 'attended') THEN
        UPDATE events.registrations SET status = 'attended' WHERE id = NEW.registration_id AND status = 'registered';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'only who is registered can be checked in'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendance_of_registered';
        END IF;
    ELSIF TG_OP = 'UPDATE' AND NEW.status = 'withdrawn' AND OLD.status = 'attended' THEN
        UPDATE events.registrations SET status = 'registered' WHERE id = NEW.registration_id AND status = 'attended';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER attendance_marked
    AFTER INSERT OR UPDATE OF status ON events.event_attendees
    FOR EACH ROW EXECUTE FUNCTION events.mark_attended();
