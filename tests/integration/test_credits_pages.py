"""Forms of contributions as browsers without scripts send them: once more, from a page that was gone back to."""

import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from guerdon.kernel.identity.models import User
from guerdon.programs.credits.service.reading import PENDING_MAX
from support.credits import Club, hours
from support.http_client import Client
from support.people import PASSWORD

FORM = "/credits/new/hours"
FIELDS = {"activity": "Raking leaves", "hours": "2", "date": "2026-03-01"}


@pytest.fixture
def awa(whole_app: FastAPI, club: Club, person: Callable[..., User]) -> Client:
    """A member's browser."""
    del club
    person("awa")
    client = Client(whole_app, page=True)
    client.submit("/sign-in", email="awa@example.org", password=PASSWORD)
    return client


def id_on(page: str) -> str:
    """The id that a form gives to what is submitted with it."""
    found = re.search(r'name="id" value="([0-9a-f-]{36})"', page)
    assert found
    return found[1]


def test_a_form_that_is_sent_twice_submits_once(club: Club, awa: Client) -> None:
    chosen = id_on(awa.get(FORM).text)
    first = awa.submit(FORM, id=chosen, **FIELDS)
    again = awa.submit(FORM, id=chosen, **FIELDS | {"hours": "5"})
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"] == f"/credits/contributions/{chosen}"
    assert "This form was sent before" in awa.get(f"/credits/contributions/{chosen}").text
    assert club.sql("SELECT id::text, value_json ->> 'hours' FROM contributions") == [(chosen, "2")]
    # a form that was opened anew is another one, and so is one whose id nobody can read
    for other in (id_on(awa.get(FORM).text), "no id"):
        awa.submit(FORM, id=other, **FIELDS)
    assert club.sql("SELECT count(*) FROM contributions") == [(3,)]


def test_what_was_refused_keeps_its_id(awa: Client) -> None:
    chosen = str(uuid4())
    assert id_on(awa.submit(FORM, id=chosen, **FIELDS | {"hours": "-1"}).text) == chosen


def test_an_id_of_somebody_else_s_shows_and_changes_nothing(club: Club, awa: Client) -> None:
    theirs: UUID = club.submit(club.person("ibis"), hours())
    before = club.sql("SELECT * FROM contributions")
    assert awa.submit(FORM, id=str(theirs), **FIELDS).status_code == 404
    assert club.sql("SELECT * FROM contributions") == before


def test_a_queue_that_is_longer_than_anybody_counts_says_so(
    whole_app: FastAPI, club: Club, person: Callable[..., User]
) -> None:
    ibis = club.person("ibis")
    person("zoe", "staff")
    staff = Client(whole_app, page=True)
    staff.submit("/sign-in", email="zoe@example.org", password=PASSWORD)
    for number, shown in ((PENDING_MAX - 1, "999"), (1, "1,000+")):
        club.sql(
            "INSERT INTO contributions (user_id, type, value_json, calculated_credits)"
            f' SELECT \'{ibis}\', \'volunteer_hours\', \'{{"activity": "x", "hours": 1, "date": "2026-03-01"}}\', 2'
            f" FROM generate_series(1, {number}) RETURNING 1"
        )
        for path in ("/", "/staff/credits"):
            assert re.search(rf">\s*{re.escape(shown)}\s*</span>", staff.get(path).text), (path, shown)


def test_all_of_a_member_s_contributions_and_nobody_else_s_are_shown(
    whole_app: FastAPI, club: Club, person: Callable[..., User]
) -> None:
    ibis, kofi = club.person("ibis"), club.person("kofi")
    theirs = [club.submit(ibis, hours("3")), club.submit(ibis, hours("4"))]
    of_another = club.submit(kofi, hours())
    person("zoe", "staff")
    staff = Client(whole_app, page=True)
    staff.submit("/sign-in", email="zoe@example.org", password=PASSWORD)
    link = re.search(r'href="(/staff/credits\?status=all[^"]+)"', staff.get(f"/staff/credits/members/{ibis}").text)
    assert link
    shown = staff.get(link[1].replace("&amp;", "&")).text
    assert all(str(contribution) in shown for contribution in theirs)
    assert str(of_another) not in shown
    assert re.search(rf'<option value="{ibis}" selected[^>]*>\s*Ibis', shown)
    for nobody in ("no-id", ""):  # what makes no sense filters nothing
        assert str(of_another) in staff.get(f"/staff/credits?status=all&member={nobody}").text
    assert "Nothing fits" in staff.get(f"/staff/credits?status=all&member={uuid4()}").text


def test_a_member_s_own_history_is_no_window_on_others(club: Club, awa: Client) -> None:
    theirs = club.submit(club.person("ibis"), hours())
    [(ibis,)] = club.sql("SELECT id FROM identity.users WHERE email = 'ibis@example.org'")
    assert str(theirs) not in awa.get(f"/credits/contributions?member={ibis}").text


def test_a_character_that_cannot_be_seen_in_the_number_of_a_payment_is_named(club: Club, awa: Client) -> None:
    money = {"amount": "5", "currency": "USD", "payment_method": "cash", "transaction_id": "TX\u200b-7"}
    refused = awa.submit("/credits/new/money", **money)
    assert refused.status_code == 422
    assert "Character 3 is U+200B ZERO WIDTH SPACE, which cannot be seen" in refused.text
    assert club.sql("SELECT count(*) FROM contributions") == [(0,)]
