"""Finds out who makes a request: by access token in the header, else by the session cookie."""

from datetime import timedelta
from typing import Literal, cast

from fastapi import FastAPI, Request
from sqlalchemy.orm import Session

from guerdon.http.access import Principal
from guerdon.http.cookies import session_cookie
from guerdon.http.transaction import identify
from guerdon.kernel.identity.errors import AccessTokenInvalidError
from guerdon.kernel.identity.permissions import PermissionCatalogue
from guerdon.kernel.identity.service.sessions import Known, by_session_token, by_user_id
from guerdon.kernel.identity.tokens import AccessTokens


def install(app: FastAPI, permissions: PermissionCatalogue) -> None:
    """Let an application know its people.

    Args:
        app: from ``guerdon.http.setup.new_app``.
        permissions: of the kernel and of all programs.
    """
    settings = app.state.settings
    app.state.permissions = permissions
    app.state.access_tokens = AccessTokens(
        issuer=settings.base_url, ttl=timedelta(seconds=settings.access_token_ttl_s), secret=app.state.secret
    )
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
    known = by_session_token(session, request.app.state.clock, cookie)
    return _principal(request, session, known, "session") if known else None


def _by_token(request: Request, session: Session, header: str) -> Principal:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise AccessTokenInvalidError
    tokens = cast(AccessTokens, request.app.state.access_tokens)
    user_id = tokens.verify(token.strip(), request.app.state.clock)
    session.info["user_id"] = user_id
    known = by_user_id(session, user_id)
    if known is None:
        raise AccessTokenInvalidError
    return _principal(request, session, known, "token")


def _principal(request: Request, session: Session, known: Known, via: Literal["token", "session"]) -> Principal:
    if session.info.get("user_id") != known.user_id:
        identify(session, known.user_id)
    permissions = cast(PermissionCatalogue, request.app.state.permissions)
    return Principal(
        user_id=known.user_id,
        roles=known.roles,
        permissions=permissions.held_by(known.roles),
        session_id=known.session_id,
        locale=known.locale,
        time_zone=known.time_zone,
        name=known.name,
        via=via,
    )
