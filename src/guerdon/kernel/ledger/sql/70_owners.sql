-- Owners and their accounts: opened once, closed for good.

-- Makes sure that a member has a place on the ledger.
CREATE OR REPLACE FUNCTION ledger.open_member(p_owner_id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO ledger.owners (id) VALUES (p_owner_id) ON CONFLICT DO NOTHING
$$;

-- Makes sure that a bounded part of the system (a budget, a pool, an escrow) exists, and returns its owner id.
-- p_floor is the floor of its available pocket in p_unit_id; NULL means none.
CREATE OR REPLACE FUNCTION ledger.open_system_owner(p_code text, p_unit_id smallint, p_floor bigint DEFAULT 0)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_id uuid;
BEGIN
    IF NOT EXISTS (SELECT FROM ledger.units WHERE id = p_unit_id) THEN
        PERFORM ledger.refuse('unknown_unit', NULL, NULL);
    END IF;
    INSERT INTO ledger.owners (kind, code) VALUES ('system', p_code) ON CONFLICT (code) DO NOTHING;
    SELECT id INTO STRICT v_id FROM ledger.owners WHERE code = p_code;
    INSERT INTO ledger.accounts (owner_id, unit_id, pocket, floor) VALUES (v_id, p_unit_id, 1, p_floor)
    ON CONFLICT DO NOTHING;
    RETURN v_id;
END $$;

-- Sets how low an owner's available pocket may go (NULL: as low as it likes); refused below what is there.
CREATE OR REPLACE FUNCTION ledger.set_floor(p_owner_id uuid, p_unit_id smallint, p_floor bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO ledger.accounts AS a (owner_id, unit_id, pocket, floor)
    SELECT o.id, u.id, 1, p_floor
    FROM ledger.owners AS o
    JOIN ledger.units AS u ON u.id = p_unit_id
    WHERE o.id = p_owner_id AND o.closed_at IS NULL
    ON CONFLICT (owner_id, unit_id, pocket) DO UPDATE SET floor = excluded.floor
    WHERE excluded.floor IS NULL OR a.balance >= excluded.floor;
    IF NOT FOUND THEN
        PERFORM ledger.refuse(
            CASE WHEN EXISTS (SELECT FROM ledger.owners WHERE id = p_owner_id AND closed_at IS NULL)
                THEN 'insufficient_balance' ELSE 'unknown_account' END, NULL, NULL);
    END IF;
END $$;

-- Closes an owner and all its accounts. Nothing may be left in any of them, because nothing could ever leave again.
CREATE OR REPLACE FUNCTION ledger.close_owner(p_owner_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Accounts before their owner, as in postings, which open accounts under a lock on the owner.
    PERFORM FROM ledger.accounts WHERE owner_id = p_owner_id ORDER BY unit_id, pocket FOR UPDATE;
    PERFORM FROM ledger.owners WHERE id = p_owner_id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM ledger.refuse('unknown_account', NULL, NULL);
    END IF;
    IF EXISTS (SELECT FROM ledger.accounts WHERE owner_id = p_owner_id AND balance <> 0) THEN
        PERFORM ledger.refuse('account_not_empty', NULL, NULL);
    END IF;
    UPDATE ledger.accounts SET closed_at = now() WHERE owner_id = p_owner_id AND closed_at IS NULL;
    UPDATE ledger.owners SET closed_at = now() WHERE id = p_owner_id AND closed_at IS NULL;
END $$;
