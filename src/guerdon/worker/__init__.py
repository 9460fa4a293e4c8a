"""Background work: a queue in PostgreSQL, written in the transaction that causes the work; schedules and retries."""
