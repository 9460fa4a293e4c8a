-- A member's request reads that member's rows alone; staff and jobs read all of them. The settings are those of
-- http/transaction.py and are read here without help, because the ledger lies below identity and knows no accounts of
-- people. The door and everything else that runs as the owner is not bound by policies, so that posting costs nothing
-- more; sub-selects let PostgreSQL read each setting once for a statement.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['owners', 'accounts', 'transfers', 'holds', 'system_deltas'] LOOP
        EXECUTE format('ALTER TABLE ledger.%I ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('DROP POLICY IF EXISTS own_rows ON ledger.%I', v_table);
        EXECUTE format(
            $policy$
            CREATE POLICY own_rows ON ledger.%I TO guerdon_app USING (
                (SELECT coalesce(current_setting('guerdon.acting_as', true) IN ('staff', 'system'), false))
                OR %I = (SELECT nullif(current_setting('guerdon.user_id', true), '')::uuid))
            $policy$,
            v_table, CASE v_table WHEN 'owners' THEN 'id' ELSE 'owner_id' END);
    END LOOP;
END $$;

-- Entries are seen through their reader's eyes; sums of the system's accounts tell of nobody.
ALTER VIEW ledger.entries SET (security_invoker = true);
