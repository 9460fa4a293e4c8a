-- Contributions are credited here, in the database, so that no path to 'approved' misses it: INSERT and UPDATE, from
-- the application, an import or a psql prompt alike. Each approval has a key of its own (the contribution and the number
-- of the approval); leaving 'approved' reverses the credit, so the net is always one credit or none.

CREATE OR REPLACE FUNCTION credits.update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := greatest(now(), OLD.updated_at);
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER update_contributions_updated_at
    BEFORE UPDATE ON credits.contributions
    FOR EACH ROW EXECUTE FUNCTION credits.update_updated_at_column();

-- What of a contribution has to stay when its member is forgotten: kind, amounts, dates, and what identifies the payment in
-- the books. What was written freely may tell who somebody is, and goes; so does every key that is not named here.
CREATE OR REPLACE FUNCTION credits.without_free_text(p_type credits.contribution_type, p_value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(
            (SELECT jsonb_object_agg(key, value) FROM jsonb_each(p_value)
            WHERE key = ANY (CASE p_type
                WHEN 'item_donation' THEN ARRAY['estimated_value', 'condition']
                WHEN 'money' THEN ARRAY['amount', 'currency', 'payment_method', 'transaction_id']
                ELSE ARRAY['hours', 'date'] END)), '{}')
        || CASE p_type
            WHEN 'item_donation' THEN '{"description": "[erased]"}'::jsonb
            WHEN 'volunteer_hours' THEN '{"activity": "[erased]"}'
            ELSE '{}' END
$$;

-- Counts the approvals, and keeps still what has been credited.
CREATE OR REPLACE FUNCTION credits.prepare_contribution() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_was_credited boolean := TG_OP = 'UPDATE' AND OLD.status = 'approved';
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status = 'approved' THEN
            RAISE EXCEPTION 'an approved contribution is kept: reopen it first' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        NEW.approvals := OLD.approvals;
    ELSE
        -- A row that was deleted and comes back under its old id goes on counting where the ledger stands.
        NEW.approvals := 0;
        WHILE EXISTS (
            SELECT FROM ledger.transfers
            WHERE owner_id = NEW.user_id
                AND idempotency_key = credits.approval_key(NEW.id, NEW.approvals + 1, false))
        LOOP
            NEW.approvals := NEW.approvals + 1;
        END LOOP;
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.user_id) IS DISTINCT FROM (OLD.id, OLD.user_id) THEN
        RAISE EXCEPTION 'a contribution stays with its member' USING ERRCODE = 'restrict_violation';
    END IF;
    IF v_was_credited AND NEW.status = 'approved'
        AND (NEW.type, NEW.value_json) IS DISTINCT FROM (OLD.type, OLD.value_json)
        AND (NEW.type, NEW.value_json) IS DISTINCT FROM (OLD.type, credits.without_free_text(OLD.type, OLD.value_json))
    THEN
        RAISE EXCEPTION 'an approved contribution is not changed: reopen it first' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'approved'
        AND (NOT v_was_credited OR NEW.calculated_credits IS DISTINCT FROM OLD.calculated_credits)
    THEN
        NEW.approvals := NEW.approvals + 1;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER contribution_prepared
    BEFORE INSERT OR UPDATE OR DELETE ON credits.contributions
    FOR EACH ROW EXECUTE FUNCTION credits.prepare_contribution();

CREATE OR REPLACE FUNCTION credits.approval_key(p_contribution_id uuid, p_approval integer, p_undo boolean) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT ledger.idempotency_uuid(
        'credits.contribution:' || p_contribution_id || ':' || p_approval || CASE WHEN p_undo THEN ':undo' ELSE '' END)
$$;

-- Credits an approved contribution: issuance to the member's available pocket.
CREATE OR REPLACE FUNCTION credits.pay_out(p_contribution credits.contributions) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_contribution.calculated_credits = 0 THEN
        RETURN;
    END IF;
    PERFORM ledger.open_member(p_contribution.user_id);
    PERFORM ledger.post_one(
        (
            p_contribution.user_id, ledger.unit_id('CREDIT'), 100, 1, p_contribution.calculated_credits * 100,
            ledger.transfer_kind_id('credits.contribution'),
            credits.approval_key(p_contribution.id, p_contribution.approvals, false),
            ledger.reference_type_id('credits.contribution'), p_contribution.id, p_contribution.approved_at,
            p_contribution.approved_by,
            jsonb_build_object('reason', 'Contribution approved: ' || p_contribution.type),
            NULL, NULL, NULL, NULL
        )::ledger.posting,
        p_contribution.approved_at);
    -- What is earned in SQL is counted in SQL: leaderboards and windows of tiers live on it.
    PERFORM engagement.earned(
        p_contribution.user_id, ledger.unit_id('CREDIT'), (p_contribution.calculated_credits * 100)::bigint,
        p_contribution.approved_at);
END $$;

-- Takes back what remains of the credit of an approval; refused, like any debit, where the member has spent it.
CREATE OR REPLACE FUNCTION credits.take_back(p_contribution credits.contributions) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_credit ledger.transfers;
    v_remaining bigint;
BEGIN
    SELECT * INTO v_credit
    FROM ledger.transfers
    WHERE owner_id = p_contribution.user_id
        AND idempotency_key = credits.approval_key(p_contribution.id, p_contribution.approvals, false);
    v_remaining := v_credit.amount - (
        SELECT coalesce(sum(amount), 0)
        FROM ledger.transfers
        WHERE owner_id = v_credit.owner_id AND reverses_id = v_credit.id);
    IF v_remaining > 0 THEN
        PERFORM ledger.post_one(
            (
                v_credit.owner_id, v_credit.unit_id, 1, v_credit.debit, v_remaining, v_credit.kind_id,
                credits.approval_key(p_contribution.id, p_contribution.approvals, true),
                v_credit.reference_type_id, v_credit.reference_id, NULL,
                nullif(current_setting('guerdon.user_id', true), '')::uuid,
                jsonb_build_object('reason', 'Approval undone: ' || p_contribution.type),
                v_credit.id, NULL, NULL, NULL
            )::ledger.posting);
        -- It leaves the period that it was earned in.
        PERFORM engagement.earned(v_credit.owner_id, v_credit.unit_id, -v_remaining, v_credit.happened_at);
    END IF;
END $$;

-- A corrected amount is paid before the former one is taken back, so that only what the member really loses has to be
-- there.
CREATE OR REPLACE FUNCTION credits.log_credit_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'approved' AND (TG_OP = 'INSERT' OR NEW.approvals > OLD.approvals) THEN
        PERFORM credits.pay_out(NEW);
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.status = 'approved' AND (NEW.status <> 'approved' OR NEW.approvals > OLD.approvals) THEN
        PERFORM credits.take_back(OLD);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER contribution_approved_trigger
    AFTER INSERT OR UPDATE OF status, calculated_credits ON credits.contributions
    FOR EACH ROW EXECUTE FUNCTION credits.log_credit_transaction();
