"""Events as people meet them in a browser: from the form to a place, and every page on a phone and a desk."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from guerdon.programs.events.service import changing, making, paying, registering
from support.chromium import chromium, overflow_px, page_of, serving
from support.events import given
from support.people import PASSWORD
from support.screens import DESK, PHONE, barriers, keep, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chrome():
    with chromium() as started:
        yield started


@pytest.fixture
def people(person, hall):
    """Accounts that can sign in, by name."""
    ids = {name: person(name).id for name in ("awa", "badu", "coumba")}
    return ids | {"ada": person("ada", "admin").id}


@pytest.fixture
def events(hall, people):
    """One of everything: open, full, paid, called off, over, a draft and a series."""
    ada, awa, badu, coumba = (people[name] for name in ("ada", "awa", "badu", "coumba"))
    found = {
        "open": hall.event(ada, title="Quiz at the library", description="Teams of four.\n\nBring a pen."),
        "paid": hall.event(
            ada,
            title="Pottery for beginners",
            event_type="workshop",
            price="7.50",
            max_participants=1,
            time_zone="Africa/Dakar",
            map_url="https://www.openstreetmap.org/",
            start_time=hall.soon(9),
        ),
        "off": hall.event(ada, title="Walk along the shore", event_type="outdoors", start_time=hall.soon(3)),
        "over": hall.event(ada, title="Stories of the quarter", event_type="talk", start_time=hall.soon(0.1)),
        "draft": hall.draft(ada, title="Board games", event_type="social").id,
    }
    for each in (awa, badu, coumba):
        hall.register(each, found["paid"])
        hall.register(each, found["off"])
        hall.register(each, found["over"])
    (row,) = hall.sql("SELECT id FROM registrations WHERE event_id = %s AND user_id = %s", [found["paid"], awa])
    hall.do(paying.record, hall.clock, ada, row[0], channel="cash")
    found["place"] = row[0]
    hall.do(changing.cancel, hall.clock, ada, found["off"], reason="A storm is coming")
    hall.clock.move(timedelta(days=1))
    hall.do(registering.cancel, hall.clock, row[0], user_id=awa)
    return found


@pytest.fixture
def address(whole_app, events):
    with serving(whole_app) as url:
        yield url


@pytest.mark.parametrize(
    ("size", "scheme", "language"), [(PHONE, "light", "fr-SN"), (PHONE, "dark", "en-GB"), (DESK, "dark", "fr-FR")]
)
def test_no_page_shuts_anybody_out(chrome, address, events, size, scheme, language):
    pages = {
        "awa": {
            "list": "/events",
            "past": "/events?when=past",
            "nothing": "/events?q=nothing+like+it",
            "month": "/events/month",
            "mine": "/events/mine",
            "open": f"/events/{events['open']}",
            "called-off": f"/events/{events['off']}",
        },
        "badu": {"offered": f"/events/{events['paid']}", "home": "/"},
        "coumba": {"waiting": f"/events/{events['paid']}"},
        "ada": {
            "manage": "/staff/events",
            "new": "/staff/events/new",
            "draft": f"/staff/events/{events['draft']}",
            "event": f"/staff/events/{events['paid']}",
            "edit": f"/staff/events/{events['paid']}/edit",
            "attendees": f"/staff/events/{events['paid']}/attendees",
            "registration": f"/staff/events/registrations/{events['place']}",
            "payouts": "/staff/events/payouts",
            "types": "/staff/events/types",
        },
    }
    faults = []
    for name, shown in pages.items():
        with page_of(chrome, viewport=size, color_scheme=scheme, locale=language) as page:
            sign_in(page, address, f"{name}@example.org", PASSWORD)
            if language.startswith("fr"):
                page.get_by_role("button", name="Français").click()
            for title, path in shown.items():
                answer = page.goto(address + path)
                assert answer.status == 200, path
                faults += [f"{title}: {fault}" for fault in barriers(page)]
                if overflow_px(page) > 0:
                    faults.append(f"{title}: {overflow_px(page)} px too wide")
                keep(page, f"events-{title}-{size['width']}-{scheme}-{language[:2]}")
    assert faults == []


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_words_without_an_end_stay_on_the_page(chrome, address, hall, people, size):
    word = "W" * 200
    long = hall.event(people["ada"], title=word, location=word, description=word, max_participants=1)
    hall.sql("UPDATE identity.users SET name = %s WHERE id = %s", [word[:120], people["awa"]])
    for member in (people["awa"], people["badu"]):
        hall.register(member, long)
    wide = []
    pages = {
        "badu": ("/", "/events", "/events/month", "/events/mine", f"/events/{long}"),
        "ada": (
            *("/staff/members", "/staff/outbox", "/staff/audit", "/staff/events", f"/staff/events/{long}"),
            *(f"/staff/events/{long}/edit", f"/staff/events/{long}/attendees", f"/staff/events/{long}/results"),
        ),
    }
    for name, shown in pages.items():
        with page_of(chrome, viewport=size) as page:
            sign_in(page, address, f"{name}@example.org", PASSWORD)
            for path in shown:
                assert page.goto(address + path).status == 200, path
                if overflow_px(page) > 0:
                    wide.append(path)
    assert wide == []


@pytest.mark.parametrize("script", [True, False])
def test_from_the_form_to_a_place(chrome, address, hall, people, script):
    start = hall.soon(6)
    with page_of(chrome, viewport=DESK, java_script_enabled=script) as page:
        sign_in(page, address, "ada@example.org", PASSWORD)
        page.goto(f"{address}/staff/events/new")
        page.get_by_label("Title").fill("Mending clothes")
        page.get_by_label("Where it is").fill("Community hall")
        page.get_by_label("Start").fill(f"{start:%Y-%m-%dT%H:%M}")
        page.get_by_label("End", exact=True).fill(f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M}")
        page.get_by_label("Places (optional)").fill("1")
        page.get_by_role("button", name="Make the draft").click()
        page.get_by_role("button", name="Publish").click()
        expect(page.locator("main")).to_contain_text("1 event published.")
        event_url = page.url.replace("/staff/events/", "/events/")
    for name, said in (("awa", "You are registered"), ("badu", "You are on the waiting list")):
        with page_of(chrome, viewport=PHONE, java_script_enabled=script) as page:
            sign_in(page, address, f"{name}@example.org", PASSWORD)
            page.goto(f"{address}/events")
            page.get_by_role("link", name="Mending clothes").click()
            page.get_by_role("button", name="Register" if name == "awa" else "Join the waiting list").click()
            expect(page.locator("main")).to_contain_text(said)
    with page_of(chrome, viewport=PHONE, java_script_enabled=script) as page:
        sign_in(page, address, "awa@example.org", PASSWORD)
        page.goto(event_url)
        page.get_by_role("button", name="Cancel my registration").click()
        if script:
            page.locator("dialog.confirm").get_by_role("button", name="Cancel my registration").click()
        expect(page.locator("main")).to_contain_text("Your registration is cancelled.")
    with page_of(chrome, viewport=PHONE, java_script_enabled=script) as page:
        sign_in(page, address, "badu@example.org", PASSWORD)
        page.goto(event_url)
        page.get_by_role("button", name="Take the place").click()
        expect(page.locator("main")).to_contain_text("The place is yours.")
        page.goto(f"{address}/events/mine")
        expect(page.get_by_role("table", name="To come")).to_contain_text("Mending clothes")


def test_a_series_in_the_month(chrome, address, hall, people):
    start = hall.clock.now().replace(hour=18, minute=0) + timedelta(days=1)
    repetition = making.Repetition(weekdays=[start.isoweekday()], count=3)
    made = hall.do(making.create, hall.clock, people["ada"], given(start, title="Singing"), repetition=repetition)
    hall.do(changing.publish, hall.clock, people["ada"], made[0].id, scope=changing.Scope.FOLLOWING)
    with page_of(chrome, viewport=DESK) as page:
        sign_in(page, address, "awa@example.org", PASSWORD)
        page.goto(f"{address}/events/month?month={start:%Y-%m}")
        expect(page.get_by_role("link", name="Singing")).to_have_count(
            sum(each.start_time.month == start.month for each in made)
        )
        page.get_by_role("link", name="Month after").click()
        expect(page.locator("h1")).to_contain_text(f"{(start.replace(day=1) + timedelta(days=32)):%B}")


_ENDS_LEFT = """(element) => {
  const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
  const left = (from) => {
    const range = document.createRange();
    range.setStart(text, from);
    range.setEnd(text, from + 1);
    return range.getBoundingClientRect().left;
  };
  return left(text.data.trimEnd().length - 1) < left(text.data.search(/\\S/));
}"""
"""Whether the last character of an element's text stands left of its first, as it does where one reads leftwards."""


def test_what_is_written_from_right_to_left_ends_on_the_left(chrome, address, hall, people):
    words = "أهلا بكم!"
    event_id = hall.event(people["ada"], title=words, description=words, location=words)
    places = {
        "/events": [".happening h2 a", ".happening__facts span:nth-child(2)"],
        f"/events/month?month={hall.soon():%Y-%m}": [".month li bdi"],
        f"/events/{event_id}": ["h1", ".card p", ".details dd", ".breadcrumbs li:last-child span"],
    }
    with page_of(chrome, viewport=PHONE) as page:
        sign_in(page, address, "awa@example.org", PASSWORD)
        wrong = []
        for path, selectors in places.items():
            page.goto(address + path)
            wrong += [
                f"{path} {selector}"
                for selector in selectors
                if not page.locator(selector).filter(has_text=words).first.evaluate(_ENDS_LEFT)
            ]
    assert wrong == []


def test_a_phone_shows_every_tab_and_the_minutes_of_a_start(chrome, address, people):
    with page_of(chrome, viewport=PHONE) as page:
        sign_in(page, address, "ada@example.org", PASSWORD)
        page.goto(f"{address}/events/calendar")
        tabs = page.locator(".tab").all()
        ends = [box["x"] + box["width"] for tab in tabs if (box := tab.bounding_box())]
        assert len(ends) == 5
        assert max(ends) <= PHONE["width"]
        page.goto(f"{address}/staff/events/new")
        start = page.get_by_label("Start").bounding_box()
        assert start is not None
        # "12/03/2026, 12:47 AM" and the button that opens the calendar
        assert start["width"] >= 240
