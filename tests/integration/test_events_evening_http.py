"""The evening over HTTP and on pages: staff at the door, members with their tickets, calendars, connections."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pypdf
import pytest
import vobject
from fastapi import FastAPI

from guerdon.programs.events.pages.home import home
from guerdon.programs.events.service.tickets import shown_number
from support.evenings import Evenings
from support.http_client import Client

Open = Callable[..., Client]


@pytest.fixture
def api(whole_app: FastAPI, evenings: Evenings) -> Open:
    """Opens API clients: ``api("keeper", "staff")`` opens an account and holds its token; ``api()`` is nobody's."""

    def open_client(name: str | None = None, *roles: str) -> Client:
        client = Client(whole_app)
        if name is not None:
            client.user_id = evenings.hall.person(name, *roles)
            client.bear(whole_app.state.access_tokens.issue(client.user_id, evenings.clock)[0])
        return client

    return open_client


def in_person(client: Client) -> Client:
    """The same, asking for pages."""
    client.headers["accept"] = "text/html,application/xhtml+xml"
    return client


def ticket(evenings: Evenings, client: Client, event_id: UUID) -> dict[str, Any]:
    answer = client.get(f"/api/v1/events/tickets/{evenings.register(event_id, client.user_id)}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_ticket_is_scanned_and_scanned_again(evenings: Evenings, api: Open) -> None:
    keeper, heron = api("keeper", "staff"), api("heron")
    event_id = evenings.event()
    code = ticket(evenings, heron, event_id)["code"]
    first = keeper.post(f"/api/v1/events/door/{event_id}/scans", json={"code": code})
    assert first.status_code == 201, first.text
    body = first.json()
    assert (body["already"], body["name"], body["method"]) == (False, "Heron", "ticket")
    assert body["earned"] == [{"rule": "attendance", "unit": "POINT", "amount": "10"}]
    assert body["badges"]
    again = keeper.post(f"/api/v1/events/door/{event_id}/scans", json={"code": code})
    assert (again.status_code, again.json()["already"]) == (200, True)
    assert again.json()["check_in_time"] == body["check_in_time"]
    for board, score in (("points", str(evenings.sum(heron.user_id))), ("attendances", "1")):
        place = heron.get(f"/api/v1/leaderboards/events/{board}/me?period=life").json()
        assert (place["rank"], place["score"]) == (1, score)
    door = keeper.get(f"/api/v1/events/door/{event_id}").json()
    assert (door["came"], door["expected"], door["people"][0]["name"]) == (1, 0, "Heron")
    out = keeper.post(f"/api/v1/events/door/check-ins/{body['attendance_id']}/check-out")
    assert out.json()["check_out_time"] is not None
    undone = keeper.post(f"/api/v1/events/door/check-ins/{body['attendance_id']}/undo", json={"reason": "Not them"})
    assert undone.json()["status"] == "withdrawn"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/events/door/{event}/scans", {"code": "x"}),
        ("POST", "/api/v1/events/door/{event}/by-name", {"user_id": str(UUID(int=1)), "reason": "known"}),
        ("POST", "/api/v1/events/door/{event}/walk-ins", {"user_id": str(UUID(int=1))}),
        ("GET", "/api/v1/events/door/{event}", None),
        ("POST", "/api/v1/events/door/check-ins/{event}/undo", {"reason": "known"}),
        ("POST", "/api/v1/events/results/{event}", {"results": [{"user_id": str(UUID(int=1)), "placed": 1}]}),
        ("GET", "/api/v1/events/figures?since=2026-01-01&until=2026-03-01", None),
        ("GET", "/staff/events/{event}/door", None),
        ("GET", "/staff/events/{event}/results", None),
        ("GET", "/staff/events/figures", None),
    ],
)
def test_members_do_none_of_what_staff_do(
    evenings: Evenings, api: Open, method: str, path: str, body: dict[str, Any] | None
) -> None:
    heron = api("heron")
    path = path.format(event=evenings.event())
    before = evenings.hall.snapshot()
    answer = heron.request(method, path, **({"json": body} if body else {}))
    assert answer.status_code == 403, answer.text
    assert api().request(method, path, **({"json": body} if body else {})).status_code == 401
    assert evenings.hall.snapshot() == before


def test_refusals_say_what_to_do(evenings: Evenings, api: Open) -> None:
    keeper, heron = api("keeper", "staff"), api("heron")
    event_id = evenings.event()
    before = evenings.hall.snapshot()
    for path, body, status in (
        (f"door/{event_id}/scans", {"code": "nonsense"}, 422),
        (f"door/{event_id}/scans", {"code": "x" * 201}, 422),
        (f"door/{UUID(int=1)}/scans", {"code": "x"}, 404),
        (f"door/{event_id}/by-name", {"user_id": str(heron.user_id), "reason": "known"}, 409),
        (f"door/{event_id}/by-name", {"user_id": str(heron.user_id), "reason": "x"}, 422),
        (f"door/{event_id}/walk-ins", {"user_id": str(heron.user_id)}, 409),
        (f"results/{event_id}", {"results": [{"user_id": str(heron.user_id), "placed": 0}]}, 422),
        (f"results/{event_id}", {"results": []}, 422),
    ):
        answer = keeper.post(f"/api/v1/events/{path}", json=body)
        assert answer.status_code == status, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["remedy"] if "remedy" in answer.json() else answer.json()["detail"]
    assert evenings.hall.snapshot() == before


def test_points_are_given_once_for_a_key(evenings: Evenings, api: Open) -> None:
    keeper, heron = api("keeper", "staff"), api("heron")
    body = {"user_id": str(heron.user_id), "points": 15, "title": "Chairs", "reason": "Stayed to help"}
    without = keeper.post("/api/v1/events/awards", json=body)
    assert without.status_code == 400
    headers = {"idempotency-key": "chairs-1"}
    first = keeper.post("/api/v1/events/awards", json=body, headers=headers)
    assert first.status_code == 201, first.text
    again = keeper.post("/api/v1/events/awards", json=body, headers=headers)
    assert again.json() == first.json()
    assert evenings.points(heron.user_id) == [("events.special", 15)]
    withdrawn = keeper.post(f"/api/v1/events/awards/{first.json()['id']}/withdraw", json={"reason": "Not them"})
    assert withdrawn.json()["withdrawn_at"]
    assert evenings.sum(heron.user_id) == 0


def test_members_connect_within_what_they_may_see(evenings: Evenings, api: Open) -> None:
    keeper, heron, ibis, neem = (api("keeper", "staff"), api("heron"), api("ibis"), api("neem"))
    event_id = evenings.event()
    for each in (heron, ibis):
        evenings.attend(event_id, each.user_id, keeper.user_id)
    evenings.hall.sql("UPDATE identity.profiles SET is_profile_public = user_id = %s", [ibis.user_id])
    assert heron.get(f"/api/v1/events/people/{event_id}").json() == [{"user_id": str(ibis.user_id), "name": "Ibis"}]
    assert ibis.get(f"/api/v1/events/people/{event_id}").json() == []
    assert neem.get(f"/api/v1/events/people/{event_id}").status_code == 409
    asked = heron.post(f"/api/v1/events/people/{event_id}/connections", json={"user_id": str(ibis.user_id)})
    assert asked.status_code == 201, asked.text
    assert neem.post(f"/api/v1/events/connections/{asked.json()['id']}/agree").status_code == 404
    agreed = ibis.post(f"/api/v1/events/connections/{asked.json()['id']}/agree")
    assert (agreed.status_code, agreed.json()["status"], agreed.json()["name"]) == (200, "agreed", "Heron")
    assert [each["name"] for each in heron.get("/api/v1/events/connections").json()] == ["Ibis"]
    assert evenings.hall.sql("SELECT count(*) FROM engagement.activities WHERE kind = 'events.connected'") == [(2,)]
    assert neem.get("/api/v1/events/connections").json() == []


def test_an_invitation_leads_to_a_first_attendance(evenings: Evenings, api: Open) -> None:
    keeper, heron, ibis = api("keeper", "staff"), api("heron"), api("ibis")
    link = heron.post("/api/v1/events/invitation").json()
    accepted = ibis.post("/api/v1/events/invitation/accept", json={"code": link["code"]})
    assert accepted.json() == {"inviter_id": str(heron.user_id), "name": "Heron"}
    assert heron.post("/api/v1/events/invitation/accept", json={"code": link["code"]}).status_code == 422
    evenings.attend(evenings.event(), ibis.user_id, keeper.user_id)
    assert heron.post("/api/v1/events/invitation").json() | {"code": "", "url": ""} == {
        "code": "",
        "url": "",
        "accepted": 1,
        "came": 1,
    }


def test_the_ticket_s_page_and_paper(evenings: Evenings, api: Open) -> None:
    heron, ibis = in_person(api("heron")), in_person(api("ibis"))
    registration_id = evenings.register(evenings.event(title="Soirée quiz"), heron.user_id)
    page = heron.get(f"/events/tickets/{registration_id}")
    assert page.status_code == 200, page.text
    [(number,)] = evenings.hall.sql("SELECT code FROM tickets")
    assert shown_number(number) in page.text
    assert "<svg" in page.text
    paper = heron.get(f"/events/tickets/{registration_id}/ticket.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    text = pypdf.PdfReader(io.BytesIO(paper.content)).pages[0].extract_text()
    assert "Soirée quiz" in text
    assert shown_number(number) in text
    for path in (f"/events/tickets/{registration_id}", f"/events/tickets/{registration_id}/ticket.pdf"):
        assert ibis.get(path).status_code == 404


def test_the_ticket_says_when_it_is_on_the_clock_of_its_place(evenings: Evenings, api: Open) -> None:
    heron = in_person(api("heron"))
    event_id = evenings.event()
    path = f"/events/tickets/{evenings.register(event_id, heron.user_id)}"
    evenings.hall.sql("UPDATE events SET time_zone = 'Pacific/Kiritimati' WHERE id = %s", (event_id,))
    [(start,)] = evenings.hall.sql("SELECT start_time FROM events WHERE id = %s", (event_id,))
    local = start.astimezone(ZoneInfo("Pacific/Kiritimati"))
    paper = pypdf.PdfReader(io.BytesIO(heron.get(f"{path}/ticket.pdf").content)).pages[0].extract_text()
    for text in (heron.get(path).text, paper):
        told = " ".join(text.split())
        assert f"{local:%A, %B} {local.day}, {local.year}" in told
        assert f"{local.hour % 12 or 12}:{local:%M %p}" in told
        assert "(Pacific/Kiritimati)" in told


def test_every_page_is_on_the_clock_of_the_place(evenings: Evenings, api: Open) -> None:
    """Noon in UTC is two o'clock in the morning of the next day in Kiritimati, for members and at the door."""
    evenings.clock.move(timedelta(hours=35 - evenings.clock.now().hour))
    heron, keeper = in_person(api("heron")), in_person(api("keeper", "staff"))
    event_id = evenings.event(hours=1)
    evenings.hall.sql("UPDATE events SET time_zone = 'Pacific/Kiritimati' WHERE id = %s", (event_id,))
    local = (evenings.clock.now() + timedelta(hours=1)).astimezone(ZoneInfo("Pacific/Kiritimati"))
    assert local.hour == 2
    code = evenings.code(evenings.register(event_id, heron.user_id), heron.user_id)
    starts = f"{local:%b} {local.day}, {local.year}, 2:00 AM (Pacific/Kiritimati)"
    cells = heron.get(f"/events/month?month={local:%Y-%m}").text.split("<td")
    [cell] = [each for each in cells if "Quiz" in each]
    assert f'datetime="{local:%Y-%m-%d}"' in cell
    assert "2:00 AM (Pacific/Kiritimati) Quiz" in told(cell)
    assert starts in told(heron.get("/events/mine").text)
    assert starts in told(heron.get("/").text)
    evenings.scan(event_id, code, keeper.user_id)
    assert starts in told(heron.get("/events/history").text)
    door = told(keeper.get(f"/staff/events/{event_id}/door").text)
    assert f"{local:%A, %B} {local.day}, {local.year}" in door
    assert "in since 1:00 AM (Pacific/Kiritimati)" in door
    assert "1:00 AM (Pacific/Kiritimati)" in told(keeper.get(f"/staff/events/{event_id}/attendees").text)
    evenings.hall.sql("UPDATE identity.users SET time_zone = 'Pacific/Kiritimati' WHERE id = %s", (heron.user_id,))
    for path in ("/events/mine", "/events/history"):
        assert "2:00 AM" in told(heron.get(path).text)
        assert "Kiritimati" not in heron.get(path).text


def told(page: str) -> str:
    """The words of a page."""
    return " ".join(re.sub("<[^>]*>", " ", page).split())


def test_a_calendar_s_address_opens_it_for_anybody_until_it_is_revoked(evenings: Evenings, api: Open) -> None:
    heron = in_person(api("heron"))
    event_id = evenings.event(title="Quiz")
    evenings.register(event_id, heron.user_id)
    one = heron.get(f"/events/{event_id}.ics")
    assert vobject.readOne(one.text).vevent.summary.value == "Quiz"
    url = heron.post("/api/v1/events/calendar").json()["url"].removeprefix("http://127.0.0.1:8000")
    reader = api()
    feed = reader.get(url)
    assert feed.headers["content-type"].startswith("text/calendar")
    assert vobject.readOne(feed.text).vevent.summary.value == "Quiz"
    assert reader.get(url, headers={"if-none-match": feed.headers["etag"]}).status_code == 304
    assert heron.request("DELETE", "/api/v1/events/calendar").status_code == 204
    assert reader.get(url).status_code == 404
    assert reader.get("/events/calendar/x.ics").status_code == 404


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_every_page_is_shown_in_both_languages(evenings: Evenings, api: Open, locale: str) -> None:
    keeper, heron = in_person(api("keeper", "staff")), in_person(api("heron"))
    evenings.hall.sql("UPDATE identity.users SET locale = %s", [locale])
    event_id = evenings.event(walk_ins=True)
    registration_id = evenings.register(event_id, heron.user_id)
    code = evenings.code(registration_id, heron.user_id)
    invitation = heron.post("/api/v1/events/invitation").json()["code"].replace("-", "")

    def see(client: Client, *paths: str) -> None:
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.text[-2000:])
            assert f'<html lang="{locale}"' in answer.text, path

    see(keeper, f"/staff/events/{event_id}/door", f"/staff/events/{event_id}/results", "/staff/events/figures")
    evenings.scan(event_id, code, keeper.user_id)
    see(keeper, f"/staff/events/{event_id}/door?q=her", f"/staff/events/{event_id}/results", "/staff/events/figures")
    see(
        heron,
        *("/events/profile", "/events/history", "/events/connections", "/events/invite", "/events/calendar"),
        *(f"/events/tickets/{registration_id}", f"/events/{event_id}/people"),
    )
    ibis = in_person(api("ibis"))
    evenings.hall.sql("UPDATE identity.users SET locale = %s", [locale])
    see(ibis, f"/events/invited/{invitation}")


def test_the_home_page_tells_of_points_and_of_a_row_that_would_end(evenings: Evenings, api: Open) -> None:
    heron = in_person(api("heron"))
    assert "Weeks in a row" not in heron.get("/").text
    evenings.attend(evenings.event(points=40), heron.user_id, evenings.hall.person("ibis", "staff"))
    page = heron.get("/").text
    assert "55 earned in all" in page  # 40 for coming, 5 for the first week, 10 for the first badge
    assert "longest: 1" in page
    evenings.move(days=7)
    evenings.event()
    cards = evenings.hall.do(home, evenings.clock, heron.user_id, "fr")
    assert cards[-1].note == "Venez à un événement avant le 16 mars 2026"


def test_figures_can_be_downloaded_and_bad_days_are_told(evenings: Evenings, api: Open) -> None:
    heron = evenings.hall.person("heron")
    evenings.attend(evenings.event(), heron, evenings.hall.person("ibis", "staff"))
    evenings.move(hours=4)
    keeper = in_person(api("keeper", "staff"))
    day = evenings.clock.now().date()
    query = f"since={day - timedelta(days=day.weekday())}&until={day}"
    expected = {
        "attendance": ["1", "1", "0", "0"],
        "points": ["events.attended", "10"],
    }
    for name, cells in expected.items():
        answer = keeper.get(f"/staff/events/figures/{name}.csv?{query}")
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert rows[1:], name
        assert any(row[1:] == cells for row in rows[1:]), rows
    assert keeper.get(f"/staff/events/figures/retention.csv?{query}").status_code == 200
    assert keeper.get(f"/staff/events/figures/weather.csv?{query}").status_code == 404
    assert keeper.get("/staff/events/figures?until=0001-01-01").status_code == 200
    for query in ("until=9999-12-31", "since=9999-12-31&until=9999-12-31"):
        assert keeper.get(f"/staff/events/figures?{query}").status_code == 422
    assert keeper.get("/api/v1/events/figures?since=9999-12-31&until=9999-12-31").status_code == 422
    wrong = keeper.get("/staff/events/figures?since=2026-03-01&until=2026-02-01")
    assert wrong.status_code == 422
    assert "The last day comes after the first one" in wrong.text


def test_of_more_people_than_a_page_shows_the_others_are_found_by_name(evenings: Evenings, api: Open) -> None:
    keeper, event_id = in_person(api("keeper", "staff")), evenings.event(hours=-1)
    evenings.hall.sql(
        "WITH people AS (INSERT INTO identity.users (email, name) SELECT 'p' || n || '@example.org', 'Person ' || n"
        " FROM generate_series(1001, 1202) AS n RETURNING id),"
        " places AS (INSERT INTO registrations (user_id, event_id) SELECT id, %s FROM people RETURNING id, user_id)"
        " SELECT count(*) FROM places",
        [event_id],
    )
    evenings.hall.sql(
        "INSERT INTO event_attendees (registration_id, user_id, event_id, check_in_time, method)"
        " SELECT id, user_id, event_id, %s - (row_number() OVER (ORDER BY id)) * interval '1 second', 'ticket'"
        " FROM registrations",
        [evenings.clock.now()],
    )
    path = f"/staff/events/{event_id}/results"
    first = keeper.get(path).text
    assert "Person 1001" in first
    assert "Person 1202" not in first
    assert "The first 200 are shown" in first
    assert "Person 1202" in keeper.get(f"{path}?q=1202").text
    assert "Nobody of that name" in keeper.get(f"{path}?q=nobody").text
    assert "The first 200 are shown" in keeper.get(f"/staff/events/{event_id}/door").text


def test_a_note_beside_a_place(evenings: Evenings, api: Open) -> None:
    keeper, heron = in_person(api("keeper", "staff")), evenings.hall.person("heron")
    event_id = evenings.event(hours=0.01)
    evenings.attend(event_id, heron, keeper.user_id)
    evenings.move(minutes=1)
    path = f"/staff/events/{event_id}/results"

    def enter(placed: int, note: str) -> int:
        return keeper.post(path, data={f"placed-{heron}": str(placed), f"note-{heron}": note}).status_code

    assert enter(2, "W" * 201) == 422
    assert evenings.hall.sql("SELECT count(*) FROM event_results") == [(0,)]
    assert (enter(2, "By a nose"), enter(2, "By a hair"), enter(1, "")) == (303, 303, 303)
    rows = evenings.hall.sql("SELECT placed, note, withdrawn_at IS NULL FROM event_results ORDER BY id")
    assert rows == [(2, "By a hair", False), (1, "By a hair", True)]
    assert "By a hair" in keeper.get(path).text


def test_a_hand_scanner_finds_the_field_of_the_door(evenings: Evenings, api: Open) -> None:
    keeper, heron = in_person(api("keeper", "staff")), evenings.hall.person("heron")
    event_id = evenings.event()
    path = f"/staff/events/{event_id}/door"
    field = re.compile(r'<input[^>]* name="code"[^>]* autofocus')
    code = evenings.code(evenings.register(event_id, heron), heron)
    assert field.search(keeper.get(path).text)
    assert field.search(keeper.post(f"{path}/scan", data={"code": code}).text)
    # who looks for a name types on, and who has to correct a reason is there
    assert not field.search(keeper.get(f"{path}?q=her").text)
    assert not field.search(keeper.post(f"{path}/by-name", data={"user_id": str(heron), "reason": " "}).text)


def test_what_is_pressed_twice_at_the_door_and_among_connections_leads_back(evenings: Evenings, api: Open) -> None:
    keeper, heron, ibis = api("keeper", "staff"), api("heron"), api("ibis")
    event_id = evenings.event()
    attendance, other = (evenings.attend(event_id, each.user_id, keeper.user_id) for each in (heron, ibis))
    asked = heron.post(f"/api/v1/events/people/{event_id}/connections", json={"user_id": str(ibis.user_id)}).json()
    agree = f"/events/connections/{asked['id']}/agree"
    assert [in_person(ibis).post(agree).status_code for _ in range(2)] == [303, 303]
    assert in_person(keeper).post(agree).status_code == 404
    undo = f"/staff/events/{event_id}/door/{attendance.id}/undo"
    answers = [keeper.post(undo, data={"reason": "Somebody else"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303]
    assert keeper.post(f"/staff/events/{event_id}/door/{attendance.id}/out").status_code == 303
    assert keeper.post(f"/staff/events/{evenings.event()}/door/{other.id}/out").status_code == 404
    own = evenings.attend(event_id, keeper.user_id, heron.user_id)
    assert keeper.post(f"/staff/events/{event_id}/door/{own.id}/undo", data={"reason": "Mine"}).status_code == 303
    assert evenings.hall.statuses(event_id) == ["registered", "attended", "attended"]
