"""``/tiers``: where one stands in each program, what is missing, until when one stays, and how it came about."""

from fastapi import APIRouter, Request, Response

from guerdon.http.access import SignedIn
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.ladders.pages.words import REASONS
from guerdon.kernel.engagement.ladders.service import keeping
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.web.render import render

router = APIRouter(prefix="/tiers")


@router.get("")
def show_tiers(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """Every program's ladder."""
    rows = [
        {
            "kept": kept,
            "unit": catalogue(session).unit(ladder.unit),
            "reached": ladder.number(kept.standing.tier.code),
            "history": keeping.history(session, who.user_id, program, limit=10),
            "names": {step.code: step.name for step in ladder.steps},
        }
        for program, ladder in keeping.ladders(session).items()
        for kept in (keeping.kept(session, ladder, who.user_id, clock.now()),)
    ]
    titles = {program.name: program.title for program in request.app.state.programs}
    return render(request, "ladders/tiers.html", {"rows": rows, "titles": titles, "reasons": REASONS})
