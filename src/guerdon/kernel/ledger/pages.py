"""The ledger for staff: what a member has, how it came about, and a form to correct it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import FieldError, GuerdonError
from guerdon.core.ids import new_id
from guerdon.core.money import to_minor
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.catalogue import catalogue, unit_of
from guerdon.kernel.ledger.schemas import Account, Entry, Pocket
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import add_catalogue, msgid
from guerdon.web.navigation import OF_MEMBER, NavItem
from guerdon.web.render import add_templates, render
from guerdon.web.sent import Sent, SentForm
from guerdon.web.typed import plain_number
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/ledger", include_in_schema=False)
NAVIGATION = (NavItem("Accounts and statement", "/staff/ledger/{member}", "ledger:read", OF_MEMBER, icon="ledger"),)

Reader = Annotated[Principal, Depends(requires("ledger:read"))]
Adjuster = Annotated[Principal, Depends(requires("ledger:adjust"))]

PAGE_SIZE = 50
POCKET_NAMES = {
    Pocket.AVAILABLE: msgid("Available"),
    Pocket.HELD: msgid("Held"),
    Pocket.PENDING: msgid("Pending"),
    Pocket.STAKED: msgid("Staked"),
}
KIND_NAMES = {
    "award": msgid("Award"),
    "spend": msgid("Spending"),
    "adjustment": msgid("Adjustment"),
    "gift": msgid("Gift"),
    "hold": msgid("Set aside"),
    "capture": msgid("Taken from what was set aside"),
    "release": msgid("Given back"),
    "mature": msgid("Matured"),
}


class ChoiceMissingError(FieldError):
    """A form came without a unit or an amount."""

    code = "choice-missing"
    message = "This has to be filled in."
    remedy = "Fill it in and send the form again."


def name_kinds(names: Mapping[str, str]) -> None:
    """Say what transfers of further kinds are called on a statement: a message id for each kind."""
    KIND_NAMES.update(names)


def name_owners(name: Callable[[Session, UUID], str | None]) -> None:
    """Say who the owners of accounts are; None for who is no member."""
    _name_owner[:] = [name]


_name_owner: list[Callable[[Session, UUID], str | None]] = []


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("ledger", "guerdon.kernel.ledger")
    add_catalogue("guerdon.kernel.ledger")


@router.get("/{owner_id}")
def show_owner(
    request: Request, owner_id: UUID, who: Reader, session: SessionDep, clock: ClockDep, cursor: Cursor = None
) -> Response:
    """Balances, statement and the form."""
    return _page(request, session, clock, who, owner_id, cursor=cursor)


def _page(
    request: Request,
    session: Session,
    clock: Clock,
    who: Principal,
    owner_id: UUID,
    *,
    cursor: str | None = None,
    state: FormState | None = None,
    status: int = 200,
) -> Response:
    service.require_owner(session, owner_id)
    before = decode_cursor(cursor, UUID, str)
    entries = service.statement(
        session,
        owner_id,
        clock.now(),
        pocket=None,
        before=before[0] if before else None,
        before_pocket=Pocket(before[1]) if before and before[1] in list(Pocket) else None,
        limit=PAGE_SIZE + 1,
    )
    shown = entries[:PAGE_SIZE]
    balances = service.balances(session, owner_id, clock.now())
    context: dict[str, Any] = {
        "owner_id": owner_id,
        "member": next((name(session, owner_id) for name in _name_owner), None),
        "balances": balances,
        "turnovers": service.turnovers(balances),
        "entries": [_row(each) for each in shown],
        "units": service.units(session),
        "units_by_code": {code: unit for code, (_, unit) in catalogue(session).units.items()},
        "pocket_names": POCKET_NAMES,
        "kind_names": KIND_NAMES,
        "may_adjust": who.may("ledger:adjust") and who.user_id != owner_id,
        "state": state or FormState({"key": new_id()}),
        "cursor": cursor,
        "next_cursor": (
            encode_cursor(shown[-1].transfer_id, shown[-1].pocket.value) if len(entries) > PAGE_SIZE else None
        ),
    }
    return render(request, "ledger/owner.html", context, status)


def _row(entry: Entry) -> dict[str, Any]:
    """An entry and its reason: of a program's own making a message id of its catalogue, else as staff wrote it."""
    reason = (entry.detail or {}).get("reason")
    return {"entry": entry, "reason": "" if reason is None else str(reason)}


@router.post("/{owner_id}/adjust")
def adjust(
    request: Request,
    owner_id: UUID,
    sent: SentForm,
    who: Adjuster,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Correct a balance; the form carries its key, so sending it twice corrects once."""
    try:
        with attempt(session):
            _adjust(session, clock, who, owner_id, sent, viewer_of(request).locale)
    except GuerdonError as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _page(request, session, clock, who, owner_id, state=state, status=exc.status)
    flash(request, msgid("The balance is corrected."))
    return redirect(request, f"/staff/ledger/{owner_id}")


def _adjust(session: Session, clock: Clock, who: Principal, owner_id: UUID, sent: Sent, locale: str) -> None:
    for name in ("unit", "amount", "key"):
        if name not in sent:
            raise ChoiceMissingError(field=name, problem="")
    unit = unit_of(session, sent["unit"])
    service.adjust(
        session,
        Account(owner_id, unit.code),
        to_minor(plain_number(sent["amount"], locale), unit),
        reason=sent.get("reason", ""),
        actor_id=who.user_id,
        key=sent["key"],
        at=clock.now(),
    )
