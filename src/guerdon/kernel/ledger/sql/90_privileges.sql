-- The application's role reads the ledger and changes it through the door; everything else is the owner's.
REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM PUBLIC, guerdon_app;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC, guerdon_app;
GRANT USAGE ON SCHEMA ledger TO guerdon_app;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO guerdon_app;
GRANT EXECUTE ON FUNCTION
    ledger.unit_id(text), ledger.transfer_kind_id(text), ledger.reference_type_id(text), ledger.idempotency_uuid(text),
    ledger.post(ledger.posting[], timestamptz, boolean), ledger.post_one(ledger.posting, timestamptz, boolean),
    ledger.post_whole(ledger.posting[], timestamptz), ledger.settle_due(timestamptz, integer),
    ledger.settle_owner(uuid, timestamptz), ledger.fold_system_balances(),
    ledger.owner_balances(uuid, timestamptz), ledger.balance_at(uuid, smallint, smallint, timestamptz, boolean),
    ledger.open_member(uuid), ledger.open_system_owner(text, smallint, bigint),
    ledger.set_floor(uuid, smallint, bigint), ledger.close_owner(uuid),
    ledger.verify_conservation(), ledger.verify_balances(), ledger.verify_running_balances(), ledger.verify_floors(),
    ledger.verify_holds(), ledger.verify_references(), ledger.verify_reversals(), ledger.verify_system_accounts()
    TO guerdon_app;
