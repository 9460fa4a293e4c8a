"""The community's zone: asked once in a transaction, and never remembered beyond it."""

from pathlib import Path
from zoneinfo import ZoneInfo

from guerdon.db.database import Database
from guerdon.kernel.engagement.activities.service.community import set_time_zone, time_zone, zone_of_community
from support.wire import tapped


def test_it_is_asked_once_in_a_transaction_and_again_in_the_next(
    recorded: None, database: Database, tmp_path: Path
) -> None:
    with tapped(database, tmp_path) as wire, database.session_factory() as session:
        for _ in range(3):
            assert time_zone(session) == "UTC"
        assert len([each for each in wire.statements if "engagement.community" in each]) == 1
        session.commit()
        with database.transaction() as other:
            assert set_time_zone(other, "Africa/Dakar") == "UTC"
            assert time_zone(other) == "Africa/Dakar"
        assert zone_of_community(session) == ZoneInfo("Africa/Dakar")


def test_a_change_that_is_undone_is_forgotten(recorded: None, database: Database) -> None:
    with database.session_factory() as session:
        set_time_zone(session, "Asia/Tokyo")
        assert time_zone(session) == "Asia/Tokyo"
        session.rollback()
        assert time_zone(session) == "UTC"
