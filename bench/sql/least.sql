-- The least that recording writes: copies of its tables with their indexes and constraints, without triggers, filled as
-- they are. What was recorded before is written there once more, in the order of its keys, which is nobody's order.
CREATE SCHEMA least;
CREATE SEQUENCE least.share MINVALUE 0;
CREATE TABLE least.activities (LIKE engagement.activities INCLUDING ALL);
CREATE TABLE least.transfers (LIKE ledger.transfers INCLUDING ALL);
CREATE TABLE least.accounts (LIKE ledger.accounts INCLUDING ALL) WITH (fillfactor = 50);
CREATE TABLE least.counters (LIKE engagement.counters INCLUDING ALL) WITH (fillfactor = 50);
INSERT INTO least.accounts SELECT * FROM ledger.accounts;
INSERT INTO least.counters SELECT * FROM engagement.counters;
CREATE INDEX least_order ON engagement.activities (idempotency_key);
CREATE INDEX least_of_activity ON ledger.transfers (reference_id);
