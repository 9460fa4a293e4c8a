"""``/staff/rules/simulations``: asking what a version would have paid, watching, and reading what it would."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.engagement.simulations import api
from guerdon.kernel.engagement.simulations.schemas import Tally
from guerdon.kernel.engagement.simulations.service import running
from guerdon.kernel.identity.service.accounts import names_of
from guerdon.kernel.ledger.catalogue import unit_of
from guerdon.web.flash import redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import add_catalogue, msgid
from guerdon.web.render import add_templates, render
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/simulations", include_in_schema=False)

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
_NO_DAY = msgid("Enter a valid date.")


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("simulations", "guerdon.kernel.engagement.simulations")
    add_catalogue("guerdon.kernel.engagement.simulations")


@router.get("/new/{rule_id}")
def ask(request: Request, rule_id: UUID, _who: Reader, session: SessionDep, clock: ClockDep) -> Response:
    """The form: a version and a period, last month unless told otherwise."""
    rule = rules.get(session, rule_id)
    since, until = running.last_month(clock.now().astimezone(viewer_of(request).zone))
    last = until - timedelta(days=1)
    state = FormState({"since": since.date().isoformat(), "until": last.date().isoformat()})
    return render(request, "simulations/ask.html", {"rule": rule, "state": state})


@router.post("/new/{rule_id}")
def begin(
    request: Request, rule_id: UUID, sent: SentForm, who: Reader, _once: SentOnce, session: SessionDep, clock: ClockDep
) -> Response:
    """Begin, and go to where one can watch."""
    rule = rules.get(session, rule_id)
    since, until = _day(request, sent, "since"), _day(request, sent, "until")
    if since is None or until is None:
        problem = viewer_of(request).translator.gettext(_NO_DAY)
        missing = {name: problem for name, day in (("since", since), ("until", until)) if day is None}
        return render(request, "simulations/ask.html", {"rule": rule, "state": FormState(sent, missing)}, 422)
    try:
        with attempt(session):
            after = until + timedelta(days=1)
            begun = api.start(session, clock, rule_id, since=since, until=after, actor_id=who.user_id)
    except GuerdonError as error:
        state = FormState.refused(sent, error, viewer_of(request).translator)
        return render(request, "simulations/ask.html", {"rule": rule, "state": state}, error.status)
    return redirect(request, f"/staff/simulations/{begun.id}")


def _day(request: Request, sent: Sent, name: str) -> datetime | None:
    """The first moment of a day on the reader's clock; of one that a day comes after."""
    try:
        day = datetime.fromisoformat(sent.get(name, "")).date()
    except ValueError:
        return None
    if day == date.max:
        return None
    return datetime.combine(day, time(), viewer_of(request).zone)


@router.get("/{simulation_id}")
def show(request: Request, simulation_id: UUID, _who: Reader, session: SessionDep) -> Response:
    """How far it is; the page loads itself again until it is done."""
    found = running.get(session, simulation_id)
    rule = rules.get(session, found.rule_id)
    tally = Tally.read(found.tally)
    people = names_of(session, {UUID(owner) for _, owner in (*tally.gainers, *tally.losers)})
    context = {
        "simulation": found,
        "rule": rule,
        "unit": unit_of(session, rule.unit_code),
        "tally": tally,
        "sizes": list(running.sizes(tally)),
        "reasons": REASONS_SHORT,
        "last": found.until - timedelta(seconds=1),
        "gainers": [(people.get(UUID(owner), "–"), owner, amount) for amount, owner in tally.gainers],
        "losers": [(people.get(UUID(owner), "–"), owner, amount) for amount, owner in tally.losers],
    }
    return render(request, "simulations/simulation.html", context)


REASONS_SHORT = {
    "condition": msgid("condition not fulfilled"),
    "nothing": msgid("worth nothing"),
    "act_cap": msgid("more than it gives at once"),
    "day_cap": msgid("cap of the day"),
    "week_cap": msgid("cap of the week"),
    "month_cap": msgid("cap of the month"),
    "life_cap": msgid("cap for one member"),
    "cool_down": msgid("too soon after the last time"),
    "failed": msgid("the rule failed"),
}
