-- The door: the only way in which transfers, balances and holds are written.

-- Refuses: raises SQLSTATE GL001 with the verdict as message and, as detail, what the caller needs to put it right.
CREATE OR REPLACE FUNCTION ledger.refuse(p_verdict text, p_item bigint, p_problem jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'GL001', MESSAGE = p_verdict,
        DETAIL = jsonb_build_object('item', p_item) || coalesce(p_problem, '{}');
END $$;

-- What is wrong with each item before any balance is looked at, in order.
CREATE OR REPLACE FUNCTION ledger.item_faults(p_items ledger.posting[])
RETURNS TABLE (ord bigint, amount bigint, effect smallint, opens_hold boolean, is_pair boolean, fault text)
LANGUAGE sql STABLE AS $$
    SELECT ordinality, i.amount, k.effect, i.credit BETWEEN 2 AND 99, i.peer_owner_id IS NOT NULL,
        CASE
            WHEN i.amount IS NULL OR i.amount <= 0 THEN 'amount_not_positive'
            WHEN i.owner_id IS NULL OR i.debit IS NULL OR i.credit IS NULL OR least(i.debit, i.credit) < 1
                OR greatest(i.debit, i.credit) > (SELECT max(id) FROM ledger.system_accounts) THEN 'unknown_account'
            WHEN i.unit_id IS NULL THEN 'unknown_unit'
            WHEN i.idempotency_key IS NULL THEN 'key_missing'
            WHEN i.peer_owner_id IS NULL AND i.debit = i.credit OR i.peer_owner_id = i.owner_id THEN 'same_account'
            WHEN i.debit >= 100 AND (i.credit >= 100 OR i.peer_owner_id IS NOT NULL)
                OR i.credit >= 100 AND i.peer_owner_id IS NOT NULL THEN 'no_owner_account'
            WHEN k.id IS NULL THEN 'unknown_kind'
            WHEN i.reference_type_id NOT BETWEEN 1 AND (SELECT max(id) FROM ledger.reference_types)
                THEN 'unknown_reference_type'
            WHEN i.debit BETWEEN 2 AND 99 AND i.hold_id IS NULL THEN 'hold_required'
            WHEN i.hold_id IS NOT NULL AND i.debit NOT BETWEEN 2 AND 99 THEN 'hold_not_debited'
            WHEN i.due_at IS NOT NULL AND i.credit NOT BETWEEN 2 AND 99 THEN 'due_without_hold'
        END
    FROM unnest(p_items) WITH ORDINALITY AS i
    LEFT JOIN ledger.transfer_kinds AS k ON k.id = i.kind_id
$$;

-- Judges items in their order against balances kept in memory and writes what it accepts, in sets.
--
-- Arrays by item: outcome, and the numbers of its accounts (0 a system account), its hold and its original. Arrays by
-- account, hold and original: what is left as the items go by. Without p_read_keys a used key, or any refusal, ends in
-- unique_violation, which costs a large batch nothing when, as nearly always, no key has been used.
CREATE OR REPLACE FUNCTION ledger.post_judged(
    p_items ledger.posting[], p_at timestamptz, p_verdicts boolean, p_read_keys boolean)
RETURNS TABLE (item integer, verdict text, transfer_id uuid, debit_after bigint, credit_after bigint, problem jsonb)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_count integer := cardinality(p_items);
    v_verdict text[] := array_fill(NULL::text, ARRAY[v_count]);
    v_problem jsonb[] := array_fill(NULL::jsonb, ARRAY[v_count]);
    v_id uuid[] := ARRAY(SELECT uuidv7() FROM generate_series(1, v_count));
    v_debit_after bigint[] := array_fill(NULL::bigint, ARRAY[v_count]);
    v_credit_after bigint[] := v_debit_after;
    v_debit_ix integer[] := ARRAY(SELECT CASE WHEN i.debit >= 100 THEN 0 END FROM unnest(p_items) AS i);
    v_credit_ix integer[] := ARRAY(SELECT CASE WHEN i.credit >= 100 THEN 0 END FROM unnest(p_items) AS i);
    v_hold_ix integer[] := '{}';
    v_original_ix integer[] := '{}';
    v_original_fault text[] := '{}';
    v_first_ord integer[] := '{}';
    v_same boolean[] := '{}';
    v_key_taken_by integer[];
    v_accounts integer;
    v_legs integer;
    v_owner uuid[];
    v_unit smallint[];
    v_pocket smallint[];
    v_balance bigint[];
    v_floor bigint[];
    v_closed boolean[];
    v_last uuid[];
    v_earned numeric[];
    v_spent numeric[];
    v_newest uuid;
    v_step interval;
    v_holds integer := 0;
    v_hold_owner uuid[] := '{}';
    v_hold_id uuid[] := '{}';
    v_hold_left bigint[] := '{}';
    v_hold_due timestamptz[] := '{}';
    v_original_left bigint[] := '{}';
    v_row record;
    v_after numeric;
    v_takes_hold boolean;
    v_opens_hold boolean;
    v_reverses boolean;
    v_pairs boolean;
    n integer;
    f integer;
    d integer;
    c integer;
    h integer;
    o integer;
BEGIN
    SELECT bool_or(i.hold_id IS NOT NULL), bool_or(i.credit BETWEEN 2 AND 99), bool_or(i.reverses_id IS NOT NULL),
        bool_or(i.peer_owner_id IS NOT NULL)
    INTO v_takes_hold, v_opens_hold, v_reverses, v_pairs
    FROM unnest(p_items) AS i;

    -- Lock: the accounts, numbered in the order of their keys; open those that are missing and may be.
    LOOP
        v_accounts := 0;
        v_legs := 0;
        v_owner := '{}'; v_unit := '{}'; v_pocket := '{}'; v_balance := '{}'; v_floor := '{}'; v_closed := '{}';
        FOR v_row IN SELECT * FROM ledger.lock_accounts(p_items) LOOP
            v_legs := v_legs + 1;
            IF v_accounts = 0 OR v_row.owner_id <> v_owner[v_accounts] OR v_row.unit_id <> v_unit[v_accounts]
                OR v_row.pocket <> v_pocket[v_accounts]
            THEN
                v_accounts := v_accounts + 1;
                v_owner[v_accounts] := v_row.owner_id;
                v_unit[v_accounts] := v_row.unit_id;
                v_pocket[v_accounts] := v_row.pocket;
                v_balance[v_accounts] := v_row.balance;
                v_floor[v_accounts] := v_row.floor;
                v_closed[v_accounts] := v_row.closed;
                v_newest := greatest(v_newest, v_row.last_transfer_id);
            END IF;
            IF v_row.is_debit THEN
                v_debit_ix[v_row.ord] := v_accounts;
            ELSE
                v_credit_ix[v_row.ord] := v_accounts;
            END IF;
        END LOOP;
        EXIT WHEN array_position(v_debit_ix, NULL) IS NULL AND array_position(v_credit_ix, NULL) IS NULL;
        IF ledger.open_missing(p_items) = 0 THEN
            PERFORM ledger.check_unseen(p_items, v_legs);
            EXIT;
        END IF;
    END LOOP;
    v_earned := array_fill(0::numeric, ARRAY[v_accounts]);
    v_spent := v_earned;
    v_last := array_fill(NULL::uuid, ARRAY[v_accounts]);
    IF v_newest >= v_id[1] THEN
        v_step := ledger.step_after(v_newest);
        v_id := ARRAY(SELECT uuidv7(v_step) FROM generate_series(1, v_count));
    END IF;

    -- Read: keys that have been used, holds that are taken from, transfers that are reversed.
    IF p_read_keys THEN
        v_key_taken_by := array_fill(NULL::integer, ARRAY[v_count]);
        FOR v_row IN SELECT * FROM ledger.read_replays(p_items) LOOP
            IF v_row.first_ord IS NOT NULL THEN
                v_first_ord[v_row.ord] := v_row.first_ord;
            ELSE
                v_same[v_row.ord] := v_row.same;
                v_verdict[v_row.ord] := 'replayed';
                v_id[v_row.ord] := v_row.transfer_id;
                v_debit_after[v_row.ord] := v_row.debit_after;
                v_credit_after[v_row.ord] := v_row.credit_after;
            END IF;
        END LOOP;
    END IF;
    IF v_takes_hold THEN
        FOR v_row IN SELECT * FROM ledger.lock_holds(p_items) LOOP
            IF v_holds = 0 OR v_row.owner_id <> v_hold_owner[v_holds] OR v_row.id <> v_hold_id[v_holds] THEN
                v_holds := v_holds + 1;
                v_hold_owner[v_holds] := v_row.owner_id;
                v_hold_id[v_holds] := v_row.id;
                v_hold_left[v_holds] := v_row.remaining;
                v_hold_due[v_holds] := v_row.due_at;
            END IF;
            v_hold_ix[v_row.ord] := v_holds;
        END LOOP;
    END IF;
    IF v_reverses THEN
        FOR v_row IN SELECT * FROM ledger.read_originals(p_items) LOOP
            v_original_ix[v_row.ord] := v_row.ix;
            v_original_left[v_row.ix] := v_row.remaining;
            v_original_fault[v_row.ord] := v_row.fault;
        END LOOP;
    END IF;

    -- Judge: each item after those before it.
    FOR v_row IN SELECT * FROM ledger.item_faults(p_items) LOOP
        n := v_row.ord;
        d := v_debit_ix[n];
        c := v_credit_ix[n];
        IF v_row.fault IS NOT NULL THEN
            v_verdict[n] := v_row.fault;
        ELSIF v_verdict[n] = 'replayed' OR v_key_taken_by[v_first_ord[n]] IS NOT NULL THEN
            IF v_verdict[n] IS NULL THEN
                f := v_key_taken_by[v_first_ord[n]];
                v_id[n] := v_id[f];
                v_debit_after[n] := v_debit_after[f];
                v_credit_after[n] := v_credit_after[f];
                v_same[n] := p_items[n]::text = p_items[f]::text;
            END IF;
            v_verdict[n] := CASE WHEN v_same[n] THEN 'replayed' ELSE 'idempotency_conflict' END;
            v_problem[n] := jsonb_build_object('transfer_id', v_id[n]);
        ELSIF d IS NULL OR c IS NULL THEN
            v_verdict[n] := 'unknown_account';
        ELSIF v_closed[nullif(d, 0)] OR v_closed[nullif(c, 0)] THEN
            v_verdict[n] := 'closed_account';
        END IF;

        IF v_verdict[n] IS NULL AND v_takes_hold AND d > 0 AND v_pocket[d] > 1 THEN
            h := v_hold_ix[n];
            IF h IS NULL THEN
                v_verdict[n] := 'hold_not_found';
            ELSIF v_hold_due[h] <= p_at AND (c = 0 OR v_pocket[c] <> 1) THEN
                v_verdict[n] := 'hold_expired';
            ELSIF v_hold_left[h] = 0 THEN
                v_verdict[n] := 'hold_closed';
            ELSIF v_hold_left[h] < v_row.amount THEN
                v_verdict[n] := 'hold_exceeded';
                v_problem[n] := jsonb_build_object('remaining_minor', v_hold_left[h]);
            END IF;
        ELSE
            h := NULL;
        END IF;
        o := v_original_ix[n];
        IF v_verdict[n] IS NULL AND o IS NOT NULL THEN
            IF v_original_fault[n] IS NOT NULL THEN
                v_verdict[n] := v_original_fault[n];
            ELSIF v_original_left[o] < v_row.amount THEN
                v_verdict[n] := 'reversal_exceeded';
                v_problem[n] := jsonb_build_object('remaining_minor', v_original_left[o]);
            END IF;
        END IF;
        IF v_verdict[n] IS NULL AND d > 0 THEN
            v_after := v_balance[d]::numeric - v_row.amount;
            IF v_after < v_floor[d] THEN
                v_verdict[n] := 'insufficient_balance';
                v_problem[n] := jsonb_build_object(
                    'available_minor', v_balance[d]::numeric - v_floor[d], 'shortfall_minor', v_floor[d] - v_after);
            ELSIF v_after < -9223372036854775807 THEN
                v_verdict[n] := 'balance_overflow';
            END IF;
        END IF;
        IF v_verdict[n] IS NULL AND c > 0 AND v_balance[c]::numeric + v_row.amount > 9223372036854775807 THEN
            v_verdict[n] := 'balance_overflow';
        END IF;

        IF v_verdict[n] IS NULL THEN
            v_verdict[n] := 'posted';
            IF p_read_keys THEN
                v_key_taken_by[coalesce(v_first_ord[n], n)] := n;
            END IF;
            IF d > 0 THEN
                v_balance[d] := v_balance[d] - v_row.amount;
                v_debit_after[n] := v_balance[d];
                v_last[d] := v_id[n];
                IF v_row.effect = 1 THEN
                    v_earned[d] := v_earned[d] - v_row.amount;
                ELSIF v_row.effect = 2 THEN
                    v_spent[d] := v_spent[d] + v_row.amount;
                END IF;
            END IF;
            IF c > 0 THEN
                v_balance[c] := v_balance[c] + v_row.amount;
                v_credit_after[n] := v_balance[c];
                v_last[c] := v_id[n];
                IF v_row.effect = 1 THEN
                    v_earned[c] := v_earned[c] + v_row.amount;
                ELSIF v_row.effect = 2 THEN
                    v_spent[c] := v_spent[c] - v_row.amount;
                END IF;
            END IF;
            IF h IS NOT NULL THEN
                v_hold_left[h] := v_hold_left[h] - v_row.amount;
            END IF;
            IF o IS NOT NULL THEN
                v_original_left[o] := v_original_left[o] - v_row.amount;
            END IF;
        ELSIF v_verdict[n] <> 'replayed' THEN
            IF NOT p_read_keys THEN
                -- It may be a replay, which is no refusal, whatever has become of the balance since.
                RAISE unique_violation USING MESSAGE = 'an item is refused unless its key has been used';
            END IF;
            IF NOT p_verdicts THEN
                PERFORM ledger.refuse(v_verdict[n], n, v_problem[n]);
            END IF;
            v_id[n] := NULL;
            v_debit_after[n] := NULL;
            v_credit_after[n] := NULL;
        END IF;
    END LOOP;

    -- Write: what was accepted.
    PERFORM ledger.write_transfers(p_items, p_at, v_verdict, v_id, v_debit_after, v_credit_after, v_pairs);
    UPDATE ledger.accounts AS a
    SET balance = v.balance, earned = a.earned + v.earned, spent = a.spent + v.spent, last_transfer_id = v.last,
        updated_at = p_at
    FROM unnest(v_owner, v_unit, v_pocket, v_balance, v_earned, v_spent, v_last)
        AS v(owner_id, unit_id, pocket, balance, earned, spent, last)
    WHERE a.owner_id = v.owner_id AND a.unit_id = v.unit_id AND a.pocket = v.pocket AND v.last IS NOT NULL;
    IF v_opens_hold THEN
        PERFORM ledger.write_holds(p_items, p_at, v_verdict, v_id);
    END IF;
    IF v_takes_hold THEN
        UPDATE ledger.holds AS held
        SET remaining = v.remaining, closed_at = CASE WHEN v.remaining = 0 THEN p_at END
        FROM unnest(v_hold_owner, v_hold_id, v_hold_left) AS v(owner_id, id, remaining)
        WHERE held.owner_id = v.owner_id AND held.id = v.id AND held.remaining <> v.remaining;
    END IF;
    RETURN QUERY
    SELECT i.ordinality::integer, v_verdict[i.ordinality], v_id[i.ordinality], v_debit_after[i.ordinality],
        CASE WHEN i.peer_owner_id IS NULL THEN v_credit_after[i.ordinality] END, v_problem[i.ordinality]
    FROM unnest(p_items) WITH ORDINALITY AS i;
END $$;

-- The holds past their due time of the owners and units that the items touch.
CREATE OR REPLACE FUNCTION ledger.due_holds(p_items ledger.posting[], p_at timestamptz)
RETURNS ledger.holds[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT held
        FROM (SELECT DISTINCT leg.owner_id, leg.unit_id FROM ledger.legs(p_items) AS leg) AS touched
        JOIN ledger.holds AS held ON held.owner_id = touched.owner_id AND held.unit_id = touched.unit_id
        WHERE held.remaining > 0 AND held.due_at <= p_at)
$$;

-- What moves the value of holds past their due time to where it belongs by then: available. The key is the hold's id,
-- which no caller's key can be, because those are marked as digests.
CREATE OR REPLACE FUNCTION ledger.settlements(p_holds ledger.holds[])
RETURNS ledger.posting[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT (h.owner_id, h.unit_id, h.pocket, 1, h.remaining, CASE h.pocket WHEN 3 THEN 8 ELSE 7 END, h.id,
            t.reference_type_id, t.reference_id, h.due_at, NULL, NULL, NULL, NULL, h.id, NULL)::ledger.posting
        FROM unnest(p_holds) AS h
        JOIN ledger.transfers AS t ON t.owner_id = h.owner_id AND t.id = h.id)
$$;

-- Settles holds that are past their due time. Returns how many.
CREATE OR REPLACE FUNCTION ledger.settle_holds(p_holds ledger.holds[], p_at timestamptz)
RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE posted.verdict = 'posted')
    FROM ledger.post_judged(ledger.settlements(p_holds), p_at, true, true) AS posted
$$;

-- Posts anything: settles what is due, then judges item by item; p_read_keys as post_judged takes it.
CREATE OR REPLACE FUNCTION ledger.post_general(
    p_items ledger.posting[], p_at timestamptz, p_verdicts boolean, p_read_keys boolean)
RETURNS TABLE (item integer, verdict text, transfer_id uuid, debit_after bigint, credit_after bigint, problem jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    v_due ledger.holds[];
BEGIN
    FOR v_try IN 1..4 LOOP
        BEGIN
            IF EXISTS (SELECT FROM ledger.holds AS held WHERE held.remaining > 0 AND held.due_at <= p_at) THEN
                v_due := ledger.due_holds(p_items, p_at);
                IF cardinality(v_due) > 0 THEN
                    -- All accounts in one order; what is due is read again, now that nobody can change it.
                    PERFORM ledger.lock_accounts(p_items || ledger.settlements(v_due));
                    PERFORM ledger.settle_holds(ledger.due_holds(p_items, p_at), p_at);
                END IF;
            END IF;
            RETURN QUERY SELECT * FROM ledger.post_judged(p_items, p_at, p_verdicts, p_read_keys OR v_try > 1);
            RETURN;
        EXCEPTION WHEN unique_violation OR serialization_failure OR deadlock_detected THEN
            -- A key has been used, or an account was opened at the same moment: with fresh eyes, and no locks, again.
            IF v_try = 4 THEN
                RAISE;
            END IF;
        END;
    END LOOP;
END $$;

-- Posts one item. p_at is the application's time: when things happened that do not say, and what is due by now.
--
-- Verdicts: posted, replayed, or why not. Without p_verdicts a refusal is raised as SQLSTATE GL001.
--
-- A movement between a member's available pocket and a system account, which is what most postings are, takes the three
-- statements that stand here: one of two UPDATEs, since each operator that a statement names costs a posting as much as a
-- column that it writes. They leave alone what is due: should the balance be too low without it, as when anything else is
-- unusual, the UPDATE finds no row and the general way begins. So it does where a kind counts as spent and the member
-- receives, or as earned and the member pays. Half of what a bigint can hold is left to the amount, so that nothing overflows.
CREATE OR REPLACE FUNCTION ledger.post_one(
    p_item ledger.posting, p_at timestamptz DEFAULT clock_timestamp(), p_verdicts boolean DEFAULT false)
RETURNS ledger.posted
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_effect smallint := ledger.kind_effect(p_item.kind_id);
    v_id uuid;
    v_debit_before bigint;
    v_debit_after bigint;
    v_credit_before bigint;
    v_credit_after bigint;
    v_former_id uuid;
    v_former_at timestamptz;
    v_posted ledger.posted;
BEGIN
    IF p_item.amount BETWEEN 1 AND 4611686018427387903 AND p_item.idempotency_key IS NOT NULL
        AND (p_item.reference_type_id IS NULL OR p_item.reference_type_id BETWEEN 1 AND ledger.reference_type_max())
        AND p_item.hold_id IS NULL AND p_item.reverses_id IS NULL AND p_item.peer_owner_id IS NULL
        AND p_item.due_at IS NULL
    THEN
        IF p_item.credit = 1 AND p_item.debit BETWEEN 100 AND ledger.system_account_max() AND v_effect < 2 THEN
            UPDATE ledger.accounts AS a
            SET balance = a.balance + p_item.amount, earned = a.earned + v_effect * p_item.amount,
                last_transfer_id = uuidv7(), updated_at = p_at
            WHERE a.owner_id = p_item.owner_id AND a.unit_id = p_item.unit_id AND a.pocket = 1 AND a.closed_at IS NULL
                AND a.balance <= 4611686018427387903
            RETURNING new.last_transfer_id, old.balance, new.balance, old.last_transfer_id, old.updated_at
            INTO v_id, v_credit_before, v_credit_after, v_former_id, v_former_at;
        ELSIF p_item.debit = 1 AND p_item.credit BETWEEN 100 AND ledger.system_account_max() AND v_effect <> 1 THEN
            UPDATE ledger.accounts AS a
            SET balance = a.balance - p_item.amount, spent = a.spent + v_effect / 2 * p_item.amount,
                last_transfer_id = uuidv7(), updated_at = p_at
            WHERE a.owner_id = p_item.owner_id AND a.unit_id = p_item.unit_id AND a.pocket = 1 AND a.closed_at IS NULL
                AND a.balance >= -4611686018427387904
                AND (a.floor IS NULL OR a.balance - p_item.amount >= a.floor)
            RETURNING new.last_transfer_id, old.balance, new.balance, old.last_transfer_id, old.updated_at
            INTO v_id, v_debit_before, v_debit_after, v_former_id, v_former_at;
        END IF;
        IF v_id IS NOT NULL THEN
            IF v_former_id IS NULL OR v_former_id < v_id THEN
                INSERT INTO ledger.transfers (
                    owner_id, id, idempotency_key, amount, debit_before, debit_after, credit_before, credit_after,
                    happened_at, recorded_at, unit_id, debit, credit, kind_id, reference_type_id, reference_id,
                    actor_id, detail)
                VALUES (
                    p_item.owner_id, v_id, p_item.idempotency_key, p_item.amount, v_debit_before, v_debit_after,
                    v_credit_before, v_credit_after, coalesce(p_item.happened_at, p_at), clock_timestamp(),
                    p_item.unit_id, p_item.debit, p_item.credit, p_item.kind_id, p_item.reference_type_id,
                    p_item.reference_id, p_item.actor_id, p_item.detail)
                ON CONFLICT (owner_id, idempotency_key) DO NOTHING;
                IF FOUND THEN
                    INSERT INTO ledger.system_deltas (owner_id, unit_id, account, amount)
                    VALUES (
                        p_item.owner_id, p_item.unit_id, greatest(p_item.debit, p_item.credit),
                        CASE WHEN v_credit_after IS NULL THEN p_item.amount ELSE -p_item.amount END);
                    RETURN ROW('posted', v_id, v_debit_after, v_credit_after, NULL)::ledger.posted;
                END IF;
            END IF;
            -- The key has been used, or the machine's clock has stepped back. Nobody has seen the new balance: putting
            -- the old one back undoes everything.
            UPDATE ledger.accounts AS a
            SET balance = coalesce(v_debit_before, v_credit_before),
                earned = CASE v_effect WHEN 1 THEN a.earned - p_item.amount ELSE a.earned END,
                spent = CASE v_effect WHEN 2 THEN a.spent - p_item.amount ELSE a.spent END,
                last_transfer_id = v_former_id, updated_at = v_former_at
            WHERE a.owner_id = p_item.owner_id AND a.unit_id = p_item.unit_id AND a.pocket = 1;
        END IF;
    END IF;
    SELECT g.verdict, g.transfer_id, g.debit_after, g.credit_after, g.problem
    INTO v_posted
    FROM ledger.post_general(ARRAY[p_item], p_at, p_verdicts, true) AS g;
    RETURN v_posted;
END $$;

-- Posts a batch: all or nothing, or with p_verdicts an outcome for each item; p_at and verdicts as for post_one. Without
-- p_verdicts the first refusal is raised as SQLSTATE GL001.
CREATE OR REPLACE FUNCTION ledger.post(
    p_items ledger.posting[], p_at timestamptz DEFAULT clock_timestamp(), p_verdicts boolean DEFAULT false)
RETURNS TABLE (item integer, verdict text, transfer_id uuid, debit_after bigint, credit_after bigint, problem jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_read_keys boolean := false;
    v_posted ledger.posted;
BEGIN
    IF cardinality(p_items) = 1 THEN
        v_posted := ledger.post_one(p_items[1], p_at, p_verdicts);
        RETURN QUERY SELECT 1, v_posted.verdict, v_posted.transfer_id, v_posted.debit_after, v_posted.credit_after,
            v_posted.problem;
        RETURN;
    ELSIF coalesce(cardinality(p_items), 0) = 0 THEN
        RETURN;
    ELSIF cardinality(p_items) > 100000 THEN
        PERFORM ledger.refuse(
            'batch_too_large', NULL, jsonb_build_object('items', cardinality(p_items), 'items_max', 100000));
    ELSIF NOT EXISTS (SELECT FROM ledger.holds AS held WHERE held.remaining > 0 AND held.due_at <= p_at)
        OR cardinality(ledger.due_holds(p_items, p_at)) = 0
    THEN
        BEGIN
            RETURN QUERY SELECT * FROM ledger.post_plain_batch(p_items, p_at);
            IF FOUND THEN
                RETURN;
            END IF;
        EXCEPTION WHEN unique_violation OR serialization_failure OR deadlock_detected THEN
            v_read_keys := true;
        END;
    END IF;
    RETURN QUERY SELECT * FROM ledger.post_general(p_items, p_at, p_verdicts, v_read_keys);
END $$;

-- Settles up to p_limit holds that are past their due time, oldest first. Returns how many.
CREATE OR REPLACE FUNCTION ledger.settle_due(p_at timestamptz DEFAULT clock_timestamp(), p_limit integer DEFAULT 10000)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT ledger.settle_holds(
        ARRAY(
            SELECT h FROM ledger.holds AS h
            WHERE h.remaining > 0 AND h.due_at <= p_at
            ORDER BY h.due_at
            LIMIT p_limit),
        p_at)
$$;
