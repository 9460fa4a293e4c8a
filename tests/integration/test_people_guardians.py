"""Minors and guardians: consent in the guardian's own session, no chains, no loops, and what the night finds."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg import errors as pg

from guerdon.core.errors import GuerdonError
from guerdon.kernel.identity.people.errors import (
    BirthDateNeededError,
    GuardianPresentError,
    GuardianshipLoopError,
    GuardianshipStateError,
    GuardianUnsuitableError,
    NotAMinorError,
    RelationshipUnknownError,
)
from guerdon.kernel.identity.people.fields import came_of_age_on
from guerdon.kernel.identity.people.service import guardians, profiles
from support.credits import ITEM
from support.family import ADULT, MINOR, Family
from support.http_client import Client
from support.people import PASSWORD


def guardian_of(family: Family, minor: Any) -> Any:
    return family.sql("SELECT guardian_user_id, relationship_type FROM identity.profiles WHERE user_id = %s", minor)[0]


class TestAsking:
    def test_consent_shows_on_the_profile_and_its_end_too(self, family: Family) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        asked = family.ask(modou, "fatou")
        assert guardian_of(family, modou) == (None, None)
        family.do(guardians.consent, family.clock, fatou, asked)
        assert guardian_of(family, modou) == (fatou, "parent")
        family.do(guardians.revoke, family.clock, fatou, asked, reason="moved away")
        assert guardian_of(family, modou) == (None, None)
        assert family.actions()[-3:] == [
            "identity.guardianship_requested",
            "identity.guardianship_consented",
            "identity.guardianship_revoked",
        ]

    @pytest.mark.parametrize(
        ("guardian", "relationship", "error"),
        [
            ("nobody", "parent", GuardianUnsuitableError),
            ("modou", "parent", GuardianUnsuitableError),  # oneself
            ("binta", "parent", GuardianUnsuitableError),  # a minor
            ("ageless", "parent", GuardianUnsuitableError),  # no birth date
            ("gone", "parent", GuardianUnsuitableError),  # suspended
            ("fatou", "friend", RelationshipUnknownError),
        ],
    )
    def test_whom_one_cannot_ask(
        self, family: Family, guardian: str, relationship: str, error: type[GuerdonError]
    ) -> None:
        modou = family.member("modou", MINOR)
        family.member("fatou", ADULT)
        family.member("binta", MINOR)
        family.member("ageless")
        gone = family.member("gone", ADULT)
        family.sql("UPDATE identity.users SET is_active = false WHERE id = %s", gone)
        before = family.rows()
        with pytest.raises(error):
            family.ask(modou, guardian, relationship)
        assert family.rows() == before

    def test_only_a_minor_of_known_age_asks_and_one_adult_at_a_time(self, family: Family) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        ageless = family.member("ageless")
        family.member("awa", ADULT)
        with pytest.raises(NotAMinorError):
            family.ask(fatou, "awa")
        with pytest.raises(BirthDateNeededError):
            family.ask(ageless, "awa")
        asked = family.ask(modou, "fatou")
        with pytest.raises(GuardianPresentError):
            family.ask(modou, "awa")
        family.do(guardians.withdraw, family.clock, modou, asked)
        family.ask(modou, "awa")

    def test_an_answer_counts_once_and_only_from_whom_was_asked(self, family: Family) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        awa = family.member("awa", ADULT)
        asked = family.ask(modou, "fatou")
        before = family.rows()
        for stranger in (modou, awa):
            with pytest.raises(GuerdonError) as refused:
                family.do(guardians.consent, family.clock, stranger, asked)
            assert refused.value.status == 404
        assert family.rows() == before
        family.do(guardians.refuse, family.clock, fatou, asked)
        before = family.rows()
        with pytest.raises(GuardianshipStateError):
            family.do(guardians.consent, family.clock, fatou, asked)
        assert family.rows() == before

    def test_a_guardian_has_none_and_a_ward_is_none(self, family: Family) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        binta = family.member("binta", MINOR)
        family.ward(modou, "fatou", fatou)
        # An adult by mistake, corrected by staff afterwards: the database still lets no chain come about.
        family.sql("UPDATE identity.profiles SET date_of_birth = '1990-01-01' WHERE user_id = %s", modou)
        before = family.rows()
        with pytest.raises(GuardianshipLoopError):
            family.ask(binta, "modou")
        with pytest.raises(pg.CheckViolation):
            family.sql(
                "INSERT INTO identity.guardianships (minor_id, guardian_id, relationship_type)"
                " VALUES (%s, %s, 'parent')",
                fatou,
                modou,
            )
        assert family.rows() == before

    def test_a_guardian_cannot_become_a_minor(self, family: Family) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        family.ward(modou, "fatou", fatou)
        with pytest.raises(GuerdonError):
            family.do(profiles.update, family.clock, fatou, family.change("fatou", "2011-01-01"))


class TestOnPages:
    @pytest.mark.parametrize(
        ("guardian", "relationship", "field"),
        [
            ("nobody", "parent", "guardian_email"),
            ("modou", "parent", "guardian_email"),  # oneself
            ("binta", "sibling", "guardian_email"),  # a brother or sister, and a minor
            ("ageless", "parent", "guardian_email"),
            ("gone", "parent", "guardian_email"),
            ("fatou", "friend", "relationship_type"),
        ],
    )
    def test_the_field_at_fault_is_named_there_and_over_http(
        self,
        family: Family,
        whole_app: Any,
        calling: Callable[..., Client],
        guardian: str,
        relationship: str,
        field: str,
    ) -> None:
        family.member("modou", MINOR)
        for name, born in (("fatou", ADULT), ("binta", MINOR), ("ageless", None), ("gone", ADULT)):
            family.member(name, born)
        family.sql("UPDATE identity.users SET is_active = false WHERE name = 'Gone'")
        page = Client(whole_app, page=True)
        page.submit("/sign-in", email="modou@example.org", password=PASSWORD)
        modou, before = calling("modou", known=True), family.rows()
        form = {"guardian_email": f"{guardian}@example.org", "relationship_type": relationship}
        shown = page.submit("/account/family", **form)
        assert shown.status_code == 422
        assert f'id="f-{field}-error"' in shown.text
        answer = modou.post("/api/v1/identity/guardianships", json=form)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert family.rows() == before

    def test_an_adult_sibling_may_answer(self, family: Family) -> None:
        modou, awa = family.member("modou", MINOR), family.member("awa", ADULT)
        asked = family.ask(modou, "awa", "sibling")
        family.do(guardians.consent, family.clock, awa, asked)
        assert guardian_of(family, modou) == (awa, "sibling")

    def test_two_minors_cannot_answer_for_each_other_nor_a_ward_for_anybody(self, family: Family) -> None:
        modou, binta, fatou = (family.member(name, MINOR) for name in ("modou", "binta", "fatou"))
        for asker, asked in ((modou, "binta"), (binta, "modou")):
            with pytest.raises(GuardianUnsuitableError):
                family.ask(asker, asked)
        # Even where staff took a ward for an adult by mistake, nobody comes to stand between.
        awa = family.member("awa", ADULT)
        family.ward(modou, "awa", awa)
        family.sql("UPDATE identity.profiles SET date_of_birth = '1990-01-01' WHERE user_id = %s", modou)
        before = family.rows()
        with pytest.raises(GuardianshipLoopError):
            family.ask(fatou, "modou")
        family.sql("UPDATE identity.profiles SET date_of_birth = '2012-01-01' WHERE user_id = %s", awa)
        with pytest.raises(GuardianshipLoopError):
            family.ask(awa, "modou")
        family.sql("UPDATE identity.profiles SET date_of_birth = %s WHERE user_id = %s", ADULT, awa)
        assert family.rows().keys() == before.keys()
        assert family.rows()["identity.guardianships"] == before["identity.guardianships"]


class TestTheNight:
    def check(self, family: Family) -> dict[str, int]:
        found: dict[str, int] = family.do(guardians.check_all, family.clock)
        return found

    def test_who_comes_of_age_answers_for_themselves(self, family: Family) -> None:
        modou, fatou = family.member("modou", "2008-03-04"), family.member("fatou", ADULT)
        family.ward(modou, "fatou", fatou)
        family.clock.move(timedelta(days=1))
        assert self.check(family)["came_of_age"] == 0
        family.clock.move(timedelta(days=1))
        assert self.check(family)["came_of_age"] == 1
        assert guardian_of(family, modou) == (None, None)
        assert family.sql("SELECT status, reason FROM identity.guardianships") == [("ended", "came of age")]
        assert family.sql("SELECT is_profile_public FROM identity.profiles WHERE user_id = %s", modou) == [(False,)]
        assert self.check(family)["came_of_age"] == 0

    def test_a_day_begins_in_the_minors_own_zone(self, family: Family) -> None:
        modou, fatou = family.member("modou", "2008-03-03"), family.member("fatou", ADULT)
        family.ward(modou, "fatou", fatou)
        family.clock.move(timedelta(hours=13))  # 22:00 UTC on the 2nd
        assert self.check(family)["came_of_age"] == 0
        family.sql("UPDATE identity.users SET time_zone = 'Asia/Tokyo' WHERE id = %s", modou)
        assert self.check(family)["came_of_age"] == 1

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ("UPDATE identity.users SET is_active = false WHERE id = %s", "guardian_unsuitable"),
            ("UPDATE identity.users SET deleted_at = now() WHERE id = %s", "guardian_unsuitable"),
            ("UPDATE identity.profiles SET date_of_birth = '2015-01-01' WHERE user_id = %s", "guardian_unsuitable"),
        ],
    )
    def test_a_guardian_who_no_longer_can_is_shown_to_staff(
        self, family: Family, calling: Callable[..., Client], change: str, fault: str
    ) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        guardianship = family.ward(modou, "fatou", fatou)
        assert sum(self.check(family).values()) == 0
        family.sql(change, fatou)
        assert self.check(family)[fault] == 1
        staff = calling("sarr", "staff")
        seen = staff.get("/api/v1/identity/guardian-review").json()
        assert [(each["minor_name"], each["fault"]) for each in seen["at_fault"]] == [("Modou", fault)]
        assert self.check(family)[fault] == 1
        assert family.actions().count("identity.guardianship_at_fault") == 1
        path = f"/api/v1/identity/guardian-review/{guardianship}/end"
        assert staff.post(path, json={"reason": "another is found"}).status_code == 204
        after = staff.get("/api/v1/identity/guardian-review").json()
        assert after["at_fault"] == []
        assert "Modou" in [each["name"] for each in after["without_guardian"]]


class TestOverHttp:
    def test_the_whole_way(self, family: Family, calling: Callable[..., Client]) -> None:
        family.member("modou", MINOR)
        family.member("fatou", ADULT)
        modou, fatou, badu = calling("modou", known=True), calling("fatou", known=True), calling("badu")
        body = {"guardian_email": "FATOU@example.org", "relationship_type": "parent"}
        asked = modou.post("/api/v1/identity/guardianships", json=body)
        assert asked.status_code == 201, asked.text
        path = f"/api/v1/identity/guardianships/{asked.json()['id']}"
        for stranger in (badu, modou):
            assert stranger.post(f"{path}/consent").status_code == 404
        assert badu.get("/api/v1/identity/guardianships").json() == []
        agreed = fatou.post(f"{path}/consent")
        assert (agreed.status_code, agreed.json()["status"]) == (200, "consented")
        assert modou.post(f"{path}/withdraw").status_code == 409
        assert modou.get("/api/v1/identity/profile").json()["relationship_type"] == "parent"
        assert fatou.post(f"{path}/revoke", json={"reason": "no longer"}).json()["status"] == "revoked"

    def test_asking_is_limited(self, family: Family, calling: Callable[..., Client]) -> None:
        family.member("modou", MINOR)
        modou = calling("modou", known=True)
        body = {"guardian_email": "guess@example.org", "relationship_type": "parent"}
        answers = [modou.post("/api/v1/identity/guardianships", json=body).status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]


class TestAlone:
    def test_a_minor_for_whom_nobody_answers_takes_no_part(
        self, family: Family, calling: Callable[..., Client]
    ) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        client = calling("modou", known=True)
        before = family.sql("SELECT count(*) FROM credits.contributions")
        assert client.get("/api/v1/identity/me").json()["permissions"] == []
        refused = client.post("/api/v1/credits/contributions", json=ITEM)
        assert refused.status_code == 403
        assert (refused.json()["code"], refused.json()["field"]) == ("guardian-needed", "guardian_user_id")
        assert family.sql("SELECT count(*) FROM credits.contributions") == before
        assert client.get("/api/v1/identity/profile").status_code == 200
        family.ward(modou, "fatou", fatou)
        assert client.post("/api/v1/credits/contributions", json=ITEM).status_code == 201

    def test_from_the_18th_birthday_on_they_answer_for_themselves(
        self, family: Family, calling: Callable[..., Client]
    ) -> None:
        family.member("modou", "2008-03-03")
        assert calling("modou", known=True).get("/api/v1/identity/me").json()["permissions"] == []
        family.clock.move(timedelta(days=1))
        assert "credits:contribute" in calling("modou", known=True).get("/api/v1/identity/me").json()["permissions"]


def test_python_and_sql_agree_on_when_somebody_is_an_adult(family: Family) -> None:
    days = [date(1999, 12, 27) + timedelta(days=number) for number in range(0, 3000, 3)]
    days += [date(2004, 2, 29), date(2008, 2, 29), date(2000, 2, 29)]
    rows = family.sql("SELECT day, identity.came_of_age_on(day) FROM unnest(%s::date[]) AS day", days)
    assert all(came_of_age_on(born) == adult for born, adult in rows)
    assert len(rows) == len(days)
