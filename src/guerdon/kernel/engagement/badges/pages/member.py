"""``/badges``: what a member has reached, what is to come, and credentials to take along."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from guerdon.http.access import SignedIn
from guerdon.http.once import SentOnce
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep, SettingsDep
from guerdon.kernel.engagement.badges.api.credentials import issuer_of
from guerdon.kernel.engagement.badges.service import credentials, reading
from guerdon.kernel.engagement.badges.service.definitions import get
from guerdon.kernel.engagement.badges.words import Titles
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.web.flash import flash, redirect
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/badges")
Level = Annotated[int, Path(ge=1, le=5)]


@router.get("")
def show_badges(request: Request, who: SignedIn, session: SessionDep) -> Response:
    """Every badge that the member has or may know of."""
    rows = reading.of_member(session, who.user_id)
    context = {
        "own": [row for row in rows if row.level],
        "others": [row for row in rows if not row.level],
        "titles": Titles(session),
        "translator": viewer_of(request).translator,
    }
    return render(request, "badges/mine.html", context)


@router.get("/{badge_id}")
def show_badge(request: Request, badge_id: UUID, who: SignedIn, session: SessionDep) -> Response:
    """One badge with its levels and credentials."""
    row = reading.one_of_member(session, who.user_id, badge_id)
    issued = {each.earned_level_id: each for each in credentials.of_member(session, who.user_id) if not each.revoked_at}
    levels = {
        each.level: issued.get(each.id)
        for each in reading.history(session, who.user_id)
        if each.badge_id == badge_id and each.revoked_at is None
    }
    context = {
        "row": row,
        "badge": row.badge,
        "credentials": levels,
        "titles": Titles(session),
        "translator": viewer_of(request).translator,
        "units": {code: unit for code, (_, unit) in catalogue(session).units.items()},
    }
    return render(request, "badges/one.html", context)


@router.post("/{badge_id}/{level}/credential")
def issue(
    request: Request,
    badge_id: UUID,
    level: Level,
    sent: SentForm,
    who: SignedIn,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> Response:
    """Sign a credential and show it."""
    made = credentials.issue(
        session,
        clock,
        encryption.ring(),
        issuer_of(settings),
        who.user_id,
        badge=get(session, badge_id),
        level=level,
        show_name=sent.get("show_name") == "yes",
    )
    flash(request, msgid("Here is your credential. Whoever has its address can check it."))
    return redirect(request, f"/credentials/{made.public_id}")


@router.post("/credentials/{public_id}/withdraw")
def withdraw(
    request: Request,
    public_id: Annotated[Text, Path(max_length=100)],
    who: SignedIn,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Take a credential back."""
    credentials.withdraw(session, clock, who.user_id, public_id)
    flash(request, msgid("The credential is revoked; you keep the badge."))
    return redirect(request, "/badges")
