"""Currency rates and the archive."""

from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import APIRouter, Depends

from guerdon.http.access import Principal, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.programs.credits.api.bodies import ArchiveIn, ArchiveOut, RateIn, RateOut
from guerdon.programs.credits.models import CurrencyRate
from guerdon.programs.credits.service import archiving, currencies
from guerdon.programs.credits.service.explaining import plain

router = APIRouter()

Configurer = Annotated[Principal, Depends(requires("credits:configure"))]


@router.get("/rates")
def list_rates(_who: Configurer, session: SessionDep, clock: ClockDep) -> list[RateOut]:
    """Every rate by currency, the latest first, those of former times too."""
    current = {(rate.currency, rate.valid_from) for rate in currencies.current_rates(session, clock.now())}
    return [_show(rate, in_force=(rate.currency, rate.valid_from) in current) for rate in currencies.history(session)]


@router.post("/rates", status_code=201, responses=problem_responses(409))
def set_rate(body: RateIn, who: Configurer, session: SessionDep, clock: ClockDep) -> RateOut:
    """Set what a currency is worth from a moment on; what was submitted before keeps its rate."""
    now = clock.now()
    valid_from = body.valid_from or now
    rate = currencies.set_rate(session, body.currency, body.rate, valid_from=valid_from, actor_id=who.user_id)
    current = {(each.currency, each.valid_from) for each in currencies.current_rates(session, now)}
    return _show(rate, in_force=(rate.currency, rate.valid_from) in current)


def _show(rate: CurrencyRate, *, in_force: bool) -> RateOut:
    return RateOut(
        currency=rate.currency,
        rate=plain(rate.rate),
        valid_from=rate.valid_from,
        in_force=in_force,
        created_by=rate.created_by,
    )


@router.post("/archive")
def archive(body: ArchiveIn, who: Configurer, session: SessionDep, clock: ClockDep) -> ArchiveOut:
    """Move contributions that were rejected long ago to the archive; sending it again finds nothing left to do."""
    before = datetime.combine(body.before, time.min, UTC) if body.before else clock.now() - archiving.KEEP
    return ArchiveOut(moved=archiving.archive_by(session, clock, before, actor_id=who.user_id))
