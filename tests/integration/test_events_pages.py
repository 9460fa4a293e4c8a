"""The pages of events as members and staff use them, without a script: what they say and refuse, in two languages."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people.service import erasures
from guerdon.programs.events.service import changing, paying, reading, registering
from guerdon.programs.events.service.importing import import_tables
from support.events import Hall
from support.http_client import Client
from support.people import PASSWORD

FORM = {
    "title": "Trivia night",
    "event_type": "trivia_night",
    "location": "The hall",
    "time_zone": "Africa/Dakar",
    "max_participants": "2",
    "price": "2,50",
    "currency": "usd",
    "offer_hours": "24",
}


@pytest.fixture
def visit(whole_app: FastAPI, hall: Hall, person: Callable[..., User]) -> Callable[..., Client]:
    """Opens browsers: ``visit("awa", "staff")`` opens an account and signs in."""

    def sign_in(name: str, *roles: str) -> Any:
        account = person(name, *roles)
        client = Client(whole_app, page=True)
        client.submit("/sign-in", email=f"{name}@example.org", password=PASSWORD)
        client.user_id = account.id  # type: ignore[attr-defined]
        return client

    return sign_in


@pytest.fixture
def staff(visit: Callable[..., Any]) -> Any:
    return visit("zoe", "staff", "admin")


@pytest.fixture
def awa(visit: Callable[..., Any]) -> Any:
    return visit("awa")


def times(hall: Hall, hours: float = 2) -> dict[str, str]:
    start = hall.soon()
    return {
        "start_time": start.strftime("%Y-%m-%dT%H:%M"),
        "end_time": (start + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M"),
    }


def at(response: Any) -> str:
    assert response.status_code == 303, response.text
    location: str = response.headers["location"]
    return location


def filled(page: str) -> dict[str, str]:
    """What the form of an event has in its fields, as a browser would send it."""
    inputs = re.findall(r'<input class="input[^>]* name="([^"]+)" value="([^"]*)"', page)
    hidden = re.findall(r'<input type="hidden" name="(revision)" value="([^"]*)"', page)
    chosen = re.findall(r'<select[^>]* name="([^"]+)"[^>]*>.*?<option value="([^"]*)" selected>', page, re.DOTALL)
    return dict([*inputs, *hidden, *chosen])


class TestStaff:
    def test_from_the_form_to_a_published_event(self, hall: Hall, staff: Any, awa: Any) -> None:
        assert "Time zone of the place" in staff.get("/staff/events/new").text
        where = at(staff.submit("/staff/events/new", **FORM, **times(hall)))
        page = staff.get(where).text
        assert "1 draft made" in page
        assert "$2.50" in page
        event_id = where.rpartition("/")[2]
        assert awa.get(f"/events/{event_id}").status_code == 404
        assert at(staff.submit(f"{where}/publish", on=where)) == where
        assert "2 places left" in awa.get(f"/events/{event_id}").text
        assert "Trivia night" in awa.get("/events").text

    def test_a_form_with_faults_comes_back_whole(self, hall: Hall, staff: Any) -> None:
        before = hall.snapshot()
        wrong = {**FORM, **times(hall, -1), "price": "-1", "title": "", "repeats": "yes", "repetition.count": "0"}
        page = staff.submit("/staff/events/new", **wrong)
        assert page.status_code == 422
        for field in ("title", "price", "repetition-weekdays", "repetition-count"):
            assert f'href="#f-{field}"' in page.text, field
        late = staff.submit("/staff/events/new", **{**FORM, **times(hall, -1), "map_url": "nowhere"})
        assert late.status_code == 422
        for field in ("end_time", "map_url"):
            assert f'href="#f-{field}"' in late.text, field
        assert 'value="2,50"' in late.text
        assert hall.snapshot() == before

    def test_a_series_and_all_that_follow(self, hall: Hall, staff: Any) -> None:
        repeats = {"repeats": "yes", "repetition.weekdays": "1", "repetition.count": "3"}
        where = at(staff.submit("/staff/events/new", **FORM, **times(hall), **repeats))
        at(staff.submit(f"{where}/publish", on=where, scope="following"))
        assert hall.sql("SELECT DISTINCT status FROM events") == [("published",)]
        changed = {**FORM, **times(hall), "title": "Quiz", "scope": "following"}
        at(staff.submit(f"{where}/edit", **changed))
        assert hall.sql("SELECT DISTINCT title FROM events") == [("Quiz",)]
        nothing = staff.submit(f"{where}/cancel", on=where, scope="following")
        assert nothing.status_code == 422
        assert "A reason is required" in nothing.text
        at(staff.submit(f"{where}/cancel", on=where, scope="following", reason="The hall is flooded"))
        assert hall.sql("SELECT DISTINCT status FROM events") == [("cancelled",)]
        assert "The hall is flooded" in staff.get(where).text

    def test_what_somebody_else_changed_meanwhile(self, hall: Hall, staff: Any) -> None:
        event_id = hall.event(staff.user_id)
        form = {**FORM, **times(hall), "revision": "1"}
        page = staff.submit(f"/staff/events/{event_id}/edit", **form)
        assert page.status_code == 409
        assert "has changed since you looked at it" in page.text
        assert "By now it says: 0.00" in page.text
        assert "By now it says: Trivia night" not in page.text
        fresh = filled(page.text)
        assert (fresh["price"], fresh["location"]) == ("2,50", "The hall")
        at(staff.submit(f"/staff/events/{event_id}/edit", **fresh))
        assert hall.sql("SELECT price_minor FROM events") == [(250,)]

    @pytest.mark.parametrize(
        ("start", "zone"),
        [
            ("2026-10-25T00:30:00+00:00", "Europe/Paris"),
            ("2026-10-25T01:30:00+00:00", "Europe/Paris"),
            ("2026-06-01T10:00:30+00:00", "UTC"),
            ("2026-06-01T10:00:30.250+00:00", "UTC"),
            ("2026-06-01T10:00:00+00:00", "Japan"),
        ],
    )
    def test_the_form_sent_as_it_is_moves_nothing(self, hall: Hall, staff: Any, start: str, zone: str) -> None:
        event_id = hall.event(staff.user_id, start_time=datetime.fromisoformat(start), time_zone=zone)
        path = f"/staff/events/{event_id}/edit"
        stands = hall.sql("SELECT start_time, end_time, time_zone FROM events")
        at(staff.submit(path, **{**filled(staff.get(path).text), "title": "Quiz"}))
        assert hall.sql("SELECT start_time, end_time, time_zone FROM events") == stands
        assert hall.sql("SELECT title FROM events") == [("Quiz",)]

    def test_a_form_that_is_sent_twice_makes_one(self, hall: Hall, staff: Any) -> None:
        page = staff.get("/staff/events/new").text
        once = re.findall(r'name="once" value="([^"]*)"', page.partition('action="/staff/events/new"')[2])[0]
        form = {**FORM, **times(hall), "once": once}
        repeats = {"repeats": "yes", "repetition.weekdays": "1", "repetition.count": "3"}
        first = at(staff.submit("/staff/events/new", **form, **repeats))
        assert at(staff.submit("/staff/events/new", **form, **repeats)) == first
        assert hall.sql("SELECT count(*) FROM events") == [(3,)]

    def test_copy_and_discard(self, hall: Hall, staff: Any) -> None:
        event_id = hall.event(staff.user_id)
        path = f"/staff/events/{event_id}"
        copy = at(staff.submit(f"{path}/duplicate", on=path)).removesuffix("/edit")
        assert at(staff.submit(f"{copy}/discard", on=copy)) == "/staff/events"
        assert at(staff.submit(f"{path}/discard", on=path)) == path
        assert "published" in staff.get(path).text
        assert hall.sql("SELECT count(*) FROM events") == [(1,)]

    def test_types(self, hall: Hall, staff: Any) -> None:
        path = "/staff/events/types"
        at(staff.submit(path, name="Film night", code="film", default_points="5"))
        assert "Film night" in staff.get(path).text
        again = staff.submit(path, name="Film night", code="film", default_points="5")
        assert again.status_code == 409
        wrong = staff.submit(f"{path}/film", on=path, name="Film", default_points="-1", position="1")
        assert wrong.status_code == 422
        at(staff.submit(f"{path}/film", on=path, name="Films", default_points="7", position="1"))
        rows = hall.sql("SELECT name, default_points, is_active FROM event_types WHERE code = 'film'")
        assert rows == [("Films", 7, False)]
        at(staff.submit(f"{path}/film/remove", on=path))
        hall.event(staff.user_id)
        at(staff.submit(f"{path}/trivia_night/remove", on=path))
        assert "There are events of this type" in staff.get(path).text

    def test_drafts_are_found_among_many(self, hall: Hall, staff: Any, awa: Any) -> None:
        hall.event(staff.user_id, title="Open quiz")
        hall.draft(staff.user_id, title="Secret plan")
        drafts = staff.get("/staff/events?state=draft").text
        assert "Secret plan" in drafts
        assert "Open quiz" not in drafts
        assert "Open quiz" in staff.get("/staff/events?state=nonsense").text
        assert "Secret plan" not in awa.get("/events?state=draft").text

    def test_attendees_payments_and_refunds(self, hall: Hall, staff: Any, awa: Any) -> None:
        event_id = hall.event(staff.user_id, price="5.00")
        registration = hall.register(awa.user_id, event_id).id
        path = f"/staff/events/{event_id}/attendees"
        assert "Awa" in staff.get(path).text
        assert "Awa" not in staff.get(f"{path}?q=nobody").text
        assert "Awa" in staff.get(f"{path}?status=unpaid").text
        table = staff.get(f"/staff/events/{event_id}/attendees.csv?q=awa")
        assert table.headers["content-type"].startswith("text/csv")
        assert table.text.count("\n") == 2
        one = f"/staff/events/registrations/{registration}"
        at(staff.submit(f"{one}/pay", on=one, channel="cash"))
        assert "Settled" in staff.get(one).text
        charge = hall.sql("SELECT id FROM payment")[0][0]
        at(staff.submit(f"/staff/events/payments/{charge}/refund", on=one, reason="Ill", amount="99"))
        assert "At most 5.00 USD" in staff.get(one).text
        at(staff.submit(f"/staff/events/payments/{charge}/refund", on=one, reason="Ill", amount="2,00"))
        at(staff.submit(f"/staff/events/payments/{charge}/refund", on=one, reason="Ill", amount="2", seen_minor="0"))
        page = staff.get(one).text
        assert "has been given back since you looked" in page
        assert 'name="seen_minor" value="200"' in page
        [(refund,)] = hall.sql("SELECT id FROM payment WHERE kind = 'refund'")
        assert "Awa" in staff.get("/staff/events/payouts").text
        assert "1 refund" in staff.get("/staff/events").text
        at(staff.submit(f"/staff/events/payments/{refund}/handed-back", on="/staff/events/payouts"))
        assert "Nothing is owed" in staff.get("/staff/events/payouts").text
        at(staff.submit(f"{one}/cancel", on=one, reason="Asked by telephone"))
        assert hall.statuses(event_id) == ["cancelled"]
        assert "Asked by telephone" in staff.get(one).text

    def test_a_full_event_says_who_waits_only_if_anybody_does(self, hall: Hall, staff: Any, awa: Any) -> None:
        event_id = hall.event(staff.user_id, max_participants=1)
        hall.register(awa.user_id, event_id)
        assert re.search(r"\bFull\b(?!;)", staff.get("/staff/events").text)
        hall.register(staff.user_id, event_id)
        assert "Full; 1 waits" in staff.get("/staff/events").text

    def test_why_money_went_back_is_said_in_the_reader_s_language(self, hall: Hall, staff: Any, awa: Any) -> None:
        registration = hall.register(awa.user_id, hall.event(staff.user_id, price="5.00")).id
        hall.do(paying.record, hall.clock, staff.user_id, registration, channel="cash")
        hall.do(registering.cancel, hall.clock, registration, user_id=awa.user_id)
        hall.sql("UPDATE identity.users SET locale = 'fr'")
        assert "Annulé par le membre" in staff.get(f"/staff/events/registrations/{registration}").text

    def test_whose_money_went_back_can_pay_for_their_place_again(self, hall: Hall, staff: Any, awa: Any) -> None:
        event_id = hall.event(staff.user_id, price="5.00")
        registration, path = hall.register(awa.user_id, event_id).id, f"/events/{event_id}"
        paid = hall.do(paying.record, hall.clock, staff.user_id, registration, channel="cash")
        assert "To be paid: $5.00" not in awa.get(path).text
        hall.do(paying.refund, hall.clock, staff.user_id, paid.id, reason="Took the wrong card")
        assert "To be paid: $5.00" in awa.get(path).text
        at(awa.submit(f"/events/registrations/{registration}/pay", on=path, channel="cash"))
        assert "Pay at the door" in awa.get(path).text

    def test_members_see_nothing_of_it(self, hall: Hall, staff: Any, awa: Any) -> None:
        event_id = hall.event(staff.user_id)
        for path in ("", "/new", f"/{event_id}", f"/{event_id}/attendees", "/payouts", "/types"):
            assert awa.get(f"/staff/events{path}").status_code == 403


class TestMembers:
    def test_the_whole_way(self, hall: Hall, staff: Any, awa: Any) -> None:
        event_id = hall.event(staff.user_id, price="5.00", max_participants=1, description="Bring\n\na pen")
        path = f"/events/{event_id}"
        assert "Bring" in awa.get(path).text
        at(awa.submit(f"{path}/register", on=path))
        page = awa.get(path).text
        assert "You have a place" in page
        registration = hall.sql("SELECT id FROM registrations")[0][0]
        at(awa.submit(f"/events/registrations/{registration}/pay", on=path, channel="card"))
        assert "Pay at the door" in awa.get(path).text
        assert "To be paid" in awa.get("/events/mine").text
        hall.do(paying.record, hall.clock, staff.user_id, registration, channel="cash")
        assert "$5.00" in awa.get("/events/mine").text
        at(awa.submit(f"/events/registrations/{registration}/cancel", on=path))
        assert "Your registration is cancelled" in awa.get(path).text
        assert "Registration cancelled" in awa.get("/events/mine").text

    def test_what_is_to_come_is_no_history_yet(self, hall: Hall, staff: Any, awa: Any) -> None:
        path = f"/events/{hall.event(staff.user_id)}"
        assert "You have not registered for anything yet" in awa.get("/events/mine").text
        at(awa.submit(f"{path}/register", on=path))
        page = awa.get("/events/mine").text
        assert page.count(f'href="{path}"') == 1
        assert re.search(r"<h\d[^>]*>\s*To come", page)
        assert "You have not registered" not in page
        hall.clock.move(timedelta(days=8))
        page = awa.get("/events/mine").text
        assert page.count(f'href="{path}"') == 1
        assert re.search(r"<h\d[^>]*>\s*History", page)
        assert not re.search(r"<h\d[^>]*>\s*To come", page)

    def test_waiting_an_offer_and_too_late(self, hall: Hall, staff: Any, awa: Any) -> None:
        event_id = hall.event(staff.user_id, max_participants=1)
        holder = hall.register(hall.person("badu"), event_id)
        path = f"/events/{event_id}"
        assert "Join the waiting list" in awa.get(path).text
        at(awa.submit(f"{path}/register", on=path))
        assert "You are the next." in awa.get(path).text
        assert "0 before you" in awa.get("/events/mine").text
        hall.do(registering.cancel, hall.clock, holder.id, user_id=holder.user_id)
        page = awa.get(path).text
        assert "A place is free for you" in page
        assert "Offers" in awa.get("/").text
        registration = hall.do(registering.live_of, awa.user_id, event_id).id
        token = awa.form_token(path)
        hall.clock.move(timedelta(hours=25))
        late = awa.post(f"/events/registrations/{registration}/accept", data={"csrf_token": token})
        assert at(late) == path
        assert "This offer is over" in awa.get(path).text
        assert hall.statuses(event_id)[1] == "offered"

    def test_twice_says_so(self, hall: Hall, staff: Any, awa: Any) -> None:
        event_id = hall.event(staff.user_id)
        path = f"/events/{event_id}"
        token = awa.form_token(path)
        for _ in range(2):
            at(awa.post(f"{path}/register", data={"csrf_token": token}))
        assert "already" in awa.get(path).text
        assert hall.statuses(event_id) == ["registered"]

    def test_the_month(self, hall: Hall, staff: Any, awa: Any) -> None:
        night = hall.event(staff.user_id, title="All night", end_time=hall.soon(8), start_time=hall.soon(7))
        hall.event(staff.user_id, title="Far away", start_time=hall.soon(70))
        hall.register(awa.user_id, night)
        month = hall.soon().strftime("%Y-%m")
        page = awa.get(f"/events/month?month={month}").text
        assert page.count("All night") == 2
        assert re.findall(r">\s*([^<>]*) <bdi>All night", page) == ["9:00\u202fAM", "until 9:00\u202fAM"]
        assert "Far away" not in page
        assert "All night" in awa.get(f"/events/month?month={month}&mine=yes").text
        assert awa.get("/events/month?month=nonsense").status_code == 200
        assert awa.get("/events/month?month=9999-12").status_code == 200

    def test_filters_and_the_past(self, hall: Hall, staff: Any, awa: Any) -> None:
        quiz = hall.event(staff.user_id)
        walk = hall.event(staff.user_id, title="A walk", event_type="outdoors", start_time=hall.soon(9))
        hall.register(awa.user_id, walk)

        def shown(query: str) -> list[UUID]:
            page = awa.get(f"/events?{query}").text
            return [each for each in (quiz, walk) if f"/events/{each}" in page]

        assert shown("") == [quiz, walk]
        assert shown("q=walk") == shown("type=outdoors") == shown("mine=yes") == [walk]
        assert shown(f"until={hall.soon(8):%Y-%m-%d}") == [quiz]
        assert shown("since=nonsense") == [quiz, walk]
        assert "Nothing fits" in awa.get("/events?q=opera").text
        hall.clock.move(timedelta(days=8))
        assert shown("when=past") == [quiz]
        assert shown("") == [walk]

    def test_a_cancelled_event_says_why(self, hall: Hall, staff: Any, awa: Any) -> None:
        event_id = hall.event(staff.user_id)
        hall.do(changing.cancel, hall.clock, staff.user_id, event_id, reason="Rain & wind")
        page = awa.get(f"/events/{event_id}").text
        assert "Rain &amp; wind" in page
        assert f"/events/{event_id}/register" not in page

    def test_in_french(self, hall: Hall, staff: Any, awa: Any) -> None:
        event_id = hall.event(staff.user_id, time_zone="Europe/Paris", price="5.00")
        hall.sql("UPDATE identity.users SET locale = 'fr' WHERE id = %s", [awa.user_id])
        page = awa.get(f"/events/{event_id}").text
        assert "S’inscrire" in page
        assert "5,00" in page
        assert "(Europe/Paris)" in page
        assert "Soirée quiz" in page
        hall.register(awa.user_id, event_id)
        assert "Prochain événement" in awa.get("/").text

    def test_the_home_page_names_the_next_event(self, hall: Hall, staff: Any, awa: Any) -> None:
        assert "Next event" not in awa.get("/").text
        later = hall.event(staff.user_id, title="Later", start_time=hall.soon(9))
        first = hall.event(staff.user_id, title="Sooner")
        for each in (later, first):
            hall.register(awa.user_id, each)
        page = awa.get("/").text
        assert "Sooner" in page
        assert "Later" not in page

    def test_a_price_in_a_currency_without_decimals(self, hall: Hall, staff: Any, awa: Any) -> None:
        event_id = hall.event(staff.user_id, price="1500", currency="XOF")
        assert hall.do(reading.get, event_id).price_minor == 1500
        assert "1,500" in awa.get(f"/events/{event_id}").text


def test_who_closes_their_account_leaves_their_places_to_others_and_is_forgotten(
    hall: Hall, visit: Callable[..., Any], staff: Any, awa: Any
) -> None:
    event_id = hall.event(staff.user_id, price="5.00", max_participants=1)
    place = hall.register(awa.user_id, event_id).id
    hall.do(paying.record, hall.clock, staff.user_id, place, channel="cash")
    hall.register(visit("badu").user_id, event_id)
    closing = {"on": "/account/access", "understood": "yes"}
    assert awa.submit("/account/close", close_password="not this one", **closing).status_code == 422
    assert hall.statuses(event_id) == ["registered", "waiting"]
    assert awa.submit("/account/close", close_password=PASSWORD, **closing).status_code == 303
    assert hall.statuses(event_id) == ["cancelled", "offered"]
    assert hall.sql("SELECT kind::text, status::text FROM payment ORDER BY kind::text") == [
        ("charge", "refunded"),
        ("refund", "pending"),
    ]
    hall.clock.move(erasures.WAITING_TIME)
    assert hall.do(erasures.erase_due, hall.clock) == 1
    assert hall.sql("SELECT name, email FROM identity.users WHERE id = %s", [awa.user_id]) == [
        (erasures.CLOSED_NAME, None)
    ]


def test_points_that_were_brought_along_say_what_they_were_for(awa: Any, hall: Hall) -> None:
    files = {
        "users": b"id,email,full_name\n1,AWA@example.org,Awa\n",
        "points_transactions": b"id,user_id,points,transaction_type,description,transaction_date\n"
        b"1,1,40,attendance,Quiz of 2024,2024-05-01 18:00:00\n2,1,-15,shop,A mug,2024-06-01 18:00:00\n",
    }
    report = hall.do(import_tables, hall.clock, files, source="pine-time", currency="USD", locale="en")
    assert report.faults == []
    page = " ".join(re.sub(r"<[^>]+>", " ", awa.get("/events/profile").text).split())
    assert "Spent before A mug" in page
    assert "Brought along from before Quiz of 2024" in page
    assert "taken back" not in page
    assert "events.carried" not in page
