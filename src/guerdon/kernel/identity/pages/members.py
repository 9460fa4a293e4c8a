"""The members, for staff: finding them, opening accounts, giving and taking roles."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from guerdon.core.clock import Clock
from guerdon.core.errors import FieldError, GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep, SettingsDep, attempt
from guerdon.kernel.identity.permissions import Role
from guerdon.kernel.identity.service import accounts, roles
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import LANGUAGES, msgid, negotiate
from guerdon.web.navigation import of_member, proof_path
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/members")

Reader = Annotated[Principal, Depends(requires("identity:read"))]
Creator = Annotated[Principal, Depends(requires("identity:create"))]
Granter = Annotated[Principal, Depends(requires("identity:grant", proven=True))]
Suspender = Annotated[Principal, Depends(requires("identity:suspend", proven=True))]
Short = Annotated[Text, Form(max_length=254)]

PAGE_SIZE = 50
ROLE_NAMES = {
    Role.USER: msgid("Member"),
    Role.PARTNER: msgid("Partner"),
    Role.STAFF: msgid("Staff"),
    Role.ADMIN: msgid("Administrator"),
    Role.SUPER_ADMIN: msgid("Super administrator"),
}


class ReasonMissingError(FieldError):
    """A change that is audited needs its why."""

    code = "reason-missing"
    message = "Say why."
    remedy = "A few words are enough; they stand in the audit log."


@router.get("")
def list_members(
    request: Request,
    _who: Reader,
    session: SessionDep,
    q: Annotated[Text, Query(max_length=100)] = "",
    role: Annotated[str, Query(max_length=20)] = "",
    cursor: Cursor = None,
) -> Response:
    """The list, by name."""
    chosen = role if role in accounts.ROLES else None
    after = decode_cursor(cursor, str, UUID)
    found = accounts.search_accounts(
        session, query=q, role=chosen, after=(after[0], after[1]) if after else None, limit=PAGE_SIZE
    )
    shown = found[:PAGE_SIZE]
    context = {
        "members": shown,
        "q": q,
        "filters": FormState({"role": role}),
        "role_names": ROLE_NAMES,
        "cursor": cursor,
        "next_cursor": encode_cursor(*accounts.sort_key(shown[-1])) if len(found) > PAGE_SIZE else None,
    }
    return render(request, "identity/members.html", context)


@router.get("/new")
def show_new(request: Request, _who: Creator) -> Response:
    """The form for an account that staff open."""
    return _new_form(request, FormState({"locale": negotiate(request)}))


def _new_form(request: Request, state: FormState, status: int = 200) -> Response:
    context = {"state": state, "locales": list(LANGUAGES.items())}
    return render(request, "identity/member_new.html", context, status)


@router.post("/new")
def create(
    request: Request,
    who: Creator,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    name: Short = "",
    email: Short = "",
    locale: Short = "",
    password: Annotated[Text, Form(max_length=1000)] = "",
) -> Response:
    """Open it."""
    try:
        with attempt(session):
            user = accounts.create_account(
                session,
                clock,
                email=email,
                name=name,
                password=password or None,
                locale=locale,
                time_zone=settings.time_zone,
                actor_id=who.user_id,
            )
    except GuerdonError as exc:
        values = {"name": name, "email": email, "locale": locale}
        return _new_form(request, FormState.refused(values, exc, viewer_of(request).translator), exc.status)
    flash(request, msgid("The account of {name} is open."), name=user.name)
    return redirect(request, f"/staff/members/{user.id}")


@router.get("/{user_id}")
def show_member(request: Request, user_id: UUID, who: Reader, session: SessionDep, clock: ClockDep) -> Response:
    """One member with their roles."""
    return _member_page(request, session, clock, who, user_id)


def _member_page(
    request: Request,
    session: SessionDep,
    clock: Clock,
    who: Principal,
    user_id: UUID,
    *,
    state: FormState | None = None,
    suspending: FormState | None = None,
    status: int = 200,
) -> Response:
    givable = [role for role in Role if role != Role.USER and roles.may_give(who.roles, role)]
    context = {
        "member": accounts.get_account(session, user_id),
        "state": state or FormState(),
        "links": of_member(request.app.state.navigation, who, user_id),
        "role_names": ROLE_NAMES,
        "givable": givable if who.may("identity:grant") else [],
        "may_suspend": who.may("identity:suspend"),
        "suspending": suspending or FormState(),
        "proven": who.proven_lately(clock.now()),
        "proof_path": proof_path(f"/staff/members/{user_id}"),
    }
    return render(request, "identity/member.html", context, status)


def _given(reason: str, field: str = "reason") -> str:
    if len(reason.strip()) < 3:
        raise ReasonMissingError(field=field, problem="")
    return reason.strip()


@router.post("/{user_id}/roles")
def change_role(
    request: Request,
    user_id: UUID,
    who: Granter,
    session: SessionDep,
    clock: ClockDep,
    role: Short = "",
    decision: Annotated[Literal["grant", "take"], Form()] = "grant",
    reason: Annotated[Text, Form(max_length=500)] = "",
) -> Response:
    """Give or take a role."""
    change = roles.grant if decision == "grant" else roles.revoke
    try:
        with attempt(session):
            change(session, clock, user_id=user_id, role=role, actor_id=who.user_id, reason=_given(reason))
    except GuerdonError as exc:
        values = {"role": role, "reason": reason}
        state = FormState.refused(values, exc, viewer_of(request).translator)
        return _member_page(request, session, clock, who, user_id, state=state, status=exc.status)
    flash(request, msgid("The roles are changed."))
    return redirect(request, f"/staff/members/{user_id}")


@router.post("/{user_id}/suspension")
def suspend(
    request: Request,
    user_id: UUID,
    who: Suspender,
    session: SessionDep,
    clock: ClockDep,
    decision: Annotated[Literal["suspend", "restore"], Form()] = "suspend",
    why: Annotated[Text, Form(max_length=500)] = "",
) -> Response:
    """Close an account to its owner, or let it in again."""
    active = decision == "restore"
    try:
        with attempt(session):
            reason = _given(why, "why")
            roles.set_active(session, clock, user_id=user_id, active=active, actor_id=who.user_id, reason=reason)
    except GuerdonError as exc:
        state = FormState.refused({"why": why}, exc, viewer_of(request).translator)
        return _member_page(request, session, clock, who, user_id, suspending=state, status=exc.status)
    flash(request, msgid("The account is open again.") if active else msgid("The account is suspended."))
    return redirect(request, f"/staff/members/{user_id}")
