-- Every act goes on record, whoever does it, and before anybody is known too; members read of their own acts only.
CALL identity.keep_to_owner('admin.audit_logs', 'actor_user_id = (SELECT identity.reader())');
DROP POLICY IF EXISTS written_by_all ON admin.audit_logs;
CREATE POLICY written_by_all ON admin.audit_logs FOR INSERT TO guerdon_app WITH CHECK (true);
