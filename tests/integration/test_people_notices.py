"""What minors and guardians are told, by a real SMTP server and a real gateway: in their language, as they wish."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from guerdon.core.settings import Settings
from guerdon.kernel.identity.people.jobs import TASKS
from guerdon.kernel.identity.people.service import erasures, guardians, profiles
from guerdon.kernel.notifications import jobs as notifications_jobs
from guerdon.kernel.notifications.sandbox import Gateway
from support.family import ADULT, MINOR, Family
from support.http_client import Client
from support.mailbox import Mailbox
from support.post import Post

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")

NIGHT = next(task for task in TASKS if task.name == "identity.check_guardians")


class Reader:
    """Reads what arrived since it was last asked."""

    def __init__(self, box: Mailbox, gateway: Gateway, post: Post) -> None:
        self._box, self._gateway, self._post = box, gateway, post

    def mails(self) -> list[tuple[str, str]]:
        """Recipient and subject, sorted."""
        return sorted((to, mail["subject"]) for to, mail in self.whole())

    def whole(self) -> list[tuple[str, Any]]:
        """Recipient and mail."""
        self._post.work()
        found = [(to, mail) for (to,), mail in self._box.mails]
        self._box.mails.clear()
        return found

    def texts(self) -> list[tuple[str, str]]:
        """Number and SMS."""
        self._post.work()
        found = [(sms["to"], sms["text"]) for sms in self._gateway.received]
        self._gateway.received.clear()
        return found


@pytest.fixture
def reader(family: Family, mailbox: tuple[Mailbox, str], gateway: Gateway, post: Post, tmp_path: Path) -> Reader:
    """The test's outbox sends for real."""
    box, url = mailbox
    notifications_jobs.install(
        Settings(
            secret_key="s" * 40,
            data_dir=tmp_path,
            smtp_url=url,
            mail_from="no-reply@example.org",
            sms_url=gateway.url,
            sms_token="gateway token",
            community_name="Les Amis",
        )
    )
    return Reader(box, gateway, post)


def night(family: Family) -> None:
    family.do(NIGHT.run, family.clock)


class TestFamilyLetters:
    def test_asking_and_consenting_are_told_to_whom_it_concerns(
        self, family: Family, reader: Reader, calling: Callable[..., Client]
    ) -> None:
        family.member("modou", MINOR)
        family.member("fatou", ADULT)
        family.sql("UPDATE identity.profiles SET locale = 'fr-SN' WHERE full_name = 'Fatou'")
        modou, fatou = calling("modou", known=True), calling("fatou", known=True)
        body = {"guardian_email": "fatou@example.org", "relationship_type": "parent"}
        asked = modou.post("/api/v1/identity/guardianships", json=body)
        assert asked.status_code == 201
        [(to, mail)] = reader.whole()
        assert (to, mail["subject"]) == ("fatou@example.org", "Modou vous demande de répondre de sa personne")
        assert "Bonjour Fatou" in mail.get_content()
        assert "/account/family" in mail.get_content()
        assert "Les Amis" in mail.get_content()
        assert fatou.post(f"/api/v1/identity/guardianships/{asked.json()['id']}/consent").status_code == 200
        assert reader.mails() == [
            ("fatou@example.org", "Vous répondez désormais de Modou"),
            ("modou@example.org", "Fatou answers for you now"),
        ]

    @pytest.mark.parametrize(
        ("end", "told"),
        [
            ("refuse", [("modou@example.org", "Fatou does not answer for you")]),
            ("withdraw", [("fatou@example.org", "Modou no longer asks you")]),
            ("revoke", [("modou@example.org", "Fatou no longer answers for you")]),
            (
                "staff",
                [
                    ("fatou@example.org", "You no longer answer for Modou"),
                    ("modou@example.org", "Fatou no longer answers for you"),
                ],
            ),
            ("leave", [("modou@example.org", "Fatou no longer answers for you")]),
        ],
    )
    def test_each_end_is_told_to_who_did_not_bring_it_about(
        self, family: Family, reader: Reader, end: str, told: list[tuple[str, str]]
    ) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        asked = family.ask(modou, "fatou")
        if end in {"revoke", "staff", "leave"}:
            family.do(guardians.consent, family.clock, fatou, asked)
        reader.mails()
        match end:
            case "refuse":
                family.do(guardians.refuse, family.clock, fatou, asked)
            case "withdraw":
                family.do(guardians.withdraw, family.clock, modou, asked)
            case "revoke":
                family.do(guardians.revoke, family.clock, fatou, asked)
            case "staff":
                sarr = family.member("sarr", ADULT, "staff")
                family.do(guardians.end_as_staff, family.clock, asked, actor_id=sarr, reason="at the desk")
            case _:
                family.do(erasures.request, family.clock, fatou)
                family.clock.move(erasures.WAITING_TIME)
                family.do(erasures.erase_due, family.clock)
        assert [each for each in reader.mails() if "guard" not in each[1]] == told

    def test_a_refused_request_tells_nobody(self, family: Family, reader: Reader) -> None:
        modou = family.member("modou", MINOR)
        family.member("fatou", MINOR)
        with pytest.raises(Exception, match="no adult member"):
            family.ask(modou, "fatou")
        assert reader.mails() == []


class TestChannels:
    def prefer(self, family: Family, user_id: UUID, name: str, **channels: bool) -> None:
        change = family.change(name, ADULT, notification_preferences=channels)
        family.do(profiles.update, family.clock, user_id, change)

    @pytest.mark.parametrize(
        ("channels", "mails", "texts"),
        [({}, 1, 1), ({"sms": False}, 1, 0), ({"email": False}, 0, 1), ({"email": False, "sms": False}, 0, 0)],
    )
    def test_they_are_those_that_somebody_wants(
        self, family: Family, reader: Reader, channels: dict[str, bool], mails: int, texts: int
    ) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        family.sql(
            "UPDATE identity.users SET phone = '+221771234567', phone_verified_at = now(), locale = 'fr'"
            " WHERE name = 'Fatou'"
        )
        self.prefer(family, fatou, "fatou", **channels)
        family.ask(modou, "fatou")
        sent = reader.texts()
        assert len(reader.mails()) == mails
        assert len(sent) == texts
        for to, words in sent:
            assert to == "+221771234567"
            assert words.startswith("Les Amis: Modou asks you to answer for them.")
            assert len(words) <= 160

    def test_an_unproven_number_gets_nothing(self, family: Family, reader: Reader) -> None:
        modou = family.member("modou", MINOR)
        family.member("fatou", ADULT)
        family.sql("UPDATE identity.users SET phone = '+221771234567' WHERE name = 'Fatou'")
        family.ask(modou, "fatou")
        assert reader.texts() == []


class TestTheNight:
    def test_a_guardian_who_no_longer_can_is_told_of_once(self, family: Family, reader: Reader) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        family.ward(modou, "fatou", fatou)
        reader.mails()
        night(family)
        assert reader.mails() == []
        family.sql("UPDATE identity.users SET is_active = false WHERE id = %s", fatou)
        night(family)
        assert reader.mails() == [("modou@example.org", "Fatou cannot answer for you at present")]
        night(family)
        assert reader.mails() == []

    def test_a_guardian_who_turns_out_to_be_a_minor_hears_of_it(self, family: Family, reader: Reader) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        family.ward(modou, "fatou", fatou)
        reader.mails()
        family.sql("UPDATE identity.profiles SET date_of_birth = '2015-01-01' WHERE user_id = %s", fatou)
        night(family)
        assert ("fatou@example.org", "You cannot answer for Modou at present") in reader.mails()

    def test_at_18_the_bond_ends_the_profile_is_theirs_and_both_are_told(
        self, family: Family, reader: Reader, calling: Callable[..., Client]
    ) -> None:
        modou, fatou = family.member("modou", "2008-03-04"), family.member("fatou", ADULT)
        family.member("alone", "2008-03-04")
        family.member("binta", MINOR)
        family.ward(modou, "fatou", fatou)
        family.sql("UPDATE identity.users SET created_at = '2026-01-01'")
        reader.mails()
        family.clock.move(timedelta(days=2))
        night(family)
        assert reader.mails() == [
            ("alone@example.org", "You are 18 now"),
            ("fatou@example.org", "You no longer answer for Modou"),
            ("modou@example.org", "You are 18 now"),
        ]
        client = calling("modou", known=True)
        mine = client.get("/api/v1/identity/profile").json()
        assert (mine["guardian_user_id"], mine["is_minor"], mine["is_profile_public"]) == (None, False, False)
        change = {"full_name": "Modou", "locale": "en", "timezone": "UTC", "date_of_birth": "2008-03-04"}
        opened = client.put("/api/v1/identity/profile", json={**change, "allow_contact_by_sponsors": True})
        assert (opened.json()["is_profile_public"], opened.json()["allow_contact_by_sponsors"]) == (True, True)
        assert "credits:contribute" in client.get("/api/v1/identity/me").json()["permissions"]
        for days in (1, 1, 30):
            family.clock.move(timedelta(days=days))
            night(family)
        assert reader.mails() == []

    def test_who_signs_up_as_an_adult_is_not_told_how_old_they_are(self, family: Family, reader: Reader) -> None:
        family.member("modou", "2008-03-01")
        family.sql("UPDATE identity.users SET created_at = '2026-03-02'")
        night(family)
        assert reader.mails() == []


class TestTheGuardianLooks:
    def test_at_their_wards_birth_date_and_the_look_is_on_record(
        self, family: Family, calling: Callable[..., Client], browser_of: Callable[[str], Client]
    ) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        family.member("awa", ADULT)
        asked = family.ask(modou, "fatou")
        path = f"/api/v1/identity/guardianships/{asked}/ward"
        guardian, ward, stranger = (calling(name, known=True) for name in ("fatou", "modou", "awa"))
        assert guardian.get(path).status_code == 404  # not before they agreed
        family.do(guardians.consent, family.clock, fatou, asked)
        before = family.actions()
        assert (ward.get(path).status_code, stranger.get(path).status_code) == (404, 404)
        assert family.actions() == before
        seen = guardian.get(path)
        assert (seen.status_code, seen.json()["date_of_birth"]) == (200, MINOR)
        page = browser_of("fatou").get(f"/account/family/{asked}")
        assert page.status_code == 200
        assert "May 20, 2012" in page.text
        assert f"/account/family/{asked}" in browser_of("fatou").get("/account/family").text
        assert browser_of("awa").get(f"/account/family/{asked}").status_code == 404
        assert [each for each in family.actions() if each == "identity.ward_seen"] == ["identity.ward_seen"] * 2
        family.do(guardians.revoke, family.clock, fatou, asked)
        assert guardian.get(path).status_code == 404

    def test_staff_leave_a_trace_too(self, family: Family, browser_of: Callable[[str], Client]) -> None:
        modou = family.member("modou", MINOR)
        family.member("sarr", ADULT, "staff")
        sarr = browser_of("sarr")
        assert sarr.get("/staff/guardians").status_code == 200
        assert sarr.get(f"/staff/birth-dates/{modou}").status_code == 200
        assert family.actions()[-2:] == ["identity.birth_dates_seen", "identity.birth_date_seen"]


@pytest.fixture
def browser_of(whole_app: Any) -> Callable[[str], Client]:
    """Opens browsers in which somebody is signed in."""

    def open_browser(name: str) -> Client:
        client = Client(whole_app, page=True)
        answer = client.submit("/sign-in", email=f"{name}@example.org", password="seven quiet herons")
        assert answer.status_code == 303, answer.text
        return client

    return open_browser
