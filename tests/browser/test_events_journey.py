"""From a published event to a badge at level 3 and a streak bonus, in a real browser, as staff and as member."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from support.chromium import chromium, overflow_px, page_of, serving
from support.screens import DESK, PHONE, barriers, keep, signed_in

pytestmark = pytest.mark.browser

EVENINGS = (("Quiz night", "trivia_night"), ("Board games", "social"), ("Mending clothes", "workshop"))


@pytest.fixture(scope="module")
def chrome():
    with chromium() as started:
        yield started


@pytest.fixture
def address(whole_app, person):
    person("sika", "staff")
    person("awa")
    with serving(whole_app) as url:
        yield url


def pressing(page, name):
    page.locator("main").get_by_role("button", name=name, exact=True).first.click()


def publish(page, address, clock, title, event_type):
    """Staff make an event that begins in an hour, and publish it; gives its address."""
    start = clock.now() + timedelta(hours=1)
    page.goto(f"{address}/staff/events/new")
    page.locator("#f-title").fill(title)
    page.locator("#f-event_type").select_option(event_type)
    page.locator("#f-location").fill("Community hall")
    page.locator("#f-start_time").fill(start.strftime("%Y-%m-%dT%H:%M"))
    page.locator("#f-end_time").fill((start + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"))
    page.locator("#f-time_zone").select_option("UTC")
    pressing(page, "Make the draft")
    pressing(page, "Publish")
    expect(page.locator("main")).to_contain_text("1 event published.")
    return page.url.rsplit("/", 1)[-1]


def take_ticket(page, address, event_id):
    """The member registers and opens the ticket; gives the number below the code."""
    page.goto(f"{address}/events/{event_id}")
    pressing(page, "Register")
    page.get_by_role("link", name="Ticket", exact=True).click()
    expect(page.locator(".ticket__code svg")).to_be_visible()
    return page.locator(".ticket__number").inner_text()


def let_in(page, address, event_id, number):
    """Staff type the number at the door, where the page stays as it is."""
    page.goto(f"{address}/staff/events/{event_id}/door")
    page.locator("#f-code").fill(number.lower())
    page.locator("#f-code").press("Enter")
    expect(page.locator("[data-door-verdict]")).to_contain_text("Welcome, Awa")


def badge_levels(page):
    """Badge → level, as the profile shows them."""
    found = {}
    for card in page.locator(".badge-card").all():
        level = card.locator(".badge")
        if level.count():
            found[card.locator(".strong").inner_text()] = level.first.inner_text().strip()
    return found


def test_three_weeks_from_publishing_to_a_badge_at_level_3(chrome, address, clock, evenings):
    numbers = []
    for week, (title, event_type) in enumerate(EVENINGS):
        with signed_in(chrome, address, "sika", viewport=DESK) as sika:
            event_id = publish(sika, address, clock, title, event_type)
            with signed_in(chrome, address, "awa", viewport=PHONE) as awa:
                number = take_ticket(awa, address, event_id)
                if week == 0:
                    assert overflow_px(awa) == 0
                    assert barriers(awa) == []
                    keep(awa, "events-ticket-phone")
            let_in(sika, address, event_id, number)
        numbers.append((event_id, number))
        if week < 2:
            clock.move(timedelta(days=7))
    with signed_in(chrome, address, "awa", viewport=PHONE) as awa:
        awa.goto(f"{address}/events/profile")
        assert badge_levels(awa) == {"Event Explorer": "Level 3", "Consistent Attendee": "Level 2"}
        main = awa.locator("main")
        # attended 10 + 10 + 15, in a row 5 + 10 + 15, badges 10 + 20 + 40 and 10 + 20
        expect(awa.locator(".hero__value")).to_contain_text("165")
        expect(main).to_contain_text("Weeks in a row")
        assert awa.locator(".periods .period--active").count() == 3
        assert overflow_px(awa) == 0
        assert barriers(awa) == []
        keep(awa, "events-profile-phone")
        expect(main).not_to_contain_text("streak.bonus")
        awa.goto(f"{address}/events/history")
        expect(awa.locator("tbody tr")).to_have_count(3)
        expect(awa.locator("tbody tr").first).to_contain_text("15")
    awarded = [points for kind, points in evenings.points(_id(evenings, "awa")) if kind == "events.attended"]
    assert awarded == [10, 10, 15]
    with signed_in(chrome, address, "sika", viewport=DESK, refusals=(409, 422)) as sika:
        again_at_the_door(sika, address, clock, numbers)
        see_figures(sika, address)


def _id(evenings, name):
    return evenings.hall.sql("SELECT id FROM users WHERE email = %s", [f"{name}@example.org"])[0][0]


def again_at_the_door(page, address, clock, numbers):
    """What the door says to a ticket that was used, is for another event, or is none; and taking one back."""
    event_id, number = numbers[-1]
    page.goto(f"{address}/staff/events/{event_id}/door")
    verdict = page.locator("[data-door-verdict]")
    clock.move(timedelta(minutes=5))
    page.locator("#f-code").fill(number)
    page.locator("#f-code").press("Enter")
    expect(verdict).to_contain_text("Already in: Awa")
    expect(verdict).to_contain_text(re.compile(r"Since \d+:\d\d"))
    page.locator("#f-code").fill(numbers[0][1])
    page.locator("#f-code").press("Enter")
    expect(verdict).to_contain_text("for another event: Quiz night")
    page.locator("#f-code").fill("nonsense")
    page.locator("#f-code").press("Enter")
    expect(verdict).to_contain_text("This is no ticket of ours")
    assert overflow_px(page) == 0
    assert barriers(page) == []
    keep(page, "events-door-desk")
    page.locator("summary", has_text="Take back").first.click()
    page.locator('details[open] input[name="reason"]').fill("The wrong person was checked in.")
    page.locator("details[open]").get_by_role("button", name="Take back").click()
    expect(page.locator("main")).to_contain_text("they are registered again")
    page.locator("summary", has_text="Let in without a ticket").first.click()
    page.locator('details[open] input[name="reason"]').fill("They are known at the door.")
    page.locator("details[open]").get_by_role("button", name="Let in").click()
    expect(verdict).to_contain_text("Welcome, Awa")


def see_figures(page, address):
    page.goto(f"{address}/staff/events/figures")
    expect(page.locator("figure.chart")).to_have_count(4)
    assert overflow_px(page) == 0
    assert barriers(page) == []
    keep(page, "events-figures-desk")


def test_without_scripts_at_360_px(chrome, address, clock, evenings):
    event_id = evenings.event(walk_ins=True, hours=0.2)
    awa = _id(evenings, "awa")
    number = evenings.code(evenings.register(event_id, awa), awa, number=True)
    evenings.hall.person("kofi")
    options = {"java_script_enabled": False, "viewport": {"width": 360, "height": 740}, "refusals": (422,)}
    with signed_in(chrome, address, "sika", **options) as page:
        page.goto(f"{address}/staff/events/{event_id}/door")
        assert page.locator("[data-door-camera]").is_hidden()
        page.locator("#f-code").fill(number)
        pressing(page, "Let in")
        expect(page.get_by_role("status").first).to_contain_text("Welcome, Awa")
        page.locator("summary", has_text="Let in without a registration").click()
        page.locator("#f-member").fill("nobody@example.org")
        page.locator("details[open]").get_by_role("button", name="Let in").click()
        expect(page.locator(".field__error")).to_contain_text("no member of this address")
        page.locator("#f-member").fill("kofi@example.org")
        page.locator("details[open]").get_by_role("button", name="Let in").click()
        expect(page.get_by_role("status").first).to_contain_text("Welcome, Kofi")
        clock.move(timedelta(minutes=20))
        page.goto(f"{address}/staff/events/{event_id}/results")
        page.get_by_label("Awa", exact=True).fill("1")
        pressing(page, "Enter the places")
        expect(page.locator("main")).to_contain_text("The places are entered.")
        page.locator("#f-user_id").select_option(label="Kofi")
        page.locator("#f-title").fill("Put the chairs away")
        page.locator("#f-points").fill("15")
        page.locator("#r-award").fill("Stayed until the end")
        pressing(page, "Give the points")
        expect(page.locator("main")).to_contain_text("The points are given.")
    with signed_in(chrome, address, "awa", **options) as page:
        page.goto(f"{address}/events/profile")
        assert badge_levels(page)["Trivia Master"] == "Level 1"
        page.goto(f"{address}/events/calendar")
        pressing(page, "Make an address")
        url = page.locator(".feed-address").inner_text()
    with page_of(chrome) as stranger:
        feed = stranger.request.get(url.replace("http://127.0.0.1:8000", address))
        assert feed.text().startswith("BEGIN:VCALENDAR")


def test_two_who_met_connect_by_code(chrome, address, person, evenings):
    awa, kofi = _id(evenings, "awa"), person("kofi").id
    event_id = evenings.event()
    for each in (awa, kofi):
        evenings.attend(event_id, each, _id(evenings, "sika"))
    with signed_in(chrome, address, "kofi", viewport=PHONE) as page:
        page.goto(f"{address}/events/{event_id}/people")
        code = page.locator(".ticket__number").inner_text()
        assert overflow_px(page) == 0
        assert barriers(page) == []
    with signed_in(chrome, address, "awa", viewport=PHONE, refusals=(422,)) as page:
        page.goto(f"{address}/events/{event_id}/people")
        page.get_by_label("Their code").fill("0000-0000")
        page.get_by_role("button", name="Ask to connect").first.click()
        expect(page.locator(".field__error")).to_contain_text("Nobody at this event has this code")
        page.get_by_label("Their code").fill(code.lower())
        page.get_by_role("button", name="Ask to connect").first.click()
        expect(page.locator("main")).to_contain_text("Asked")
    with signed_in(chrome, address, "kofi", viewport=PHONE) as page:
        page.goto(f"{address}/events/connections")
        expect(page.locator("main")).to_contain_text("met at Quiz")
        pressing(page, "Agree")
        expect(page.locator("main")).to_contain_text("You are connected.")
        page.goto(f"{address}/events/profile")
        assert badge_levels(page)["Social Butterfly"] == "Level 1"
        page.goto(f"{address}/events/invite")
        expect(page.locator(".ticket__code svg")).to_be_visible()
        assert overflow_px(page) == 0
        assert barriers(page) == []
