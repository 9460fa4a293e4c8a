"""The whole way in a real browser: members give, staff decide, the ledger moves, and everybody sees it."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from support.chromium import chromium, page_of, serving
from support.people import PASSWORD
from support.screens import DESK, GPS_IFD, PHONE, keep, photo, signed_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chrome():
    with chromium() as started:
        yield started


@pytest.fixture
def address(whole_app, person):
    person("sika", "staff")
    with serving(whole_app) as url:
        yield url


def pressing(page, name):
    """Press a button of the content, and yes where it asks."""
    page.locator("main").get_by_role("button", name=name, exact=True).first.click()


def confirming(page, name):
    pressing(page, name)
    page.locator("dialog.confirm").get_by_role("button", name=name, exact=True).click()


def give_item(page, address, description, value, *photos):
    page.goto(f"{address}/credits/new")
    page.get_by_role("link", name="An item").click()
    page.get_by_label("What is it?").fill(description)
    page.get_by_label("Estimated value").fill(value)
    page.get_by_label("Good").check()
    if photos:
        page.get_by_label("Photos").set_input_files(list(photos))
        expect(page.locator(".preview canvas")).to_have_count(len(photos))
    page.get_by_role("button", name="Submit").click()


def give_money(page, address, amount, transaction):
    page.goto(f"{address}/credits/new/money")
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("Payment method").select_option("mobile_money")
    page.get_by_label("Transaction number").fill(transaction)
    page.get_by_role("button", name="Submit").click()


def give_hours(page, address, activity, hours):
    page.goto(f"{address}/credits/new/hours")
    page.get_by_label("What did you do?").fill(activity)
    page.get_by_label("Hours", exact=True).fill(hours)
    page.get_by_role("button", name="Submit").click()


def balance(page, address):
    page.goto(f"{address}/credits")
    return page.locator(".hero__value").inner_text().split()[0]


def test_from_a_new_account_to_credits_and_back(chrome, address, club, post):
    with page_of(chrome, viewport=PHONE, refusals=(409, 422)) as awa:
        sign_up(awa, address, post)
        assert balance(awa, address) == "0.00"
        expect(awa.get_by_text("Nothing given yet")).to_be_visible()
        keep(awa, "credits-empty-phone")
        submit_everything(awa, address)
        with signed_in(chrome, address, "sika", viewport=DESK, refusals=(422,)) as sika:
            review_everything(sika, address)
        see_what_came_of_it(awa, address)
        with signed_in(chrome, address, "sika", viewport=DESK) as sika:
            undo(sika, address)
        see_it_undone(awa, address)
    assert club.faults() == []


def sign_up(page, address, post):
    page.goto(f"{address}/sign-up")
    page.get_by_label("Name").fill("Awa Ndiaye")
    page.get_by_label("E-mail").fill("awa@example.org")
    page.locator("#f-password").fill(PASSWORD)
    page.locator("#f-password").press("Enter")
    page.wait_for_url("**/sign-up/sent")
    page.goto(f"{address}/sign-up/confirm?token={post.token('identity.sign_up')}")
    page.locator("#f-password").fill(PASSWORD)
    page.locator("#f-password").press("Enter")
    page.wait_for_url(lambda url: "/sign-up" not in url)
    if "/sign-in" in page.url:
        page.locator("#f-email").fill("awa@example.org")
        page.locator("#f-password").fill(PASSWORD)
        page.locator("#f-password").press("Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)


def submit_everything(page, address):
    give_item(page, address, "Four-person tent", "0", photo())
    expect(page.locator("[data-error-summary]")).to_contain_text("Estimated value")
    expect(page.get_by_label("What is it?")).to_have_value("Four-person tent")
    page.get_by_label("Estimated value").fill("120")
    page.get_by_label("Photos").set_input_files([photo(), photo("maroon", "poles.jpg")])
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("status")).to_contain_text("worth 9.60 credits")
    expect(page.locator(".photo img")).to_have_count(2)
    expect(page.locator(".sum")).to_have_text(re.compile(r"120 × 0\.1 × 80% = 9\.60 credits"))
    kept = page.request.get(address + page.locator(".photo img").first.get_attribute("src"))
    with Image.open(io.BytesIO(kept.body())) as stored:
        assert (stored.format, dict(stored.getexif().get_ifd(GPS_IFD))) == ("WEBP", {})
    confirming(page, "Remove Photo 2 of 2")
    expect(page.locator(".photo img")).to_have_count(1)
    keep(page, "credits-item-phone")

    give_money(page, address, "30", "TX-1")
    expect(page.get_by_role("status")).to_contain_text("worth 6.00 credits")
    give_money(page, address, "30", "tx-1")
    expect(page.locator(".field__error")).to_contain_text("has been submitted before")
    give_hours(page, address, "Homework help", "2,5")
    expect(page.get_by_role("status")).to_contain_text("worth 5.00 credits")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Hours", exact=True).fill("3")
    page.get_by_role("button", name="Save the changes").click()
    expect(page.get_by_role("status")).to_contain_text("worth 6.00 credits now")
    expect(page.locator(".timeline")).to_contain_text("Changed; now worth 6.00 credits")
    for activity in ("Beach clean-up", "Reading to children", "A mistake"):
        give_hours(page, address, activity, "1")
    confirming(page, "Withdraw")
    expect(page.locator(".alert").filter(has_text="You withdrew this")).to_be_visible()
    page.goto(f"{address}/credits/contributions?status=pending")
    expect(page.locator("tbody tr")).to_have_count(5)
    page.goto(f"{address}/credits/contributions?q=beach&type=volunteer_hours")
    expect(page.locator("tbody tr")).to_have_count(1)


def review_everything(page, address):
    page.goto(address)
    page.get_by_role("link", name="Contributions to review").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.locator("tbody tr").first).to_contain_text("Four-person tent")
    keep(page, "credits-queue-desk")
    page.get_by_label("Member or words").fill("tent")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Four-person tent").click()
    expect(page.locator(".photos--large img")).to_have_count(1)
    keep(page, "credits-review-desk")
    page.get_by_text("Credit another amount").click()
    page.get_by_label("Credits", exact=False).first.fill("8")
    pressing(page, "Approve")
    expect(page.locator(".field__error")).to_contain_text("A reason is required")
    page.locator("#approve-reason").fill("One pole is bent.")
    pressing(page, "Approve")
    expect(page.get_by_role("status")).to_contain_text("8.00 credits")

    page.get_by_role("link", name="Next in the queue").click()
    expect(page.locator("h1")).to_contain_text("30")
    page.get_by_label("Reason for rejecting").fill("Nobody could confirm it.")
    pressing(page, "Reject")
    expect(page.get_by_role("status")).to_contain_text("Rejected")

    page.goto(f"{address}/staff/credits")
    page.locator("[data-check-all]").check()
    confirming(page, "Approve")
    expect(page.get_by_role("status")).to_contain_text("3 contributions approved.")
    expect(page.get_by_text("Nothing waits for review")).to_be_visible()
    page.get_by_role("link", name="Recently approved").click()
    expect(page.locator("tbody tr")).to_have_count(4)


def see_what_came_of_it(page, address):
    page.goto(address)
    expect(page.locator(".tile").filter(has_text="Credits")).to_contain_text("18.00")
    assert balance(page, address) == "18.00"
    expect(page.locator(".hero")).to_contain_text("3.00 credits to Silver")
    keep(page, "credits-overview-phone")
    page.get_by_role("link", name="Statement").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    assert page.request.get(f"{address}/credits/statement.csv").text().count("\n") == 5
    page.get_by_role("link", name="Leaderboard").click()
    expect(page.locator("tbody tr")).to_contain_text("You")
    page.goto(f"{address}/credits/contributions?q=tent")
    page.get_by_role("link", name="Four-person tent").click()
    expect(page.locator("main")).to_contain_text("Staff set it to 8.00 credits instead of 9.60")
    expect(page.locator("main")).to_contain_text("One pole is bent.")
    page.goto(f"{address}/credits/contributions?status=rejected&type=money")
    page.locator("tbody a").first.click()
    expect(page.locator(".alert--danger")).to_contain_text("Nobody could confirm it.")


def undo(page, address):
    page.goto(f"{address}/staff/credits/recent")
    page.get_by_role("link", name="Homework help").click()
    page.locator("summary", has_text="Correct the amount").click()
    page.locator("#change-credits").fill("7,50")
    page.locator("#change-reason").fill("It was longer.")
    pressing(page, "Correct")
    expect(page.get_by_role("status")).to_contain_text("7.50 credits now")
    page.locator("summary", has_text="Undo the approval").click()
    page.locator("#reopen-reason").fill("Approved by mistake.")
    pressing(page, "Undo")
    expect(page.get_by_role("status")).to_contain_text("Reopened")
    expect(page.locator(".timeline")).to_contain_text("Credits changed from 6.00 credits to 7.50 credits")


def see_it_undone(page, address):
    assert balance(page, address) == "12.00"
    page.goto(f"{address}/credits/statement")
    expect(page.locator("tbody tr").first).to_contain_text("Approval undone")
    expect(page.locator("tbody tr").first).to_contain_text("12.00")
    keep(page, "credits-statement-phone")
    page.goto(f"{address}/credits/contributions?q=homework")
    page.get_by_role("link", name="Homework help").click()
    expect(page.locator(".timeline")).to_contain_text("Approved by mistake.")
    expect(page.locator(".alert--info")).to_contain_text("Waiting for review")


def test_without_scripts_from_giving_to_a_decision_on_many(chrome, address, club, person):
    person("awa")
    with signed_in(chrome, address, "awa", java_script_enabled=False, viewport=PHONE) as page:
        page.goto(f"{address}/credits/new/item")
        page.get_by_label("What is it?").fill("Sewing machine")
        page.get_by_label("Estimated value").fill("1 150,50")
        page.get_by_label("Photos").set_input_files([photo()])
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_role("status")).to_contain_text("worth 115.05 credits")
        give_hours(page, address, "Garden", "1")
        give_hours(page, address, "Kitchen", "1")
        pressing(page, "Withdraw")
        pressing(page, "Submit again")
        expect(page.get_by_role("status")).to_contain_text("Submitted again.")
    with signed_in(chrome, address, "sika", java_script_enabled=False, viewport=DESK, refusals=(422,)) as page:
        page.goto(f"{address}/staff/credits")
        pressing(page, "Approve")
        expect(page.get_by_role("status")).to_contain_text("Nothing was decided")
        boxes = page.locator('input[name="ids"]')
        for place in range(2):
            boxes.nth(place).check()
        # meanwhile the member changes one of the two
        contribution = club.sql("SELECT id FROM contributions WHERE value_json ->> 'activity' = 'Garden'")[0][0]
        club.sql("UPDATE contributions SET value_json = value_json || '{\"hours\": 2}' WHERE id = %s", [contribution])
        pressing(page, "Approve")
        rows = page.locator("tbody tr")
        expect(rows.nth(0)).to_contain_text("Garden")
        expect(rows.nth(0)).to_contain_text("has changed since you looked at it")
        expect(rows.nth(1)).to_contain_text("Approved")
        assert club.row(contribution).status == "pending"
        page.get_by_role("link", name="Back to the queue").click()
        page.locator('input[name="ids"]').first.check()
        page.locator("summary", has_text="Reject").click()
        pressing(page, "Reject")
        expect(page.locator(".field__error")).to_contain_text("A reason is required")
    assert club.faults() == []


def test_with_the_keyboard_alone(chrome, address, club, person):
    person("awa")
    with signed_in(chrome, address, "awa", viewport=DESK) as page:
        page.goto(f"{address}/credits/new")
        tab_to(page, "a", "Volunteer hours")
        page.keyboard.press("Enter")
        page.wait_for_url("**/new/hours")
        tab_to(page, "input", "activity")
        page.keyboard.type("Homework help")
        page.keyboard.press("Tab")
        page.keyboard.type("2")
        page.keyboard.press("Enter")
        page.wait_for_url("**/credits/contributions/*")
        expect(page.get_by_role("status")).to_contain_text("worth 4.00 credits")
    with signed_in(chrome, address, "sika", viewport=DESK) as page:
        page.goto(f"{address}/staff/credits")
        tab_to(page, "input", "ids")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Nothing was decided")
        tab_to(page, "input", "ids")
        page.keyboard.press("Space")
        tab_to(page, "button", "Approve")
        page.keyboard.press("Enter")
        expect(page.locator("dialog.confirm")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("1 contribution approved.")
    assert club.balance(club.sql("SELECT user_id FROM contributions")[0][0]) == 4


def tab_to(page, tag, word):
    """Press Tab until something is reached, by its name or text; everything on the way shows where the focus is."""
    for _ in range(90):
        page.keyboard.press("Tab")
        where = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
                return [e.tagName.toLowerCase(), `${e.name || ""} ${e.textContent}`, s.outlineStyle !== "none"]; }"""
        )
        assert where[2], f"the focus cannot be seen on {where[:2]}"
        if where[0] == tag and word in where[1]:
            return
    raise AssertionError(f"Tab never reached {tag} {word}")


def test_somebody_decides_on_what_has_changed_and_on_their_own(chrome, address, club, person):
    person("awa")
    with signed_in(chrome, address, "sika", viewport=DESK, refusals=(409,)) as sika:
        give_hours(sika, address, "My own", "1")
        with signed_in(chrome, address, "awa") as awa:
            give_hours(awa, address, "Garden", "1")
            changing = awa.url
            sika.goto(f"{address}/staff/credits?q=awa")
            sika.get_by_role("link", name="Garden").click()
            awa.goto(f"{changing}/edit")
            awa.get_by_label("Hours", exact=True).fill("8")
            awa.get_by_role("button", name="Save the changes").click()
        before = club.snapshot()
        with sika.expect_response(lambda answer: answer.status == 409):
            pressing(sika, "Approve")
        expect(sika.get_by_role("alert")).to_contain_text("has changed since you looked at it")
        expect(sika.locator("main")).to_contain_text("8 hours")
        assert club.snapshot() == before
        pressing(sika, "Approve")
        expect(sika.get_by_role("status")).to_contain_text("16.00 credits")
        sika.goto(f"{address}/staff/credits")
        sika.get_by_role("link", name="My own").click()
        expect(sika.locator("main")).to_contain_text("This one is yours")
        assert sika.get_by_role("button", name="Approve").count() == 0
