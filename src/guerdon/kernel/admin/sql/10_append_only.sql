-- The audit log only grows: the application lacks every other privilege, and a trigger refuses everybody else.

GRANT USAGE ON SCHEMA admin TO guerdon_app;
REVOKE ALL ON admin.audit_logs FROM guerdon_app;
GRANT SELECT, INSERT ON admin.audit_logs TO guerdon_app;

CREATE OR REPLACE FUNCTION admin.refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    -- admin.forget_audit announces itself; only the owner, as whom it runs, may delete at all.
    IF TG_OP = 'DELETE' AND current_setting('guerdon.forgetting_audit', true) = 'yes' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'audit entries are never changed or removed' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE OR REPLACE TRIGGER audit_logs_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON admin.audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION admin.refuse_change();
