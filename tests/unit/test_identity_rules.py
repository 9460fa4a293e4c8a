"""Passwords, roles and permissions, and tokens: the parts of identity that need no database."""

import base64
import json
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.bcrypt import BcryptHasher

from guerdon.core.clock import FixedClock
from guerdon.kernel.identity import passwords
from guerdon.kernel.identity.errors import (
    AccessTokenInvalidError,
    PasswordGuessableError,
    PasswordTooLongError,
    PasswordTooShortError,
)
from guerdon.kernel.identity.permissions import Permission, PermissionCatalogue, Role, permission
from guerdon.kernel.identity.service.roles import may_give
from guerdon.kernel.identity.tokens import AUDIENCE, AccessTokens, SigningKey

SECRET = b"k" * 32


class TestPasswords:
    @pytest.mark.parametrize(
        ("password", "error"),
        [
            ("short", PasswordTooShortError),
            ("x" * 201, PasswordTooLongError),
            ("aaaaaaaaaaaa", PasswordGuessableError),
            ("Awa@Example.org", PasswordGuessableError),
        ],
    )
    def test_weak_ones_are_refused(self, password: str, error: type[Exception]) -> None:
        with pytest.raises(error):
            passwords.check_policy(password, "awa@example.org", "Awa")

    def test_a_hash_verifies_its_own_password_only(self) -> None:
        stored = passwords.hash_password("seven quiet herons")
        assert stored.startswith("$argon2id$")
        assert passwords.verify("seven quiet herons", stored) == (True, None)
        assert passwords.verify("seven quiet heron", stored) == (False, None)

    def test_a_hash_costs_64_mib_three_times_over(self, strong_hasher: PasswordHash) -> None:
        stored = strong_hasher.hash("seven quiet herons")
        assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        # What was made at less cost is made anew at the next sign-in.
        matches, renewed = strong_hasher.verify_and_update(
            "seven quiet herons", passwords.hash_password("seven quiet herons")
        )
        assert matches
        assert renewed is not None

    def test_nobody_has_the_password_of_the_unknown(self) -> None:
        assert passwords.verify("nobody has this password", None) == (False, None)

    def test_bcrypt_from_elsewhere_is_understood_and_replaced(self) -> None:
        matches, renewed = passwords.verify("seven quiet herons", BcryptHasher().hash("seven quiet herons"))
        assert matches
        assert renewed is not None
        assert renewed.startswith("$argon2id$")

    @pytest.mark.parametrize("stored", ["", "plain", "$argon2id$broken"])
    def test_a_broken_hash_opens_nothing(self, stored: str) -> None:
        assert passwords.verify("plain", stored)[0] is False


class TestPermissions:
    catalogue = PermissionCatalogue(
        [
            permission("a:see", "See", Role.STAFF),
            permission("a:rule", "Rule", Role.ADMIN),
            permission("a:scan", "Scan", Role.PARTNER, Role.STAFF),
        ]
    )

    @pytest.mark.parametrize(
        ("roles", "held"),
        [
            ((), set()),
            (("user",), set()),
            (("staff",), {"a:see", "a:scan"}),
            (("admin",), {"a:see", "a:scan", "a:rule"}),
            (("super_admin",), {"a:see", "a:scan", "a:rule"}),
            (("user", "partner"), {"a:scan"}),
            (("unheard-of",), set()),
        ],
    )
    def test_the_ladder(self, roles: tuple[str, ...], held: set[str]) -> None:
        assert self.catalogue.held_by(roles) == held

    def test_a_code_is_named_once(self) -> None:
        with pytest.raises(ValueError, match="a:see"):
            PermissionCatalogue([*self.catalogue, permission("a:see", "Again", Role.USER)])

    @pytest.mark.parametrize("code", ["", "a", "A:b", "a:b:c", "a b:c"])
    def test_a_code_has_a_form(self, code: str) -> None:
        with pytest.raises(ValueError, match="package:act"):
            Permission(code, "", frozenset({Role.USER}))

    @pytest.mark.parametrize(
        ("actor", "role", "allowed"),
        [
            ("staff", "staff", False),
            ("admin", "staff", True),
            ("admin", "admin", True),
            ("admin", "super_admin", False),
            ("super_admin", "super_admin", True),
            ("admin", "partner", True),
            ("staff", "partner", False),
            ("partner", "partner", False),
        ],
    )
    def test_nobody_gives_what_they_do_not_hold(self, actor: str, role: str, allowed: bool) -> None:
        assert may_give(["user", actor], role) is allowed


class TestAccessTokens:
    def tokens(self, secret: bytes = SECRET, **options: object) -> AccessTokens:
        return AccessTokens(issuer="https://g.example", ttl=timedelta(minutes=15), secret=secret, **options)  # type: ignore[arg-type]

    def claims(self, clock: FixedClock, **changes: object) -> dict[str, object]:
        now = int(clock.now().timestamp())
        claims = {"iss": "https://g.example", "aud": AUDIENCE, "sub": str(uuid4()), "iat": now, "exp": now + 60}
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def sign(self, claims: dict[str, object], **headers: str) -> str:
        key = SigningKey.derived(SECRET)
        return jwt.encode(claims, key.private, "EdDSA", headers={"kid": key.kid, "typ": "at+jwt", **headers})

    def test_a_token_speaks_for_its_user_until_it_ends(self, clock: FixedClock) -> None:
        user_id = uuid4()
        token, expires_at = self.tokens().issue(user_id, clock)
        assert self.tokens().verify(token, clock) == user_id
        clock.move(timedelta(minutes=15) - timedelta(seconds=1))
        assert self.tokens().verify(token, clock) == user_id
        clock.move(timedelta(seconds=1))
        assert clock.now() == expires_at
        with pytest.raises(AccessTokenInvalidError):
            self.tokens().verify(token, clock)

    def test_tokens_of_a_retired_secret_hold_until_they_end(self, clock: FixedClock) -> None:
        token, _ = self.tokens().issue(uuid4(), clock)
        with pytest.raises(AccessTokenInvalidError):
            self.tokens(b"n" * 32).verify(token, clock)
        assert self.tokens(b"n" * 32, retired=[SECRET]).verify(token, clock)

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "another"},
            {"aud": None},
            {"iss": "https://evil.example"},
            {"exp": None},
            {"exp": 1},
            {"exp": "soon"},
            {"exp": 10**30},
            {"iat": 99_999_999_999},
            {"sub": "not-a-uuid"},
            {"sub": None},
        ],
    )
    def test_wrong_claims_are_refused(self, clock: FixedClock, changes: dict[str, object]) -> None:
        good = self.sign(self.claims(clock))
        assert self.tokens().verify(good, clock)
        with pytest.raises(AccessTokenInvalidError):
            self.tokens().verify(self.sign(self.claims(clock, **changes)), clock)

    @pytest.mark.parametrize("headers", [{"typ": "JWT"}, {"kid": "unknown"}])
    def test_wrong_headers_are_refused(self, clock: FixedClock, headers: dict[str, str]) -> None:
        with pytest.raises(AccessTokenInvalidError):
            self.tokens().verify(self.sign(self.claims(clock), **headers), clock)

    def test_the_token_does_not_choose_the_algorithm(self, clock: FixedClock) -> None:
        key = SigningKey.derived(SECRET)
        public = key.private.public_key().public_bytes_raw()
        headers = {"kid": key.kid, "typ": "at+jwt"}
        forged = [
            jwt.encode(self.claims(clock), None, "none", headers=headers),
            jwt.encode(self.claims(clock), public, "HS256", headers=headers),
        ]
        for token in forged:
            with pytest.raises(AccessTokenInvalidError):
                self.tokens().verify(token, clock)

    def test_a_changed_token_is_refused(self, clock: FixedClock) -> None:
        head, _, signature = self.sign(self.claims(clock)).split(".")
        body = base64.urlsafe_b64encode(json.dumps(self.claims(clock)).encode()).decode().rstrip("=")
        for token in (f"{head}.{body}.{signature}", f"{head}.{body}.", "", "a.b.c", "x" * 5000, "..", "é"):
            with pytest.raises(AccessTokenInvalidError):
                self.tokens().verify(token, clock)
