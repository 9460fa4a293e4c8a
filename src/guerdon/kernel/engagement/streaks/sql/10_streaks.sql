-- Streaks: a change of one tells every process, and members reach their own rows.

CREATE OR REPLACE TRIGGER streaks_mark_revision
    AFTER INSERT OR UPDATE OR DELETE ON engagement.streaks
    FOR EACH STATEMENT EXECUTE FUNCTION engagement.mark_revision();

CALL identity.keep_to_owner('engagement.streak_runs', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.streak_pauses', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.streak_pardons', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.streak_bonuses', 'owner_id = (SELECT identity.reader())');

REVOKE ALL ON engagement.streaks, engagement.streak_runs, engagement.streak_pauses, engagement.streak_pardons,
    engagement.streak_bonuses FROM PUBLIC, guerdon_app;
GRANT SELECT, INSERT, UPDATE ON engagement.streaks TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON engagement.streak_runs TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (ends_on, reason) ON engagement.streak_pauses TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (reason) ON engagement.streak_pardons TO guerdon_app;
GRANT SELECT, INSERT, UPDATE (length, paid_minor, posted) ON engagement.streak_bonuses TO guerdon_app;
