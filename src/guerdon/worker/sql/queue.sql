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

GRANT USAGE ON SCHEMA worker TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA worker TO guerdon_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA worker TO guerdon_app;
