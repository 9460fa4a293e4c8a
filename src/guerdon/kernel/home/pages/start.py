"""The start page: a welcome for visitors, and for members what each program shows of them."""

from contextlib import nullcontext

from fastapi import APIRouter, Request, Response

from guerdon.http.access import MaybeSignedIn
from guerdon.http.transaction import ClockDep, SessionDep, as_staff
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.viewer import Viewer, viewer_of

router = APIRouter()

MORNING_H, AFTERNOON_H, EVENING_H = 5, 12, 18


@router.get("/")
def show_start(request: Request, who: MaybeSignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """Where everything begins."""
    if who is None:
        return render(request, "home/visitor.html")
    programs = request.app.state.programs
    viewer = viewer_of(request)
    cards = [
        card
        for program in programs
        if program.home
        for card in program.home(session, clock, who.user_id, viewer.locale)
    ]
    reviews = [program.review for program in programs if program.review and who.may(program.review.permission)]
    with as_staff(session) if reviews else nullcontext():
        queues = [(review, review.count(session)) for review in reviews]
    context = {"greeting": greeting(viewer), "cards": cards, "queues": queues}
    return render(request, "home/member.html", context)


def greeting(viewer: Viewer) -> str:
    """A message id with the placeholder ``name``, by the hour on the reader's clock."""
    hour = viewer.now.astimezone(viewer.zone).hour
    if MORNING_H <= hour < AFTERNOON_H:
        return msgid("Good morning, {name}")
    if AFTERNOON_H <= hour < EVENING_H:
        return msgid("Good afternoon, {name}")
    return msgid("Good evening, {name}")
