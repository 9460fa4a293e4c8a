"""``/api/v1/identity/tokens``: what programs sign in with."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from guerdon.http.access import Open
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep
from guerdon.kernel.identity.api.issuing import first_tokens, tokens_with
from guerdon.kernel.identity.errors import CodeWrongError, RefreshTokenInvalidError
from guerdon.kernel.identity.schemas import (
    AccessToken,
    CodeRequest,
    PhoneTokenRequest,
    RefreshRequest,
    TokenRequest,
)
from guerdon.kernel.identity.service import accounts, codes, fields, refresh, signing
from guerdon.web.i18n import negotiate, negotiate_region

router = APIRouter(prefix="/tokens")


@router.post("", responses=problem_responses(401, 429))
def issue_token(
    request: Request,
    response: Response,
    body: TokenRequest,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> AccessToken:
    """Exchange e-mail and password for a short-lived access token and a refresh token."""
    signing.count_sign_in(database, clock, body.email)
    user = signing.verify_password(session, clock, email=body.email, password=body.password)
    return first_tokens(request, response, session, clock, settings, user.id)


@router.post("/refresh", responses=problem_responses(401, 429))
def refresh_tokens(
    request: Request,
    response: Response,
    body: RefreshRequest,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> AccessToken:
    """Exchange a refresh token, once, for new tokens. One that comes back a second time ends its whole chain."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    ttl = timedelta(seconds=settings.refresh_token_ttl_s)
    # In a transaction of its own: that a token was used twice stays known when the request is refused.
    with database.transaction() as exchanging:
        exchanged = refresh.exchange(exchanging, clock, body.refresh_token, ttl=ttl)
    if exchanged is None:
        raise RefreshTokenInvalidError
    return tokens_with(request, response, session, clock, exchanged.user_id, exchanged.token)


@router.post("/revoke", status_code=204, responses=problem_responses(429))
def revoke_tokens(
    body: RefreshRequest, _open: Open, database: DatabaseDep, session: SessionDep, clock: ClockDep
) -> None:
    """Sign a program out: its refresh token and all of its chain end. An unknown token is no error (RFC 7009)."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    refresh.revoke(session, clock, body.refresh_token)


@router.post("/phone/code", status_code=202, responses=problem_responses(429))
def send_code(
    request: Request,
    body: CodeRequest,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> None:
    """Have a code sent to a telephone, whether or not it is an account's."""
    number = fields.clean_phone(body.phone, settings.phone_region)
    signing.count_message(database, clock, number)
    signing.send_code(session, clock, request.app.state.code_key, "sign_in", number, locale=negotiate(request))


@router.post("/phone", responses=problem_responses(401, 429))
def issue_token_by_phone(
    request: Request,
    response: Response,
    body: PhoneTokenRequest,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> AccessToken:
    """Exchange a telephone number and its code for tokens; a number without an account gets one, under ``name``."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    number = fields.clean_phone(body.phone, settings.phone_region)
    # In a transaction of its own: a wrong code counts though the request is refused.
    with database.transaction() as checking:
        right = codes.check(checking, clock, request.app.state.code_key, "sign_in", number, code=body.code)
    if not right:
        raise CodeWrongError(field="code", problem="")
    user = signing.enter_by_phone(session, clock, number)
    if user is None:
        user = accounts.open_proven(
            session,
            clock,
            name=body.name or "",
            provider="phone",
            phone=number,
            locale=negotiate_region(request),
            time_zone=settings.time_zone,
        )
    return first_tokens(request, response, session, clock, settings, user.id)
