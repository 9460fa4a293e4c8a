"""``/credentials``: what everybody may look at. A credential by its address, the issuer, its keys, what is revoked."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from guerdon.http.access import MaybeSignedIn
from guerdon.http.schemas import Text
from guerdon.http.transaction import SessionDep, SettingsDep
from guerdon.kernel.engagement.badges import images
from guerdon.kernel.engagement.badges.api.credentials import issuer_of
from guerdon.kernel.engagement.badges.errors import BadgeNotFoundError, CredentialNotFoundError
from guerdon.kernel.engagement.badges.service import credentials, keys
from guerdon.kernel.engagement.badges.service.definitions import Definition, get
from guerdon.kernel.engagement.badges.service.versions import with_level
from guerdon.web.render import render

router = APIRouter(prefix="/credentials")

PublicId = Annotated[Text, Path(max_length=100)]
Level = Annotated[int, Path(ge=1, le=5)]
OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
"""Verifiers run in browsers too."""
PICTURE = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "public, max-age=3600"}


@router.get("/issuer")
def show_issuer(_who: MaybeSignedIn, settings: SettingsDep) -> Response:
    """The issuer's profile, as Open Badges have it."""
    profile = {"@context": list(credentials.CONTEXTS), **issuer_of(settings).profile()}
    return JSONResponse(profile, headers=OPEN)


@router.get("/keys")
def list_keys(_who: MaybeSignedIn, session: SessionDep, settings: SettingsDep) -> Response:
    """Every public key that signs or signed, as a JWK set: found by the ``kid`` of a credential, as libraries look."""
    issuer = issuer_of(settings)
    found = [{**jwk, "kid": issuer.key_address(jwk["kid"])} for jwk in keys.public_jwks(session)]
    return JSONResponse({"keys": found}, headers=OPEN, media_type="application/jwk-set+json")


@router.get("/keys/{key_id}")
def show_key(key_id: PublicId, _who: MaybeSignedIn, session: SessionDep, settings: SettingsDep) -> Response:
    """One public key, as a JWK: what the ``kid`` of a credential leads to."""
    for jwk in keys.public_jwks(session):
        if jwk["kid"] == key_id:
            described = {**jwk, "kid": issuer_of(settings).key_address(key_id)}
            return JSONResponse(described, headers=OPEN, media_type="application/jwk+json")
    raise CredentialNotFoundError()


@router.get("/revocations")
def list_revocations(_who: MaybeSignedIn, session: SessionDep, settings: SettingsDep) -> Response:
    """The credentials that are revoked (1EdTech Revocation List)."""
    return JSONResponse(credentials.revocations(session, issuer_of(settings)), headers=OPEN)


@router.get("/achievements/{badge_id}/{level}")
def show_achievement(
    badge_id: UUID, level: Level, _who: MaybeSignedIn, session: SessionDep, settings: SettingsDep
) -> Response:
    """What a level of a badge stands for; nothing is told of hidden badges."""
    badge = _open_badge(session, badge_id, level)
    found = credentials.achievement(session, issuer_of(settings), badge, level, settings.default_locale)
    return JSONResponse({"@context": list(credentials.CONTEXTS), **found}, headers=OPEN)


def _open_badge(session: SessionDep, badge_id: UUID, level: int) -> Definition:
    badge = get(session, badge_id)
    if badge.hidden:
        raise BadgeNotFoundError(badge=str(badge_id))
    return with_level(session, badge, level)


@router.get("/achievements/{badge_id}/{level}/image.svg")
def show_achievement_image(badge_id: UUID, level: Level, _who: MaybeSignedIn, session: SessionDep) -> Response:
    """The picture of a level of a badge."""
    badge = with_level(session, get(session, badge_id), level)
    title = badge.code if badge.hidden else badge.name
    return Response(images.svg(title, badge.icon, badge.colour, level), headers=PICTURE, media_type="image/svg+xml")


@router.get("/{public_id}")
def show_credential(request: Request, public_id: PublicId, _who: MaybeSignedIn, session: SessionDep) -> Response:
    """A credential: a page for people, the signed credential itself for programs."""
    found = credentials.public(session, public_id)
    if "text/html" not in request.headers.get("accept", "text/html"):
        return PlainTextResponse(found.token, headers=OPEN)
    subject: dict[str, Any] = found.document["credentialSubject"]
    context = {
        "credential": found,
        "achievement": subject["achievement"],
        "issuer": found.document["issuer"],
        "document": found.document,
        "valid": found.genuine and found.revoked_at is None,
    }
    return render(request, "badges/credential.html", context, headers={"Vary": "Accept, Cookie, Accept-Language"})


@router.get("/{public_id}/credential.jwt")
def show_token(public_id: PublicId, _who: MaybeSignedIn, session: SessionDep) -> Response:
    """The signed credential, a compact JWS."""
    found = credentials.public(session, public_id)
    return PlainTextResponse(found.token, headers={**OPEN, "Content-Disposition": 'attachment; filename="badge.jwt"'})


@router.get("/{public_id}/badge.svg")
def show_baked_svg(public_id: PublicId, _who: MaybeSignedIn, session: SessionDep) -> Response:
    """The picture with the credential inside, as SVG."""
    found = credentials.public(session, public_id)
    badge = found.badge
    content = images.svg(found.document["name"], badge.icon, badge.colour, found.level, found.token)
    return Response(content, headers=PICTURE, media_type="image/svg+xml")


@router.get("/{public_id}/badge.png")
def show_baked_png(public_id: PublicId, _who: MaybeSignedIn, session: SessionDep) -> Response:
    """The picture with the credential inside, as PNG."""
    found = credentials.public(session, public_id)
    return Response(images.png(found.badge.colour, found.level, found.token), headers=PICTURE, media_type="image/png")
