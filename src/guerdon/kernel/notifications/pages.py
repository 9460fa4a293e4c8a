"""The outbox for those who look after it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from guerdon.http.access import Principal, requires
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.transaction import SessionDep
from guerdon.kernel.identity.permissions import rank
from guerdon.kernel.identity.service.roles import ranks_of
from guerdon.kernel.notifications import outbox
from guerdon.kernel.notifications.models import OutboxMessage
from guerdon.kernel.notifications.transports import Letter
from guerdon.web.i18n import add_catalogue, msgid
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates, render

router = APIRouter(include_in_schema=False)

Reader = Annotated[Principal, Depends(requires("notifications:read"))]

PAGE_SIZE = 50
NAVIGATION = (NavItem("Outbox", "/staff/outbox", permission="notifications:read", section="admin", icon="inbox"),)
STATES = {
    "queued": msgid("Waiting"),
    "sending": msgid("On its way"),
    "sent": msgid("Sent"),
    "failed": msgid("Failed"),
}
CHANNELS = {"email": msgid("E-mail"), "sms": msgid("SMS")}


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("notifications", "guerdon.kernel.notifications")
    add_catalogue("guerdon.kernel.notifications")


@router.get("/staff/outbox")
def show_outbox(request: Request, who: Reader, session: SessionDep, cursor: Cursor = None) -> Response:
    """What was sent and what waits, the latest first."""
    before = decode_cursor(cursor, datetime, UUID)
    found = outbox.latest(session, before=(before[0], before[1]) if before else None, limit=PAGE_SIZE)
    shown = found[:PAGE_SIZE]
    ranks = ranks_of(session, {row.user_id for row in shown if row.user_id is not None})
    context = {
        "messages": [{"row": row, "letter": _readable(row, rank(who.roles), ranks)} for row in shown],
        "silent": [CHANNELS[name] for name in CHANNELS if name not in outbox.current().transports],
        "states": STATES,
        "channels": CHANNELS,
        "cursor": cursor,
        "next_cursor": encode_cursor(shown[-1].created_at, shown[-1].id) if len(found) > PAGE_SIZE else None,
    }
    return render(request, "notifications/outbox.html", context)


def _readable(row: OutboxMessage, reader: int, ranks: dict[UUID, int]) -> Letter | None:
    """The text, only where nothing carries it to its recipient, and never of who stands above the reader."""
    box = outbox.current()
    if row.channel in box.transports or (row.user_id is not None and ranks.get(row.user_id, 0) > reader):
        return None
    return box.open(row)
