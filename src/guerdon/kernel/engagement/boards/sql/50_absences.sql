-- Who is on no board. They hold no rank either: the others stand as if they were not there.

-- Makes a member's entries say whether they are present, after an absence began or ended.
CREATE OR REPLACE FUNCTION engagement.mark_presence(p_owner_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_present boolean;
    v_run record;
BEGIN
    -- Whoever records about this member has done so or waits, and then knows of the absence.
    PERFORM FROM engagement.members WHERE owner_id = p_owner_id FOR NO KEY UPDATE;
    v_present := NOT EXISTS (SELECT FROM engagement.board_absences WHERE owner_id = p_owner_id);
    PERFORM pg_advisory_xact_lock_shared(7304811, e.run_id)
    FROM (SELECT run_id FROM engagement.board_entries WHERE owner_id = p_owner_id ORDER BY run_id) AS e;
    FOR v_run IN
        UPDATE engagement.board_entries AS e SET present = v_present
        FROM engagement.board_runs AS r
        WHERE e.owner_id = p_owner_id AND e.present <> v_present AND r.id = e.run_id AND r.state = 'open'
        RETURNING e.run_id, e.score
    LOOP
        IF v_run.score > 0 THEN
            PERFORM engagement.keep_changes(v_run.run_id, ARRAY[
                CASE WHEN v_present THEN 1 ELSE -1 END * engagement.score_code(v_run.score)]);
        END IF;
    END LOOP;
END $$;

-- Begins or ends an absence. Returns whether that changed anything.
CREATE OR REPLACE FUNCTION engagement.set_absence(p_owner_id uuid, p_reason text, p_absent boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_changed boolean;
BEGIN
    IF NOT coalesce(identity.reaches_all() OR p_owner_id = identity.reader(), false) THEN
        RAISE EXCEPTION 'a member says so for themselves' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF p_absent THEN
        INSERT INTO engagement.board_absences (owner_id, reason) VALUES (p_owner_id, p_reason) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM engagement.board_absences WHERE owner_id = p_owner_id AND reason = p_reason;
    END IF;
    v_changed := FOUND;
    IF v_changed THEN
        PERFORM engagement.mark_presence(p_owner_id);
    END IF;
    RETURN v_changed;
END $$;

-- Suspended and closed accounts are on no board.
CREATE OR REPLACE FUNCTION engagement.follow_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.deleted_at IS NOT NULL THEN
        INSERT INTO engagement.board_absences (owner_id, reason) VALUES (NEW.id, 'closed') ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM engagement.board_absences WHERE owner_id = NEW.id AND reason = 'closed';
    END IF;
    IF NEW.is_active THEN
        DELETE FROM engagement.board_absences WHERE owner_id = NEW.id AND reason = 'suspended';
    ELSE
        INSERT INTO engagement.board_absences (owner_id, reason) VALUES (NEW.id, 'suspended') ON CONFLICT DO NOTHING;
    END IF;
    PERFORM engagement.mark_presence(NEW.id);
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER account_leaves_boards
    AFTER UPDATE OF is_active, deleted_at ON identity.users
    FOR EACH ROW
    WHEN ((OLD.is_active, OLD.deleted_at IS NULL) IS DISTINCT FROM (NEW.is_active, NEW.deleted_at IS NULL))
    EXECUTE FUNCTION engagement.follow_account();

-- Takes the places of somebody who is erased away. The others keep their ranks in closed runs.
CREATE OR REPLACE FUNCTION engagement.forget_on_boards(p_owner_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO engagement.board_absences (owner_id, reason) VALUES (p_owner_id, 'closed') ON CONFLICT DO NOTHING;
    PERFORM engagement.mark_presence(p_owner_id);
    DELETE FROM engagement.board_entries AS e USING engagement.board_runs AS r
    WHERE e.owner_id = p_owner_id AND r.id = e.run_id AND r.state = 'open';
    WITH finishes AS (
        DELETE FROM engagement.board_finishes
        WHERE user_id = p_owner_id AND run_id IN (SELECT id FROM engagement.board_runs WHERE state = 'closed')
        RETURNING run_id, position
    )
    DELETE FROM engagement.leaderboard_cache AS c USING finishes AS f
    WHERE (c.run_id, c.position) = (f.run_id, f.position);
END $$;

-- Finds who slipped onto a board in the moment in which their absence began. Returns how many members.
CREATE OR REPLACE FUNCTION engagement.mend_absences() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_owner uuid;
    v_mended integer := 0;
BEGIN
    FOR v_owner IN
        SELECT DISTINCT e.owner_id
        FROM engagement.board_absences AS a
        JOIN engagement.board_entries AS e ON e.owner_id = a.owner_id AND e.present
        JOIN engagement.board_runs AS r ON r.id = e.run_id AND r.state = 'open'
        ORDER BY e.owner_id
    LOOP
        PERFORM engagement.mark_presence(v_owner);
        v_mended := v_mended + 1;
    END LOOP;
    RETURN v_mended;
END $$;
