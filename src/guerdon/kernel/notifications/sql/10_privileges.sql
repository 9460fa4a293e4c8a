-- What the application may do with the outbox: what is written leaves or is forgotten, and is never rewritten.

GRANT USAGE ON SCHEMA notifications TO guerdon_app;

REVOKE ALL ON notifications.outbox FROM guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (state, attempts, last_error, claimed_at, settled_at, content)
    ON notifications.outbox TO guerdon_app;
