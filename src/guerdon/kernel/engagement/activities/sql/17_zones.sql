-- Members move, and their clocks change. What was counted stays where it was: it is kept by which clock that was.

CREATE OR REPLACE FUNCTION engagement.keep_former_zone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Whoever records about this member has done so by the former clock, or waits and sees the new one.
    PERFORM FROM engagement.members WHERE owner_id = NEW.id FOR NO KEY UPDATE;
    INSERT INTO engagement.former_zones (owner_id, last_activity_id, time_zone)
    SELECT a.owner_id, a.id, OLD.time_zone FROM engagement.activities AS a
    WHERE a.owner_id = NEW.id ORDER BY a.id DESC LIMIT 1
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER keep_former_zone
    AFTER UPDATE OF time_zone ON identity.users
    FOR EACH ROW WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone)
    EXECUTE FUNCTION engagement.keep_former_zone();
