"""Events over HTTP: what staff make, members find, register for, pay and leave; what is refused changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from support.credits import Caller, Club
from support.events import Hall

BASE = "/api/v1/events"
Api = Callable[..., Caller]


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def body(hall: Hall, **more: Any) -> dict[str, Any]:
    start = hall.soon()
    return {
        "title": "Trivia night",
        "event_type": "trivia_night",
        "location": "The hall",
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(hours=2)).isoformat(),
        "time_zone": "Africa/Dakar",
        **more,
    }


@pytest.fixture
def staff(club: Club, hall: Hall, api: Api) -> Caller:
    return api("zoe", "staff")


@pytest.fixture
def awa(club: Club, api: Api) -> Caller:
    return api("awa")


def made(staff: Caller, hall: Hall, **more: Any) -> str:
    """A published event by HTTP."""
    answer = staff.post(BASE, json=body(hall, **more))
    assert answer.status_code == 201, answer.text
    event_id: str = answer.json()["events"][0]["id"]
    assert staff.post(f"{BASE}/{event_id}/publish").status_code == 200
    return event_id


def refused(hall: Hall, answer: Callable[[], Any], status: int, code: str, field: str | None = None) -> None:
    """The problem says so, and nothing is different afterwards."""
    before = hall.snapshot()
    found = answer()
    problem = found.json()
    assert (found.status_code, problem["code"]) == (status, code), problem
    assert found.headers["content-type"] == "application/problem+json"
    fields = [problem.get("field")] + [each["field"] for each in problem.get("errors", ())]
    assert field is None or field in fields, problem
    assert hall.snapshot() == before


class TestEvents:
    def test_from_draft_to_published(self, hall: Hall, staff: Caller, awa: Caller) -> None:
        answer = staff.post(BASE, json=body(hall, price="2.50", max_participants=40))
        (event,) = answer.json()["events"]
        assert (event["status"], event["price"], event["points"], event["places_free"]) == ("draft", "2.50", 10, 40)
        assert awa.get(f"{BASE}/{event['id']}").status_code == 404
        assert awa.get(BASE).json()["items"] == []
        assert [each["id"] for each in staff.get(BASE).json()["items"]] == [event["id"]]
        staff.post(f"{BASE}/{event['id']}/publish")
        assert awa.get(f"{BASE}/{event['id']}").json()["state"] == "published"
        assert [each["title"] for each in awa.get(BASE).json()["items"]] == ["Trivia night"]

    def test_a_series_is_made_once(self, hall: Hall, staff: Caller) -> None:
        repetition = {"weekdays": [1, 4], "count": 5, "exceptions": []}
        headers = key()
        answers = [staff.post(BASE, json=body(hall, repetition=repetition), headers=headers) for _ in range(2)]
        assert [len(each.json()["events"]) for each in answers] == [5, 5]
        assert hall.sql("SELECT count(*) FROM events") == [(5,)]

    def test_change_with_what_was_seen(self, hall: Hall, staff: Caller) -> None:
        event_id = made(staff, hall)
        seen = staff.get(f"{BASE}/{event_id}").json()["revision"]
        answer = staff.put(f"{BASE}/{event_id}", json=body(hall, title="Quiz", revision=seen))
        assert (answer.json()["title"], answer.json()["revision"]) == ("Quiz", seen + 1)
        late = body(hall, title="Late", revision=seen)
        refused(hall, lambda: staff.put(f"{BASE}/{event_id}", json=late), 409, "event-changed")

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"end_time": "2020-01-01T00:00:00Z"}, "end_time"),
            ({"start_time": "2020-01-01T00:00:00Z", "end_time": "2020-01-01T02:00:00Z"}, "start_time"),
            ({"price": "-1"}, "price"),
            ({"price": 1.5}, "price"),
            ({"max_participants": -1}, "max_participants"),
            ({"max_participants": 0}, "max_participants"),
            ({"points_reward": -1}, "points_reward"),
            ({"time_zone": "Nowhere"}, "time_zone"),
            ({"event_type": "coronation"}, "event_type"),
            ({"map_url": "ftp://maps.example.org"}, "map_url"),
            ({"repetition": {"weekdays": [8], "count": 2}}, "repetition.weekdays.0"),
            ({"repetition": {"weekdays": [1]}}, "repetition.ends_on"),
            ({"surprise": 1}, "surprise"),
        ],
    )
    def test_bad_input_names_its_field(self, hall: Hall, staff: Caller, change: dict[str, Any], field: str) -> None:
        before = hall.snapshot()
        answer = staff.post(BASE, json=body(hall, **change))
        problem = answer.json()
        assert answer.status_code == 422
        fields = [problem.get("field")] + [each["field"] for each in problem.get("errors", ())]
        assert field in fields
        assert hall.snapshot() == before

    def test_a_capacity_below_who_is_registered(self, hall: Hall, staff: Caller, awa: Caller) -> None:
        event_id = made(staff, hall, max_participants=3)
        for caller in (awa, staff):
            caller.post(f"{BASE}/{event_id}/registrations")
        lower = body(hall, max_participants=1)
        refused(
            hall, lambda: staff.put(f"{BASE}/{event_id}", json=lower), 422, "capacity-below-taken", "max_participants"
        )

    def test_drafts_are_discarded_and_what_was_published_is_kept(self, hall: Hall, staff: Caller) -> None:
        event_id = made(staff, hall)
        refused(hall, lambda: staff.delete(f"{BASE}/{event_id}"), 409, "event-state")
        copy = staff.post(f"{BASE}/{event_id}/duplicate").json()["id"]
        assert staff.delete(f"{BASE}/{copy}").status_code == 204
        assert staff.get(f"{BASE}/{copy}").status_code == 404

    def test_members_do_not_manage(self, hall: Hall, staff: Caller, awa: Caller) -> None:
        event_id = made(staff, hall)
        for call in (
            lambda: awa.post(BASE, json=body(hall)),
            lambda: awa.put(f"{BASE}/{event_id}", json=body(hall)),
            lambda: awa.post(f"{BASE}/{event_id}/cancel", json={"reason": "x"}),
            lambda: awa.get(f"{BASE}/{event_id}/attendees"),
            lambda: staff.post(f"{BASE}/types", json={"code": "film", "name": "Film"}),
        ):
            refused(hall, call, 403, "permission-denied")

    def test_lists_are_filtered_and_paged(self, hall: Hall, staff: Caller, awa: Caller) -> None:
        first = made(staff, hall)
        walk = made(staff, hall, title="A walk", event_type="outdoors")
        awa.post(f"{BASE}/{walk}/registrations")

        def ids(query: str) -> list[str]:
            return [each["id"] for each in awa.get(f"{BASE}?{query}").json()["items"]]

        assert ids("type=outdoors") == ids("search=walk") == ids("mine=true") == [walk]
        page = awa.get(f"{BASE}?limit=1").json()
        assert [each["id"] for each in page["items"]] == [first]
        following = awa.get(f"{BASE}?limit=1&cursor={page['next_cursor']}").json()
        assert ([each["id"] for each in following["items"]], following["next_cursor"]) == ([walk], None)
        assert awa.get(f"{BASE}?cursor=nonsense").status_code == 422

    def test_types(self, hall: Hall, club: Club, api: Api, awa: Caller, staff: Caller) -> None:
        admin = api("ada", "admin")
        assert "talk" in [each["code"] for each in awa.get(f"{BASE}/types").json()]
        film = {"code": "film", "name": "Film night", "default_points": 5}
        assert admin.post(f"{BASE}/types", json=film).json()["position"] == 6
        refused(hall, lambda: admin.post(f"{BASE}/types", json=film), 409, "event-type-known", "code")
        changed = {"name": "Films", "default_points": 7, "position": 0, "is_active": False}
        assert admin.put(f"{BASE}/types/film", json=changed).json()["default_points"] == 7
        assert admin.delete(f"{BASE}/types/film").status_code == 204
        refused(hall, lambda: admin.delete(f"{BASE}/types/film"), 404, "event-type-not-found")


class TestRegistrations:
    def test_the_whole_way(self, hall: Hall, staff: Caller, awa: Caller) -> None:
        event_id = made(staff, hall, price="5.00")
        registration = awa.post(f"{BASE}/{event_id}/registrations").json()
        assert (registration["status"], registration["payment_status"]) == ("registered", "pending")
        path = f"{BASE}/registrations/{registration['id']}"
        begun = awa.post(f"{path}/payments", json={"channel": "cash"}, headers=key()).json()
        assert (begun["payment"]["status"], begun["payment"]["amount"], begun["url"]) == ("pending", "5.00", None)
        answer = staff.post(f"{path}/payments/record", json={"channel": "cash", "amount": "5.00"}, headers=key())
        assert answer.json()["status"] == "paid"
        assert awa.get(path).json()["payment_status"] == "paid"
        gone = awa.post(f"{path}/cancel").json()
        assert (gone["status"], gone["payment_status"]) == ("cancelled", "refunded")
        (payout,) = staff.get(f"{BASE}/payments/payouts").json()
        assert staff.post(f"{BASE}/payments/{payout['id']}/handed-back").json()["status"] == "paid"
        (row,) = awa.get(f"{BASE}/registrations").json()["items"]
        assert [each["kind"] for each in row["registration"]["payments"]] == ["charge", "refund"]
        assert awa.get(f"{BASE}/registrations?upcoming=true").json()["items"] == []

    def test_waiting_and_an_offer(self, hall: Hall, club: Club, api: Api, staff: Caller, awa: Caller) -> None:
        badu = api("badu")
        event_id = made(staff, hall, max_participants=1)
        place = awa.post(f"{BASE}/{event_id}/registrations").json()
        full = lambda: badu.post(f"{BASE}/{event_id}/registrations", json={"join_waiting_list": False})  # noqa: E731
        refused(hall, full, 409, "event-full", "event_id")
        waiting = badu.post(f"{BASE}/{event_id}/registrations").json()
        assert (waiting["status"], waiting["waiting_before"]) == ("waiting", 0)
        path = f"{BASE}/registrations/{waiting['id']}"
        refused(hall, lambda: badu.post(f"{path}/accept"), 409, "registration-state")
        awa.post(f"{BASE}/registrations/{place['id']}/cancel")
        assert badu.get(path).json()["offer_expires_at"] is not None
        refused(hall, lambda: awa.post(f"{path}/accept"), 404, "registration-not-found")
        assert badu.post(f"{path}/accept").json()["status"] == "registered"
        assert badu.get(f"{BASE}/{event_id}").json()["registration"]["status"] == "registered"

    def test_what_is_refused(self, hall: Hall, club: Club, api: Api, staff: Caller, awa: Caller) -> None:
        event_id = made(staff, hall)
        awa.post(f"{BASE}/{event_id}/registrations")
        again = f"{BASE}/{event_id}/registrations"
        refused(hall, lambda: awa.post(again), 409, "already-registered", "event_id")
        draft = staff.post(BASE, json=body(hall)).json()["events"][0]["id"]
        refused(hall, lambda: awa.post(f"{BASE}/{draft}/registrations"), 404, "event-not-found")
        refused(hall, lambda: awa.post(f"{BASE}/{uuid4()}/registrations"), 404, "event-not-found")
        gone = made(staff, hall)
        staff.post(f"{BASE}/{gone}/cancel", json={"reason": "Rain"})
        refused(hall, lambda: awa.post(f"{BASE}/{gone}/registrations"), 409, "event-closed", "event_id")
        late = made(staff, hall)
        hall.clock.move(timedelta(days=7, minutes=1))
        badu = api("badu")
        refused(hall, lambda: badu.post(f"{BASE}/{late}/registrations"), 409, "event-closed", "event_id")

    def test_nobody_reaches_what_is_another_members(self, hall: Hall, api: Api, staff: Caller, awa: Caller) -> None:
        badu = api("badu")
        made_ = awa.post(f"{BASE}/{made(staff, hall, price='5.00')}/registrations").json()
        path = f"{BASE}/registrations/{made_['id']}"
        for call in (
            lambda: badu.get(path),
            lambda: badu.post(f"{path}/cancel"),
            lambda: badu.post(f"{path}/cancel", json={"reason": "mine"}),
            lambda: badu.post(f"{path}/payments", json={"channel": "cash"}, headers=key()),
            lambda: staff.post(f"{path}/cancel"),
        ):
            refused(hall, call, 404, "registration-not-found")
        gone = staff.post(f"{path}/cancel", json={"reason": "Asked by telephone"}).json()
        assert (gone["status"], gone["cancellation_reason"]) == ("cancelled", "Asked by telephone")

    def test_money_moves_once_for_each_key(self, hall: Hall, staff: Caller, awa: Caller) -> None:
        made_ = awa.post(f"{BASE}/{made(staff, hall, price='5.00')}/registrations").json()
        path = f"{BASE}/registrations/{made_['id']}/payments/record"
        refused(hall, lambda: staff.post(path, json={"channel": "cash"}), 400, "idempotency-key-missing")
        headers = key()
        first, again = (staff.post(path, json={"channel": "cash"}, headers=headers) for _ in range(2))
        assert first.json() == again.json()
        refund = f"{BASE}/payments/{first.json()['id']}/refund"
        headers = key()
        for _ in range(2):
            answer = staff.post(refund, json={"reason": "Ill", "amount": "2.00"}, headers=headers)
            assert answer.status_code == 201
        assert hall.sql("SELECT refunded_minor FROM payment WHERE kind = 'charge'") == [(200,)]
        wrong = {"reason": "Ill", "amount": "9.00"}
        refused(hall, lambda: staff.post(refund, json=wrong, headers=key()), 422, "refund-too-large", "amount")


class TestAttendees:
    def test_search_filters_pages_and_export(self, hall: Hall, club: Club, api: Api, staff: Caller) -> None:
        event_id = made(staff, hall, max_participants=3, price="1.00")
        for name in ("awa", "badu", "coumba", "demba"):
            api(name).post(f"{BASE}/{event_id}/registrations")
        hall.sql("UPDATE identity.users SET name = '=HYPERLINK(1)' WHERE name = 'Badu'")
        path = f"{BASE}/{event_id}/attendees"

        def names(query: str) -> list[str]:
            return [each["name"] for each in staff.get(f"{path}?{query}").json()["items"]]

        assert names("") == ["Awa", "=HYPERLINK(1)", "Coumba", "Demba"]
        assert names("status=waiting") == names("search=demba@") == ["Demba"]
        assert names("unpaid=true") == ["Awa", "=HYPERLINK(1)", "Coumba", "Demba"]
        page = staff.get(f"{path}?limit=3").json()
        assert names(f"limit=3&cursor={page['next_cursor']}") == ["Demba"]
        table = staff.get(f"{path}/export")
        assert table.headers["content-type"].startswith("text/csv")
        lines = table.text.splitlines()
        assert len(lines) == 5
        assert "'=HYPERLINK(1)" in lines[2]
        assert staff.get(f"{path}/export?status=waiting").text.count("\n") == 2
        assert staff.get(f"{BASE}/{uuid4()}/attendees").status_code == 404
