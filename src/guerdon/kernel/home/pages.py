"""The home page: a welcome for visitors, and for members what each program shows of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from guerdon.http.access import Principal, public
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates, render
from guerdon.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
NAVIGATION = (NavItem("Home", "/", section="main", icon="home"),)


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("home", "guerdon.kernel.home")
    add_catalogue("guerdon.kernel.home")


@router.get("/")
def show_home(
    request: Request, who: Annotated[Principal | None, Depends(public())], session: SessionDep, clock: ClockDep
) -> Response:
    """Where everything begins."""
    programs = request.app.state.programs
    if who is None:
        return render(request, "home/visitor.html", {"programs": programs})
    locale = viewer_of(request).locale
    cards = [card for program in programs if program.home for card in program.home(session, clock, who.user_id, locale)]
    queues = [
        (program.review, program.review.count(session))
        for program in programs
        if program.review and who.may(program.review.permission)
    ]
    return render(request, "home/member.html", {"cards": cards, "queues": queues})
