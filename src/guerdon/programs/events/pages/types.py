"""The types of events, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from guerdon.core.errors import ConflictError, FieldError
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.schemas import Text
from guerdon.http.transaction import SessionDep, attempt
from guerdon.programs.events.api.bodies import EventTypeIn, NewEventTypeIn
from guerdon.programs.events.pages.asked import status_of
from guerdon.programs.events.pages.registering import tell_refusal
from guerdon.programs.events.pages.shown import page
from guerdon.programs.events.service import types
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/events/types")

Configurer = Annotated[Principal, Depends(requires("events:configure"))]


@router.get("")
def show_types(request: Request, _who: Configurer, session: SessionDep) -> Response:
    """What types there are, and what attending each is worth."""
    return _types(request, session, FormState())


def _types(request: Request, session: Session, state: FormState, *, changed: str = "", status: int = 200) -> Response:
    context = {"types": types.listed(session), "state": state, "changed": changed, "blank": FormState()}
    return page(request, "staff/types.html", context, status)


@router.post("")
def add(request: Request, who: Configurer, _once: SentOnce, session: SessionDep, sent: SentForm) -> Response:
    """Add one."""
    try:
        given = NewEventTypeIn.model_validate(dict(sent))
        with attempt(session):
            types.add(session, who.user_id, **given.model_dump())
    except (ValidationError, FieldError) as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _types(request, session, state, status=status_of(exc))
    flash(request, msgid("The type {name} is there now."), name=given.name)
    return redirect(request, "/staff/events/types")


@router.post("/{code}")
def change(request: Request, code: Text, who: Configurer, session: SessionDep, sent: SentForm) -> Response:
    """Change one."""
    try:
        given = EventTypeIn.model_validate({**sent, "is_active": sent.get("is_active") == "yes"})
        with attempt(session):
            types.change(session, who.user_id, code, **given.model_dump())
    except ValidationError as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _types(request, session, state, changed=code, status=422)
    flash(request, msgid("The type {name} is changed."), name=given.name)
    return redirect(request, "/staff/events/types")


@router.post("/{code}/remove")
def remove(request: Request, code: Text, who: Configurer, session: SessionDep) -> Response:
    """Take one away that no event has."""
    try:
        with attempt(session):
            types.remove(session, who.user_id, code)
    except ConflictError as exc:
        tell_refusal(request, exc)
    else:
        flash(request, msgid("The type is gone."))
    return redirect(request, "/staff/events/types")
