-- Whose rows the application's role reaches, and what it may do: activities are inserted, never changed or deleted.
CALL identity.keep_to_owner('engagement.members', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.activities', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.activity_withdrawals', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.counters', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.distinct_values', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.rule_grants', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.former_zones', 'owner_id = (SELECT identity.reader())');

REVOKE ALL ON engagement.community, engagement.activity_kinds, engagement.metrics, engagement.members,
    engagement.activities, engagement.activity_withdrawals, engagement.counters, engagement.distinct_values,
    engagement.rule_grants, engagement.former_zones FROM PUBLIC, guerdon_app;
GRANT SELECT ON engagement.community, engagement.activity_kinds, engagement.metrics TO guerdon_app;
GRANT UPDATE (time_zone) ON engagement.community TO guerdon_app;
GRANT SELECT, INSERT ON engagement.activities, engagement.activity_withdrawals TO guerdon_app;
GRANT SELECT ON engagement.former_zones TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON engagement.members TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON engagement.counters, engagement.distinct_values, engagement.rule_grants
    TO guerdon_app;
REVOKE EXECUTE ON FUNCTION engagement.earned(uuid, smallint, bigint, timestamptz), engagement.earned_metric(smallint)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION engagement.earned(uuid, smallint, bigint, timestamptz), engagement.earned_metric(smallint)
    TO guerdon_app;
