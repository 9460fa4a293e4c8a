"""``/api/v1/identity``."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from guerdon.core.errors import NotFoundError
from guerdon.http.access import InPerson, Principal, SignedIn, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep, SettingsDep
from guerdon.kernel.identity.api import access, contacts, provider_tokens, providers, tokens
from guerdon.kernel.identity.permissions import Role
from guerdon.kernel.identity.schemas import Change, Me, Member, NewMember, OwnSession
from guerdon.kernel.identity.service import accounts, roles, sessions

router = APIRouter(prefix="/api/v1/identity", tags=["identity"])
router.include_router(tokens.router)
router.include_router(provider_tokens.router)
router.include_router(access.router)
router.include_router(contacts.router)
router.include_router(providers.router)

Reader = Annotated[Principal, Depends(requires("identity:read"))]
Creator = Annotated[Principal, Depends(requires("identity:create"))]
Granter = Annotated[Principal, Depends(requires("identity:grant", proven=True))]
Suspender = Annotated[Principal, Depends(requires("identity:suspend", proven=True))]


@router.get("/me")
def me(who: SignedIn) -> Me:
    """Who the token or session belongs to."""
    return Me(
        user_id=who.user_id,
        name=who.name,
        roles=sorted(who.roles),
        permissions=sorted(who.permissions),
        locale=who.locale,
        time_zone=who.time_zone,
    )


@router.get("/sessions")
def own_sessions(who: InPerson, session: SessionDep, clock: ClockDep) -> list[OwnSession]:
    """The browsers in which one is signed in."""
    return [OwnSession.model_validate(each) for each in sessions.list_sessions(session, clock, who.user_id)]


@router.delete("/sessions/{session_id}", status_code=204, responses=problem_responses(404))
def end_session(session_id: UUID, who: InPerson, session: SessionDep, clock: ClockDep) -> None:
    """Sign one of one's own browsers out."""
    if not sessions.end_session(session, clock, who.user_id, session_id):
        raise NotFoundError(what="session")


@router.delete("/sessions", status_code=204)
def end_sessions(who: InPerson, session: SessionDep, clock: ClockDep) -> None:
    """Sign every browser and every program out, save the one that asks if it is a browser."""
    sessions.sign_out_everywhere(session, clock, who.user_id, but=who.session_id)


@router.get("/members")
def list_members(
    _who: Reader,
    session: SessionDep,
    q: Annotated[Text, Query(max_length=100, description="Part of a name, an address or a user name.")] = "",
    role: Annotated[Role | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[Member]:
    """Members by name."""
    after = decode_cursor(cursor, str, UUID)
    found = accounts.search_accounts(
        session, query=q, role=role, after=(after[0], after[1]) if after else None, limit=limit
    )
    return page_of(found, limit, show=Member.model_validate, key=accounts.sort_key)


@router.post("/members", status_code=201, responses=problem_responses(409))
def create_member(body: NewMember, who: Creator, session: SessionDep, clock: ClockDep, settings: SettingsDep) -> Member:
    """Open an account for somebody, with the role ``user``."""
    user = accounts.create_account(
        session,
        clock,
        email=body.email,
        name=body.name,
        username=body.username,
        password=body.password,
        locale=body.locale,
        time_zone=body.time_zone or settings.time_zone,
        actor_id=who.user_id,
    )
    return Member.model_validate(user)


@router.put("/members/{user_id}/roles/{role}")
def grant_role(user_id: UUID, role: Role, body: Change, who: Granter, session: SessionDep, clock: ClockDep) -> Member:
    """Give a role that one holds oneself. Needs a token from a sign-in of the last ten minutes."""
    user = roles.grant(session, clock, user_id=user_id, role=role, actor_id=who.user_id, reason=body.reason)
    return Member.model_validate(user)


@router.delete("/members/{user_id}/roles/{role}", responses=problem_responses(409))
def revoke_role(
    user_id: UUID,
    role: Role,
    who: Granter,
    session: SessionDep,
    clock: ClockDep,
    reason: Annotated[Text, Query(min_length=3, max_length=500)],
) -> Member:
    """Take a role; the last super administrator stays. Needs a token as giving one does."""
    user = roles.revoke(session, clock, user_id=user_id, role=role, actor_id=who.user_id, reason=reason)
    return Member.model_validate(user)


@router.put("/members/{user_id}/suspension", responses=problem_responses(409))
def suspend(user_id: UUID, body: Change, who: Suspender, session: SessionDep, clock: ClockDep) -> Member:
    """Close an account to its owner until it is restored: they are signed out everywhere. Needs a token as above."""
    user = roles.set_active(session, clock, user_id=user_id, active=False, actor_id=who.user_id, reason=body.reason)
    return Member.model_validate(user)


@router.delete("/members/{user_id}/suspension")
def restore(
    user_id: UUID,
    who: Suspender,
    session: SessionDep,
    clock: ClockDep,
    reason: Annotated[Text, Query(min_length=3, max_length=500)],
) -> Member:
    """Let an account in again. Needs a token as above."""
    user = roles.set_active(session, clock, user_id=user_id, active=True, actor_id=who.user_id, reason=reason)
    return Member.model_validate(user)
