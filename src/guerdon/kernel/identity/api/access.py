"""How one signs in, over HTTP: signing up, passwords forgotten by who has a mailbox, API keys."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from guerdon.core.errors import NotFoundError
from guerdon.http.access import InPerson, Open, Principal, signed_in
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep
from guerdon.kernel.identity.schemas import (
    Key,
    NewKey,
    NewPassword,
    OwnKey,
    ResetRequest,
    SignUpConfirmation,
    SignUpRequest,
)
from guerdon.kernel.identity.service import accounts, api_keys, fields, recovery, sign_up, signing
from guerdon.web.i18n import negotiate

router = APIRouter()

Proven = Annotated[Principal, Depends(signed_in(proven=True))]


@router.post("/sign-ups", status_code=202, responses=problem_responses(429))
def begin_sign_up(
    request: Request,
    body: SignUpRequest,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> None:
    """Have a mail sent with which the account is opened; the answer is the same if the address has one."""
    signing.count_by_address(database, clock, signing.SIGN_UP_BY_ADDRESS)
    signing.count_message(database, clock, body.email)
    sign_up.begin(
        session,
        clock,
        email=body.email,
        name=body.name,
        password=body.password,
        locale=negotiate(request),
        time_zone=settings.time_zone,
    )


@router.post("/sign-ups/confirm", status_code=204, responses=problem_responses(410, 429))
def confirm_sign_up(
    body: SignUpConfirmation, _open: Open, database: DatabaseDep, session: SessionDep, clock: ClockDep
) -> None:
    """Open the account with the token of the mail and the password chosen before."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    sign_up.confirm(session, clock, body.token, password=body.password)


@router.post("/password-resets", status_code=202, responses=problem_responses(429))
def begin_reset(body: ResetRequest, _open: Open, database: DatabaseDep, session: SessionDep, clock: ClockDep) -> None:
    """Have a link sent to choose a new password; the answer is the same for an unknown address."""
    address = fields.clean_email(body.email)
    signing.count_message(database, clock, address)
    recovery.begin(session, address)


@router.post("/password-resets/complete", status_code=204, responses=problem_responses(410, 429))
def complete_reset(body: NewPassword, _open: Open, database: DatabaseDep, session: SessionDep, clock: ClockDep) -> None:
    """Choose the new password with the token of the mail; signs out everywhere."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    recovery.reset_by_link(session, clock, body.token, new_password=body.new_password)


@router.get("/api-keys")
def list_keys(who: InPerson, session: SessionDep) -> list[OwnKey]:
    """One's own keys, without what they are."""
    return [OwnKey.model_validate(each) for each in api_keys.keys_of(session, who.user_id)]


@router.post("/api-keys", status_code=201)
def create_key(body: NewKey, response: Response, who: Proven, session: SessionDep, clock: ClockDep) -> Key:
    """Make a key; this answer is the only one that shows it. Needs a token from a sign-in of the last ten minutes."""
    user = accounts.get_account(session, who.user_id)
    key, row = api_keys.create(
        session, clock, user, name=body.name, scopes=body.scopes, days=body.days, held=who.permissions
    )
    response.headers["Cache-Control"] = "no-store"
    return Key(key=key, **OwnKey.model_validate(row).model_dump())


@router.delete("/api-keys/{key_id}", status_code=204, responses=problem_responses(404))
def revoke_key(key_id: UUID, who: InPerson, session: SessionDep, clock: ClockDep) -> None:
    """Put an end to a key."""
    if not api_keys.revoke(session, clock, who.user_id, key_id):
        raise NotFoundError(what="key")
