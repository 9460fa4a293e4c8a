"""Activities as members and staff see them, over HTTP and on pages; nobody sees another's."""

import json
from collections.abc import Callable
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import select

from guerdon.kernel.engagement.activities import personal_data
from guerdon.kernel.engagement.activities.service.withdrawing import withdraw
from guerdon.kernel.identity.models import User
from support.http_client import Client
from support.track import Track, rule


def id_of(track: Track, role: str) -> UUID:
    """The account that ``call`` and ``visit`` made for a role."""
    with track.database.transaction() as session:
        return session.scalars(select(User.id).where(User.email == f"{role}@example.org")).one()


class TestOverHttp:
    def test_own_activities_by_cursor(self, track: Track, call: Callable[[str], Client]) -> None:
        track.install(rule("run", "10", condition="activity.metres > 500"), rule("never", condition="false"))
        client = call("user")
        me = id_of(track, "user")
        made = [track.run(me, metres).activity_id for metres in (100, 1000, 2000)]
        track.run(track.member())
        first = client.get("/api/v1/activities/me", params={"limit": 2}).json()
        assert [each["activity_id"] for each in first["items"]] == [str(made[2]), str(made[1])]
        rest = client.get("/api/v1/activities/me", params={"cursor": first["next_cursor"]}).json()
        assert [each["activity_id"] for each in rest["items"]] == [str(made[0])]
        assert rest["next_cursor"] is None
        (poor,) = rest["items"]
        assert poor["earned"] == []
        assert [each["reason"] for each in poor["not_earned"]] == ["condition", "condition"]
        one = client.get(f"/api/v1/activities/{made[2]}").json()
        assert (one["title"], one["properties"]) == ("A run", {"metres": 2000, "route": "river"})
        assert [(each["rule"], each["amount"]) for each in one["earned"]] == [("run", "10")]
        assert client.get("/api/v1/activities/me", params={"cursor": "nonsense"}).status_code == 422

    def test_nobody_sees_anothers(self, track: Track, call: Callable[[str], Client]) -> None:
        client = call("user")
        other = track.member()
        activity_id = track.run(other).activity_id
        assert client.get(f"/api/v1/activities/{activity_id}").status_code == 404
        assert client.get(f"/api/v1/activities/members/{other}").status_code == 403
        assert client.get("/api/v1/activities/me").json()["items"] == []

    def test_staff_see_and_withdraw(self, track: Track, call: Callable[[str], Client]) -> None:
        track.install(rule("run"))
        member = track.member()
        activity_id = track.run(member).activity_id
        staff = call("staff")
        path = f"/api/v1/activities/members/{member}"
        assert [each["activity_id"] for each in staff.get(path).json()["items"]] == [str(activity_id)]
        before = track.snapshot()
        short = staff.post(f"{path}/{activity_id}/withdraw", json={"reason": "x"})
        assert short.status_code == 422
        assert staff.post(f"{path}/{uuid4()}/withdraw", json={"reason": "a bicycle"}).status_code == 404
        assert track.snapshot() == before
        done = staff.post(f"{path}/{activity_id}/withdraw", json={"reason": "a bicycle"})
        assert done.status_code == 200, done.text
        expected = {"rule": "track.run", "unit": "LAP", "taken": "10", "kept": "0"}
        assert done.json()["withdrawn"]["taken_back"] == [expected]
        assert staff.post(f"{path}/{activity_id}/withdraw", json={"reason": "a bicycle"}).status_code == 409
        assert track.laps(member) == 0

    def test_staff_do_not_withdraw_their_own(self, track: Track, call: Callable[[str], Client]) -> None:
        track.install(rule("run"))
        staff = call("staff")
        me = id_of(track, "staff")
        activity_id = track.run(me).activity_id
        before = track.snapshot()
        answer = staff.post(f"/api/v1/activities/members/{me}/{activity_id}/withdraw", json={"reason": "a bicycle"})
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "own-activity")
        assert track.snapshot() == before


class TestPages:
    def test_a_member_reads_what_it_earned_and_why_not(self, track: Track, visit: Callable[..., Client]) -> None:
        track.install(rule("run"), rule("far_away", "5", condition="activity.metres > 99000"))
        browser = visit("user")
        assert "Nothing yet" in browser.get("/activities").text
        track.run(id_of(track, "user"), 4321)
        page = browser.get("/activities").text
        for words in ("A run", "+10", "4,321", "Far away", "does not fulfil"):
            assert words in page

    def test_why_a_rule_failed_is_told_in_the_readers_words(self, track: Track, visit: Callable[..., Client]) -> None:
        track.install(
            rule("share", "100 / (activity.metres - 4321)"),
            rule("night", "activity.night ? 1 : 2"),
            rule("text", "params.by[activity.route]", params={"by": {"hill": 3}}),
        )
        browser = visit("user")
        track.run(id_of(track, "user"), 4321)
        page = browser.get("/activities").text
        for words in ("it divides by zero.", "activity.night&#39; is not there.", "&#39;river&#39; is not there."):
            assert f"The rule could not be applied: {words}".split(": ")[1] in page
        assert "Error" not in page.replace("Error:", "")
        browser.cookies.set("guerdon_locale", "fr")
        with psycopg.connect(track.owner_dsn, autocommit=True) as connection:
            connection.execute("UPDATE identity.users SET locale = 'fr'")
        page = browser.get("/activities").text
        assert "elle divise par zéro." in page
        assert "« activity.night » manque." in page.replace("\N{NO-BREAK SPACE}", " ")

    def test_so_is_what_a_rule_says_that_cannot_be_applied_any_more(
        self, track: Track, visit: Callable[..., Client]
    ) -> None:
        track.install(rule("run"))
        browser = visit("user")
        with psycopg.connect(track.owner_dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE engagement.rules DISABLE TRIGGER rules_are_locked")
            connection.execute("UPDATE engagement.rules SET amount = 'activity.metres + counters.rowed.week'")
            connection.execute("ALTER TABLE engagement.rules ENABLE TRIGGER rules_are_locked")
            connection.execute("UPDATE identity.users SET locale = 'fr'")
        track.run(id_of(track, "user"), 4321)
        page = browser.get("/activities").text.replace("\N{NO-BREAK SPACE}", " ")
        assert "« counters.rowed » n’existe pas" in page

    def test_staff_withdraw_on_the_page(self, track: Track, visit: Callable[..., Client]) -> None:
        track.install(rule("run"))
        browser = visit("staff")
        member = track.member("ana")
        activity_id = track.run(member).activity_id
        assert f"/staff/activities/{member}" in browser.get(f"/staff/members/{member}").text
        path = f"/staff/activities/{member}"
        browser.get(path)
        refused = browser.submit(f"{path}/{activity_id}/withdraw", reason=" ")
        assert refused.status_code == 422
        assert track.laps(member) == 10
        assert browser.submit(f"{path}/{activity_id}/withdraw", reason="a bicycle").status_code == 303
        page = browser.get(path).text
        assert "a bicycle" in page
        assert "Withdraw it" not in page
        assert track.laps(member) == 0
        assert browser.get(f"/staff/activities/{uuid4()}").status_code == 404

    def test_members_do_not_see_the_staffs_page(self, track: Track, visit: Callable[..., Client]) -> None:
        member = track.member()
        assert visit("user").get(f"/staff/activities/{member}").status_code == 403


class TestPersonalData:
    def test_a_copy_tells_everything_and_leaving_takes_the_words(self, track: Track) -> None:
        track.install(rule("run"))
        member = track.member()
        outcome = track.run(member)
        track.do(withdraw, track.clock, member, outcome.activity_id, actor_id=None, reason="said to be in bed")
        with psycopg.connect(track.owner_dsn) as owner:
            owner.execute("UPDATE identity.users SET time_zone = 'Asia/Tokyo' WHERE id = %s", [member])
        with track.database.transaction() as session:
            files = {
                each.path: each.content.decode() for each in personal_data.PART.export(session, track.clock, member)
            }
            assert "said to be in bed" in files["activities.json"]
            assert "earned.LAP" in files["counters.json"]
            assert json.loads(files["former_time_zones.json"]) == [
                {"time_zone": "UTC", "last_activity_id": str(outcome.activity_id)}
            ]
            assert personal_data.PART.erase is not None
            personal_data.PART.erase(session, track.clock, member)
        with psycopg.connect(track.owner_dsn) as owner:
            assert owner.execute("SELECT reason FROM engagement.activity_withdrawals").fetchall() == [("---",)]
            assert owner.execute("SELECT count(*) FROM engagement.activities").fetchone() == (1,)
