-- The application reads boards and their runs, and of entries and places what row-level security shows of them; it writes
-- none of them but through the functions above.
CALL identity.keep_to_owner('engagement.board_entries', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.board_absences', 'owner_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.leaderboard_cache', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('engagement.board_finishes', 'user_id = (SELECT identity.reader())');

REVOKE ALL ON engagement.boards, engagement.board_runs, engagement.board_entries, engagement.board_buckets,
    engagement.board_lanes, engagement.board_absences, engagement.leaderboard_cache, engagement.board_finishes
    FROM PUBLIC, guerdon_app;
GRANT SELECT, INSERT, UPDATE ON engagement.boards TO guerdon_app;
GRANT SELECT ON engagement.board_runs, engagement.board_entries, engagement.board_absences,
    engagement.leaderboard_cache, engagement.board_finishes TO guerdon_app;

REVOKE EXECUTE ON FUNCTION engagement.board_above(integer, bigint), engagement.count_changes(integer, integer[]),
    engagement.may_fold(integer), engagement.keep_changes(integer, integer[]), engagement.fold_boards(),
    engagement.advance_boards(uuid[], smallint[], text[], date[], bigint[], timestamptz[]),
    engagement.follow_counters(), engagement.follow_account(), engagement.mark_presence(uuid),
    engagement.board_scores_above(integer, bigint),
    engagement.board_rank(integer, text, bigint, timestamptz, uuid),
    engagement.board_first(integer, text, bigint, timestamptz, uuid),
    engagement.board_around(integer, text, uuid, integer, uuid, boolean),
    engagement.board_top(integer, text, bigint, timestamptz, integer, integer, uuid, boolean),
    engagement.past_places(integer, integer, integer, uuid, uuid, boolean), engagement.end_run(integer),
    engagement.close_run(integer, timestamptz), engagement.board_members(uuid, integer),
    engagement.begin_board(smallint, text[], date[]),
    engagement.build_board(smallint, text[], date[], uuid, integer), engagement.recount_run(integer),
    engagement.verify_boards(), engagement.set_absence(uuid, text, boolean), engagement.forget_on_boards(uuid),
    engagement.mend_absences() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION engagement.fold_boards(),
    engagement.board_rank(integer, text, bigint, timestamptz, uuid),
    engagement.board_around(integer, text, uuid, integer, uuid, boolean),
    engagement.board_top(integer, text, bigint, timestamptz, integer, integer, uuid, boolean),
    engagement.past_places(integer, integer, integer, uuid, uuid, boolean), engagement.end_run(integer),
    engagement.close_run(integer, timestamptz), engagement.begin_board(smallint, text[], date[]),
    engagement.build_board(smallint, text[], date[], uuid, integer), engagement.recount_run(integer),
    engagement.verify_boards(), engagement.set_absence(uuid, text, boolean),
    engagement.forget_on_boards(uuid), engagement.mend_absences() TO guerdon_app;
