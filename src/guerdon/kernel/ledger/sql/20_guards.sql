-- The ledger defends itself: transfers are never changed or removed, whoever asks.

CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'transfers are immutable: reverse one with a new transfer'
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE OR REPLACE TRIGGER transfers_are_immutable
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.transfers
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
