"""A sign-in provider over HTTP, in two dialects: OpenID Connect as Google and Apple speak it, and Facebook's Graph.

It checks what we send as strictly as the real ones do: client, secret, redirect address, PKCE, one use of each code.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from guerdon.core.clock import FixedClock

CLIENT_ID = "guerdon-test"
SECRET = "provider secret"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class ProviderServer(ThreadingHTTPServer):
    """The provider.

    Attributes:
        person: whom it vouches for: ``sub``, ``email``, ``email_verified``, ``name``.
        claims: what ID tokens say instead of the truth.
        now: tells what time tokens are issued at.
        page: show a page with a button instead of sending the browser back at once.
        forms: everything that was posted to the token endpoint.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.person: dict[str, Any] = {
            "sub": "provider-1",
            "email": "awa@example.org",
            "email_verified": True,
            "name": "Awa Diop",
        }
        self.claims: dict[str, Any] = {}
        self.now = time.time
        self.page = False
        self.key = _key()
        self.signing_key: Any = self.key
        self.apple_key = ec.generate_private_key(ec.SECP256R1())
        self.forms: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, str]] = {}

    @property
    def url(self) -> str:
        """The issuer."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def settings(self, *redirect_uris: str) -> dict[str, Any]:
        """What an application is told that offers it under all three names, and to programs at these addresses."""
        pem = self.apple_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return {
            "google_client_id": CLIENT_ID,
            "google_client_secret": SECRET,
            "google_issuer": self.url,
            "apple_client_id": CLIENT_ID,
            "apple_team_id": "TEAM",
            "apple_key_id": "KEY",
            "apple_private_key": pem,
            "apple_issuer": self.url,
            "facebook_client_id": CLIENT_ID,
            "facebook_client_secret": SECRET,
            "facebook_dialog_url": f"{self.url}/authorize",
            "facebook_graph_url": self.url,
            "app_redirect_uris": redirect_uris,
        }

    def id_token(self, nonce: str) -> str:
        """A signed statement about ``person``."""
        now = int(self.now())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce, **self.person}
        claims = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        return jwt.encode(claims, self.signing_key, "RS256", headers={"kid": "one"})


class _Handler(BaseHTTPRequestHandler):
    server: ProviderServer

    def do_GET(self) -> None:
        """Discovery, keys, the authorization page, the Graph API."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        url = self.server.url
        if parts.path == "/.well-known/openid-configuration":
            self._json(
                200,
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/authorize",
                    "token_endpoint": f"{url}/token",
                    "jwks_uri": f"{url}/keys",
                },
            )
        elif parts.path == "/keys":
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.server.key.public_key()))
            self._json(200, {"keys": [{**key, "kid": "one", "alg": "RS256", "use": "sig"}]})
        elif parts.path == "/authorize":
            self._authorize(query)
        elif parts.path == "/me":
            self._me(query)
        elif parts.path == "/favicon.ico":
            self._send(204, "image/x-icon", b"")
        else:
            self._json(404, {})

    def _authorize(self, query: dict[str, str]) -> None:
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(12)
        self.server.codes[code] = query
        answer = {"code": code, "state": query["state"]}
        if query.get("response_mode") == "form_post":
            fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in answer.items())
            page = f'<form method="post" action="{query["redirect_uri"]}">{fields}<button>Continue</button></form>'
            self._html(page)
            return
        back = f"{query['redirect_uri']}?{urlencode(answer)}"
        if self.server.page:
            self._html(f'<a href="{back.replace("&", "&amp;")}">Continue</a>')
            return
        self.send_response(302)
        self.send_header("location", back)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        """The token endpoint, ``/token`` or Facebook's ``/oauth/access_token``."""
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.server.forms.append(form)
        asked = self.server.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or asked["redirect_uri"] != form.get("redirect_uri")
            or asked["code_challenge"] != challenge.decode().rstrip("=")
            or not self._knows(form)
        ):
            self._json(400, {"error": "invalid_grant"})
            return
        answer = {"access_token": "access", "token_type": "Bearer", "expires_in": 300}
        if "openid" in asked["scope"].split():
            answer["id_token"] = self.server.id_token(asked["nonce"])
        self._json(200, answer)

    def _knows(self, form: dict[str, str]) -> bool:
        if form.get("client_id") != CLIENT_ID:
            return False
        if form.get("client_secret") == SECRET:
            return True
        try:
            jwt.decode(
                form.get("client_secret", ""),
                self.server.apple_key.public_key(),
                algorithms=["ES256"],
                audience=self.server.url,
                issuer="TEAM",
                options={"verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return False
        return True

    def _me(self, query: dict[str, str]) -> None:
        proof = hmac.new(SECRET.encode(), b"access", hashlib.sha256).hexdigest()
        if query.get("access_token") != "access" or query.get("appsecret_proof") != proof:
            self._json(401, {"error": {"message": "no"}})
            return
        person = self.server.person
        self._json(200, {"id": person["sub"], "name": person["name"], "email": person["email"]})

    def _json(self, status: int, document: object) -> None:
        self._send(status, "application/json", json.dumps(document).encode())

    def _html(self, page: str) -> None:
        self._send(200, "text/html; charset=utf-8", f"<!doctype html><title>Provider</title>{page}".encode())

    def _send(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def provider_server() -> Iterator[ProviderServer]:
    """A provider that runs until the block ends."""
    server = ProviderServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def provider(clock: FixedClock) -> Iterator[ProviderServer]:
    """The provider, on the test's clock."""
    with provider_server() as server:
        server.now = lambda: clock.now().timestamp()
        yield server
