"""Credentials as others see them: signed by one library, verified by one of another author; revoked; baked; rotated.

Signing is PyJWT's work, on cryptography. Verifying here is joserfc's, with the key that the ``kid`` leads to.
"""

import hashlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from fastapi import FastAPI
from joserfc import jws
from joserfc.jwk import KeySet, RSAKey
from PIL import Image
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.engagement.badges.seeds import BadgeLevel, Criteria
from guerdon.kernel.engagement.badges.service import defining, staffing
from guerdon.kernel.engagement.badges.service.defining import Draft
from guerdon.kernel.engagement.badges.service.definitions import by_code
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people.service import rotation
from guerdon.kernel.identity.permissions import Role
from guerdon.kernel.ledger.service import open_member
from support.http_client import Client
from support.people import PASSWORD
from support.walkers import WALKERS, advance

JWS = re.compile(r"^[\w-]+\.[\w-]+\.[\w-]+$")


@pytest.fixture
def club_app(whole_app: FastAPI, walkers: Database) -> FastAPI:
    whole_app.state.programs = (WALKERS,)
    return whole_app


class Asker:
    """Somebody who is signed in, over HTTP, and everybody else."""

    def __init__(self, app: FastAPI, person: Callable[..., Any], name: str, role: Role = Role.USER) -> None:
        self.user_id = person(name, role).id
        self.http = Client(app)
        body = {"email": f"{name}@example.org", "password": PASSWORD}
        self.http.bear(self.http.post("/api/v1/identity/tokens", json=body).json()["access_token"])


@pytest.fixture
def holder(club_app: FastAPI, walkers: Database, clock: FixedClock, person: Callable[..., Any]) -> Asker:
    """Somebody with the badge ``walker`` at level 2."""
    asker = Asker(club_app, person, "ibis")
    with walkers.transaction() as session:
        open_member(session, asker.user_id)
        advance(session, clock.now(), asker.user_id, clock.now().date(), walks=3)
    return asker


def badge_id(database: Database, code: str = "walker") -> str:
    with database.transaction() as session:
        return str(by_code(session, "walkers", code).id)


def issue(holder: Asker, database: Database, level: int = 2, **body: Any) -> dict[str, Any]:
    answer = holder.http.post(f"/api/v1/engagement/badges/{badge_id(database)}/levels/{level}/credential", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def verified(public: Client, token: str) -> dict[str, Any]:
    """What a verifier learns that has the token alone: signature, key and claims (Open Badges 3.0, section 8.2.4)."""
    header = jws.extract_compact(token.encode()).headers()
    assert set(header) == {"alg", "kid", "typ"}
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    jwk = public.get(urlsplit(header["kid"]).path).json()
    assert "d" not in jwk
    assert jwk["kid"] == header["kid"]
    # Who has the whole set looks in it by the ``kid`` of what was signed.
    every_key = KeySet.import_key_set(public.get("/credentials/keys").json())
    assert jws.deserialize_compact(token, every_key, algorithms=["RS256"]).payload
    payload = jws.deserialize_compact(token, RSAKey.import_key(jwk), algorithms=["RS256"]).payload
    claims: dict[str, Any] = json.loads(payload)
    assert claims["iss"] == claims["issuer"]["id"]
    assert claims["jti"] == claims["id"]
    assert claims["sub"] == claims["credentialSubject"]["id"]
    return claims


def revoked(public: Client) -> set[str]:
    listed = public.get("/credentials/revocations").json()
    return {each["id"] for each in listed["revokedCredential"] if each.get("revoked", True)}


def test_a_credential_verifies_with_a_library_of_another_author(
    club_app: FastAPI, holder: Asker, walkers: Database, clock: FixedClock
) -> None:
    issued = issue(holder, walkers)
    public = Client(club_app)
    claims = verified(public, issued["token"])
    assert claims["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert claims["nbf"] == int(clock.now().timestamp())
    subject = claims["credentialSubject"]
    assert subject["achievement"]["name"] == "Walker, level 2"
    assert subject["achievement"]["criteria"]["narrative"] == "Walks: 3."
    (identity,) = subject["identifier"]
    assert identity["hashed"] is True
    digest = hashlib.sha256(("ibis@example.org" + identity["salt"]).encode()).hexdigest()
    assert identity["identityHash"] == f"sha256${digest}"
    assert "ibis" not in json.dumps(claims)
    assert public.get(urlsplit(claims["issuer"]["id"]).path).json()["id"] == claims["issuer"]["id"]
    achievement = public.get(urlsplit(subject["achievement"]["id"]).path).json()
    assert achievement["name"] == "Walker, level 2"
    assert issue(holder, walkers)["id"] == issued["id"]


def test_a_credential_says_what_the_level_took_when_it_was_earned(
    club_app: FastAPI, holder: Asker, walkers: Database, person: Callable[..., Any]
) -> None:
    staff = person("heron").id
    with walkers.transaction() as session:
        badge = by_code(session, "walkers", "walker")
        harder = Draft("Marathon", "Far.", Criteria.total("walks"), (BadgeLevel(500),), reason="It was too easy.")
        defining.change(session, badge.id, harder, actor_id=staff)
    public = Client(club_app)
    for level, narrative in ((1, "Walks: 1."), (2, "Walks: 3.")):  # there is no second level any more
        subject = verified(public, issue(holder, walkers, level)["token"])["credentialSubject"]
        assert subject["achievement"]["name"] == f"Walker, level {level}"
        assert subject["achievement"]["criteria"]["narrative"] == narrative
        address = urlsplit(subject["achievement"]["id"]).path
        assert public.get(f"{address}/image.svg").status_code == 200
        found = public.get(address).json()
        assert (found["name"], found["criteria"]["narrative"]) == (
            ("Marathon", "Walks: 500.") if level == 1 else ("Walker, level 2", "Walks: 3.")
        )
    assert public.get(f"/credentials/achievements/{badge.id}/4").status_code == 404


def test_a_changed_token_does_not_verify(club_app: FastAPI, holder: Asker, walkers: Database) -> None:
    head, payload, signature = issue(holder, walkers)["token"].split(".")
    with pytest.raises(Exception, match=r"bad_signature|Signature"):
        verified(Client(club_app), f"{head}.{payload[:-4]}AAAA.{signature}")


def test_the_public_page_says_valid_then_revoked(
    club_app: FastAPI, holder: Asker, walkers: Database, person: Callable[..., Any]
) -> None:
    issued = issue(holder, walkers)
    path = urlsplit(issued["id"]).path
    public = Client(club_app, page=True)
    page = public.get(path, headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "This credential is valid" in page.text
    assert "ibis" not in page.text
    assert public.get(path, headers={"accept": "text/plain"}).text == issued["token"]
    assert issued["id"] not in revoked(public)
    staff = Asker(club_app, person, "heron", Role.STAFF)
    url = f"/api/v1/engagement/credentials/{path.rpartition('/')[2]}/revoke"
    assert holder.http.post(url, json={"reason": "No reason."}).status_code == 403
    assert issued["id"] not in revoked(public)
    assert staff.http.post(url, json={"reason": "Given by mistake."}).status_code == 204
    assert "This credential is revoked" in public.get(path, headers={"accept": "text/html"}).text
    assert issued["id"] in revoked(public)
    assert "mistake" not in public.get("/credentials/revocations").text
    assert issue(holder, walkers)["id"] != issued["id"]


def test_a_badge_that_is_revoked_takes_its_credential_along(
    club_app: FastAPI, holder: Asker, walkers: Database, clock: FixedClock, person: Callable[..., Any]
) -> None:
    issued = issue(holder, walkers)
    staff = person("heron").id
    with walkers.transaction() as session:
        badge = by_code(session, "walkers", "walker")
        staffing.revoke(session, clock.now(), holder.user_id, badge, 2, actor_id=staff, reason="Never came.")
    assert issued["id"] in revoked(Client(club_app))
    answer = holder.http.post(f"/api/v1/engagement/badges/{badge.id}/levels/2/credential", json={"show_name": False})
    assert answer.status_code == 404


def test_a_member_shows_their_name_if_they_want_and_withdraws(
    club_app: FastAPI, holder: Asker, walkers: Database
) -> None:
    unnamed = issue(holder, walkers)
    named = issue(holder, walkers, show_name=True)
    public = Client(club_app, page=True)
    assert revoked(public) == {unnamed["id"]}
    identifiers = verified(public, named["token"])["credentialSubject"]["identifier"]
    assert {each["identityType"] for each in identifiers} == {"emailAddress", "ext:name"}
    path = urlsplit(named["id"]).path
    listed = holder.http.get("/api/v1/engagement/credentials").json()
    assert [(each["id"], each["shows_name"], each["revoked_at"] is None) for each in listed] == [
        (named["id"], True, True),
        (unnamed["id"], False, False),
    ]
    assert holder.http.request("DELETE", f"/api/v1/engagement{path}").status_code == 204
    assert holder.http.request("DELETE", f"/api/v1/engagement{path}").status_code == 404
    assert revoked(public) == {unnamed["id"], named["id"]}


def test_the_credential_is_baked_into_pictures(club_app: FastAPI, holder: Asker, walkers: Database) -> None:
    issued = issue(holder, walkers)
    path = urlsplit(issued["id"]).path
    public = Client(club_app)
    with Image.open(io.BytesIO(public.get(f"{path}/badge.png").content)) as image:
        assert image.size == (512, 512)
        assert str(image.text["openbadgecredential"]) == issued["token"]  # type: ignore[attr-defined]
    root = ElementTree.fromstring(public.get(f"{path}/badge.svg").content)  # noqa: S314 - our own
    (baked,) = root.findall("{https://purl.imsglobal.org/ob/v3p0}credential")
    assert baked.get("verify") == issued["token"]
    assert JWS.match(public.get(f"{path}/credential.jwt").text)


def test_what_an_old_key_signed_stays_valid(
    club_app: FastAPI, holder: Asker, walkers: Database, person: Callable[..., Any]
) -> None:
    first = issue(holder, walkers, level=1)
    admin = Asker(club_app, person, "heron", Role.ADMIN)
    rotated = admin.http.post("/api/v1/engagement/credential-keys")
    assert rotated.status_code == 201
    second = issue(holder, walkers)
    public = Client(club_app, page=True)
    assert len(public.get("/credentials/keys").json()["keys"]) == 2
    kids = [jws.extract_compact(each["token"].encode()).headers()["kid"] for each in (first, second)]
    assert kids[1].endswith(rotated.json()["key_id"])
    assert kids[0] != kids[1]
    for each in (first, second):
        verified(public, each["token"])
        page = public.get(urlsplit(each["id"]).path, headers={"accept": "text/html"})
        assert "This credential is valid" in page.text
    with walkers.transaction() as session:
        sealed = session.scalars(text("SELECT sealed FROM engagement.credential_keys")).all()
    assert all(b"PRIVATE" not in each and each.startswith(b"GE1") for each in sealed)


def test_the_signing_key_is_encrypted_anew_with_everything_else(
    club_app: FastAPI, holder: Asker, walkers: Database, tmp_path: Path
) -> None:
    before = issue(holder, walkers)
    fresh = encryption.add_key(tmp_path)
    ring = encryption.load_ring(club_app.state.settings)
    with walkers.transaction() as session:
        assert rotation.rotate(session, ring) >= 1
        assert rotation.rotate(session, ring) == 0
    assert encryption.keep_first_key(tmp_path) == fresh
    encryption.install(club_app.state.settings)
    after = issue(holder, walkers, level=1)
    kids = [jws.extract_compact(each["token"].encode()).headers()["kid"] for each in (before, after)]
    assert kids[0] == kids[1]
    verified(Client(club_app), after["token"])


def test_unknown_and_foreign_things_are_not_found(
    club_app: FastAPI, holder: Asker, walkers: Database, person: Callable[..., Any]
) -> None:
    public = Client(club_app)
    issued = issue(holder, walkers)
    other = Asker(club_app, person, "neem")
    assert public.get("/credentials/nothing").status_code == 404
    assert public.get("/credentials/keys/nothing").status_code == 404
    assert public.get(f"/credentials/achievements/{badge_id(walkers, 'secret')}/1").status_code == 404
    assert other.http.request("DELETE", f"/api/v1/engagement{urlsplit(issued['id']).path}").status_code == 404
    assert other.http.get(f"/api/v1/engagement/badges/{badge_id(walkers, 'secret')}").status_code == 404
    answer = other.http.post(f"/api/v1/engagement/badges/{badge_id(walkers)}/levels/1/credential", json={})
    assert answer.status_code == 404
    assert revoked(public) == set()
