-- Procrastinate's functions name their tables without a schema. Pinning their search_path lets any session call them,
-- whatever its own path is, and keeps a caller from slipping another table under them.
DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN
        SELECT oid FROM pg_proc
         WHERE pronamespace = 'worker'::regnamespace AND proname LIKE 'procrastinate\_%'
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = worker, pg_temp', function);
    END LOOP;
END
$$;

-- Queue one job in the present transaction. Returns its number, or NULL if a job with the same dedupe key waits.
CREATE OR REPLACE FUNCTION worker.enqueue(
    task text,
    args jsonb DEFAULT '{}',
    queue text DEFAULT 'default',
    run_at timestamptz DEFAULT NULL,
    dedupe_key text DEFAULT NULL
) RETURNS bigint
LANGUAGE sql
SET search_path = worker, pg_temp
AS $$
    INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at, queueing_lock)
    VALUES (queue, task, args, run_at, dedupe_key)
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
    RETURNING id
$$;

-- A job may be to run again, because it failed or its worker died, while another with its dedupe key waits: often one
-- that it had queued itself. Two cannot wait with one key, and the other does the work; so this one ends here.
CREATE OR REPLACE FUNCTION worker.leave_to_the_waiting() RETURNS trigger
LANGUAGE plpgsql SET search_path = worker, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM procrastinate_jobs
         WHERE queueing_lock = NEW.queueing_lock AND status = 'todo' AND id <> NEW.id)
    THEN
        NEW.status := 'aborted';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER leave_to_the_waiting
    BEFORE UPDATE OF status ON worker.procrastinate_jobs
    FOR EACH ROW WHEN (OLD.status = 'doing' AND NEW.status = 'todo' AND NEW.queueing_lock IS NOT NULL)
    EXECUTE FUNCTION worker.leave_to_the_waiting();

GRANT USAGE ON SCHEMA worker TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA worker TO guerdon_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA worker TO guerdon_app;
