-- The job notes when a policy was last applied; how long is kept, the operator changes as the owner.
DO $$ BEGIN
    IF to_regclass('admin.retention_policies') IS NOT NULL THEN
        GRANT SELECT, INSERT, UPDATE (keep_days, last_run_at, last_removed) ON admin.retention_policies TO guerdon_app;
    END IF;
END $$;

-- The one way in which audit entries end: when they are older than the time for which they are kept, which is never
-- less than a year. Returns how many.
CREATE OR REPLACE FUNCTION admin.forget_audit(before timestamptz, dry_run boolean) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_gone bigint;
BEGIN
    IF before > now() - interval '1 year' THEN
        RAISE EXCEPTION 'audit entries are kept for a year at least' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF dry_run THEN
        RETURN (SELECT count(*) FROM admin.audit_logs WHERE timestamp < before);
    END IF;
    PERFORM set_config('guerdon.forgetting_audit', 'yes', true);
    DELETE FROM admin.audit_logs WHERE timestamp < before;
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    PERFORM set_config('guerdon.forgetting_audit', '', true);
    RETURN v_gone;
END $$;
REVOKE ALL ON FUNCTION admin.forget_audit(timestamptz, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION admin.forget_audit(timestamptz, boolean) TO guerdon_app;
