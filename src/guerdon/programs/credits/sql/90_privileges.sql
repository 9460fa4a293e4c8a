GRANT USAGE ON SCHEMA credits TO guerdon_app;
REVOKE ALL ON ALL TABLES IN SCHEMA credits FROM PUBLIC, guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON credits.contributions, credits.photos TO guerdon_app;
GRANT SELECT, INSERT ON credits.contributions_archive, credits.currency_rates TO guerdon_app;
REVOKE ALL ON FUNCTION credits.forget_archived(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credits.forget_archived(uuid) TO guerdon_app;
GRANT SELECT ON credits.users, credits.credit_balances, credits.credit_transactions, credits.contribution_summary,
    credits.user_credit_summary TO guerdon_app;
