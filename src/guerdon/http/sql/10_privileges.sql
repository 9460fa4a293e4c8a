-- What the application may do with the tables of the HTTP edge.

GRANT USAGE ON SCHEMA http TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (status, body) ON http.idempotency_records TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON http.rate_windows TO guerdon_app;
