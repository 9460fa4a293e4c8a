"""Credentials over HTTP: ask for one, list them, take one back; staff revoke, administrators rotate the key."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from sqlalchemy import select

from guerdon.core.settings import Settings
from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep, SettingsDep
from guerdon.kernel.engagement.badges.models import EarnedLevel
from guerdon.kernel.engagement.badges.schemas import CredentialOut, CredentialRequest, KeyRotated, Revocation
from guerdon.kernel.engagement.badges.service import credentials, keys
from guerdon.kernel.engagement.badges.service.credentials import Issuer
from guerdon.kernel.engagement.badges.service.definitions import get
from guerdon.kernel.identity.people import encryption

router = APIRouter()
Level = Annotated[int, Path(ge=1, le=5)]
PublicId = Annotated[Text, Path(max_length=100)]
Awarder = Annotated[Principal, Depends(requires("engagement:award"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]


def issuer_of(settings: Settings) -> Issuer:
    """The community as it signs."""
    return Issuer(settings.base_url, settings.community_name)


@router.post("/badges/{badge_id}/levels/{level}/credential", responses=problem_responses(404))
def issue_credential(
    badge_id: UUID,
    level: Level,
    body: CredentialRequest,
    who: SignedIn,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> CredentialOut:
    """Have a level that you have signed as an Open Badges 3.0 credential; asked for again, it is the same one."""
    issuer = issuer_of(settings)
    made = credentials.issue(
        session,
        clock,
        encryption.ring(),
        issuer,
        who.user_id,
        badge=get(session, badge_id),
        level=level,
        show_name=body.show_name,
    )
    return CredentialOut(
        id=issuer.credential_id(made.public_id),
        badge_id=badge_id,
        level=level,
        issued_at=made.issued_at,
        shows_name=made.shown_name is not None,
        revoked_at=made.revoked_at,
        token=made.token,
    )


@router.get("/credentials")
def list_credentials(who: SignedIn, session: SessionDep, settings: SettingsDep) -> list[CredentialOut]:
    """The credentials that you asked for, the latest first."""
    issuer = issuer_of(settings)
    levels = {
        row.id: row
        for row in session.execute(
            select(EarnedLevel.id, EarnedLevel.badge_id, EarnedLevel.level).where(EarnedLevel.owner_id == who.user_id)
        )
    }
    return [
        CredentialOut(
            id=issuer.credential_id(each.public_id),
            badge_id=levels[each.earned_level_id].badge_id,
            level=levels[each.earned_level_id].level,
            issued_at=each.issued_at,
            shows_name=each.shown_name is not None,
            revoked_at=each.revoked_at,
        )
        for each in credentials.of_member(session, who.user_id)
    ]


@router.delete("/credentials/{public_id}", status_code=204, responses=problem_responses(404))
def withdraw_credential(public_id: PublicId, who: SignedIn, session: SessionDep, clock: ClockDep) -> None:
    """Take a credential of yours back: it is revoked, the badge stays."""
    credentials.withdraw(session, clock, who.user_id, public_id)


@router.post("/credentials/{public_id}/revoke", status_code=204, responses=problem_responses(404, 409))
def revoke_credential(
    public_id: PublicId, body: Revocation, who: Awarder, session: SessionDep, clock: ClockDep
) -> None:
    """Revoke a member's credential; the badge stays."""
    credentials.revoke(session, clock, public_id, actor_id=who.user_id, reason=body.reason)


@router.post("/credential-keys", status_code=201)
def rotate_key(who: Configurer, session: SessionDep, clock: ClockDep) -> KeyRotated:
    """Sign credentials with a new key from now on; those that are signed stay valid."""
    return KeyRotated(key_id=keys.rotate(session, clock, encryption.ring(), actor_id=who.user_id))
