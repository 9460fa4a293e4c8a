-- A rule's words are fixed once it has been in force: amounts must be explicable for ever.

CREATE OR REPLACE FUNCTION engagement.guard_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'draft' THEN
            RAISE EXCEPTION 'a rule that has been in force is kept' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.status <> 'draft' AND (
        to_jsonb(NEW) - '{status,retired_at}'::text[] <> to_jsonb(OLD) - '{status,retired_at}'::text[]
        OR (OLD.status, NEW.status) NOT IN (('active', 'active'), ('active', 'retired'), ('retired', 'retired'))
        OR (OLD.status = 'retired' AND NEW.retired_at IS DISTINCT FROM OLD.retired_at))
    THEN
        RAISE EXCEPTION 'a rule that has been in force is not changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER rules_are_locked
    BEFORE UPDATE OR DELETE ON engagement.rules
    FOR EACH ROW EXECUTE FUNCTION engagement.guard_rule();

-- The tier that earnings of an amount reach in a program, or NULL if it has none so low.
CREATE OR REPLACE FUNCTION engagement.tier_code(p_program text, p_earned_minor numeric) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT code FROM engagement.tiers
    WHERE program = p_program AND threshold_minor <= greatest(p_earned_minor, 0)
    ORDER BY threshold_minor DESC
    LIMIT 1
$$;

GRANT USAGE ON SCHEMA engagement TO guerdon_app;
REVOKE ALL ON ALL TABLES IN SCHEMA engagement FROM PUBLIC, guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON engagement.rules, engagement.tiers TO guerdon_app;
