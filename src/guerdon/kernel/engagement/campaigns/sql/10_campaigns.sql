-- What a campaign promises is fixed once it has been activated; afterwards it can only end.

CREATE OR REPLACE FUNCTION engagement.guard_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'draft' THEN
            RAISE EXCEPTION 'a campaign that has been active is kept' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.status <> 'draft' AND (
        to_jsonb(NEW) - '{status,ended_at,returned_minor}'::text[]
            <> to_jsonb(OLD) - '{status,ended_at,returned_minor}'::text[]
        OR (OLD.status, NEW.status) NOT IN (('active', 'active'), ('active', 'ended'), ('ended', 'ended'))
        OR NEW.returned_minor < OLD.returned_minor
        OR (OLD.status = 'ended' AND NEW.ended_at IS DISTINCT FROM OLD.ended_at))
    THEN
        RAISE EXCEPTION 'a campaign that has been active is not changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER campaigns_are_locked
    BEFORE UPDATE OR DELETE ON engagement.campaigns
    FOR EACH ROW EXECUTE FUNCTION engagement.guard_campaign();

REVOKE ALL ON engagement.campaigns FROM PUBLIC, guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON engagement.campaigns TO guerdon_app;
