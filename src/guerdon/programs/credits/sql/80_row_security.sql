-- Members reach their own contributions and photos; reviewers, jobs and imports all of them.

CALL identity.keep_to_owner('credits.contributions', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('credits.contributions_archive', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('credits.photos',
    'EXISTS (SELECT FROM credits.contributions AS c'
    ' WHERE c.id = contribution_id AND c.user_id = (SELECT identity.reader()))');

-- The views that show contributions, balances and movements look through their reader's eyes.
ALTER VIEW credits.contribution_summary SET (security_invoker = true);
ALTER VIEW credits.user_credit_summary SET (security_invoker = true);
ALTER VIEW credits.credit_balances SET (security_invoker = true);
ALTER VIEW credits.credit_transactions SET (security_invoker = true);
