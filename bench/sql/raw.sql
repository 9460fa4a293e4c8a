-- The same tables with the same indexes and constraints, for statements that check nothing.
CREATE SCHEMA raw;
CREATE TABLE raw.accounts (LIKE ledger.accounts INCLUDING ALL) WITH (fillfactor = 50);
CREATE TABLE raw.transfers (LIKE ledger.transfers INCLUDING ALL);
INSERT INTO raw.accounts SELECT * FROM ledger.accounts;
