"""What every endpoint shares: problems, context, access, transactions, CSRF, idempotency, paging, limits."""
