"""How one is reached and signs in, changed over HTTP: address, telephone, password, accounts elsewhere, closing."""

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session

from guerdon.http.access import InPerson, Open
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep
from guerdon.kernel.identity.errors import ClosingNotConfirmedError, CodeWrongError
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.passwords import check_policy
from guerdon.kernel.identity.schemas import (
    Closing,
    CodeRequest,
    Contacts,
    EmailChange,
    EmailProof,
    PasswordByPhone,
    PasswordChange,
    PhoneChange,
    PhoneProof,
)
from guerdon.kernel.identity.service import (
    accounts,
    closing,
    codes,
    contacts,
    fields,
    linking,
    recovery,
    sessions,
    signing,
)
from guerdon.web.i18n import negotiate

router = APIRouter()


def _shown(session: Session, user: User) -> Contacts:
    return Contacts(
        email=user.email,
        email_verified_at=user.email_verified_at,
        phone=user.phone,
        phone_verified_at=user.phone_verified_at,
        country_code=user.country_code,
        ways_in=sorted(linking.ways_in(session, user)),
    )


@router.get("/contacts")
def show_contacts(who: InPerson, session: SessionDep) -> Contacts:
    """One's address and number, and the ways in which one can sign in."""
    return _shown(session, accounts.get_account(session, who.user_id))


@router.post("/contacts/email", status_code=202, responses=problem_responses(429))
def change_email(body: EmailChange, who: InPerson, database: DatabaseDep, session: SessionDep, clock: ClockDep) -> None:
    """Have a link sent to a new address, or to the present one that is not proven yet.

    Nothing changes before the link is used. The answer is the same whether or not somebody else has the address.
    """
    signing.count_present(database, clock, who.user_id)
    signing.count_message(database, clock, body.email)
    user = accounts.get_account(session, who.user_id)
    contacts.begin_email(session, clock, user, email=body.email, present_password=body.present_password)


@router.post("/contacts/email/confirm", responses=problem_responses(409, 410, 429))
def confirm_email(
    body: EmailProof, who: InPerson, database: DatabaseDep, session: SessionDep, clock: ClockDep
) -> Contacts:
    """Use the address that the link's token proves; only the account that asked for it can. The old one is told."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    return _shown(session, contacts.confirm_email(session, clock, who.user_id, body.token))


@router.post("/contacts/phone", status_code=202, responses=problem_responses(429))
def change_phone(
    request: Request,
    body: PhoneChange,
    who: InPerson,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> None:
    """Have a code sent to a new number; nothing changes before it is used."""
    number = fields.clean_phone(body.phone, settings.phone_region)
    signing.count_present(database, clock, who.user_id)
    signing.count_message(database, clock, number)
    accounts.confirm_present(session, who.user_id, body.present_password)
    user = accounts.get_account(session, who.user_id)
    contacts.begin_phone(session, clock, request.app.state.code_key, user, phone=number, region=settings.phone_region)


@router.post("/contacts/phone/confirm", responses=problem_responses(409, 429))
def confirm_phone(
    request: Request,
    body: PhoneProof,
    who: InPerson,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> Contacts:
    """Use the number that the code proves. A code is good for five tries."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    number = fields.clean_phone(body.phone, settings.phone_region)
    user = accounts.get_account(session, who.user_id)
    # In a transaction of its own: a wrong code counts though the request is refused.
    with database.transaction() as checking:
        right = contacts.phone_proven(checking, clock, request.app.state.code_key, user, phone=number, code=body.code)
    if not right:
        raise CodeWrongError(field="code", problem="")
    contacts.set_phone(session, clock, accounts.get_account(session, who.user_id, lock=True), number)
    return _shown(session, user)


@router.delete("/contacts/phone", status_code=204, responses=problem_responses(409))
def remove_phone(who: InPerson, session: SessionDep, clock: ClockDep) -> None:
    """Forget one's number; not if it is the last way in."""
    user = accounts.get_account(session, who.user_id, lock=True)
    other = linking.ways_in(session, user) - {"phone"}
    contacts.remove_phone(session, clock, user, other_ways=len(other))


@router.put("/password", status_code=204, responses=problem_responses(429))
def change_password(
    body: PasswordChange, who: InPerson, database: DatabaseDep, session: SessionDep, clock: ClockDep
) -> None:
    """Change one's password, or set the first; signs out everywhere but in the browser that asks, if it is one."""
    signing.count_present(database, clock, who.user_id)
    accounts.change_password(session, clock, who.user_id, present=body.present_password, new=body.new_password)
    sessions.sign_out_everywhere(session, clock, who.user_id, but=who.session_id)


@router.post("/password-resets/phone/code", status_code=202, responses=problem_responses(429))
def begin_reset(
    request: Request,
    body: CodeRequest,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> None:
    """Have a code sent with which a forgotten password is replaced, whether or not the number is an account's."""
    number = fields.clean_phone(body.phone, settings.phone_region)
    signing.count_message(database, clock, number)
    signing.send_code(session, clock, request.app.state.code_key, "password_reset", number, locale=negotiate(request))


@router.post("/password-resets/phone", status_code=204, responses=problem_responses(429))
def complete_reset(
    request: Request,
    body: PasswordByPhone,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> None:
    """Choose the new password with the code; signs out everywhere. A number without an account: as a wrong code."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    number = fields.clean_phone(body.phone, settings.phone_region)
    # Before the code is used up on a password that would be refused.
    check_policy(body.new_password, field="new_password")
    with database.transaction() as checking:
        right = codes.check(checking, clock, request.app.state.code_key, "password_reset", number, code=body.code)
    user = accounts.find_by_phone(session, number) if right else None
    if user is None or not user.is_active:
        raise CodeWrongError(field="code", problem="")
    recovery.reset_by_phone(session, clock, user, new_password=body.new_password)


@router.post("/closing", status_code=204, responses=problem_responses(409, 429))
def close_account(body: Closing, who: InPerson, database: DatabaseDep, session: SessionDep, clock: ClockDep) -> None:
    """Close one's account: nobody signs in to it any more, and its address and number are free again."""
    signing.count_present(database, clock, who.user_id)
    accounts.confirm_present(session, who.user_id, body.present_password)
    if not body.understood:
        raise ClosingNotConfirmedError(field="understood", problem="")
    closing.close_account(session, clock, who.user_id, actor_id=who.user_id, reason="by the owner")
