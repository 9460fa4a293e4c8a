"""What the pages of the credits program say: types, states, amounts and histories in the reader's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from fastapi import Request, Response
from sqlalchemy.orm import Session

from guerdon.http.transaction import as_staff
from guerdon.kernel.admin import audit
from guerdon.programs.credits.models import Contribution, ContributionStatus, ContributionType
from guerdon.programs.credits.pages.explanation import explained, gettext
from guerdon.programs.credits.schemas import Condition, PaymentMethod
from guerdon.programs.credits.service.currencies import BASE_CURRENCY
from guerdon.programs.credits.service.reading import PENDING_MAX
from guerdon.programs.credits.service.submitting import WITHDRAWN
from guerdon.programs.credits.service.valuing import HUNDREDTHS, SCALE
from guerdon.web import formats
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.viewer import current_viewer

TYPES = {
    ContributionType.ITEM_DONATION: msgid("Item"),
    ContributionType.MONEY: msgid("Money"),
    ContributionType.VOLUNTEER_HOURS: msgid("Volunteer hours"),
}
TYPE_ICONS = {
    ContributionType.ITEM_DONATION: "box",
    ContributionType.MONEY: "money",
    ContributionType.VOLUNTEER_HOURS: "clock",
}
CONDITIONS = {
    Condition.NEW: msgid("New"),
    Condition.LIKE_NEW: msgid("Like new"),
    Condition.GOOD: msgid("Good"),
    Condition.FAIR: msgid("Fair"),
    Condition.POOR: msgid("Poor"),
}
METHODS = {
    PaymentMethod.CASH: msgid("Cash"),
    PaymentMethod.BANK_TRANSFER: msgid("Bank transfer"),
    PaymentMethod.ONLINE_TRANSFER: msgid("Online transfer"),
    PaymentMethod.CARD: msgid("Card"),
    PaymentMethod.MOBILE_MONEY: msgid("Mobile money"),
    PaymentMethod.CHECK: msgid("Cheque"),
    PaymentMethod.OTHER: msgid("Other"),
}
STATUSES = {
    ContributionStatus.PENDING: msgid("Pending"),
    ContributionStatus.APPROVED: msgid("Approved"),
    ContributionStatus.REJECTED: msgid("Rejected"),
}
TIERS = {"bronze": msgid("Bronze"), "silver": msgid("Silver"), "gold": msgid("Gold"), "platinum": msgid("Platinum")}


@dataclass(frozen=True, slots=True)
class State:
    """Where a contribution stands, as a badge: message id, tone and icon."""

    label: str
    tone: str
    sign: str


_STATES = {
    ContributionStatus.PENDING: State(STATUSES[ContributionStatus.PENDING], "warning", "clock"),
    ContributionStatus.APPROVED: State(STATUSES[ContributionStatus.APPROVED], "success", "check"),
    ContributionStatus.REJECTED: State(STATUSES[ContributionStatus.REJECTED], "danger", "cross"),
}
_WITHDRAWN = State(msgid("Withdrawn"), "", "undo")


@dataclass(frozen=True, slots=True)
class Happening:
    """Something in the life of a contribution.

    Attributes:
        text: message id, filled with ``params``.
        tone: colours its dot.
        at: when; by: who, if it was somebody else than the member.
    """

    text: str
    tone: str
    at: datetime
    by: str = ""
    reason: str = ""
    params: Mapping[str, str] | None = None


_HAPPENINGS = {
    "credits.contribution_changed": (msgid("Changed; now worth {credits}"), ""),
    "credits.contribution_photos_added": (msgid("Photos added"), ""),
    "credits.contribution_photo_removed": (msgid("Photo removed"), ""),
    "credits.contribution_withdrawn": (msgid("Withdrawn by the member"), ""),
    "credits.contribution_resubmitted": (msgid("Submitted again"), "warning"),
    "credits.contribution_approved": (msgid("Approved: {credits} credited"), "success"),
    "credits.contribution_rejected": (msgid("Rejected"), "danger"),
    "credits.contribution_reopened": (msgid("Reopened for review"), "warning"),
    "credits.contribution_corrected": (msgid("Credits changed from {before} to {credits}"), "warning"),
    "credits.contribution_recalculated": (msgid("Credits worked out anew: {credits}"), ""),
}
HISTORY_MAX = 100
AS_IS = "{text}"
"""To flash what has been put into words already."""


def page(
    request: Request, name: str, context: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Render a page of this program, with the words that its templates share."""
    return render(request, f"credits/{name}", {**SHARED, **context}, status, headers)


def state_of(contribution: Contribution) -> State:
    """Its state for people: what the member took back themselves is withdrawn, not rejected."""
    return _WITHDRAWN if contribution.withdrawn_at else _STATES[contribution.status]


def title_of(contribution: Contribution) -> str:
    """What was given, in a few words."""
    value = contribution.value_json
    if contribution.type is ContributionType.MONEY:
        return money(value.get("amount"), str(value.get("currency", "")))
    return str(value.get("description" if contribution.type is ContributionType.ITEM_DONATION else "activity", "–"))


def measure_of(contribution: Contribution) -> str:
    """How much was given: an estimated value, a way of payment, hours."""
    value = contribution.value_json
    if contribution.type is ContributionType.ITEM_DONATION:
        return money(value.get("estimated_value"), BASE_CURRENCY)
    if contribution.type is ContributionType.MONEY:
        return method_named(str(value.get("payment_method", "")))
    return hours(value.get("hours"))


def method_named(method: str) -> str:
    """How money was given; a word that the program does not know stays as it is."""
    known = next((label for each, label in METHODS.items() if each == method), method)
    return gettext(known) if known else "–"


def hours(number: Any) -> str:
    """``3.5 hours``."""
    count = Decimal(str(number or 0))
    plural = 2 if count >= 2 or (count != 1 and current_viewer().locale != "fr") else 1
    return current_viewer().translator.ngettext("{hours} hour", "{hours} hours", plural, hours=formats.number(count))


def day_of(text: Any) -> str:
    """A day that a document holds as text."""
    try:
        return formats.format_date(date.fromisoformat(str(text)), "long")
    except ValueError:
        return str(text)


def money(amount: Any, currency: str) -> str:
    """An amount of a currency, with its decimals."""
    return format_currency(Decimal(str(amount or 0)), currency, locale=current_viewer().locale)


def credits(amount: Decimal | None, *, signed: bool = False) -> str:
    """An amount of credits without their name; a dash where there is none yet."""
    return "–" if amount is None else formats.amount(int(amount * HUNDREDTHS), SCALE, signed=signed)


def credits_named(amount: Decimal | None) -> str:
    """``12.50 credits``."""
    if amount is None:
        return "–"
    plural = 1 if amount == 1 or (amount < 2 and current_viewer().locale == "fr") else 2
    return current_viewer().translator.ngettext("{amount} credit", "{amount} credits", plural, amount=credits(amount))


def happenings(session: Session, contribution: Contribution) -> Sequence[Happening]:
    """The life of a contribution, in order."""
    # Who may see a contribution may see what staff did to it, which is on their record and not on the member's.
    with as_staff(session):
        entries = audit.search(session, resource_type="contribution", resource_id=contribution.id, limit=HISTORY_MAX)
    found = [Happening(msgid("Submitted"), "warning", contribution.created_at)]
    for entry, actor in reversed(entries[:HISTORY_MAX]):
        text, tone = _HAPPENINGS.get(entry.action, (entry.action, ""))
        params = {"credits": _credits_in(entry.new_values), "before": _credits_in(entry.old_values)}
        own = entry.actor_user_id == contribution.user_id
        latest = entry is entries[0][0] and not own and contribution.reviewed_at is not None
        at = contribution.reviewed_at if latest and contribution.reviewed_at else entry.timestamp
        reason = entry.reason if entry.reason != WITHDRAWN else ""
        found.append(Happening(text, tone, at, "" if own else actor or "", reason or "", params))
    return found


def _credits_in(values: Mapping[str, Any] | None) -> str:
    text = (values or {}).get("credits")
    return credits_named(Decimal(str(text))) if text not in (None, "None") else "–"


SHARED = {
    "TYPES": TYPES,
    "TYPE_ICONS": TYPE_ICONS,
    "STATUSES": STATUSES,
    "CONDITIONS": CONDITIONS,
    "METHODS": METHODS,
    "TIERS": TIERS,
    "BASE_CURRENCY": BASE_CURRENCY,
    "PENDING_MAX": PENDING_MAX,
    "WITHDRAWN": WITHDRAWN,
    "state_of": state_of,
    "title_of": title_of,
    "measure_of": measure_of,
    "hours": hours,
    "day_of": day_of,
    "method_named": method_named,
    "money": money,
    "credits": credits,
    "credits_named": credits_named,
    "explained": explained,
}
