"""Badges and streaks on pages, in both languages, as members and staff use them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.engagement.badges.service.definitions import by_code
from guerdon.kernel.engagement.streaks.service.definitions import by_code as streak_by_code
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.permissions import Role
from guerdon.kernel.ledger.service import open_member
from support.http_client import Client
from support.people import PASSWORD
from support.walkers import WALKERS, advance, beans


class Browser(Client):
    """A signed-in browser that knows whose it is."""

    def __init__(self, app: FastAPI, person: Callable[..., Any], name: str, role: Role = Role.USER) -> None:
        super().__init__(app, page=True)
        self.user_id = person(name, role).id
        assert self.submit("/sign-in", email=f"{name}@example.org", password=PASSWORD).status_code == 303


@pytest.fixture
def club_app(whole_app: FastAPI, walkers: Database) -> FastAPI:
    whole_app.state.programs = (WALKERS,)
    return whole_app


@pytest.fixture
def member(club_app: FastAPI, walkers: Database, clock: FixedClock, person: Callable[..., Any]) -> Browser:
    browser = Browser(club_app, person, "ibis")
    with walkers.transaction() as session:
        open_member(session, browser.user_id)
        advance(session, clock.now(), browser.user_id, clock.now().date(), walks=2, steps=4_000)
    return browser


FORM = {
    "program": "walkers",
    "code": "veteran",
    "name": "Veteran",
    "description": "Came twice.",
    "kind": "total",
    "metric": "walkers:walks",
    "streak": "",
    "window": "",
    "minimum": "1",
    "icon": "trophy",
    "colour": "#336699",
    "category": "attendance",
    "type": "standard",
    "display_order": "5",
    "levels.1.threshold": "2",
    "levels.1.amount": "15",
    "levels.1.unit": "BEAN",
}


def test_a_member_sees_what_they_have_and_what_is_to_come(member: Browser, walkers: Database) -> None:
    page = member.get("/badges")
    assert page.status_code == 200
    for words in ("Walker", "Level 1", "2 of 3", "Steps in one day: 10000.", "Helper"):
        assert words in page.text, words
    assert "Secret" not in page.text
    with walkers.transaction() as session:
        badge, secret = by_code(session, "walkers", "walker"), by_code(session, "walkers", "secret")
    one = member.get(f"/badges/{badge.id}")
    assert "Get a signed credential" in one.text
    assert member.get(f"/badges/{secret.id}").status_code == 404
    answer = member.submit(f"/badges/{badge.id}/1/credential", on=f"/badges/{badge.id}", show_name="yes")
    assert answer.status_code == 303
    shown = member.get(answer.headers["location"])
    assert "This credential is valid" in shown.text
    assert "ibis" in shown.text.lower()
    assert member.get(f"/credentials/achievements/{badge.id}/1/image.svg").headers["content-type"] == "image/svg+xml"


def test_the_pages_speak_french(member: Browser) -> None:
    french = {"accept-language": "fr"}
    member.submit("/preferences/language", on="/badges", language="fr", next="/badges")
    assert "Encore à venir" in member.get("/badges", headers=french).text
    assert "Prendre une pause" in member.get("/streaks", headers=french).text


def test_staff_make_activate_award_and_revoke(
    club_app: FastAPI, member: Browser, walkers: Database, person: Callable[..., Any]
) -> None:
    admin = Browser(club_app, person, "heron", Role.ADMIN)
    wrong = admin.submit("/staff/badges/new", **{**FORM, "levels.1.threshold": "none", "colour": "blue"})
    assert wrong.status_code == 422
    assert 'id="f-levels-1-threshold-error"' in wrong.text
    assert 'id="f-colour-error"' in wrong.text
    twice = admin.submit("/staff/badges/new", **{**FORM, "code": "walker"})
    assert twice.status_code == 422
    assert "walkers.walker" in twice.text
    made = admin.submit("/staff/badges/new", **FORM)
    assert made.status_code == 303, made.text
    path = made.headers["location"]
    badge_id = path.rpartition("/")[2]
    assert "Not active" in admin.get(path).text
    assert admin.submit(f"{path}/activate", on=path).status_code == 303
    page = admin.get(path).text
    assert "Looking for members who meet it already" in page
    refused = admin.submit(f"{path}/award", on=path, user_id=str(member.user_id), level="1", reason="")
    assert refused.status_code == 422
    with walkers.transaction() as session:
        before = beans(session, member.user_id)
        address = session.scalars(select(User.email).where(User.id == member.user_id)).one()
    nobody = admin.submit(f"{path}/award", on=path, user_id="nobody@example.org", level="1", reason="Came twice.")
    assert nobody.status_code == 422
    assert "There is no member &#39;nobody@example.org&#39;" in nobody.text
    with walkers.transaction() as session:
        assert beans(session, member.user_id) == before
    assert str(member.user_id) in admin.get(f"/staff/members/{member.user_id}").text
    given = admin.submit(f"{path}/award", on=path, user_id=f" {address.upper()} ", level="1", reason="Came twice.")
    assert given.status_code == 303
    with walkers.transaction() as session:
        assert beans(session, member.user_id) == before + 15
    assert "Veteran" in member.get("/badges").text
    gone = admin.submit(f"{path}/holders/{member.user_id}/1/revoke", on=path, reason="A mistake.")
    assert gone.status_code == 303
    with walkers.transaction() as session:
        assert beans(session, member.user_id) == before
        query = text("SELECT count(*) FROM engagement.member_badges WHERE badge_id = CAST(:badge_id AS uuid)")
        assert session.scalars(query, {"badge_id": badge_id}).one() == 0
    changed = admin.submit(
        f"{path}/change", on=f"{path}/change", **{**FORM, "name": "Old hand", "reason": "A nicer name."}
    )
    assert changed.status_code == 303
    assert "Old hand" in admin.get("/staff/badges").text
    assert member.get("/staff/badges").status_code == 403


def test_a_member_pauses_and_staff_restore(
    club_app: FastAPI, member: Browser, walkers: Database, clock: FixedClock, person: Callable[..., Any]
) -> None:
    with walkers.transaction() as session:
        weekly = streak_by_code(session, "walkers", "weekly")
    assert "Weeks in a row" in member.get("/streaks").text
    path = f"/streaks/{weekly.id}/pause"
    refused = member.submit(path, on="/streaks", first="2026-02-01", last="2026-02-02")
    assert refused.status_code == 422
    day = (clock.now().date() + timedelta(days=7)).isoformat()
    assert member.submit(path, on="/streaks", first=day, last=day).status_code == 303
    assert "Pause from" in member.get("/streaks").text
    clock.move(timedelta(weeks=4))
    staff = Browser(club_app, person, "heron", Role.STAFF)
    page = f"/staff/streaks/members/{member.user_id}"
    assert staff.submit(f"{page}/{weekly.id}/restore", on=page, reason=" ").status_code == 422
    assert staff.submit(f"{page}/{weekly.id}/restore", on=page, reason="Was ill.").status_code == 303
    with walkers.transaction() as session:
        assert session.scalars(text("SELECT count(*) FROM engagement.streak_pardons")).one() == 2


def test_staff_give_time_off_and_end_it(
    club_app: FastAPI, member: Browser, walkers: Database, clock: FixedClock, person: Callable[..., Any]
) -> None:
    with walkers.transaction() as session:
        weekly = streak_by_code(session, "walkers", "weekly")
    staff = Browser(club_app, person, "heron", Role.STAFF)
    page = f"/staff/streaks/members/{member.user_id}"
    first, last = ((clock.now().date() + timedelta(weeks=weeks)).isoformat() for weeks in (1, 20))
    for wrong in ({"reason": ""}, {"reason": "Is ill.", "last": "soon"}):
        given = {"first": first, "last": last, **wrong}
        assert staff.submit(f"{page}/{weekly.id}/pause", on=page, **given).status_code == 422
    assert "Pause from" not in member.get("/streaks").text
    path = f"{page}/{weekly.id}/pause"
    assert staff.submit(path, on=page, first=first, last=last, reason="Is ill.").status_code == 303
    shown = staff.get(page).text
    assert "Is ill." in shown
    assert "Pause from" in member.get("/streaks").text
    found = re.search(rf"{page}/{weekly.id}/pauses/[^/]+/end", shown)
    assert found
    assert staff.submit(found[0], on=page).status_code == 303
    assert "Pause from" not in member.get("/streaks").text
    with walkers.transaction() as session:
        acts = session.scalars(text("SELECT action FROM admin.audit_logs WHERE action LIKE '%pause%' ORDER BY id"))
        assert list(acts) == ["engagement.streak_paused", "engagement.streak_pause_ended"]


def test_an_admin_rotates_the_key_of_credentials(club_app: FastAPI, person: Callable[..., Any]) -> None:
    admin = Browser(club_app, person, "heron", Role.ADMIN)
    path = "/staff/badges/keys"
    assert path in admin.get("/staff/badges").text
    assert "No key yet" in admin.get(path).text
    for _ in range(2):
        assert admin.submit(f"{path}/rotate", on=path).status_code == 303
    page = admin.get(path).text
    assert (page.count("/credentials/keys/"), page.count("Only verifies")) == (2, 1)
    assert Browser(club_app, person, "egret", Role.STAFF).get(path).status_code == 403


def test_an_admin_changes_the_numbers_of_a_streak(
    club_app: FastAPI, walkers: Database, person: Callable[..., Any]
) -> None:
    admin = Browser(club_app, person, "heron", Role.ADMIN)
    with walkers.transaction() as session:
        weekly = streak_by_code(session, "walkers", "weekly")
    path = f"/staff/streaks/{weekly.id}"
    numbers = {
        "freeze_every": "6",
        "freeze_max": "1",
        "pause_periods_max": "4",
        "milestones": "3, 9",
        "bonus_unit": "BEAN",
        "bonus": "1, 2, 3",
        "active": "yes",
    }
    wrong = admin.submit(path, **{**numbers, "freeze_every": "-1", "milestones": "x", "reason": "Simpler numbers."})
    assert wrong.status_code == 422
    assert 'id="f-freeze_every-error"' in wrong.text
    assert admin.submit(path, **numbers, reason="Simpler numbers.").status_code == 303
    with walkers.transaction() as session:
        now = streak_by_code(session, "walkers", "weekly")
    assert (now.rules.freeze_every, now.rules.freeze_max, now.milestones) == (6, 1, (3, 9))
    assert now.bonus is not None
    assert now.bonus.amounts_minor == (1, 2, 3)
