-- Codes: what the small numbers in accounts and transfers stand for, and how programs add to them.
-- Numbers are given without gaps and never taken away, so that the door can check one by comparing it with the largest.

INSERT INTO ledger.pockets (id, code)
VALUES (1, 'available'), (2, 'held'), (3, 'pending'), (4, 'staked')
ON CONFLICT DO NOTHING;

INSERT INTO ledger.system_accounts (id, code)
VALUES (100, 'issuance'), (101, 'redemption'), (102, 'clearing'), (103, 'adjustment')
ON CONFLICT DO NOTHING;

INSERT INTO ledger.transfer_kinds (id, code, effect)
VALUES (1, 'award', 1), (2, 'spend', 2), (3, 'adjustment', 1), (4, 'gift', 0), (5, 'hold', 0),
       (6, 'capture', 2), (7, 'release', 0), (8, 'mature', 0)
ON CONFLICT DO NOTHING;

-- Puts the codes into functions that the planner takes for constants, so that checking them costs a posting nothing.
CREATE OR REPLACE FUNCTION ledger.fix_codes() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION ledger.kind_effect(p_kind smallint) RETURNS smallint'
        ' LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (%L::smallint[])[p_kind]',
        (
            SELECT array_agg(k.effect ORDER BY n)
            FROM generate_series(1, (SELECT max(id) FROM ledger.transfer_kinds)) AS n
            LEFT JOIN ledger.transfer_kinds AS k ON k.id = n
        ));
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION ledger.system_account_max() RETURNS smallint'
        ' LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN %s::smallint',
        (SELECT max(id) FROM ledger.system_accounts));
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION ledger.reference_type_max() RETURNS smallint'
        ' LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN %s::smallint',
        (SELECT coalesce(max(id), 0) FROM ledger.reference_types));
END $$;

SELECT ledger.fix_codes();

-- Makes sure that a unit exists. What has been issued in a scale can never be read in another.
CREATE OR REPLACE FUNCTION ledger.register_unit(p_code text, p_scale smallint, p_kind text, p_name text)
RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
    v_unit ledger.units;
BEGIN
    INSERT INTO ledger.units (code, scale, kind, name) VALUES (p_code, p_scale, p_kind, p_name)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name
    RETURNING * INTO v_unit;
    IF (v_unit.scale, v_unit.kind) IS DISTINCT FROM (p_scale, p_kind) THEN
        RAISE EXCEPTION 'unit % exists as % with scale %', p_code, v_unit.kind, v_unit.scale;
    END IF;
    RETURN v_unit.id;
END $$;

CREATE OR REPLACE FUNCTION ledger.register_system_account(p_code text)
RETURNS smallint LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE ledger.system_accounts IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO ledger.system_accounts (id, code)
    SELECT (SELECT max(id) + 1 FROM ledger.system_accounts), p_code
    ON CONFLICT (code) DO NOTHING;
    IF FOUND THEN
        PERFORM ledger.fix_codes();
    END IF;
    RETURN (SELECT id FROM ledger.system_accounts WHERE code = p_code);
END $$;

-- p_effect: 0 neither, 1 earned, 2 spent.
CREATE OR REPLACE FUNCTION ledger.register_transfer_kind(p_code text, p_effect smallint)
RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
    v_kind ledger.transfer_kinds;
BEGIN
    LOCK TABLE ledger.transfer_kinds IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO ledger.transfer_kinds (id, code, effect)
    SELECT (SELECT max(id) + 1 FROM ledger.transfer_kinds), p_code, p_effect
    ON CONFLICT (code) DO NOTHING;
    IF FOUND THEN
        PERFORM ledger.fix_codes();
    END IF;
    SELECT * INTO STRICT v_kind FROM ledger.transfer_kinds WHERE code = p_code;
    IF v_kind.effect <> p_effect THEN
        RAISE EXCEPTION 'transfer kind % exists with effect %', p_code, v_kind.effect;
    END IF;
    RETURN v_kind.id;
END $$;

CREATE OR REPLACE FUNCTION ledger.register_reference_type(p_code text)
RETURNS smallint LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE ledger.reference_types IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO ledger.reference_types (id, code)
    SELECT (SELECT coalesce(max(id), 0) + 1 FROM ledger.reference_types), p_code
    ON CONFLICT (code) DO NOTHING;
    IF FOUND THEN
        PERFORM ledger.fix_codes();
    END IF;
    RETURN (SELECT id FROM ledger.reference_types WHERE code = p_code);
END $$;

CREATE OR REPLACE FUNCTION ledger.unit_id(p_code text) RETURNS smallint
LANGUAGE sql STABLE RETURN (SELECT id FROM ledger.units WHERE code = p_code);

CREATE OR REPLACE FUNCTION ledger.transfer_kind_id(p_code text) RETURNS smallint
LANGUAGE sql STABLE RETURN (SELECT id FROM ledger.transfer_kinds WHERE code = p_code);

CREATE OR REPLACE FUNCTION ledger.reference_type_id(p_code text) RETURNS smallint
LANGUAGE sql STABLE RETURN (SELECT id FROM ledger.reference_types WHERE code = p_code);

-- The 16 bytes under which a key of any length is stored; guerdon.core.ids.idempotency_uuid computes the same.
CREATE OR REPLACE FUNCTION ledger.idempotency_uuid(p_key text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(
        set_byte(set_byte(digest, 6, get_byte(digest, 6) & 15 | 128), 8, get_byte(digest, 8) & 63 | 128), 'hex')::uuid
    FROM (SELECT substring(sha256(convert_to(p_key, 'UTF8')) FOR 16) AS digest) AS hashed
$$;

-- The key of the second row of a transfer between two owners. Marked as another kind of UUID than a caller's key, so that
-- nobody can take it first.
CREATE OR REPLACE FUNCTION ledger.peer_key(p_owner_id uuid, p_key uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT overlay(ledger.idempotency_uuid(p_owner_id || ':' || p_key)::text PLACING '5' FROM 15 FOR 1)::uuid
$$;
