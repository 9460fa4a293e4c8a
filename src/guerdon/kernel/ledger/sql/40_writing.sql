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
        owner_id, id, idempotency_key, amount, debit_before, debit_after, credit_before, credit_after, happened_at,
        recorded_at, unit_id, debit, credit, kind_id, reference_type_id, reference_id, actor_id, reverses_id, peer_owner_id, hold_id, detail)
    SELECT owner_id, p_ids[ordinality], idempotency_key, amount, p_debits_after[ordinality] + amount,
        p_debits_after[ordinality], CASE WHEN peer_owner_id IS NULL THEN p_credits_after[ordinality] - amount END,
        CASE WHEN peer_owner_id IS NULL THEN p_credits_after[ordinality] END,
        coalesce(happened_at, p_at), v_recorded_at, unit_id, debit,
        CASE WHEN peer_owner_id IS NULL THEN credit ELSE 102 END,
        kind_id, reference_type_id, reference_id, actor_id, reverses_id, peer_owner_id, hold_id, detail
    FROM unnest(p_items) WITH ORDINALITY
    WHERE p_verdicts[ordinality] = 'posted';
    IF p_pairs THEN
        INSERT INTO ledger.transfers (
            owner_id, id, idempotency_key, amount, credit_before, credit_after, happened_at, recorded_at, unit_id, debit,
            credit, kind_id, reference_type_id, reference_id, actor_id, reverses_id, peer_owner_id, detail)
        SELECT peer_owner_id, p_ids[ordinality],
            ledger.peer_key(owner_id, idempotency_key),
            amount, p_credits_after[ordinality] - amount, p_credits_after[ordinality], coalesce(happened_at, p_at), v_recorded_at, unit_id, 102, credit,
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
