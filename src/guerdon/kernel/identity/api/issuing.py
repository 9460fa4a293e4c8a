"""The answer with which every way in ends for programs: an access token, and the token for the next one."""

from datetime import timedelta
from typing import cast
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.settings import Settings
from guerdon.kernel.identity.schemas import AccessToken
from guerdon.kernel.identity.service import refresh, signing_keys
from guerdon.kernel.identity.tokens import AccessTokens


def first_tokens(
    request: Request, response: Response, session: Session, clock: Clock, settings: Settings, user_id: UUID
) -> AccessToken:
    """Tokens for who has just proven who they are."""
    first = refresh.start(session, clock, user_id, ttl=timedelta(seconds=settings.refresh_token_ttl_s))
    return tokens_with(request, response, session, clock, user_id, first, proven=True)


def tokens_with(
    request: Request,
    response: Response,
    session: Session,
    clock: Clock,
    user_id: UUID,
    refresh_token: str,
    *,
    proven: bool = False,
) -> AccessToken:
    """A new access token beside a refresh token.

    Args:
        proven: they have just proven who they are.
    """
    issuer = cast(AccessTokens, request.app.state.access_tokens)
    token, expires_at = issuer.issue(user_id, clock, signing_keys.present(session), proven=proven)
    response.headers["Cache-Control"] = "no-store"
    return AccessToken(
        access_token=token,
        expires_in=int(issuer.ttl.total_seconds()),
        expires_at=expires_at,
        refresh_token=refresh_token,
    )
