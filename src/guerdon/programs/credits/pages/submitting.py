"""Giving something, looking at it, changing it and taking it back."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock, local_date
from guerdon.core.errors import FieldError, GuerdonError
from guerdon.core.ids import new_id
from guerdon.core.money import to_decimal
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.engagement.service import rules
from guerdon.programs.credits.errors import ContributionChangedError, SubmittedBeforeError
from guerdon.programs.credits.models import Contribution, ContributionStatus, ContributionType
from guerdon.programs.credits.pages.asked import numbers_plain
from guerdon.programs.credits.pages.explanation import rates_in_words
from guerdon.programs.credits.pages.shown import AS_IS, credits_named, happenings, page
from guerdon.programs.credits.schemas import HoursIn, ItemIn, MoneyIn
from guerdon.programs.credits.service import currencies, photos, reading, submitting
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of, viewing

router = APIRouter(prefix="/credits")

Member = Annotated[Principal, Depends(requires("credits:contribute"))]

FORMS = {
    "item": ContributionType.ITEM_DONATION,
    "money": ContributionType.MONEY,
    "hours": ContributionType.VOLUNTEER_HOURS,
}
PATHS = {kind: name for name, kind in FORMS.items()}
_MODELS: Mapping[str, type[ItemIn] | type[MoneyIn] | type[HoursIn]] = {
    "item": ItemIn,
    "money": MoneyIn,
    "hours": HoursIn,
}
_NUMBERS = ("estimated_value", "amount", "hours")


class PhotoMissingError(FieldError):
    """Nothing was chosen."""

    code = "photo-missing"
    message = "No photo was chosen."
    remedy = "Choose one or more, then add them."


def zone_of(who: Principal) -> ZoneInfo:
    """The member's time zone, for what \"today\" is."""
    try:
        return ZoneInfo(who.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@router.get("/new")
def choose(request: Request, _who: Member, session: SessionDep) -> Response:
    """What one can give, and what each is worth."""
    return page(request, "new.html", {"worth": {name: _worth(request, session, kind) for name, kind in FORMS.items()}})


def _worth(request: Request, session: Session, kind: ContributionType) -> str:
    with viewing(viewer_of(request)):
        return rates_in_words(kind.value, rules.in_force(session, "credits", kind.value).params)


@router.get("/new/{form}")
def show_form(request: Request, form: str, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """The form of one type."""
    if form not in FORMS:
        return redirect(request, "/credits/new")
    today = _today(clock, who).isoformat()
    return _form(request, session, clock, who, form, FormState({"date": today, "currency": currencies.BASE_CURRENCY}))


def _form(
    request: Request,
    session: Session,
    clock: Clock,
    who: Principal,
    form: str,
    state: FormState,
    *,
    contribution: Contribution | None = None,
    status: int = 200,
) -> Response:
    rule = rules.in_force(session, "credits", FORMS[form].value)
    context = {
        "form_name": form,
        "type": FORMS[form],
        "state": state,
        "contribution": contribution,
        "new_id": new_id(),
        "action": f"/credits/contributions/{contribution.id}/edit" if contribution else f"/credits/new/{form}",
        "worth": _worth(request, session, FORMS[form]),
        "shares": {name: to_decimal(share, 2) for name, share in rule.params.get("condition_percent", {}).items()},
        "rates": _accepted(session, clock, rule.params) if form == "money" else [],
        "today": _today(clock, who).isoformat(),
        "earliest": submitting.EARLIEST_DAY.isoformat(),
    }
    return page(request, "form.html", context, status)


def _accepted(session: Session, clock: Clock, params: Mapping[str, Any]) -> list[tuple[str, Decimal | None]]:
    """The currencies that are accepted, and the credits that one unit of each gives."""
    each = params.get("credits_per_unit_bp")
    return [
        (rate.currency, None if each is None else rate.rate * to_decimal(int(each), 4))
        for rate in currencies.current_rates(session, clock.now())
    ]


def _today(clock: Clock, who: Principal) -> date:
    return local_date(clock.now(), zone_of(who))


@router.post("/new/{form}")
def submit(
    request: Request, form: str, who: Member, _once: SentOnce, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Put it up for review."""
    if form not in FORMS:
        return redirect(request, "/credits/new")
    try:
        with attempt(session):
            given = _given(form, sent, viewer_of(request).locale)
            contribution = submitting.submit(
                session, clock, who.user_id, given, zone=str(zone_of(who)), contribution_id=_chosen_id(sent)
            )
            uploads = _uploads(sent)
            if uploads:
                photos.add(session, who.user_id, contribution.id, uploads)
    except SubmittedBeforeError as exc:
        known = submitting.get_own(session, who.user_id, UUID(sent["id"]))
        flash(request, exc.message)
        return redirect(request, f"/credits/contributions/{known.id}")
    except (ValidationError, FieldError) as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _form(request, session, clock, who, form, state, status=_status(exc))
    _tell_worth(request, msgid("Thank you! Submitted; worth {credits} once staff approve it."), contribution)
    return redirect(request, f"/credits/contributions/{contribution.id}")


def _chosen_id(sent: Sent) -> UUID | None:
    """The id that the form came with, so that sending it again submits nothing again."""
    try:
        return UUID(sent.get("id", ""))
    except ValueError:
        return None


def _given(form: str, sent: Sent, locale: str) -> ItemIn | MoneyIn | HoursIn:
    model = _MODELS[form]
    plain = numbers_plain(sent, locale, *_NUMBERS)
    return model.model_validate({name: plain[name] for name in model.model_fields if name in plain and name != "type"})


def _uploads(sent: Sent) -> list[bytes]:
    return [upload.file.read(photos.PHOTO_BYTES_MAX + 1) for upload in sent.files("photos")]


def _status(exc: GuerdonError | ValidationError) -> int:
    return exc.status if isinstance(exc, GuerdonError) else 422


def _tell_worth(request: Request, message: str, contribution: Contribution) -> None:
    with viewing(viewer_of(request)):
        flash(request, message, credits=credits_named(contribution.calculated_credits))


@router.get("/contributions/{contribution_id}")
def show(request: Request, contribution_id: UUID, who: Member, session: SessionDep) -> Response:
    """One contribution: everything given, what became of it, how its credits came about."""
    return _show(request, session, who, contribution_id, FormState())


def _show(
    request: Request, session: Session, who: Principal, contribution_id: UUID, state: FormState, status: int = 200
) -> Response:
    contribution = submitting.get_own(session, who.user_id, contribution_id)
    with viewing(viewer_of(request)):
        history = happenings(session, contribution)
    context = {
        "contribution": contribution,
        "photos": photos.of(session, contribution_id),
        "address": photos.address,
        "history": history,
        "reviewer": reading.get(session, contribution_id).reviewer_name,
        "state": state,
    }
    return page(request, "contribution.html", context, status)


@router.get("/contributions/{contribution_id}/edit")
def show_edit(request: Request, contribution_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """The form with what was given, while it is pending."""
    contribution = submitting.get_own(session, who.user_id, contribution_id)
    if contribution.status is not ContributionStatus.PENDING:
        flash(request, msgid("Only what is pending can be changed."), "warning")
        return redirect(request, f"/credits/contributions/{contribution_id}")
    values = {**contribution.value_json, "revision": contribution.revision}
    form = PATHS[contribution.type]
    return _form(request, session, clock, who, form, FormState(values), contribution=contribution)


@router.post("/contributions/{contribution_id}/edit")
def edit(
    request: Request,
    contribution_id: UUID,
    who: Member,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Change it."""
    before = submitting.get_own(session, who.user_id, contribution_id)
    form = PATHS[before.type]
    revision = sent.get("revision", "")
    try:
        with attempt(session):
            contribution = submitting.change(
                session,
                clock,
                who.user_id,
                contribution_id,
                _given(form, sent, viewer_of(request).locale),
                revision=int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 9 else None,
                zone=str(zone_of(who)),
            )
    except (ValidationError, FieldError, ContributionChangedError) as exc:
        session.refresh(before)
        values = {**sent, "revision": before.revision}
        state = FormState.refused(values, exc, viewer_of(request).translator)
        return _form(request, session, clock, who, form, state, contribution=before, status=_status(exc))
    _tell_worth(request, msgid("Changed. It is worth {credits} now, once staff approve it."), contribution)
    return redirect(request, f"/credits/contributions/{contribution_id}")


@router.post("/contributions/{contribution_id}/withdraw")
def withdraw(request: Request, contribution_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """Take it back."""
    submitting.withdraw(session, clock, who.user_id, contribution_id)
    flash(request, msgid("Withdrawn. You can submit it again whenever you like."))
    return redirect(request, f"/credits/contributions/{contribution_id}")


@router.post("/contributions/{contribution_id}/resubmit")
def resubmit(request: Request, contribution_id: UUID, who: Member, session: SessionDep) -> Response:
    """Put it up again."""
    try:
        with attempt(session):
            submitting.resubmit(session, who.user_id, contribution_id)
    except FieldError as exc:
        message, remedy = viewer_of(request).translator.translate_error(exc)
        flash(request, AS_IS, "danger", text=f"{message} {remedy}")
        return redirect(request, f"/credits/contributions/{contribution_id}")
    flash(request, msgid("Submitted again."))
    return redirect(request, f"/credits/contributions/{contribution_id}")


@router.post("/contributions/{contribution_id}/photos")
def add_photos(
    request: Request, contribution_id: UUID, who: Member, _once: SentOnce, session: SessionDep, sent: SentForm
) -> Response:
    """Add photos while it is pending."""
    try:
        with attempt(session):
            uploads = _uploads(sent)
            if not uploads:
                raise PhotoMissingError(field="photos", problem="")
            added: Sequence[Any] = photos.add(session, who.user_id, contribution_id, uploads)
    except FieldError as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _show(request, session, who, contribution_id, state, exc.status)
    text = viewer_of(request).translator.ngettext("{number} photo added.", "{number} photos added.", len(added))
    flash(request, AS_IS, text=text)
    return redirect(request, f"/credits/contributions/{contribution_id}")


@router.post("/contributions/{contribution_id}/photos/{photo_id}/remove")
def remove_photo(request: Request, contribution_id: UUID, photo_id: UUID, who: Member, session: SessionDep) -> Response:
    """Remove one."""
    photos.remove(session, who.user_id, contribution_id, photo_id)
    flash(request, msgid("The photo is removed."))
    return redirect(request, f"/credits/contributions/{contribution_id}")
