"""Leaderboards over HTTP and on pages: who sees what, what is refused, and nothing moved by a refusal."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from guerdon.kernel.engagement.activities.schemas import LIFE_START
from guerdon.kernel.engagement.boards.service import managing
from support.boards import NOON, Boards
from support.databases import connected
from support.http_client import Client

BOARDS = "/api/v1/leaderboards"
ONE = f"{BOARDS}/garden/visits"
NEW = {
    "program": "garden",
    "code": "visits",
    "title": "Visits",
    "metric": "garden:visits",
    "periods": ["week", "life"],
}
Api = Callable[[str], Client]


@pytest.fixture
def filled(boards: Boards) -> dict[str, UUID]:
    """A board with three members on it; one is private, one has opted out."""
    boards.define()
    found = {name: boards.member(name) for name in ("awa", "ben", "zoe")}
    for number, who in enumerate(found.values()):
        boards.count(who, 10 - number, at=NOON + timedelta(minutes=number))
    boards.sql("UPDATE identity.profiles SET is_profile_public = false WHERE user_id = :who", who=found["awa"])
    boards.do(managing.show, found["zoe"], shown=False)
    return found


class TestPlaces:
    def test_a_member_sees_the_top_and_pages_on(self, call: Api, filled: dict[str, UUID], boards: Boards) -> None:
        member = call("user")
        page = member.get(f"{ONE}?period=week&limit=1").json()
        assert (page["board"], page["run"]["period_start"], page["run"]["state"]) == (
            "garden.visits",
            "2026-03-02",
            "open",
        )
        assert page["items"] == [
            {
                "rank": 1,
                "user_id": None,
                "name": None,
                "score": "10",
                "reached_at": "2026-03-02T12:00:00Z",
                "own": False,
            }
        ]
        rest = member.get(f"{ONE}?period=week&limit=1&cursor={page['next_cursor']}").json()
        assert [(row["rank"], row["name"], row["user_id"]) for row in rest["items"]] == [(2, "Ben", str(filled["ben"]))]
        assert rest["next_cursor"] is None
        assert str(filled["awa"]) not in str(page)
        assert member.get(f"{ONE}/me?period=week").json() == {"rank": None, "score": "0", "shown": True, "around": []}

    def test_an_empty_and_an_unknown_period(self, call: Api, filled: dict[str, UUID], boards: Boards) -> None:
        boards.clock.move(timedelta(days=7))
        member = call("user")
        assert member.get(f"{ONE}?period=life").json()["items"] == []
        for start, state, members in (("2026-01-05", "closed", 0), ("2026-03-09", "open", None)):
            page = member.get(f"{ONE}?period=week&start={start}").json()
            assert page["items"] == []
            assert (page["run"]["state"], page["run"]["members"]) == (state, members)
        for query in ("period=day", "period=week&start=2026-03-03"):
            answer = member.get(f"{ONE}?{query}")
            assert (answer.status_code, answer.json()["code"]) == (404, "board-period-not-found")
        for query in ("", "period=year", "period=week&start=x", "period=week&limit=0", "period=week&cursor=x"):
            assert member.get(f"{ONE}?{query}").status_code == 422, query

    def test_a_period_in_which_nobody_can_have_counted_is_none(
        self, call: Api, visit: Api, filled: dict[str, UUID], boards: Boards
    ) -> None:
        staff = call("staff")
        before, ahead = "board-period-not-found", "board-period-not-begun"
        for start, code in (
            ("0001-01-01", before),
            ("1999-12-20", before),
            ("2026-03-09", ahead),
            ("2999-12-30", ahead),
            ("9999-12-27", ahead),
        ):
            for path in (ONE, f"{ONE}/me", f"{ONE}/members/{filled['awa']}"):
                answer = staff.get(f"{path}?period=week&start={start}")
                assert (answer.status_code, answer.json()["code"]) == (404, code), (path, start)
        for start in ("1999-12-27", "2000-01-03", "2026-03-02"):  # 1 January 2000 was a Saturday
            assert staff.get(f"{ONE}?period=week&start={start}").status_code == 200, start
        page = visit("user")
        for start in ("1999-12-20", "2026-03-09"):
            answer = page.get(f"/leaderboards/garden/visits?period=week&start={start}")
            assert answer.status_code == 404
            assert "Be the first" not in answer.text

    def test_where_each_has_days_of_their_own_a_period_begins_with_the_first_zone(
        self, call: Api, filled: dict[str, UUID], boards: Boards, owner_dsn: str
    ) -> None:
        with connected(owner_dsn) as connection:
            connection.execute("UPDATE engagement.metrics SET zone = 'member' WHERE code = 'visits'")
        path = f"{ONE}?period=week&start=2026-03-09"
        boards.clock.move(datetime(2026, 3, 8, 9, 59, tzinfo=UTC) - boards.clock.now())
        member = call("user")
        assert member.get(path).json()["code"] == "board-period-not-begun"
        boards.clock.move(timedelta(minutes=1))  # midnight on Kiritimati
        assert member.get(path).json()["items"] == []

    def test_staff_see_names_and_hidden_boards(self, call: Api, filled: dict[str, UUID], boards: Boards) -> None:
        staff, member = call("staff"), call("user")
        found = staff.get(f"{ONE}/members/{filled['awa']}?period=week").json()
        assert (found["rank"], [row["name"] for row in found["around"]]) == (1, ["Awa", "Ben"])
        assert member.get(f"{ONE}/members/{filled['awa']}?period=week").status_code == 403
        assert staff.get(f"{ONE}/members/{filled['zoe']}?period=week").json()["shown"] is False
        change = {"title": "Visits", "hidden": True}
        assert staff.request("PUT", ONE, json=change).status_code == 403
        assert call("admin").request("PUT", ONE, json=change).json()["hidden"] is True
        assert member.get(f"{ONE}?period=week").json()["code"] == "board-not-found"
        for reader, expected in ((member, []), (staff, ["visits"])):
            listed = reader.get(BOARDS).json()
            assert [board["code"] for board in listed if board["program"] == "garden"] == expected

    def test_visibility_is_ones_own(self, call: Api, boards: Boards) -> None:
        boards.define()
        member = call("user")
        assert member.get(f"{BOARDS}/visibility").json() == {"shown": True}
        assert member.request("PUT", f"{BOARDS}/visibility", json={"shown": False}).json() == {"shown": False}
        assert member.request("PUT", f"{BOARDS}/visibility", json={"shown": "maybe"}).status_code == 422
        assert member.get(f"{BOARDS}/visibility").json() == {"shown": False}
        assert boards.sql("SELECT count(*) FROM engagement.board_absences")[0][0] == 1

    def test_past_periods_are_listed(self, call: Api, filled: dict[str, UUID], boards: Boards) -> None:
        boards.clock.move(timedelta(days=8))
        boards.close_due()
        member = call("user")
        runs = member.get(f"{ONE}/runs?period=week").json()["items"]
        assert [(run["period_start"], run["state"], run["members"]) for run in runs] == [("2026-03-02", "closed", 2)]
        closed = member.get(f"{ONE}?period=week&start=2026-03-02&limit=1").json()
        assert [row["rank"] for row in closed["items"]] == [1]
        rest = member.get(f"{ONE}?period=week&start=2026-03-02&cursor={closed['next_cursor']}").json()
        assert [row["name"] for row in rest["items"]] == ["Ben"]


class TestDefining:
    def test_the_whole_way_of_a_board(self, call: Api, boards: Boards) -> None:
        admin, member = call("admin"), call("user")
        made = admin.post(BOARDS, json=NEW)
        assert made.status_code == 201, made.text
        assert (made.json()["status"], made.json()["built"]) == ("draft", "0.00")
        assert member.get(f"{ONE}?period=week").status_code == 404
        assert admin.post(BOARDS, json=NEW).json()["code"] == "board-exists"
        assert admin.post(f"{ONE}/activate").json()["status"] == "active"
        assert admin.post(f"{ONE}/activate").json()["code"] == "board-active"
        assert member.get(f"{ONE}?period=week").status_code == 200

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"code": "Visits!"}, "code"),
            ({"metric": "garden:nothing"}, "metric"),
            ({"metric": "ledger:earned.NONE"}, "metric"),
            ({"periods": []}, "periods"),
            ({"periods": ["year"]}, "periods.0"),
            ({"title": ""}, "title"),
            ({"close_delay_h": -1}, "close_delay_h"),
            ({"ranking": "best"}, "ranking"),
        ],
    )
    def test_bad_input_is_named_and_changes_nothing(
        self, call: Api, boards: Boards, given: dict[str, Any], field: str
    ) -> None:
        answer = call("admin").post(BOARDS, json={**NEW, **given})
        assert answer.status_code == 422
        assert field in [error["field"] for error in answer.json()["errors"]]
        assert boards.sql("SELECT FROM engagement.boards WHERE program = 'garden'") == []


class TestPages:
    def test_a_member_finds_their_place_and_leaves(self, visit: Api, filled: dict[str, UUID], boards: Boards) -> None:
        page = visit("user")
        me = boards.sql("SELECT id FROM identity.users WHERE email = 'user@example.org'")[0][0]
        boards.count(me, 9, at=NOON)
        listed = page.get("/leaderboards").text
        assert "Visits" in listed
        assert "No. 2" in listed
        board = page.get("/leaderboards/garden/visits").text
        assert "You are number 2" in board
        assert "A member" in board
        assert "Awa" not in board
        answer = page.submit("/leaderboards/visibility", on="/leaderboards", shown="no")
        assert answer.status_code == 303, answer.text
        board = page.get("/leaderboards/garden/visits").text
        assert "You would be number 2 with 9." in board
        for query in ("period=life", "period=week&start=", "period=week&start=2026-02-23"):
            assert page.get(f"/leaderboards/garden/visits?{query}").status_code == 200
        assert "Be the first" in page.get("/leaderboards/garden/visits?period=life").text
        past = page.get("/leaderboards/garden/visits?period=week&start=2026-02-23").text
        assert "Be the first" not in past
        assert "Nothing was counted in this period." in past
        assert page.get("/leaderboards/garden/none").status_code == 404

    def test_the_list_shows_the_first_period_with_a_place(
        self, visit: Api, filled: dict[str, UUID], boards: Boards
    ) -> None:
        page = visit("user")
        me = boards.sql("SELECT id FROM identity.users WHERE email = 'user@example.org'")[0][0]
        assert "No. " not in page.get("/leaderboards").text
        boards.count(me, 4, start=LIFE_START, period="life")
        assert "No. 1 · All time" in page.get("/leaderboards").text
        boards.count(me, 4)
        assert "No. 3 · Week" in page.get("/leaderboards").text

    def test_staff_define_change_and_hide(self, visit: Api, boards: Boards) -> None:
        admin = visit("admin")
        form = {"program": "garden", "code": "visits", "metric": "garden:visits", "periods": "week", "ranking": "rank"}
        refused = admin.submit("/staff/leaderboards/new", **form, title="", close_delay_h="x")
        assert refused.status_code == 422
        assert boards.sql("SELECT FROM engagement.boards WHERE program = 'garden'") == []
        made = admin.submit("/staff/leaderboards/new", **form, title="Visits", close_delay_h="3")
        assert made.status_code == 303, made.text
        path = "/staff/leaderboards/garden/visits"
        assert "Draft" in admin.get(path).text
        assert admin.submit(f"{path}/activate", on=path).status_code == 303
        saved = admin.submit(path, title="Calls", hidden="yes", close_delay_h="5", ranking="dense")
        assert saved.status_code == 303, saved.text
        row = boards.sql(
            "SELECT title, is_hidden, close_delay_h, ranking, status FROM engagement.boards WHERE program = 'garden'"
        )[0]
        assert tuple(row) == ("Calls", True, 5, "dense", "active")
        assert "Hidden" in admin.get("/staff/leaderboards").text

    def test_a_board_that_is_being_built_says_so(self, visit: Api, boards: Boards) -> None:
        boards.count(boards.member("awa"), 3)
        boards.define()
        page = visit("user")
        assert "being built" in page.get("/leaderboards/garden/visits").text
        assert "Being built" in page.get("/leaderboards").text
