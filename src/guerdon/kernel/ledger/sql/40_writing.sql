-- What the door (50_post.sql) writes once it has judged.

-- Writes the transfers of the items that were accepted. A transfer between two owners is a row for each, with one
-- id, through the clearing account (102); the second owner's key is derived, so that it cannot meet one of their own.
CREATE OR REPLACE FUNCTION ledger.write_transfers(
    p_items ledger.posting[], p_at timestamptz, p_verdicts text[], p_ids uuid[], p_debits_after bigint[],
    p_credits_after bigint[], p_pairs boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_recorded_at timestamptz := clock_timestamp();
BEGIN
    INSERT INTO ledger.transfers (
        owner_id, id, idempotency_key, amount, debit_after, credit_after, happened_at, recorded_at, unit_id, debit,
        credit, kind_id, reference_type_id, reference_id, actor_id, reverses_id, peer_owner_id, hold_id, detail)
    SELECT owner_id, p_ids[ordinality], idempotency_key, amount, p_debits_after[ordinality],
        CASE WHEN peer_owner_id IS NULL THEN p_credits_after[ordinality] END,
        coalesce(happened_at, p_at), v_recorded_at, unit_id, debit,
        CASE WHEN peer_owner_id IS NULL THEN credit ELSE 102 END,
        kind_id, reference_type_id, reference_id, actor_id, reverses_id, peer_owner_id, hold_id, detail
    FROM unnest(p_items) WITH ORDINALITY
    WHERE p_verdicts[ordinality] = 'posted';
    IF p_pairs THEN
        INSERT INTO ledger.transfers (
            owner_id, id, idempotency_key, amount, credit_after, happened_at, recorded_at, unit_id, debit, credit,
            kind_id, reference_type_id, reference_id, actor_id, reverses_id, peer_owner_id, detail)
        SELECT peer_owner_id, p_ids[ordinality],
            ledger.peer_key(owner_id, idempotency_key),
            amount, p_credits_after[ordinality], coalesce(happened_at, p_at), v_recorded_at, unit_id, 102, credit,
            kind_id, reference_type_id, reference_id, actor_id, reverses_id, owner_id, detail
        FROM unnest(p_items) WITH ORDINALITY
        WHERE p_verdicts[ordinality] = 'posted' AND peer_owner_id IS NOT NULL;
    END IF;
    INSERT INTO ledger.system_deltas (owner_id, unit_id, account, amount)
    SELECT p_items[1].owner_id, unit_id, account, sum(change)
    FROM (
        SELECT unit_id, debit AS account, -amount AS change
        FROM unnest(p_items) WITH ORDINALITY
        WHERE debit >= 100 AND p_verdicts[ordinality] = 'posted'
        UNION ALL
        SELECT unit_id, credit, amount
        FROM unnest(p_items) WITH ORDINALITY
        WHERE credit >= 100 AND p_verdicts[ordinality] = 'posted'
    ) AS changes
    GROUP BY unit_id, account;
END $$;

-- Opens a hold for each accepted item that sets value aside; the hold's id is the transfer's.
CREATE OR REPLACE FUNCTION ledger.write_holds(
    p_items ledger.posting[], p_at timestamptz, p_verdicts text[], p_ids uuid[])
RETURNS void LANGUAGE sql AS $$
    INSERT INTO ledger.holds (owner_id, id, unit_id, pocket, amount, remaining, due_at, opened_at)
    SELECT coalesce(peer_owner_id, owner_id), p_ids[ordinality], unit_id, credit, amount, amount, due_at,
        coalesce(happened_at, p_at)
    FROM unnest(p_items) WITH ORDINALITY
    WHERE p_verdicts[ordinality] = 'posted' AND credit BETWEEN 2 AND 99
$$;

-- How far into the future new ids have to be made to sort behind p_id, for when the machine's clock has stepped back
-- since that was made. Ids that are to sort among themselves need one step in common.
CREATE OR REPLACE FUNCTION ledger.step_after(p_id uuid) RETURNS interval LANGUAGE sql VOLATILE AS $$
    SELECT greatest(uuid_extract_timestamp(p_id) - clock_timestamp(), interval '0') + interval '1 millisecond'
$$;

-- Posts a single movement between a member's available pocket and a system account, which is what most postings are,
-- in three statements. Returns the new transfer's id and balance, or NULLs, with nothing changed, when anything at all is
-- unusual: the general way then finds out what.
CREATE OR REPLACE FUNCTION ledger.post_plain_item(
    p_item ledger.posting, p_at timestamptz, OUT transfer_id uuid, OUT balance_after bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_change bigint := CASE WHEN p_item.credit = 1 THEN p_item.amount ELSE -p_item.amount END;
    v_id uuid := uuidv7();
    v_before ledger.accounts;
    v_after bigint;
BEGIN
    UPDATE ledger.accounts AS a
    SET balance = a.balance + v_change,
        earned = a.earned + CASE WHEN k.effect = 1 THEN v_change ELSE 0 END,
        spent = a.spent - CASE WHEN k.effect = 2 THEN v_change ELSE 0 END,
        last_transfer_id = CASE
            WHEN a.last_transfer_id >= v_id THEN uuidv7(ledger.step_after(a.last_transfer_id)) ELSE v_id END,
        updated_at = p_at
    FROM ledger.transfer_kinds AS k, ledger.system_accounts AS s
    WHERE a.owner_id = p_item.owner_id AND a.unit_id = p_item.unit_id AND a.pocket = 1 AND a.closed_at IS NULL
        AND k.id = p_item.kind_id AND s.id = greatest(p_item.debit, p_item.credit)
        AND CASE WHEN v_change > 0 THEN a.balance <= 9223372036854775807 - v_change
            ELSE a.balance >= -9223372036854775807 - v_change
                AND (a.floor IS NULL OR a.balance + v_change >= a.floor) END
        AND (p_item.reference_type_id IS NULL OR EXISTS (
            SELECT FROM ledger.reference_types WHERE id = p_item.reference_type_id))
        AND NOT EXISTS (
            SELECT FROM ledger.holds AS h
            WHERE h.owner_id = p_item.owner_id AND h.unit_id = p_item.unit_id AND h.remaining > 0 AND h.due_at <= p_at)
    RETURNING new.last_transfer_id, new.balance, old.balance, old.earned, old.spent, old.last_transfer_id, old.updated_at
    INTO v_id, v_after, v_before.balance, v_before.earned, v_before.spent, v_before.last_transfer_id,
        v_before.updated_at;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO ledger.transfers (
        owner_id, id, idempotency_key, amount, debit_after, credit_after, happened_at, recorded_at, unit_id, debit,
        credit, kind_id, reference_type_id, reference_id, actor_id, detail)
    VALUES (
        p_item.owner_id, v_id, p_item.idempotency_key, p_item.amount,
        CASE WHEN v_change < 0 THEN v_after END, CASE WHEN v_change > 0 THEN v_after END,
        coalesce(p_item.happened_at, p_at), clock_timestamp(), p_item.unit_id, p_item.debit, p_item.credit,
        p_item.kind_id, p_item.reference_type_id, p_item.reference_id, p_item.actor_id, p_item.detail)
    ON CONFLICT (owner_id, idempotency_key) DO NOTHING;
    IF NOT FOUND THEN
        -- The key has been used. Nobody has seen the new balance, so putting the old one back undoes everything.
        UPDATE ledger.accounts AS a
        SET balance = v_before.balance, earned = v_before.earned, spent = v_before.spent,
            last_transfer_id = v_before.last_transfer_id, updated_at = v_before.updated_at
        WHERE a.owner_id = p_item.owner_id AND a.unit_id = p_item.unit_id AND a.pocket = 1;
        RETURN;
    END IF;
    INSERT INTO ledger.system_deltas (owner_id, unit_id, account, amount)
    VALUES (p_item.owner_id, p_item.unit_id, greatest(p_item.debit, p_item.credit), -v_change);
    transfer_id := v_id;
    balance_after := v_after;
END $$;
