-- Posts a batch whole or not at all, and tells the verdict of every item either way: what ledger.post would with
-- p_verdicts, undone if it refused any. For whoever wants to know all that is wrong before trying again without it.
CREATE OR REPLACE FUNCTION ledger.post_whole(
    p_items ledger.posting[], p_at timestamptz DEFAULT clock_timestamp())
RETURNS TABLE (item integer, verdict text, transfer_id uuid, debit_after bigint, credit_after bigint, problem jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_item integer[];
    v_posted ledger.posted[];
BEGIN
    BEGIN
        SELECT array_agg(p.item),
            array_agg(ROW(p.verdict, p.transfer_id, p.debit_after, p.credit_after, p.problem)::ledger.posted)
        INTO v_item, v_posted
        FROM ledger.post(p_items, p_at, true) AS p;
        IF EXISTS (SELECT FROM unnest(v_posted) AS p WHERE p.verdict NOT IN ('posted', 'replayed')) THEN
            RAISE EXCEPTION USING ERRCODE = 'GL002', MESSAGE = 'an item is refused';
        END IF;
    EXCEPTION WHEN SQLSTATE 'GL002' THEN
        NULL;
    END;
    RETURN QUERY
    SELECT v_item[p.ordinality], p.verdict, p.transfer_id, p.debit_after, p.credit_after, p.problem
    FROM unnest(v_posted) WITH ORDINALITY AS p;
END $$;
