"""``/staff/badges``: make and change badges, activate them, give them by hand, revoke them; the signing keys."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.errors import GuerdonError
from guerdon.core.money import to_text
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.pagination import decode_cursor, encode_cursor
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.engagement.activities.errors import MemberUnknownError
from guerdon.kernel.engagement.activities.models import Metric
from guerdon.kernel.engagement.badges.api.shapes import criteria_of, draft_of
from guerdon.kernel.engagement.badges.api.staff import COMMUNITY, check_program
from guerdon.kernel.engagement.badges.jobs import start_backfill
from guerdon.kernel.engagement.badges.schemas import Award, BadgeChange, NewBadge
from guerdon.kernel.engagement.badges.seeds import LEVEL_MAX
from guerdon.kernel.engagement.badges.service import backfilling, defining, keys, reading, staffing
from guerdon.kernel.engagement.badges.service.definitions import Definition, definitions, get
from guerdon.kernel.engagement.badges.words import Titles
from guerdon.kernel.engagement.streaks.models import Streak
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.service.accounts import find_by_email
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.icons import ICONS
from guerdon.web.render import render
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/badges")

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]
Awarder = Annotated[Principal, Depends(requires("engagement:award"))]
Level = Annotated[int, Path(ge=1, le=LEVEL_MAX)]
PAGE = 50

KINDS = (
    ("total", msgid("A metric over a whole life")),
    ("window", msgid("The best day, week or month of a metric")),
    ("periods", msgid("Days of a week or month on which a metric reached a minimum")),
    ("streak", msgid("The longest run of a streak")),
    ("hand", msgid("Nothing: staff award it")),
)
WINDOW_NAMES = (("", msgid("–")), ("day", msgid("Day")), ("week", msgid("Week")), ("month", msgid("Month")))


@router.get("")
def list_badges(request: Request, who: Reader, session: SessionDep) -> Response:
    """Every badge, by program."""
    context = {
        "badges": definitions(session).all,
        "holders": reading.holders_by_badge(session),
        "runs": backfilling.latest(session),
        "programs": _program_titles(request),
        "may_change": who.may("engagement:configure"),
    }
    return render(request, "badges/staff/list.html", context)


def _program_titles(request: Request) -> dict[str, str]:
    return {COMMUNITY: msgid("Community"), **{each.name: each.title for each in request.app.state.programs}}


@router.get("/new")
def show_new(request: Request, _who: Configurer, session: SessionDep) -> Response:
    """The form for a badge."""
    values = {"colour": "#b7791f", "icon": "star", "category": "general", "type": "standard", "minimum": "1"}
    return _form(request, session, None, FormState({**values, "program": COMMUNITY, "kind": "hand"}))


@router.post("/new")
def create(request: Request, sent: SentForm, who: Configurer, _once: SentOnce, session: SessionDep) -> Response:
    """Make it."""
    try:
        with attempt(session):
            body = NewBadge.model_validate({**_body(sent), "program": sent.get("program"), "code": sent.get("code")})
            check_program(request, body.program)
            badge_id = defining.create(session, body.program, body.code, draft_of(session, body), actor_id=who.user_id)
    except (GuerdonError, ValidationError) as error:
        return _form(request, session, None, _refused(request, sent, error), getattr(error, "status", 422))
    flash(request, msgid("The badge is made. Nobody gets it before you activate it."))
    return redirect(request, f"/staff/badges/{badge_id}")


def _refused(request: Request, sent: Sent, error: GuerdonError | ValidationError) -> FormState:
    state = FormState.refused(sent, error, viewer_of(request).translator)
    # In the body criteria and levels are nested and levels counted from 0; in the form their fields stand alone.
    renamed = {}
    for name, sentence in state.errors.items():
        parts = name.split(".")
        if parts[0] == "criteria" and len(parts) > 1:
            parts = parts[1:]
        if isinstance(error, ValidationError) and parts[0] == "levels" and len(parts) > 1 and parts[1].isdigit():
            parts[1] = str(int(parts[1]) + 1)
        renamed[".".join(parts)] = sentence
    return FormState(state.values, renamed)


def _body(sent: Sent) -> dict[str, Any]:
    levels = []
    for number in range(1, LEVEL_MAX + 1):
        threshold, unit, amount = (
            sent.get(f"levels.{number}.{name}", "").strip() for name in ("threshold", "unit", "amount")
        )
        if threshold or amount:
            levels.append(
                {"threshold": _whole(threshold), "unit": unit or None, "amount": amount.replace(",", ".") or None}
            )
    kind = sent.get("kind", "")
    counts = kind in ("total", "window", "periods")
    return {
        "name": sent.get("name", ""),
        "description": sent.get("description", ""),
        "criteria": {
            "kind": kind,
            "metric": sent.get("metric", "") if counts else "",
            "streak": sent.get("streak", "") if kind == "streak" else "",
            "window": (sent.get("window") or None) if kind in ("window", "periods") else None,
            "minimum": _whole(sent.get("minimum", "1")) if kind == "periods" else 1,
        },
        "levels": levels,
        "icon": sent.get("icon", ""),
        "colour": sent.get("colour", "").lower(),
        "category": sent.get("category", ""),
        "type": sent.get("type", ""),
        "hidden": sent.get("hidden") == "yes",
        "display_order": _whole(sent.get("display_order", "") or "0"),
    }


def _whole(text: str) -> int | str:
    digits = text.replace("\u202f", "").replace("\u00a0", "").replace(" ", "")
    return int(digits) if digits.removeprefix("-").isascii() and digits.removeprefix("-").isdigit() else text


def _form(
    request: Request, session: Session, badge: Definition | None, state: FormState, status: int = 200
) -> Response:
    _ = viewer_of(request).translator.gettext
    programs = _program_titles(request)
    metrics = session.execute(select(Metric.program, Metric.code, Metric.title).order_by(Metric.program, Metric.code))
    streaks = session.execute(select(Streak.program, Streak.code, Streak.name).order_by(Streak.program, Streak.code))
    context = {
        "badge": badge,
        "state": state,
        "programs": [(name, _(title)) for name, title in programs.items()],
        "metrics": [("", _("–")), *((f"{row.program}:{row.code}", _metric(row, _)) for row in metrics)],
        "streaks": [("", _("–")), *((f"{row.program}:{row.code}", f"{row.program}: {_(row.name)}") for row in streaks)],
        "units": [("", _("Nothing")), *((code, code) for code in sorted(catalogue(session).units))],
        "icons": [(name, name) for name in sorted(ICONS)],
        "kinds": [(kind, _(title)) for kind, title in KINDS],
        "windows": [(name, _(title)) for name, title in WINDOW_NAMES],
        "level_numbers": range(1, LEVEL_MAX + 1),
    }
    return render(request, "badges/staff/form.html", context, status)


def _metric(row: Any, _: Any) -> str:
    return f"{row.program}: {_(row.title)}"


@router.get("/keys")
def show_keys(request: Request, _who: Configurer, session: SessionDep) -> Response:
    """The keys that sign credentials."""
    return render(request, "badges/staff/keys.html", {"keys": keys.history(session)})


@router.post("/keys/rotate")
def rotate_key(request: Request, who: Configurer, _once: SentOnce, session: SessionDep, clock: ClockDep) -> Response:
    """Sign with a new key from now on."""
    keys.rotate(session, clock, encryption.ring(), actor_id=who.user_id)
    flash(request, msgid("Credentials are signed with a new key from now on."))
    return redirect(request, "/staff/badges/keys")


@router.get("/{badge_id}")
def show_badge(
    request: Request, badge_id: UUID, who: Reader, session: SessionDep, cursor: str | None = None
) -> Response:
    """One badge: what it is, its versions, who has it."""
    return _page(request, session, who, badge_id, FormState(), cursor=cursor)


def _page(
    request: Request,
    session: Session,
    who: Principal,
    badge_id: UUID,
    state: FormState,
    *,
    status: int = 200,
    cursor: str | None = None,
) -> Response:
    badge = get(session, badge_id)
    after = decode_cursor(cursor[:500] if cursor else None, datetime, UUID)
    rows = reading.holders(session, badge_id, after=(after[0], after[1]) if after else None, limit=PAGE)
    last = rows[PAGE - 1][0] if len(rows) > PAGE else None
    context = {
        "badge": badge,
        "state": state,
        "programs": _program_titles(request),
        "titles": Titles(session),
        "translator": viewer_of(request).translator,
        "holders": rows[:PAGE],
        "count": reading.holders_by_badge(session).get(badge_id, 0),
        "next": encode_cursor(last.earned_at, last.owner_id) if last else "",
        "run": backfilling.latest(session).get(badge_id),
        "versions": reading.versions(session, badge_id),
        "units": {code: unit for code, (_, unit) in catalogue(session).units.items()},
        "may_change": who.may("engagement:configure"),
        "may_award": who.may("engagement:award"),
        "levels": [(level.level, str(level.level)) for level in badge.levels],
    }
    return render(request, "badges/staff/one.html", context, status)


@router.get("/{badge_id}/change")
def show_change(request: Request, badge_id: UUID, _who: Configurer, session: SessionDep) -> Response:
    """The form, filled with what the badge says now."""
    badge = get(session, badge_id)
    return _form(request, session, badge, FormState(_values(session, badge)))


def _values(session: Session, badge: Definition) -> dict[str, Any]:
    criteria = criteria_of(session, badge)
    qualified = {
        name: f"{badge.program}:{value}" if value and ":" not in value else value
        for name, value in (("metric", criteria.metric), ("streak", criteria.streak))
    }
    values: dict[str, Any] = {
        "name": badge.name,
        "description": badge.description,
        "kind": badge.kind,
        **qualified,
        "window": badge.within or "",
        "minimum": badge.minimum,
        "icon": badge.icon,
        "colour": badge.colour,
        "category": badge.category,
        "type": badge.type,
        "hidden": "yes" if badge.hidden else "",
        "display_order": badge.display_order,
    }
    for level in badge.levels:
        values[f"levels.{level.level}.threshold"] = level.threshold
        if level.unit:
            values[f"levels.{level.level}.unit"] = level.unit
            scale = catalogue(session).unit(level.unit).scale
            values[f"levels.{level.level}.amount"] = to_text(level.amount_minor, scale)
    return values


@router.post("/{badge_id}/change")
def change(
    request: Request,
    badge_id: UUID,
    sent: SentForm,
    who: Configurer,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Write a new version."""
    badge = get(session, badge_id)
    try:
        with attempt(session):
            body = BadgeChange.model_validate({**_body(sent), "reason": sent.get("reason", "")})
            defining.change(session, badge_id, draft_of(session, body, body.reason), actor_id=who.user_id)
            if badge.active:
                start_backfill(session, clock, get(session, badge_id), requested_by=who.user_id)
    except (GuerdonError, ValidationError) as error:
        return _form(request, session, badge, _refused(request, sent, error), getattr(error, "status", 422))
    flash(request, msgid("The badge is changed. Who has it keeps it."))
    return redirect(request, f"/staff/badges/{badge_id}")


@router.post("/{badge_id}/activate")
def activate(request: Request, badge_id: UUID, who: Configurer, session: SessionDep, clock: ClockDep) -> Response:
    """Let it be earned, and look for who meets it already."""
    if defining.set_active(session, badge_id, active=True, actor_id=who.user_id):
        start_backfill(session, clock, get(session, badge_id), requested_by=who.user_id)
        flash(request, msgid("The badge is active. Members who meet it already get it in the background."))
    return redirect(request, f"/staff/badges/{badge_id}")


@router.post("/{badge_id}/deactivate")
def deactivate(request: Request, badge_id: UUID, who: Configurer, session: SessionDep) -> Response:
    """Let it be earned no more."""
    defining.set_active(session, badge_id, active=False, actor_id=who.user_id)
    flash(request, msgid("The badge cannot be earned any more. Who has it keeps it."))
    return redirect(request, f"/staff/badges/{badge_id}")


@router.post("/{badge_id}/award")
def award(
    request: Request,
    badge_id: UUID,
    sent: SentForm,
    who: Awarder,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Give it to a member."""
    badge = get(session, badge_id)
    try:
        with attempt(session):
            body = Award.model_validate(
                {
                    "user_id": _member(session, sent.get("user_id", "").strip()),
                    "level": _whole(sent.get("level", "1")),
                    "reason": sent.get("reason", ""),
                }
            )
            staffing.award_by_hand(
                session, clock.now(), body.user_id, badge, body.level, actor_id=who.user_id, reason=body.reason
            )
    except (GuerdonError, ValidationError) as error:
        state = FormState.refused(sent, error, viewer_of(request).translator)
        return _page(request, session, who, badge_id, state, status=getattr(error, "status", 422))
    flash(request, msgid("The badge is awarded."))
    return redirect(request, f"/staff/badges/{badge_id}")


def _member(session: Session, given: str) -> str:
    """The account number of whom staff mean by it, or by an e-mail address.

    Raises:
        MemberUnknownError: nobody has that address.
    """
    if "@" not in given:
        return given
    found = find_by_email(session, given)
    if found is None:
        raise MemberUnknownError(field="user_id", member=given[:200])
    return str(found.id)


@router.post("/{badge_id}/holders/{user_id}/{level}/revoke")
def revoke(
    request: Request,
    badge_id: UUID,
    user_id: UUID,
    level: Level,
    sent: SentForm,
    who: Awarder,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Take it from a member."""
    try:
        with attempt(session):
            staffing.revoke(
                session,
                clock.now(),
                user_id,
                get(session, badge_id),
                level,
                actor_id=who.user_id,
                reason=sent.get("reason", "")[:500],
            )
    except GuerdonError as error:
        if error.status == 404:
            raise
        state = FormState.refused(sent, error, viewer_of(request).translator)
        return _page(request, session, who, badge_id, state, status=error.status)
    flash(request, msgid("The level is revoked."))
    return redirect(request, f"/staff/badges/{badge_id}")
