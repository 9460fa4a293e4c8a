-- The ledger defends itself: transfers are never changed or removed, whoever asks.

CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'transfers are immutable: reverse one with a new transfer'
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE OR REPLACE TRIGGER transfers_are_immutable
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.transfers
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- An account belongs to an owner, a unit and a pocket that there are. PostgreSQL's own foreign keys, which are declared and
-- not enforced, would compare all three with every change of a balance; these look when a key is written, or what it
-- names goes. FOR KEY SHARE keeps that from going while the account comes, and the other side looks once it has gone.
CREATE OR REPLACE FUNCTION ledger.refuse_orphan() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM ledger.owners AS o, ledger.units AS u, ledger.pockets AS p
    WHERE o.id = NEW.owner_id AND u.id = NEW.unit_id AND p.id = NEW.pocket
    FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'an account needs an owner, a unit and a pocket that there are'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION ledger.refuse_to_leave_accounts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_has boolean;
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'owners' THEN v_has := EXISTS (SELECT FROM ledger.accounts AS a WHERE a.owner_id = OLD.id);
        WHEN 'units' THEN v_has := EXISTS (SELECT FROM ledger.accounts AS a WHERE a.unit_id = OLD.id);
        WHEN 'pockets' THEN v_has := EXISTS (SELECT FROM ledger.accounts AS a WHERE a.pocket = OLD.id);
    END CASE;
    IF v_has THEN
        RAISE EXCEPTION 'it has accounts' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER accounts_belong AFTER INSERT OR UPDATE OF owner_id, unit_id, pocket ON ledger.accounts
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_orphan();
CREATE OR REPLACE TRIGGER owners_stay AFTER DELETE OR UPDATE OF id ON ledger.owners
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_to_leave_accounts();
CREATE OR REPLACE TRIGGER units_stay AFTER DELETE OR UPDATE OF id ON ledger.units
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_to_leave_accounts();
CREATE OR REPLACE TRIGGER pockets_stay AFTER DELETE OR UPDATE OF id ON ledger.pockets
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_to_leave_accounts();
