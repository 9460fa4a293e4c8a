-- The application's role reads the ledger and changes it through the door; everything else is the owner's.
REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM PUBLIC, guerdon_app;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC, guerdon_app;
GRANT USAGE ON SCHEMA ledger TO guerdon_app;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO guerdon_app;
GRANT EXECUTE ON FUNCTION
    ledger.unit_id(text), ledger.transfer_kind_id(text), ledger.reference_type_id(text), ledger.idempotency_uuid(text),
    ledger.post(ledger.posting[], timestamptz, boolean), ledger.settle_due(timestamptz, integer)
    TO guerdon_app;
