"""Streaks on pages: a member's own with a calendar and time off; for staff their numbers, restoring and pausing one."""

from collections.abc import Callable
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors, GuerdonError
from guerdon.core.money import to_minor, to_text
from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.engagement.streaks.api import require_member
from guerdon.kernel.engagement.streaks.errors import PauseDatesError, StreakListError, StreakNumbersError
from guerdon.kernel.engagement.streaks.jobs import change_and_catch_up
from guerdon.kernel.engagement.streaks.service import changing, pardons, pauses, reading
from guerdon.kernel.engagement.streaks.service.definitions import Definition, definitions, get
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import add_catalogue, msgid
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates, render
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of

NAVIGATION = (
    NavItem("Streaks", "/streaks", section="main", icon="flame"),
    NavItem("Streaks", "/staff/streaks", permission="engagement:read", section="admin", icon="flame"),
)
PERIODS = {"day": msgid("Days"), "week": msgid("Weeks"), "month": msgid("Months")}
STATES = {
    "active": msgid("Done"),
    "open": msgid("Still open"),
    "saved": msgid("Saved by a freeze"),
    "missed": msgid("Missed"),
    "not_begun": msgid("Before the first one"),
    "not_held": msgid("Nothing was held"),
    "paused": msgid("Paused"),
    "pardoned": msgid("Forgiven"),
}
SHOWN = {"day": 53, "week": 52, "month": 24}

router = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]
Awarder = Annotated[Principal, Depends(requires("engagement:award"))]


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("streaks", "guerdon.kernel.engagement.streaks")
    add_catalogue("guerdon.kernel.engagement.streaks")


@router.get("/streaks")
def show_own(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """Where the member stands with every streak."""
    return _own(request, session, clock, who.user_id, FormState())


def _own(
    request: Request, session: Session, clock: ClockDep, user_id: UUID, state: FormState, status: int = 200
) -> Response:
    context = {
        "rows": _rows(session, clock, user_id),
        "periods": PERIODS,
        "states": STATES,
        "state": state,
        "units": {code: unit for code, (_, unit) in catalogue(session).units.items()},
    }
    return render(request, "streaks/mine.html", context, status)


def _rows(
    session: Session, clock: ClockDep, user_id: UUID
) -> list[tuple[reading.MemberStreak, list[reading.CalendarPeriod]]]:
    now = clock.now()
    return [
        (each, reading.calendar(session, now, user_id, each.streak, SHOWN[each.streak.rules.period]))
        for each in reading.of_member(session, now, user_id)
    ]


@router.post("/streaks/{streak_id}/pause")
def pause(
    request: Request,
    streak_id: UUID,
    sent: SentForm,
    who: SignedIn,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Take time off."""
    try:
        with attempt(session):
            _pause(session, clock, streak_id, who.user_id, sent, who)
    except GuerdonError as error:
        if error.status == 404:
            raise
        state = FormState.refused(sent, error, viewer_of(request).translator)
        return _own(request, session, clock, who.user_id, state, error.status)
    flash(request, msgid("The pause is noted."))
    return redirect(request, "/streaks")


def _pause(session: Session, clock: ClockDep, streak_id: UUID, user_id: UUID, sent: Sent, who: Principal) -> None:
    pauses.pause(
        session,
        clock.now(),
        get(session, streak_id),
        user_id,
        first=_day(sent, "first"),
        last=_day(sent, "last"),
        actor_id=who.user_id,
        reason=sent.get("reason", "")[:500],
    )


def _day(sent: Sent, name: str) -> date:
    try:
        return date.fromisoformat(sent.get(name, ""))
    except ValueError as exc:
        raise PauseDatesError(field=name) from exc


@router.post("/streaks/{streak_id}/pauses/{pause_id}/end")
def end_pause(
    request: Request, streak_id: UUID, pause_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep
) -> Response:
    """End a pause."""
    pauses.end(session, clock.now(), get(session, streak_id), who.user_id, pause_id, actor_id=who.user_id)
    flash(request, msgid("The pause is over."))
    return redirect(request, "/streaks")


@router.get("/staff/streaks")
def list_streaks(request: Request, who: Reader, session: SessionDep) -> Response:
    """Every streak with its numbers."""
    context = {
        "streaks": definitions(session).all,
        "titles": {program.name: program.title for program in request.app.state.programs},
        "periods": PERIODS,
        "may_change": who.may("engagement:configure"),
    }
    return render(request, "streaks/list.html", context)


@router.get("/staff/streaks/{streak_id}")
def show_change(request: Request, streak_id: UUID, _who: Configurer, session: SessionDep) -> Response:
    """The form with the numbers."""
    streak = get(session, streak_id)
    return _form(request, session, streak, FormState(_values(session, streak)))


def _values(session: Session, streak: Definition) -> dict[str, object]:
    scale = catalogue(session).unit(streak.bonus.unit).scale if streak.bonus else 0
    numbers = changing.numbers_of(streak)
    return {
        "freeze_every": numbers.freeze_every,
        "freeze_max": numbers.freeze_max,
        "pause_periods_max": numbers.pause_periods_max,
        "milestones": ", ".join(str(each) for each in numbers.milestones),
        "bonus_unit": numbers.bonus_unit or "",
        "bonus": ", ".join(to_text(each, scale) for each in numbers.bonus_minor),
        "active": "yes" if numbers.active else "",
    }


def _form(request: Request, session: Session, streak: Definition, state: FormState, status: int = 200) -> Response:
    nothing = viewer_of(request).translator.gettext(msgid("Nothing"))
    units = [("", nothing), *((code, code) for code in sorted(catalogue(session).units))]
    return render(request, "streaks/change.html", {"streak": streak, "state": state, "units": units}, status)


@router.post("/staff/streaks/{streak_id}")
def change(
    request: Request,
    streak_id: UUID,
    sent: SentForm,
    who: Configurer,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Set the numbers."""
    streak = get(session, streak_id)
    try:
        with attempt(session):
            numbers = _numbers(session, sent)
            reason = sent.get("reason", "")[:500]
            change_and_catch_up(session, clock, streak_id, numbers, actor_id=who.user_id, reason=reason)
    except GuerdonError as error:
        state = FormState.refused(sent, error, viewer_of(request).translator)
        return _form(request, session, streak, state, error.status)
    flash(request, msgid("The streak is changed."))
    return redirect(request, "/staff/streaks")


def _numbers(session: Session, sent: Sent) -> changing.Numbers:
    faults: list[FieldError] = []

    def whole(text: str, error: FieldError) -> int:
        digits = text.strip()
        if digits.isascii() and digits.isdigit() and len(digits) < 10:
            return int(digits)
        faults.append(error)
        return 0

    def number(name: str, maximum: int) -> int:
        return whole(sent.get(name, ""), StreakNumbersError(field=name, minimum=0, maximum=maximum))

    no_list = StreakListError(field="milestones", maximum=changing.MILESTONES_MAX)
    milestones = [whole(part, no_list) for part in sent.get("milestones", "").split(",") if part.strip()]
    unit_code = sent.get("bonus_unit", "")
    bonus: list[int] = []
    if unit_code in catalogue(session).units:
        unit = catalogue(session).unit(unit_code)
        for part in sent.get("bonus", "").split(","):
            try:
                if part.strip():
                    bonus.append(to_minor(part.strip(), unit, field="bonus"))
            except FieldError as fault:
                faults.append(fault)
    elif sent.get("bonus", "").strip() or unit_code:
        faults.append(StreakListError(field="bonus_unit", maximum=changing.BONUSES_MAX))
    found = changing.Numbers(
        number("freeze_every", changing.FREEZES_MAX),
        number("freeze_max", changing.FREEZES_MAX),
        number("pause_periods_max", changing.PAUSES_MAX),
        tuple(milestones),
        unit_code or None,
        tuple(bonus),
        sent.get("active") == "yes",
    )
    if faults:
        raise FieldErrors(faults)
    return found


@router.get("/staff/streaks/members/{user_id}")
def show_member(request: Request, user_id: UUID, who: Reader, session: SessionDep, clock: ClockDep) -> Response:
    """Where a member stands, for staff who want to restore a streak or give time off."""
    return _member(request, session, clock, who, user_id, FormState())


def _member(
    request: Request,
    session: Session,
    clock: ClockDep,
    who: Principal,
    user_id: UUID,
    state: FormState,
    status: int = 200,
) -> Response:
    context = {
        "member": require_member(session, user_id),
        "rows": _rows(session, clock, user_id),
        "periods": PERIODS,
        "states": STATES,
        "state": state,
        "may_help": who.may("engagement:award") and who.user_id != user_id,
    }
    return render(request, "streaks/member.html", context, status)


@router.post("/staff/streaks/members/{user_id}/{streak_id}/restore")
def restore(
    request: Request,
    user_id: UUID,
    streak_id: UUID,
    sent: SentForm,
    who: Awarder,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Restore it."""

    def act() -> None:
        streak = get(session, streak_id)
        reason = sent.get("reason", "")[:500]
        pardons.restore(session, clock.now(), streak, user_id, actor_id=who.user_id, reason=reason)

    return _done(request, session, clock, who, user_id, sent, act, msgid("The streak is restored."))


@router.post("/staff/streaks/members/{user_id}/{streak_id}/pause")
def pause_member(
    request: Request,
    user_id: UUID,
    streak_id: UUID,
    sent: SentForm,
    who: Awarder,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Give a member time off, without the limit that they have themselves."""

    def act() -> None:
        _pause(session, clock, streak_id, user_id, sent, who)

    return _done(request, session, clock, who, user_id, sent, act, msgid("The pause is noted."))


def _done(
    request: Request,
    session: Session,
    clock: ClockDep,
    who: Principal,
    user_id: UUID,
    sent: SentForm,
    act: Callable[[], None],
    told: str,
) -> Response:
    """Do something for a member and say so, or show their page again with what was refused."""
    require_member(session, user_id)
    try:
        with attempt(session):
            act()
    except GuerdonError as error:
        if error.status == 404:
            raise
        state = FormState.refused(sent, error, viewer_of(request).translator)
        return _member(request, session, clock, who, user_id, state, error.status)
    flash(request, told)
    return redirect(request, f"/staff/streaks/members/{user_id}")


@router.post("/staff/streaks/members/{user_id}/{streak_id}/pauses/{pause_id}/end")
def end_pause_of_member(
    request: Request,
    user_id: UUID,
    streak_id: UUID,
    pause_id: UUID,
    who: Awarder,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """End a member's pause."""
    require_member(session, user_id)
    pauses.end(session, clock.now(), get(session, streak_id), user_id, pause_id, actor_id=who.user_id)
    flash(request, msgid("The pause is over."))
    return redirect(request, f"/staff/streaks/members/{user_id}")
