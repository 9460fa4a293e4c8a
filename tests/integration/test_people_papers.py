"""Proofs of identity: encrypted, seen by reviewers only, each look on record, duplicates found, ended in time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guerdon.core.settings import Settings
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people.errors import EncryptionKeyMissingError
from guerdon.kernel.identity.people.service import rotation, verifications
from support.family import PDF, Family, picture
from support.http_client import Client

Api = Callable[..., Client]
FIELDS = {"id_type": "passport", "id_country": "SEN", "id_number": "a 012-345"}
QUEUE = "/api/v1/identity/verification-queue"


def send(client: Client, content: bytes = b"", **change: str) -> Any:
    files = {"document": ("paper.jpg", content or picture(), "image/jpeg")}
    return client.post("/api/v1/identity/verifications", data={**FIELDS, **change}, files=files)


class TestSending:
    def test_number_and_document_are_encrypted(self, family: Family, calling: Api) -> None:
        awa = calling("awa")
        sent = send(awa)
        assert sent.status_code == 201, sent.text
        assert "id_number" not in sent.json()
        (number, digest), *_ = family.sql("SELECT id_number, id_hash FROM identity.verifications")
        assert "A012345" not in number
        assert len(digest) == 64
        (content,), *_ = family.sql("SELECT content FROM identity.verification_documents")
        assert b"WEBP" not in bytes(content)[:80]
        assert send(awa).status_code == 409

    @pytest.mark.parametrize(
        ("change", "content", "field"),
        [
            ({"id_number": "12"}, picture(), "id_number"),
            ({"id_number": "<script>"}, picture(), "id_number"),
            ({"id_type": "library_card"}, picture(), "id_type"),
            ({"id_country": "Mars"}, picture(), "id_country"),
            ({}, b"GIF89a" + b"0" * 99, "document"),
            ({}, b"%PDF-1.4 no end", "document"),
            ({}, PDF.replace(b"/Root", b"/JavaScript 2 0 R/Root"), "document"),
            ({}, b"\xff\xd8\xff\xe0" + b"0" * 8_400_000, "document"),
        ],
    )
    def test_a_field_at_fault_is_named_and_nothing_is_kept(
        self, family: Family, calling: Api, change: dict[str, str], content: bytes, field: str
    ) -> None:
        awa = calling("awa")
        before = family.rows()
        answer = send(awa, content, **change)
        assert answer.status_code == 422
        assert field in {each["field"] for each in answer.json()["errors"]}
        assert family.rows() == before

    def test_taking_it_back_deletes_the_document(self, family: Family, calling: Api) -> None:
        awa, badu = calling("awa"), calling("badu")
        path = f"/api/v1/identity/verifications/{send(awa, PDF).json()['id']}"
        assert badu.request("DELETE", path).status_code == 404
        assert family.sql("SELECT count(*) FROM identity.verification_documents") == [(1,)]
        assert awa.request("DELETE", path).status_code == 204
        assert family.sql("SELECT count(*) FROM identity.verification_documents") == [(0,)]


class TestReviewing:
    def test_only_reviewers_look_and_each_look_is_on_record(self, family: Family, calling: Api) -> None:
        awa, staff, admin = calling("awa"), calling("sarr", "staff"), calling("boss", "admin")
        path = f"{QUEUE}/{send(awa).json()['id']}"
        before = family.rows()
        for client, status in ((calling(), 401), (awa, 403), (staff, 403)):
            for each in (QUEUE, path, f"{path}/document"):
                assert client.get(each).status_code == status
            assert client.post(f"{path}/approve").status_code == status
        assert family.rows() == before
        assert admin.get(path).json()["id_number"] == "A012345"
        document = admin.get(f"{path}/document")
        assert document.headers["content-type"] == "image/webp"
        assert "sandbox" in document.headers["content-security-policy"]
        assert family.actions()[-2:] == ["identity.verification_seen", "identity.document_seen"]

    def test_approval_shows_on_the_profile_until_it_expires(self, family: Family, calling: Api) -> None:
        awa, admin = calling("awa"), calling("boss", "admin")
        path = f"{QUEUE}/{send(awa).json()['id']}"
        assert admin.post(f"{path}/approve").json()["status"] == "approved"
        assert admin.post(f"{path}/reject", json={"reason": "too late"}).status_code == 409
        assert awa.get("/api/v1/identity/profile").json()["identity_verified_at"] is not None
        (number, digest), *_ = family.sql("SELECT id_number, id_hash FROM identity.profiles WHERE id_hash IS NOT NULL")
        assert "A012345" not in number
        assert digest
        family.clock.move(verifications.VALID)
        assert family.do(verifications.expire, family.clock) == 1
        assert family.sql("SELECT count(*) FROM identity.profiles WHERE id_verified_at IS NOT NULL") == [(0,)]

    def test_a_rejection_says_why(self, family: Family, calling: Api) -> None:
        awa, admin = calling("awa"), calling("boss", "admin")
        path = f"{QUEUE}/{send(awa).json()['id']}"
        assert admin.post(f"{path}/reject", json={"reason": " "}).status_code == 422
        assert admin.post(f"{path}/reject", json={"reason": "unreadable"}).status_code == 200
        assert awa.get("/api/v1/identity/verifications").json()[0]["reason"] == "unreadable"
        assert send(awa).status_code == 201

    def test_nobody_reviews_their_own(self, family: Family, calling: Api) -> None:
        admin = calling("boss", "admin")
        path = f"{QUEUE}/{send(admin).json()['id']}"
        before = family.sql("SELECT t::text FROM identity.verifications AS t")
        assert admin.post(f"{path}/approve").status_code == 409
        assert admin.post(f"{path}/reject", json={"reason": "mine"}).status_code == 409
        assert family.sql("SELECT t::text FROM identity.verifications AS t") == before

    def test_the_same_paper_of_two_people_is_flagged(self, family: Family, calling: Api) -> None:
        awa, badu, admin = calling("awa"), calling("badu"), calling("boss", "admin")
        send(awa)
        second = send(badu, id_number="A.012 345").json()["id"]
        assert [each["duplicates"] for each in admin.get(QUEUE).json()] == [1, 1]
        assert [each["name"] for each in admin.get(f"{QUEUE}/{second}").json()["duplicates"]] == ["Awa"]


class TestKeys:
    def settings(self, directory: Path) -> Settings:
        return Settings(data_dir=directory, secret_key="s" * 40)

    def test_what_is_moved_or_changed_does_not_open(self, tmp_path: Path) -> None:
        ring = encryption.load_ring(self.settings(tmp_path))
        sealed = ring.encrypt(b"secret", purpose="number:1")
        assert ring.decrypt(sealed, purpose="number:1") == b"secret"
        for wrong, purpose in ((sealed, "number:2"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), "number:1")):
            with pytest.raises(ValueError, match="changed"):
                ring.decrypt(wrong, purpose=purpose)
        with pytest.raises(ValueError, match="not encrypted here"):
            ring.decrypt(b"plain", purpose="number:1")
        assert ring.encrypt(b"secret", purpose="number:1") != sealed

    def test_the_ring_is_private_and_lasts(self, tmp_path: Path) -> None:
        first = encryption.load_ring(self.settings(tmp_path))
        assert encryption.load_ring(self.settings(tmp_path)).key_ids == first.key_ids
        assert (tmp_path / "secrets" / "encryption").stat().st_mode & 0o077 == 0

    def test_rotation_leaves_nothing_under_the_old_key(self, family: Family, calling: Api, tmp_path: Path) -> None:
        awa, admin = calling("awa"), calling("boss", "admin")
        path = f"{QUEUE}/{send(awa).json()['id']}"
        assert admin.post(f"{path}/approve").status_code == 200
        old = encryption.ring()
        new_id = encryption.add_key(tmp_path)
        ring = encryption.load_ring(self.settings(tmp_path))
        assert ring.key_ids == (new_id, old.key_id)
        before = family.sql("SELECT id_hash FROM identity.verifications")
        assert family.do(rotation.rotate, ring) == 3  # the proof, the profile, the document
        assert family.do(rotation.rotate, ring) == 0
        assert family.sql("SELECT id_hash FROM identity.verifications") == before
        assert encryption.keep_first_key(tmp_path) == new_id
        assert admin.get(path).json()["id_number"] == "A012345"
        (content,), *_ = family.sql("SELECT content FROM identity.verification_documents")
        with pytest.raises(EncryptionKeyMissingError):
            old.decrypt(bytes(content), purpose="document:x")

    def test_keys_may_come_from_the_settings(self, tmp_path: Path) -> None:
        key = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
        settings = Settings(data_dir=tmp_path, secret_key="s" * 40, encryption_keys=f"b:{key}, a:{key}")
        ring = encryption.load_ring(settings)
        assert ring.key_ids == ("b", "a")
        assert not (tmp_path / "secrets" / "encryption").exists()


class TestPages:
    def test_a_member_sends_and_an_administrator_decides(self, family: Family, whole_app: Any) -> None:
        from support.people import PASSWORD

        family.member("awa")
        family.member("boss", None, "admin")

        def browser(name: str) -> Client:
            client = Client(whole_app, page=True)
            assert client.submit("/sign-in", email=f"{name}@example.org", password=PASSWORD).status_code == 303
            return client

        awa, boss = browser("awa"), browser("boss")
        token = awa.form_token("/account/identity")
        files = {"document": ("paper.pdf", PDF, "application/pdf")}
        sent = awa.post("/account/identity", data={**FIELDS, "csrf_token": token}, files=files)
        assert sent.status_code == 303, sent.text
        assert "Waits for review" in awa.get("/account/identity").text
        (verification_id,), *_ = family.sql("SELECT id FROM identity.verifications")
        assert "Awa" in boss.get("/staff/identity").text
        page = boss.get(f"/staff/identity/{verification_id}")
        assert "A012345" in page.text
        path = f"/staff/identity/{verification_id}"
        assert boss.submit(path, decision="reject", reason="").status_code == 422
        assert boss.submit(path, decision="approve").status_code == 303
        assert "Confirmed" in awa.get("/account/identity").text
        assert awa.get("/staff/identity").status_code == 403
