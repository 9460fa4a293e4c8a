"""Who asks, from where, under which id: known to everything that runs inside a request.

Pure ASGI, outermost: it also writes the access log, adds the security headers and turns what nobody caught into an
answer, so that no answer leaves without an id.
"""

import ipaddress
import logging
import re
import time
from collections.abc import Callable, Iterable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog

from guerdon.core.ids import new_id_text

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Any]
Send = Callable[[Message], Any]
ASGIApp = Callable[[Scope, Receive, Send], Any]
Pairs = tuple[tuple[bytes, bytes], ...]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,100}", re.ASCII)
USER_AGENT_MAX = 400

log = structlog.get_logger("guerdon.http")
access_log = logging.getLogger("guerdon.http.access")
"""One line for each request, written without structlog's chain, which would cost as much as many a route."""


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What is known about the request in hand.

    Attributes:
        request_id: in every log line, audit row and answer.
        client_address: the caller's IP address, or None where there is none (a local socket, a test).
        user_agent: as sent, shortened.
    """

    request_id: str
    client_address: str | None
    user_agent: str | None


_current: ContextVar[RequestInfo | None] = ContextVar("guerdon_request", default=None)


def current_request() -> RequestInfo | None:
    """The request being answered, or None outside of one (jobs, the command line)."""
    return _current.get()


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that lower-case name, or None."""
    for key, value in scope.get("headers", ()):
        if key == name:
            return bytes(value).decode("latin-1")
    return None


def parse_networks(proxies: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks as networks.

    Raises:
        ValueError: for what is neither.
    """
    return tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)


def client_address(scope: Scope, trusted: Iterable[Network]) -> str | None:
    """The address of whoever made the request.

    ``X-Forwarded-For`` is believed only as far as trusted proxies wrote it: from its end backwards, the first address
    that is no trusted proxy is the client's; what stands before it, the client could have made up.
    """
    if not scope.get("client"):
        return None
    text, peer = _peer(scope["client"][0])
    networks = tuple(trusted)
    if peer is None or not _inside(peer, networks):
        return text
    hops = [part for key, value in scope["headers"] if key == b"x-forwarded-for" for part in value.split(b",")]
    believed = peer
    for hop in reversed(hops):
        address = _address(hop.decode("latin-1").strip())
        if address is None:
            break
        believed = address
        if not _inside(address, networks):
            break
    return str(believed)


@lru_cache(maxsize=4096)
def _peer(value: str) -> tuple[str | None, ipaddress.IPv4Address | ipaddress.IPv6Address | None]:
    address = _address(value)
    return (str(address) if address else None), address


@lru_cache(maxsize=4096)
def _address(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


SECURITY_HEADERS = (
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
            b"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(), microphone=()"),
)
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class RequestContext:
    """ASGI middleware that every request passes first.

    Args:
        app: what comes next.
        trusted_proxies: addresses or networks of reverse proxies in front.
        https: whether people reach us by https, though the proxy in front may not; adds Strict-Transport-Security.
        on_crash: makes the answer to an uncaught exception from the connection's scope and the request's id.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        trusted_proxies: Iterable[str] = (),
        https: bool = False,
        on_crash: Callable[[Scope, str], ASGIApp],
    ) -> None:
        self._app = app
        self._trusted = parse_networks(trusted_proxies)
        self._https = https
        self._headers: Pairs = (*SECURITY_HEADERS, STRICT_TRANSPORT) if https else SECURITY_HEADERS
        self._names = frozenset(name for name, _ in self._headers)
        self._on_crash = on_crash

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._https:
            # Redirects keep the scheme that they find here, and cookies are marked by it.
            scope["scheme"] = "https"
        info = self._info(scope)
        scope.setdefault("state", {})["request_id"] = info.request_id
        token = _current.set(info)
        structlog.contextvars.bind_contextvars(request_id=info.request_id)
        started_s = time.perf_counter()
        status = 500
        responding = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, responding
            if message["type"] == "http.response.start":
                responding = True
                status = message["status"]
                own = message.get("headers", ())
                ours = self._headers
                if any(key.lower() in self._names for key, _ in own):
                    present = {key.lower() for key, _ in own}
                    ours = tuple(pair for pair in ours if pair[0] not in present)
                message["headers"] = [*own, (b"x-request-id", info.request_id.encode()), *ours]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            log.exception("request failed", method=scope["method"], route=scope.get("guerdon.route"))
            if responding:
                raise
            await self._on_crash(scope, info.request_id)(scope, receive, send_with_headers)
        finally:
            if access_log.isEnabledFor(logging.INFO):
                access_log.info(
                    "request",
                    {
                        "duration_ms": round((time.perf_counter() - started_s) * 1000, 1),
                        "method": scope["method"],
                        "request_id": info.request_id,
                        "route": scope.get("guerdon.route", "unmatched"),
                        "status": status,
                    },
                )
            structlog.contextvars.unbind_contextvars("request_id")
            _current.reset(token)

    def _info(self, scope: Scope) -> RequestInfo:
        sent = header(scope, b"x-request-id")
        agent = header(scope, b"user-agent")
        return RequestInfo(
            sent if sent and REQUEST_ID.fullmatch(sent) else new_id_text(),
            client_address(scope, self._trusted),
            agent.replace("\x00", "")[:USER_AGENT_MAX] if agent else None,
        )
