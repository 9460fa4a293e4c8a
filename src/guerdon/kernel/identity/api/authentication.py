"""Finds out who makes a request: by access token or API key in the header, else by the session cookie."""

from dataclasses import replace
from datetime import timedelta
from typing import Literal, cast
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from sqlalchemy.orm import Session

from guerdon.core.clock import local_date
from guerdon.http.access import Principal
from guerdon.http.cookies import session_cookie
from guerdon.http.keys import derive_key
from guerdon.http.transaction import identify
from guerdon.kernel.identity.errors import AccessTokenInvalidError, GuardianNeededError
from guerdon.kernel.identity.permissions import PermissionCatalogue
from guerdon.kernel.identity.service import api_keys
from guerdon.kernel.identity.service.providers import Providers
from guerdon.kernel.identity.service.sessions import (
    Known,
    SessionPolicy,
    by_api_key,
    by_session_token,
    by_user_id,
)
from guerdon.kernel.identity.tokens import AccessTokens


def install(app: FastAPI, permissions: PermissionCatalogue) -> None:
    """Let an application know its people.

    Args:
        app: from ``guerdon.http.setup.new_app``.
        permissions: of the kernel and of all programs.
    """
    settings = app.state.settings
    app.state.permissions = permissions
    app.state.staff_permissions = permissions.of_staff()
    app.state.access_tokens = AccessTokens(
        issuer=settings.base_url, ttl=timedelta(seconds=settings.access_token_ttl_s), secret=app.state.secret
    )
    app.state.session_policy = SessionPolicy(
        ttl=timedelta(seconds=settings.session_ttl_s),
        staff_ttl=timedelta(seconds=settings.staff_session_ttl_s),
        staff_idle=timedelta(seconds=settings.staff_idle_timeout_s),
        permissions=permissions,
    )
    app.state.code_key = derive_key(app.state.secret, "one-time-code")
    app.state.ticket_key = derive_key(app.state.secret, "ticket")
    app.state.providers = Providers(settings)
    app.state.authenticate = authenticate


def authenticate(request: Request, session: Session) -> Principal | None:
    """Who asks, or None for a visitor. One query, whichever way.

    Raises:
        AccessTokenInvalidError: there is an ``Authorization`` header and it does not hold; the cookie is not looked at
            then, since the request was excused from the CSRF check.
    """
    header = request.headers.get("authorization")
    if header is not None:
        return _by_token(request, session, header)
    cookie = session_cookie(request)
    if cookie is None:
        return None
    known = by_session_token(session, request.app.state.clock, cookie, request.app.state.session_policy)
    return _principal(request, session, known, "session") if known else None


def _by_token(request: Request, session: Session, header: str) -> Principal:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise AccessTokenInvalidError
    token, clock = token.strip(), request.app.state.clock
    if token.startswith(api_keys.PREFIX):
        by_key = by_api_key(session, clock, token)
        if by_key is None:
            raise AccessTokenInvalidError
        return _principal(request, session, by_key, "key")
    tokens = cast(AccessTokens, request.app.state.access_tokens)
    claims = tokens.read(token, clock)
    session.info["user_id"] = claims.user_id
    known = by_user_id(session, claims.user_id, claims.generation, clock.now() - tokens.ttl)
    if known is None:
        raise AccessTokenInvalidError
    return _principal(request, session, replace(known, proven_at=claims.proven_at), "token")


def _principal(request: Request, session: Session, known: Known, via: Literal["token", "session", "key"]) -> Principal:
    if session.info.get("user_id") != known.user_id:
        identify(session, known.user_id)
    catalogue = cast(PermissionCatalogue, request.app.state.permissions)
    alone = _is_alone(request, known)
    permissions = frozenset() if alone else catalogue.held_by(known.roles)
    return Principal(
        user_id=known.user_id,
        roles=known.roles,
        permissions=permissions,
        session_id=known.session_id,
        locale=known.locale,
        time_zone=known.time_zone,
        name=known.name,
        via=via,
        scopes=known.scopes,
        proven_at=known.proven_at,
        withheld=GuardianNeededError(field="guardian_user_id") if alone else None,
    )


def _is_alone(request: Request, known: Known) -> bool:
    """Whether this is a minor for whom nobody answers: they see to their own account and do nothing else."""
    if known.alone_until is None:
        return False
    return local_date(request.app.state.clock.now(), ZoneInfo(known.time_zone)) < known.alone_until
