"""The audit log for those who may read it."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response

from guerdon.http.access import Principal, requires
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.schemas import Text
from guerdon.http.transaction import SessionDep
from guerdon.kernel.admin import audit
from guerdon.web.forms import FormState
from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates, render

router = APIRouter(include_in_schema=False)

Auditor = Annotated[Principal, Depends(requires("admin:audit"))]
Filter = Annotated[Text, Query(max_length=100)]

PAGE_SIZE = 50
NAVIGATION = (NavItem("Audit log", "/staff/audit", permission="admin:audit", section="admin", icon="list"),)


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("admin", "guerdon.kernel.admin")
    add_catalogue("guerdon.kernel.admin")


@router.get("/staff/audit")
def show_audit(
    request: Request,
    who: Auditor,
    session: SessionDep,
    action: Filter = "",
    resource_type: Filter = "",
    resource: Filter = "",
    actor: Filter = "",
    since: Filter = "",
    until: Filter = "",
    cursor: Cursor = None,
) -> Response:
    """What was done, the latest first; a filter that makes no sense finds nothing."""
    values = {
        "action": action,
        "resource_type": resource_type,
        "resource": resource,
        "actor": actor,
        "since": since,
        "until": until,
    }
    errors = {name: "invalid" for name in ("resource", "actor") if values[name] and _uuid(values[name]) is None}
    errors |= {name: "invalid" for name in ("since", "until") if values[name] and _day(values[name]) is None}
    before = decode_cursor(cursor, datetime, UUID)
    zone = ZoneInfo(who.time_zone)
    found = (
        []
        if errors
        else audit.search(
            session,
            actor_id=_uuid(actor),
            action=action.strip() or None,
            resource_type=resource_type.strip() or None,
            resource_id=_uuid(resource),
            since=_start(_day(since), zone),
            until=_start(_day(until), zone, days=1),
            before=(before[0], before[1]) if before else None,
            limit=PAGE_SIZE,
        )
    )
    shown = found[:PAGE_SIZE]
    more = len(found) > PAGE_SIZE
    context = {
        "entries": [{"entry": row[0], "actor": row[1]} for row in shown],
        "filters": FormState(values, errors),
        "filtered": any(values.values()),
        "cursor": cursor,
        "next_cursor": encode_cursor(shown[-1][0].timestamp, shown[-1][0].id) if more else None,
    }
    return render(request, "admin/audit.html", context)


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value.strip())
    except ValueError:
        return None


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _start(day: date | None, zone: ZoneInfo, days: int = 0) -> datetime | None:
    """The moment at which a day begins for the reader, ``days`` later."""
    if day is None or day >= date.max - timedelta(days=2) or day <= date.min + timedelta(days=2):
        return None
    return datetime.combine(day + timedelta(days=days), time.min, zone)
