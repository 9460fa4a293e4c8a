-- Moves contributions that were rejected before p_before to the archive, with their keys, at most p_limit of them.
-- Returns how many. One statement: what is deleted is what is archived, seen at one moment.
CREATE OR REPLACE FUNCTION credits.archive_rejected(p_before timestamptz, p_limit integer DEFAULT 1000)
RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM credits.contributions
        WHERE id IN (
            SELECT id FROM credits.contributions
            WHERE status = 'rejected' AND created_at < p_before
            ORDER BY created_at
            LIMIT p_limit
            FOR UPDATE SKIP LOCKED)
        RETURNING id, user_id, approved_by, type, value_json, status, calculated_credits, approved_at,
            rejection_reason, created_at, updated_at, calculation, reviewed_by, reviewed_at, withdrawn_at, revision,
            approvals
    ), kept AS (
        INSERT INTO credits.contributions_archive (
            id, user_id, approved_by, type, value_json, status, calculated_credits, approved_at, rejection_reason,
            created_at, updated_at, calculation, reviewed_by, reviewed_at, withdrawn_at, revision, approvals)
        SELECT * FROM gone
        RETURNING 1
    )
    SELECT count(*) FROM kept
$$;

-- Deletes what is archived of a member who is forgotten. The application may not touch the archive otherwise, and this
-- only where it works on everybody's rows, as the job does that erases accounts.
CREATE OR REPLACE FUNCTION credits.forget_archived(p_user_id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM credits.contributions_archive WHERE user_id = p_user_id AND identity.reaches_all()
$$;
