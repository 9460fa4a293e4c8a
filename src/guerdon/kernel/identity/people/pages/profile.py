"""One's own profile and picture."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from guerdon.core.clock import Clock
from guerdon.core.errors import GuerdonError
from guerdon.http.access import Principal, SignedIn
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.identity.people.api.profiles import picture_response
from guerdon.kernel.identity.people.models import CHANNELS
from guerdon.kernel.identity.people.service import profiles
from guerdon.kernel.identity.service.fields import time_zones
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import LANGUAGES, msgid
from guerdon.web.render import render
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter()

CHANNEL_NAMES = {"email": msgid("E-mail"), "sms": msgid("SMS"), "whatsapp": msgid("WhatsApp")}
LOCALES = (*LANGUAGES.items(), ("fr-SN", "Français (Sénégal)"))


@router.get("/account/profile")
def show_profile(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """The form."""
    return _page(request, who, session, clock)


def _page(
    request: Request,
    who: Principal,
    session: SessionDep,
    clock: Clock,
    *,
    state: FormState | None = None,
    picture: FormState | None = None,
    status: int = 200,
) -> Response:
    profile = profiles.get(session, who.user_id)
    offered = list(LOCALES)
    if profile.locale not in dict(offered):
        offered.append((profile.locale, profile.locale))
    context = {
        "profile": profile,
        "minor": profiles.minor(profile, clock),
        "state": state or FormState(_values(profile)),
        "picture": picture or FormState(),
        "locales": offered,
        "zones": [(zone, zone.replace("_", " ")) for zone in time_zones()],
        "channels": CHANNEL_NAMES,
    }
    return render(request, "people/profile.html", context, status)


def _values(profile: Any) -> dict[str, Any]:
    return {
        "full_name": profile.full_name,
        "date_of_birth": profile.date_of_birth.isoformat() if profile.date_of_birth else "",
        "locale": profile.locale,
        "timezone": profile.timezone,
        "bio": profile.bio,
        "is_profile_public": "yes" if profile.is_profile_public else "",
        "allow_contact_by_sponsors": "yes" if profile.allow_contact_by_sponsors else "",
        "channels": [name for name, wanted in profiles.notification_preferences(profile).items() if wanted],
    }


@router.post("/account/profile")
def save_profile(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep, sent: SentForm) -> Response:
    """Change it."""
    chosen = sent.many("channels")
    change = profiles.ProfileChange(
        full_name=sent.get("full_name", ""),
        locale=sent.get("locale", ""),
        timezone=sent.get("timezone", ""),
        date_of_birth=sent.get("date_of_birth"),
        bio=sent.get("bio"),
        is_profile_public="is_profile_public" in sent,
        allow_contact_by_sponsors="allow_contact_by_sponsors" in sent,
        notification_preferences={channel: channel in chosen for channel in CHANNELS},
    )
    try:
        with attempt(session):
            profile = profiles.update(session, clock, who.user_id, change)
    except GuerdonError as exc:
        state = FormState.refused({**sent, "channels": chosen}, exc, viewer_of(request).translator)
        return _page(request, who, session, clock, state=state, status=exc.status)
    if change.is_profile_public and not profile.is_profile_public:
        flash(request, msgid("Your profile is saved. It is private, because you are under 18; you can change that."))
    else:
        flash(request, msgid("Your profile is saved."))
    return redirect(request, "/account/profile")


@router.post("/account/profile/avatar")
def save_avatar(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep, sent: SentForm) -> Response:
    """Give oneself a picture."""
    uploads = sent.files("avatar")
    content = uploads[0].file.read(profiles.AVATAR_BYTES_MAX + 1) if uploads else b""
    try:
        with attempt(session):
            profiles.set_avatar(session, clock, who.user_id, content)
    except GuerdonError as exc:
        picture = FormState.refused({}, exc, viewer_of(request).translator)
        return _page(request, who, session, clock, picture=picture, status=exc.status)
    flash(request, msgid("Your picture is saved."))
    return redirect(request, "/account/profile")


@router.post("/account/profile/avatar/remove")
def remove_avatar(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """Take the picture away."""
    profiles.remove_avatar(session, clock, who.user_id)
    flash(request, msgid("Your picture is removed."))
    return redirect(request, "/account/profile")


@router.get("/avatars/{avatar_id}")
def show_avatar(avatar_id: UUID, _who: SignedIn, session: SessionDep) -> Response:
    """A picture, for who may see it."""
    return picture_response(session, avatar_id)
