"""Functions that run with the owner's rights pass row-level security by. Each that tells of members is named here with
what keeps it from telling too much, so that a new one is thought about; and nobody but the application may call any."""

import psycopg
import pytest

TELLING = r"(user_id|owner_id|\mname\M|date_of_birth|document|content|media_type|SETOF uuid|^text$)"
"""What a function gives that is about somebody, or could be."""

REVIEWED = {
    "credits.leaderboard": "nobody who left leaderboards; of private profiles neither name nor id",
    "engagement.board_around": "present members only; of private profiles neither name nor id",
    "engagement.board_top": "present members only; of private profiles neither name nor id",
    "engagement.past_places": "present members only; of private profiles neither name nor id",
    "engagement.public_credential": "by the random id that its holder gives away",
    "engagement.tier_amounts": "ids that the caller has already; pages show a member their own",
    "engagement.tier_of": "of one id that the caller has already; boards show it of whom they show",
    "engagement.tiers_unsettled": "ids alone, for the job that settles tiers",
    "engagement.verify_boards": "ids alone, for the command of operators",
    "events.fellow_attendees": "only to who attended too, and only of who wants to be listed",
    "events.inviter_of": "by the code that the inviter gives away",
    "events.settle_places": "ids alone, for the messages to whom places are offered",
    "identity.lock_super_admins": "ids alone, to keep the last one",
    "identity.password_hash": "for signing in, before anybody is known",
    "identity.public_profile": "public profiles of living accounts alone",
    "identity.visible_avatar": "pictures of whoever may be seen",
    "identity.waiting_password_hash": "by the secret of who is signing up",
    "identity.ward": "to the guardian that a guardianship names",
}


@pytest.fixture
def connection(owner_dsn: str):
    with psycopg.connect(owner_dsn) as opened:
        yield opened


def test_each_that_tells_of_members_is_known(connection: psycopg.Connection[tuple[str]]) -> None:
    rows = connection.execute(
        """
        SELECT DISTINCT p.pronamespace::regnamespace || '.' || p.proname
        FROM pg_proc AS p
        WHERE p.prosecdef AND has_function_privilege('guerdon_app', p.oid, 'EXECUTE')
            AND p.prorettype <> 'trigger'::regtype AND p.pronamespace <> 'ledger'::regnamespace
            AND pg_get_function_result(p.oid) ~ %s
        """,
        (TELLING,),
    ).fetchall()
    assert {name for (name,) in rows} == set(REVIEWED)


def test_nobody_but_the_application_may_call_them(connection: psycopg.Connection[tuple[str]]) -> None:
    rows = connection.execute(
        """
        SELECT p.oid::regprocedure::text
        FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname !~ '^(pg_|information_schema)',
            aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS granted
        WHERE p.prosecdef AND p.prorettype <> 'trigger'::regtype AND granted.grantee = 0
        """
    ).fetchall()
    assert {name for (name,) in rows} == set()
