"""Profiles, pictures and addresses: what is kept, who sees it, what is refused without a trace."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg
from starlette.requests import Request

from guerdon.core.errors import FieldErrors
from guerdon.kernel.identity.people.errors import BirthDateFixedError
from guerdon.kernel.identity.people.fields import REGIONS, SENEGAL
from guerdon.kernel.identity.people.service import profiles
from guerdon.web.i18n import negotiate_region
from support.family import ADULT, MINOR, Family, picture
from support.http_client import Client
from support.people import make_app

Api = Callable[..., Client]
HOME = {"street_address": "12 rue Carnot", "city": "Dakar", "region": "dakar"}
PROFILE = {"full_name": "Awa Diop", "locale": "fr-SN", "timezone": "Africa/Dakar"}


class TestOneTruth:
    def test_an_account_and_its_profile_say_the_same(self, family: Family) -> None:
        awa = family.member("awa")
        family.do(profiles.update, family.clock, awa, family.change("aminata", timezone="Africa/Dakar", locale="fr-SN"))
        found = family.sql("SELECT name, locale, time_zone FROM identity.users WHERE id = %s", awa)
        assert found == [("Aminata", "fr-SN", "Africa/Dakar")]
        family.sql("UPDATE identity.users SET name = 'Awa D' WHERE id = %s", awa)
        assert family.sql("SELECT full_name FROM identity.profiles WHERE user_id = %s", awa) == [("Awa D",)]
        family.sql("UPDATE identity.profiles SET full_name = 'Awa S' WHERE user_id = %s", awa)
        assert family.sql("SELECT name FROM identity.users WHERE id = %s", awa) == [("Awa S",)]


class TestProfileApi:
    def test_it_is_read_and_changed(self, calling: Api) -> None:
        awa = calling("awa")
        before = awa.get("/api/v1/identity/profile").json()
        assert before["full_name"] == "Awa"
        assert before["notification_preferences"] == {"email": True, "sms": True, "whatsapp": True}
        body = {**PROFILE, "date_of_birth": ADULT, "bio": "Mangroves.", "notification_preferences": {"sms": False}}
        after = awa.put("/api/v1/identity/profile", json=body)
        assert after.status_code == 200, after.text
        assert after.json()["notification_preferences"] == {"email": True, "sms": False, "whatsapp": True}
        assert after.json()["is_minor"] is False
        assert awa.get("/api/v1/identity/me").json()["locale"] == "fr-SN"

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("date_of_birth", "2999-01-01", "birth-date-invalid"),
            ("date_of_birth", "2026-03-02", "birth-date-invalid"),
            ("date_of_birth", "1880-01-01", "birth-date-invalid"),
            ("locale", "tlh", "locale-unknown"),
            ("timezone", "Mars/Olympus", "time-zone-unknown"),
            ("full_name", " ", "name-invalid"),
            ("bio", "x" * 2001, "bio-too-long"),
            ("notification_preferences", {"telegraph": True}, "channel-unknown"),
        ],
    )
    def test_a_field_at_fault_is_named_and_nothing_changes(
        self, family: Family, calling: Api, field: str, value: Any, code: str
    ) -> None:
        awa = calling("awa")
        before = family.rows()
        answer = awa.put("/api/v1/identity/profile", json={**PROFILE, field: value})
        assert answer.status_code == 422
        assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)]
        assert family.rows() == before

    def test_a_minor_becomes_private_and_cannot_make_themselves_adult(self, family: Family) -> None:
        modou = family.member("modou")
        profile = family.do(profiles.update, family.clock, modou, family.change("modou", MINOR))
        assert profile.is_profile_public is False
        assert profile.allow_contact_by_sponsors is False
        before = family.rows()
        for born in (ADULT, None):
            with pytest.raises(FieldErrors) as refused:
                family.do(profiles.update, family.clock, modou, family.change("modou", born))
            assert isinstance(refused.value.errors[0], BirthDateFixedError)
        assert family.rows() == before
        opened = family.do(profiles.update, family.clock, modou, family.change("modou", MINOR))
        assert opened.is_profile_public is True  # their own choice, once their age is known

    def test_staff_correct_a_birth_date_and_it_is_on_record(self, family: Family, calling: Api) -> None:
        modou = family.member("modou", MINOR)
        path, body = f"/api/v1/identity/members/{modou}/birth-date", {"date_of_birth": ADULT, "reason": "seen"}
        assert calling("badu").put(path, json=body).status_code == 403
        answer = calling("sarr", "staff").put(path, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["is_minor"] is False
        (old, new, reason), *_ = family.sql(
            "SELECT old_values ->> 'date_of_birth', new_values ->> 'date_of_birth', reason FROM admin.audit_logs"
            " WHERE action = 'identity.birth_date_corrected'"
        )
        assert (old, new, reason) == (MINOR, ADULT, "seen")


class TestTheTable:
    @pytest.mark.parametrize(
        "change",
        [
            "date_of_birth = '2999-01-01'",
            "date_of_birth = '1800-01-01'",
            "date_of_birth = '2012-01-01', guardian_user_id = user_id, relationship_type = 'parent'",
            "relationship_type = 'parent'",
            "id_country = 'Senegal'",
        ],
    )
    def test_refuses_what_no_program_should_write(self, family: Family, change: str) -> None:
        family.member("awa")
        with pytest.raises((pg.CheckViolation, pg.StringDataRightTruncation)):
            family.sql(f"UPDATE identity.profiles SET {change}")

    def test_names_its_constraint_as_the_seed_does(self, family: Family) -> None:
        family.member("awa")
        with pytest.raises(pg.CheckViolation) as refused:
            family.sql("UPDATE identity.profiles SET relationship_type = 'parent'")
        assert refused.value.diag.constraint_name == "check_minor_has_guardian"


class TestPicture:
    def put(self, client: Client, content: bytes) -> Any:
        return client.put("/api/v1/identity/profile/avatar", files={"avatar": ("me.jpg", content, "image/jpeg")})

    def test_it_is_encoded_anew_and_seen_by_whom_the_profile_says(self, family: Family, calling: Api) -> None:
        awa, badu = calling("awa"), calling("badu")
        answer = self.put(awa, picture(size=(900, 600)))
        assert answer.status_code == 200, answer.text
        address = answer.json()["avatar_url"]
        seen = badu.get(address)
        assert (seen.status_code, seen.headers["content-type"]) == (200, "image/webp")
        assert awa.put("/api/v1/identity/profile", json={**PROFILE, "is_profile_public": False}).status_code == 200
        assert badu.get(address).status_code == 404
        assert badu.get(f"/api/v1/identity/members/{awa.user_id}/profile").status_code == 404
        assert awa.get(address).status_code == 200
        assert calling().get(address).status_code == 401
        assert awa.request("DELETE", "/api/v1/identity/profile/avatar").status_code == 204
        assert awa.get(address).status_code == 404

    @pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", picture()[:200], b"\xff\xd8\xff" + b"0" * 900])
    def test_what_only_claims_to_be_one_is_refused(self, family: Family, calling: Api, content: bytes) -> None:
        awa = calling("awa")
        before = family.rows()
        answer = self.put(awa, content)
        assert (answer.status_code, answer.json()["code"]) == (422, "picture-refused")
        assert family.rows() == before

    def test_too_large_a_one_is_refused(self, family: Family, calling: Api) -> None:
        awa = calling("awa")
        before = family.rows()
        assert self.put(awa, b"\xff" * (5 * 1024 * 1024 + 1)).status_code == 422
        assert self.put(awa, b"\xff" * (7 * 1024 * 1024)).status_code == 413
        assert family.rows() == before


class TestPublicProfile:
    def test_it_tells_no_more_than_it_should(self, calling: Api) -> None:
        awa, badu = calling("awa"), calling("badu")
        assert awa.put("/api/v1/identity/profile", json={**PROFILE, "date_of_birth": ADULT}).status_code == 200
        seen = badu.get(f"/api/v1/identity/members/{awa.user_id}/profile")
        assert set(seen.json()) == {"user_id", "name", "bio", "avatar_url", "member_since"}


class TestAddresses:
    def test_there_is_always_exactly_one_default(self, family: Family, calling: Api) -> None:
        awa = calling("awa")
        first = awa.post("/api/v1/identity/addresses", json=HOME).json()
        assert (first["is_default"], first["region"], first["country"]) == (True, "Dakar", "SEN")
        second = awa.post(
            "/api/v1/identity/addresses",
            json={"type": "billing", "city": "Lyon", "region": "Rhône", "country": "FRA", "is_default": True},
        ).json()
        listed = awa.get("/api/v1/identity/addresses").json()
        assert [(each["id"], each["is_default"]) for each in listed] == [(second["id"], True), (first["id"], False)]
        assert awa.request("DELETE", f"/api/v1/identity/addresses/{second['id']}").status_code == 204
        assert awa.get("/api/v1/identity/addresses").json()[0]["is_default"] is True
        with pytest.raises(pg.UniqueViolation):
            family.sql(
                "INSERT INTO identity.user_addresses (user_id, city, is_default)"
                " SELECT user_id, 'Thiès', true FROM identity.user_addresses"
            )

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"region": "Bretagne"}, "region"),
            ({"country": "XXX"}, "country"),
            ({"country": "sen"}, "country"),
            ({"type": "castle"}, "type"),
            ({"street_address": "", "city": ""}, "street_address"),
            ({"postal_code": "12345678901"}, "postal_code"),
        ],
    )
    def test_a_part_at_fault_is_named(self, family: Family, calling: Api, change: dict[str, str], field: str) -> None:
        awa = calling("awa")
        before = family.rows()
        answer = awa.post("/api/v1/identity/addresses", json={**HOME, **change})
        assert answer.status_code == 422
        assert field in {each["field"] for each in answer.json()["errors"]}
        assert family.rows() == before

    def test_nobody_reaches_those_of_another(self, family: Family, calling: Api) -> None:
        awa, badu = calling("awa"), calling("badu")
        path = f"/api/v1/identity/addresses/{awa.post('/api/v1/identity/addresses', json=HOME).json()['id']}"
        before = family.rows()
        assert badu.put(path, json=HOME).status_code == 404
        assert badu.request("DELETE", path).status_code == 404
        assert badu.get("/api/v1/identity/addresses").json() == []
        assert family.rows() == before

    def test_the_regions_of_senegal_are_fourteen(self) -> None:
        assert len(set(REGIONS[SENEGAL])) == 14


class TestPages:
    def test_profile_and_addresses_are_saved_by_form(self, family: Family, browser: Callable[..., Client]) -> None:
        family.person("awa")
        awa = browser("awa")
        assert '<option value="Thiès">' in awa.get("/account/addresses").text
        saved = awa.submit(
            "/account/profile", full_name="Awa D", locale="fr-SN", timezone="Africa/Dakar", date_of_birth=ADULT
        )
        assert saved.status_code == 303, saved.text
        assert 'lang="fr"' in awa.get("/account/profile").text
        wrong = awa.submit("/account/profile", full_name="", locale="fr", timezone="UTC", date_of_birth="2999-01-01")
        assert wrong.status_code == 422
        assert 'id="f-date_of_birth-error"' in wrong.text
        kept = awa.submit("/account/addresses", city="Thiès", region="Thiès", country="SEN", type="primary")
        assert kept.status_code == 303
        assert "Thiès" in awa.get("/account/addresses").text
        (address_id,) = family.sql("SELECT id FROM identity.user_addresses")[0]
        assert (
            awa.submit(f"/account/addresses/{address_id}", city="Mbour", country="SEN", type="delivery").status_code
            == 303
        )
        assert awa.submit(f"/account/addresses/{address_id}/remove", on="/account/addresses").status_code == 303
        assert family.sql("SELECT count(*) FROM identity.user_addresses") == [(0,)]


class TestSeedViews:
    def test_accounts_stand_where_the_seeds_look_without_secrets(self, family: Family, app_dsn: str) -> None:
        family.member("awa", ADULT, "super_admin")
        with psycopg.connect(app_dsn) as connection:
            row = connection.execute("SELECT full_name, hashed_password, is_superuser, user_type FROM events.users")
            assert row.fetchall() == [("Awa", None, True, "admin")]
            row = connection.execute("SELECT full_name, password_hash, total_coins FROM steps.users")
            assert row.fetchall() == [("Awa", None, 0)]


def test_the_operators_region_comes_with_their_language(
    family: Family, database: Any, clock: Any, recorded: None, tmp_path: Any
) -> None:
    app = make_app(database, clock, data_dir=tmp_path, default_locale="fr-SN")
    for language, kept in (("fr", "fr-SN"), ("en", "en")):
        scope = {"type": "http", "app": app, "headers": [(b"accept-language", language.encode())], "state": {}}
        assert negotiate_region(Request(scope)) == kept
