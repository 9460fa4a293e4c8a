-- Messages are written for others as well as for oneself, but nobody reads, changes or removes another's.
CALL identity.keep_to_owner('notifications.outbox', 'user_id = (SELECT identity.reader())');
DROP POLICY IF EXISTS written_for_others ON notifications.outbox;
CREATE POLICY written_for_others ON notifications.outbox FOR INSERT TO guerdon_app WITH CHECK (true);
