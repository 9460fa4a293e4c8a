-- Activities are written once; what compiled rules are kept under changes with every rule, metric and kind.

CREATE OR REPLACE FUNCTION engagement.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'activities are immutable: withdraw one instead' USING ERRCODE = 'restrict_violation';
END $$;

CREATE OR REPLACE TRIGGER activities_are_immutable
    BEFORE UPDATE OR DELETE OR TRUNCATE ON engagement.activities
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.refuse_change();

CREATE OR REPLACE TRIGGER withdrawals_are_immutable
    BEFORE UPDATE OR DELETE OR TRUNCATE ON engagement.activity_withdrawals
    FOR EACH STATEMENT WHEN (current_setting('guerdon.forgetting', true) IS DISTINCT FROM 'yes')
    EXECUTE FUNCTION engagement.refuse_change();

-- Takes away the words that were written about a member who leaves: why activities were withdrawn, and who said so.
CREATE OR REPLACE FUNCTION engagement.forget(p_owner_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('guerdon.forgetting', 'yes', true);
    UPDATE engagement.activity_withdrawals SET reason = '---' WHERE owner_id = p_owner_id;
    PERFORM set_config('guerdon.forgetting', '', true);
END $$;
REVOKE EXECUTE ON FUNCTION engagement.forget(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION engagement.forget(uuid) TO guerdon_app;

CREATE OR REPLACE FUNCTION engagement.mark_revision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE engagement.community SET revision = gen_random_uuid();
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER rules_mark_revision
    AFTER INSERT OR UPDATE OR DELETE ON engagement.rules
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.mark_revision();
CREATE OR REPLACE TRIGGER metrics_mark_revision
    AFTER INSERT OR UPDATE OR DELETE ON engagement.metrics
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.mark_revision();
CREATE OR REPLACE TRIGGER activity_kinds_mark_revision
    AFTER INSERT OR UPDATE OR DELETE ON engagement.activity_kinds
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.mark_revision();
CREATE OR REPLACE TRIGGER tiers_mark_revision
    AFTER INSERT OR UPDATE OR DELETE ON engagement.tiers
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.mark_revision();
