-- What the application may do with the tables of the HTTP edge.

GRANT USAGE ON SCHEMA http TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (status, body) ON http.idempotency_records TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON http.rate_windows TO guerdon_app;

-- Answers that are kept for a repetition are for who asked alone. Laid without identity's help, which comes later.
ALTER TABLE http.idempotency_records ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_rows ON http.idempotency_records;
CREATE POLICY own_rows ON http.idempotency_records TO guerdon_app USING (
    (SELECT coalesce(current_setting('guerdon.acting_as', true) IN ('staff', 'system'), false))
    OR owner_id = (SELECT nullif(current_setting('guerdon.user_id', true), '')::uuid));
