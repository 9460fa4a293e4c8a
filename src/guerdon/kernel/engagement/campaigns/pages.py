"""``/staff/campaigns``: what runs and what it has spent, writing drafts, activating and stopping them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from guerdon.core.errors import GuerdonError
from guerdon.core.money import to_text
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, decode_cursor, encode_cursor
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.engagement.campaigns import api
from guerdon.kernel.engagement.campaigns.models import Campaign
from guerdon.kernel.engagement.campaigns.schemas import CampaignIn, CampaignPhase, Spending, Terms, phase_of
from guerdon.kernel.engagement.campaigns.service import managing, reading
from guerdon.kernel.engagement.pages import marks
from guerdon.kernel.identity.service.accounts import names_of
from guerdon.kernel.ledger.catalogue import unit_of
from guerdon.kernel.ledger.service import units
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import add_catalogue, msgid
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates, render
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of

NAVIGATION = (
    NavItem("Campaigns", "/staff/campaigns", permission="engagement:read", section="admin", icon="megaphone"),
)
PHASES = {
    CampaignPhase.DRAFT: (msgid("Draft"), "warning"),
    CampaignPhase.SCHEDULED: (msgid("Scheduled"), "info"),
    CampaignPhase.RUNNING: (msgid("Running"), "success"),
    CampaignPhase.CLOSING: (msgid("Closing"), "info"),
    CampaignPhase.ENDED: (msgid("Ended"), ""),
}
_LOCAL = "%Y-%m-%dT%H:%M"

router = APIRouter(prefix="/staff/campaigns", include_in_schema=False)

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("campaigns", "guerdon.kernel.engagement.campaigns")
    add_catalogue("guerdon.kernel.engagement.campaigns")


@router.get("")
def list_campaigns(
    request: Request, who: Reader, session: SessionDep, clock: ClockDep, cursor: Cursor = None
) -> Response:
    """Every campaign, the newest first."""
    after = decode_cursor(cursor, UUID)
    found = reading.campaigns(session, after=after[0] if after else None, limit=LIMIT_DEFAULT)
    rows = found[:LIMIT_DEFAULT]
    spent = reading.spending(session, rows)
    context = {
        "campaigns": [_shown(session, each, spent[each.id], clock.now()) for each in rows],
        "may_change": who.may("engagement:configure"),
        "older": encode_cursor(rows[-1].id) if len(found) > LIMIT_DEFAULT else "",
        "newer": cursor is not None,
    }
    return render(request, "campaigns/campaigns.html", context)


def _shown(session: Session, campaign: Campaign, spent: Spending, now: datetime) -> dict[str, Any]:
    phase = phase_of(campaign.status, campaign.starts_at, campaign.ends_at, now)
    return {
        "row": campaign,
        "phase": phase,
        "badge": PHASES[phase],
        "unit": unit_of(session, campaign.unit_code),
        "multiplier": to_text(campaign.multiplier_bp, api.MULTIPLIER_SCALE).rstrip("0").rstrip("."),
        "spent_minor": spent.spent_minor,
        "left_minor": spent.left_minor,
        "share": spent.spent_minor / campaign.budget_minor,
        "path": f"/staff/campaigns/{campaign.id}",
    }


@router.get("/new")
def show_new(request: Request, _who: Configurer, session: SessionDep) -> Response:
    """The form of a new campaign."""
    return _form(request, session, FormState())


@router.post("/new")
def write(request: Request, sent: SentForm, who: Configurer, _once: SentOnce, session: SessionDep) -> Response:
    """Write a draft."""
    try:
        with attempt(session):
            campaign = managing.write(session, _terms(request, session, sent), actor_id=who.user_id)
    except (GuerdonError, ValidationError) as error:
        return _refused(request, session, sent, error)
    flash(request, msgid("The campaign is written. It is a draft until you activate it."))
    return redirect(request, f"/staff/campaigns/{campaign.id}")


@router.get("/{campaign_id}")
def show(request: Request, campaign_id: UUID, who: Reader, session: SessionDep, clock: ClockDep) -> Response:
    """One campaign, and what can be done with it."""
    return _page(request, session, reading.get(session, campaign_id), who, clock.now(), FormState())


def _page(
    request: Request,
    session: Session,
    campaign: Campaign,
    who: Principal,
    now: datetime,
    state: FormState,
    status: int = 200,
) -> Response:
    shown = _shown(session, campaign, reading.spending(session, [campaign])[campaign.id], now)
    context = {
        "campaign": shown,
        "author": names_of(session, {campaign.created_by}).get(campaign.created_by) if campaign.created_by else None,
        "may_change": who.may("engagement:configure"),
        "state": state,
    }
    return render(request, "campaigns/campaign.html", context, status)


@router.get("/{campaign_id}/edit")
def show_edit(request: Request, campaign_id: UUID, _who: Configurer, session: SessionDep) -> Response:
    """The form of a draft."""
    campaign = reading.get(session, campaign_id)
    return _form(request, session, FormState(_values(request, session, managing.terms_of(campaign))), campaign)


@router.post("/{campaign_id}/edit")
def edit(
    request: Request, campaign_id: UUID, sent: SentForm, who: Configurer, _once: SentOnce, session: SessionDep
) -> Response:
    """Give a draft other terms."""
    campaign = reading.get(session, campaign_id)
    try:
        with attempt(session):
            managing.edit(session, campaign_id, _terms(request, session, sent), actor_id=who.user_id)
    except (GuerdonError, ValidationError) as error:
        return _refused(request, session, sent, error, campaign)
    flash(request, msgid("The draft is changed."))
    return redirect(request, f"/staff/campaigns/{campaign_id}")


@router.post("/{campaign_id}/activate")
def activate(request: Request, campaign_id: UUID, who: Configurer, session: SessionDep, clock: ClockDep) -> Response:
    """Put the budget aside and let it begin."""
    managing.activate(session, campaign_id, clock.now(), actor_id=who.user_id)
    flash(request, msgid("The campaign is activated and its budget put aside."))
    return redirect(request, f"/staff/campaigns/{campaign_id}")


@router.post("/{campaign_id}/discard")
def discard(request: Request, campaign_id: UUID, who: Configurer, session: SessionDep) -> Response:
    """Throw a draft away."""
    managing.discard(session, campaign_id, actor_id=who.user_id)
    flash(request, msgid("The draft is thrown away."))
    return redirect(request, "/staff/campaigns")


@router.post("/{campaign_id}/stop")
def stop(
    request: Request, campaign_id: UUID, sent: SentForm, who: Configurer, session: SessionDep, clock: ClockDep
) -> Response:
    """End a campaign before its time."""
    try:
        with attempt(session):
            reason = sent.get("reason", "")[:500]
            managing.stop(session, campaign_id, clock.now(), actor_id=who.user_id, reason=reason)
    except GuerdonError as error:
        if error.field is None:
            raise
        state = FormState.refused(sent, error, viewer_of(request).translator)
        return _page(request, session, reading.get(session, campaign_id), who, clock.now(), state, error.status)
    flash(request, msgid("The campaign is stopped, and what was left of its budget went back."))
    return redirect(request, f"/staff/campaigns/{campaign_id}")


def _form(
    request: Request,
    session: Session,
    state: FormState,
    campaign: Campaign | None = None,
    status: int = 200,
    marked: Mapping[str, marks.Mark] | None = None,
) -> Response:
    zone = viewer_of(request).zone.key
    context = {"state": state, "draft": campaign, "units": units(session), "zone": zone, "marks": marked or {}}
    return render(request, "campaigns/campaign_form.html", context, status)


def _refused(
    request: Request,
    session: Session,
    sent: Sent,
    error: GuerdonError | ValidationError,
    campaign: Campaign | None = None,
) -> Response:
    state = FormState.refused(sent, error, viewer_of(request).translator)
    if not isinstance(error, GuerdonError):
        return _form(request, session, state, campaign, 422)
    return _form(request, session, state, campaign, error.status, marks.of(error, sent))


def _terms(request: Request, session: Session, sent: Mapping[str, str]) -> Terms:
    """The terms in a form: moments on the reader's clock, one rule on a line, decimal commas allowed."""
    zone = viewer_of(request).zone
    numbers = {name: sent[name].replace(",", ".") for name in ("multiplier", "budget") if name in sent}
    moments = {name: _moment(sent[name], zone) for name in ("starts_at", "ends_at") if name in sent}
    texts = {name: sent[name] for name in ("code", "title", "unit", "condition") if name in sent}
    rules = {"rules": sent.get("rules", "").split()}
    return api.terms(session, CampaignIn.model_validate({**texts, **numbers, **moments, **rules}))


def _moment(text: str, zone: ZoneInfo) -> datetime | str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        return text


def _values(request: Request, session: Session, terms: Terms) -> dict[str, str]:
    zone = viewer_of(request).zone
    return {
        "code": terms.code,
        "title": terms.title,
        "unit": terms.unit,
        "rules": "\n".join(terms.rules),
        "condition": "" if terms.condition == "true" else terms.condition,
        "multiplier": to_text(terms.multiplier_bp, api.MULTIPLIER_SCALE),
        "budget": to_text(terms.budget_minor, unit_of(session, terms.unit).scale),
        "starts_at": terms.starts_at.astimezone(zone).strftime(_LOCAL),
        "ends_at": terms.ends_at.astimezone(zone).strftime(_LOCAL),
    }
