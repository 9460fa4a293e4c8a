-- Boards follow the counters themselves, whoever writes them: recording, a rebuild, or value earned in SQL. Once for a
-- statement, with all the rows that it changed.

CREATE OR REPLACE FUNCTION engagement.follow_counters() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_owners uuid[];
    v_metrics smallint[];
    v_periods text[];
    v_starts date[];
    v_values bigint[];
    v_reached timestamptz[];
BEGIN
    IF NOT EXISTS (SELECT FROM engagement.boards WHERE status IN ('building', 'active')) THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(owner_id), array_agg(metric_id), array_agg(period::text), array_agg(period_start),
        array_agg(CASE WHEN TG_OP = 'DELETE' THEN 0 ELSE value END), array_agg(reached_at)
    INTO v_owners, v_metrics, v_periods, v_starts, v_values, v_reached
    FROM changed
    WHERE metric_id = ANY (ARRAY(SELECT metric_id FROM engagement.boards WHERE status IN ('building', 'active')));
    IF v_owners IS NOT NULL THEN
        PERFORM engagement.advance_boards(v_owners, v_metrics, v_periods, v_starts, v_values, v_reached);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER boards_follow_new AFTER INSERT ON engagement.counters
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION engagement.follow_counters();
CREATE OR REPLACE TRIGGER boards_follow_changed AFTER UPDATE ON engagement.counters
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION engagement.follow_counters();
CREATE OR REPLACE TRIGGER boards_follow_gone AFTER DELETE ON engagement.counters
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION engagement.follow_counters();

-- What is told of ranks is kept in processes under the mark that changes with all that is in force.
CREATE OR REPLACE TRIGGER boards_mark_revision
    AFTER INSERT OR DELETE OR UPDATE OF metric_id, periods, status, is_hidden ON engagement.boards
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.mark_revision();
