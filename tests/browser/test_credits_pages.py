"""Every credits page as people meet it: on a phone and a desk, in light and dark, in English and French."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from guerdon.core.clock import FixedClock
from guerdon.programs.credits.schemas import HoursIn, ItemIn, MoneyIn, PaymentMethod
from guerdon.programs.credits.service import archiving, currencies, photos, reviewing
from guerdon.web.extract import problems
from support.chromium import chromium, overflow_px, page_of, serving
from support.people import PASSWORD
from support.screens import DESK, PHONE, barriers, keep, photo, sign_in

pytestmark = pytest.mark.browser

GIVEN = (
    ("awa", "Sewing machine", "120"),
    ("moussa", "Two garden benches", "80"),
    ("fatou", "Children's books, a box of forty", "60.50"),
    ("awa", "Bicycle pump", "150"),
    ("ibou", "Football goals", "95"),
    ("fatou", "Four-person tent with all its poles", "45"),
)


@pytest.fixture(scope="module")
def chrome():
    with chromium() as started:
        yield started


@pytest.fixture
def address(whole_app, person, club):
    """A club with a past: some approved, one rejected, one withdrawn, some waiting, one with photos."""
    ids = {name: person(name).id for name in ("awa", "moussa", "fatou", "ibou")}
    ids |= {"sika": person("sika", "staff").id, "ada": person("ada", "admin").id}
    now = club.clock.now()
    for number, (name, description, value) in enumerate(GIVEN):
        given = ItemIn(description=description, estimated_value=Decimal(value), condition="good")
        made = club.submit(ids[name], given, created_at=now - timedelta(days=40 - 3 * number))
        if number < 4:
            club.approve(ids["sika"], made)
    club.do(photos.add, ids["fatou"], made, [photo()["buffer"], photo("maroon")["buffer"]])
    for number in range(4):
        hours = HoursIn.model_validate({"activity": "Homework help", "hours": 3 + number, "date": "2026-02-20"})
        club.approve(ids["sika"], club.submit(ids["awa"], hours, created_at=now - timedelta(days=20 - number)))
    paid = MoneyIn(amount=Decimal(30), currency="USD", payment_method=PaymentMethod.MOBILE_MONEY, transaction_id="TX-7")
    club.submit(ids["awa"], paid, created_at=now - timedelta(days=3))
    club.submit(ids["moussa"], hours, created_at=now - timedelta(hours=5))
    club.do(currencies.set_rate, "XOF", Decimal("0.0016"), valid_from=now, actor_id=ids["ada"])
    with serving(whole_app) as url:
        yield url


@pytest.fixture
def pages(club):
    """Who reads which page, by name."""
    contribution = "SELECT id FROM contributions WHERE value_json ->> 'description' = '{}'"
    tent = club.sql(contribution.format(GIVEN[5][1]))[0][0]
    machine = club.sql(contribution.format(GIVEN[0][1]))[0][0]
    fatou = club.sql("SELECT user_id FROM contributions WHERE id = %s", [tent])[0][0]
    paid = club.sql("SELECT id FROM contributions WHERE type = 'money'")[0][0]
    return {
        "awa": {
            "home": "/",
            "overview": "/credits",
            "new": "/credits/new",
            "item": "/credits/new/item",
            "money": "/credits/new/money",
            "hours": "/credits/new/hours",
            "history": "/credits/contributions",
            "nothing": "/credits/contributions?q=nothing+like+it",
            "approved": f"/credits/contributions/{machine}",
            "pending": f"/credits/contributions/{paid}",
            "edit": f"/credits/contributions/{paid}/edit",
            "statement": "/credits/statement",
            "leaderboard": "/credits/leaderboard",
        },
        "fatou": {"photos": f"/credits/contributions/{tent}"},
        "ada": {
            "queue": "/staff/credits",
            "decided": "/staff/credits?status=all",
            "review": f"/staff/credits/{tent}",
            "undo": f"/staff/credits/{machine}",
            "recent": "/staff/credits/recent",
            "member": f"/staff/credits/members/{fatou}",
            "exchange": "/staff/credits/exchange",
            "rates": "/staff/credits/rates",
            "archive": "/staff/credits/archive",
        },
    }


@pytest.mark.parametrize(
    ("size", "scheme", "language"), [(PHONE, "light", "fr-SN"), (PHONE, "dark", "en-GB"), (DESK, "dark", "fr-FR")]
)
def test_no_page_shuts_anybody_out(chrome, address, pages, size, scheme, language):
    faults = []
    for name, shown in pages.items():
        with page_of(chrome, viewport=size, color_scheme=scheme, locale=language) as page:
            sign_in(page, address, f"{name}@example.org", PASSWORD)
            if language.startswith("fr"):
                page.get_by_role("button", name="Français").click()
            for title, path in shown.items():
                answer = page.goto(address + path)
                assert answer.status == 200
                faults += [f"{title}: {fault}" for fault in barriers(page)]
                if overflow_px(page) > 0:
                    faults.append(f"{title}: {overflow_px(page)} px too wide")
                keep(page, f"credits-{title}-{size['width']}-{scheme}-{language[:2]}")
    assert faults == []


def test_french_is_spoken_and_amounts_are_written_its_way(chrome, address, pages):
    with page_of(chrome, viewport=DESK, locale="fr-FR") as page:
        sign_in(page, address, "awa@example.org", PASSWORD)
        page.get_by_role("button", name="Français").click()
        page.goto(f"{address}/credits")
        expect(page.locator(".hero")).to_contain_text("57,60")
        expect(page.locator(".hero")).to_contain_text("encore 43,40 crédits avant Platine")
        page.goto(address + pages["awa"]["approved"])
        expect(page.locator(".sum")).to_have_text("120 × 0,1 × 80\u00a0% = 9,60 crédits")
        expect(page.locator("main")).to_contain_text("80\u00a0% comptent")
    assert problems(["guerdon.programs.credits"], "fr") == []


def test_a_file_is_checked_then_taken_in(chrome, address, club):
    good = 'type,member_email,activity,hours,date\nvolunteer_hours,ibou@example.org,"Garden, weeding",2,2026-02-01\n'
    bad = good + "volunteer_hours,nobody@example.org,Garden,25,2026-02-01\nmoney,ibou@example.org,,,\n"
    with page_of(chrome, viewport=DESK, refusals=(422,)) as page:
        sign_in(page, address, "sika@example.org", PASSWORD)
        before = club.snapshot()
        send(page, address, bad, "Check only")
        expect(page.locator(".table--cards tbody")).to_contain_text("hours")
        expect(page.locator(".table--cards tbody tr").first).to_contain_text("3")
        send(page, address, bad, "Import the file")
        expect(page.get_by_role("alert").first).to_contain_text("Nothing was imported")
        assert club.snapshot() == before
        send(page, address, good, "Check only")
        expect(page.locator(".alert--success")).to_contain_text("1 row can be imported")
        assert club.snapshot() == before
        keep(page, "credits-import-checked")
        page.get_by_role("button", name="Import them now").click()
        expect(page.get_by_role("status")).to_contain_text("1 contribution imported")
        expect(page.locator("tbody")).to_contain_text("Garden, weeding")
        with page.expect_download() as download:
            page.goto(f"{address}/staff/credits/exchange")
            page.get_by_label("Type").select_option("volunteer_hours")
            page.get_by_role("button", name="Export").click()
        text = Path(download.value.path()).read_text()
        assert text.count("\n") == 7
        assert '"Garden, weeding"' in text


def send(page, address, text, button):
    page.goto(f"{address}/staff/credits/exchange")
    page.get_by_label("CSV file").set_input_files(
        [{"name": "given.csv", "mimeType": "text/csv", "buffer": text.encode()}]
    )
    page.locator("main").get_by_role("button", name=button, exact=True).click()


def test_administrators_set_rates_and_archive(chrome, address, club):
    with page_of(chrome, viewport=DESK, refusals=(403, 422)) as page:
        sign_in(page, address, "sika@example.org", PASSWORD)
        assert page.goto(f"{address}/staff/credits/rates").status == 403
    staff = club.sql("SELECT id FROM users WHERE email = 'sika@example.org'")[0][0]
    member = club.sql("SELECT id FROM users WHERE email = 'ibou@example.org'")[0][0]
    then = FixedClock(club.clock.now() - archiving.KEEP - timedelta(days=1))
    old = club.submit(member, created_at=then.now())
    club.do(reviewing.reject, club.clock, staff, old, reason="No room for it.")
    with page_of(chrome, viewport=DESK, refusals=(422,)) as page:
        sign_in(page, address, "ada@example.org", PASSWORD)
        page.goto(f"{address}/staff/credits/rates")
        page.get_by_label("Currency", exact=True).fill("QQQ")
        page.get_by_label("One unit is worth").fill("2")
        page.get_by_role("button", name="Set the rate").click()
        expect(page.locator(".field__error")).to_contain_text("There is no currency 'QQQ'.")
        page.get_by_label("Currency", exact=True).fill("eur")
        page.get_by_label("One unit is worth").fill("1,08")
        page.get_by_role("button", name="Set the rate").click()
        expect(page.locator("tbody tr").first).to_contain_text("1.08")
        page.goto(f"{address}/staff/credits/archive")
        expect(page.locator("main")).to_contain_text("1 rejected contribution")
        page.get_by_role("button", name="Move them to the archive").click()
        page.locator("dialog.confirm").get_by_role("button", name="Move them to the archive").click()
        expect(page.get_by_role("status")).to_contain_text("1 contribution moved to the archive.")
        expect(page.get_by_text("Nothing to archive")).to_be_visible()
    assert club.sql("SELECT id FROM contributions_archive") == [(old,)]
