"""A member's own pages: where they stand, their history, their statement, the leaderboard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from guerdon.core.csv_text import cell, lines
from guerdon.core.money import to_decimal
from guerdon.db.database import Database
from guerdon.http.access import Principal, requires
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.streaming import stream
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, act_as_staff
from guerdon.kernel.engagement.boards.service.reading import absent
from guerdon.kernel.engagement.service import tiers
from guerdon.kernel.ledger.schemas import Entry
from guerdon.kernel.ledger.service import statement
from guerdon.programs.credits.models import Contribution, ContributionType
from guerdon.programs.credits.pages.asked import PAGE_SIZE, AskedFor, Word, shown_and_next
from guerdon.programs.credits.pages.shown import TYPES, credits, page, title_of
from guerdon.programs.credits.schemas import Filters, Summary
from guerdon.programs.credits.service import photos, reading
from guerdon.web.charts import Series, bar_chart
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.typed import day_start
from guerdon.web.viewer import viewer_of, viewing

router = APIRouter(prefix="/credits")

Member = Annotated[Principal, Depends(requires("credits:contribute"))]

RECENT = 5
LEADERS = 100
STATEMENT_ROWS = 30
CSV_CHUNK_ROWS = 1000
STATEMENT_COLUMNS = ("recorded_at", "what", "contribution_id", "amount", "balance_after")
_KINDS = {
    "credits.contribution": msgid("Contribution approved"),
    "adjustment": msgid("Balance adjusted by staff"),
    "award": msgid("Credits awarded"),
    "spend": msgid("Credits spent"),
    "gift": msgid("Gift between members"),
    "hold": msgid("Set aside"),
    "capture": msgid("Credits spent"),
    "release": msgid("Set free again"),
    "mature": msgid("Became available"),
}
_UNDONE = msgid("Approval undone")
BOOKED = (
    *(msgid("Contribution approved: item_donation"), msgid("Approval undone: item_donation")),
    *(msgid("Contribution approved: money"), msgid("Approval undone: money")),
    *(msgid("Contribution approved: volunteer_hours"), msgid("Approval undone: volunteer_hours")),
)
"""The reasons that ``sql/10_contributions.sql`` books, for who reads the ledger itself."""
_BARS = {**TYPES, ContributionType.VOLUNTEER_HOURS: msgid("Hours")}
"""Types in words short enough to stand below a bar on a small screen."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a statement: what happened (a message id), to which contribution, and the running balance."""

    entry: Entry
    text: str
    reason: str
    contribution: Contribution | None
    amount: Decimal
    balance: Decimal


@router.get("")
def show_overview(request: Request, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """Where the member stands, and what they gave last."""
    standing = reading.summary(session, who.user_id, clock.now())
    recent = reading.listed(session, Filters(user_id=who.user_id), after=None, limit=RECENT)
    context = {
        "standing": standing,
        "steps": ladder(session, standing),
        "chart": breakdown_chart(request, standing),
        "recent": recent,
        "place": reading.place_of(session, who.user_id),
        "absent": absent(session, who.user_id),
    }
    return page(request, "overview.html", context)


def ladder(session: Session, standing: Summary) -> list[tuple[str, Decimal, bool]]:
    """The tiers with their thresholds, and whether the member has reached each."""
    return [
        (tier.name, to_decimal(tier.threshold_minor, 2), tier.threshold_minor <= max(standing.tier.earned_minor, 0))
        for tier in tiers.tiers(session, "credits")
    ]


def breakdown_chart(request: Request, standing: Summary) -> Markup | None:
    """The member's approved credits by type; None before there are any."""
    if not any(part.credits for part in standing.breakdown):
        return None
    viewer = viewer_of(request)
    gettext = viewer.translator.gettext
    with viewing(viewer):
        return bar_chart(
            gettext("Credits by type"),
            [gettext(_BARS[part.type]) for part in standing.breakdown],
            [Series(gettext("Credits"), [part.credits for part in standing.breakdown])],
            form=lambda number: credits(Decimal(str(number))),
        )


@router.get("/contributions")
def show_history(request: Request, who: Member, session: SessionDep, asked: AskedFor) -> Response:
    """Everything that the member gave, the latest first."""
    rows = reading.listed(session, asked.filters(who.user_id), after=asked.after, limit=PAGE_SIZE + 1)
    shown, following = shown_and_next(rows)
    context = {"rows": shown, "asked": asked, "next_cursor": following}
    return page(request, "history.html", context)


@router.get("/statement")
def show_statement(
    request: Request,
    who: Member,
    session: SessionDep,
    clock: ClockDep,
    since: Word = "",
    until: Word = "",
    cursor: Cursor = None,
) -> Response:
    """Every movement of the member's credits, with the balance after it."""
    before = decode_cursor(cursor, UUID)
    entries = statement(
        session,
        who.user_id,
        clock.now(),
        unit="CREDIT",
        before=before[0] if before else None,
        since=day_start(since, viewer_of(request).zone),
        until=day_start(until, viewer_of(request).zone, days_later=1),
        limit=STATEMENT_ROWS + 1,
    )
    shown = statement_lines(session, entries[:STATEMENT_ROWS])
    context = {
        "lines": shown,
        "standing": reading.summary(session, who.user_id, clock.now()),
        "filters": FormState({"since": since, "until": until}),
        "cursor": cursor,
        "next_cursor": encode_cursor(entries[STATEMENT_ROWS - 1].transfer_id)
        if len(entries) > STATEMENT_ROWS
        else None,
    }
    return page(request, "statement.html", context)


def statement_lines(session: Session, entries: Sequence[Entry]) -> list[Line]:
    """Entries of the ledger with the contributions that they are about."""
    about = {
        entry.transfer_id: entry.reference.id
        for entry in entries
        if entry.reference is not None and entry.reference.type == "credits.contribution"
    }
    known = reading.of_ids(session, set(about.values()))
    return [
        Line(
            entry,
            _UNDONE
            if entry.reverses_id and entry.kind == "credits.contribution"
            else _KINDS.get(entry.kind, entry.kind),
            "" if entry.kind == "credits.contribution" else str((entry.detail or {}).get("reason") or ""),
            known.get(about[entry.transfer_id]) if entry.transfer_id in about else None,
            to_decimal(entry.amount_minor, entry.scale),
            to_decimal(entry.balance_after_minor, entry.scale),
        )
        for entry in entries
    ]


@router.get("/statement.csv")
def download_statement(
    request: Request, who: Member, database: DatabaseDep, clock: ClockDep, since: Word = "", until: Word = ""
) -> Response:
    """The statement as CSV, streamed, the latest first."""
    viewer = viewer_of(request)
    bounds = (day_start(since, viewer_of(request).zone), day_start(until, viewer_of(request).zone, days_later=1))

    def rows(database: Database) -> Iterator[str]:
        yield lines([STATEMENT_COLUMNS])
        before = None
        while True:
            # Each chunk is a transaction of its own, so that a slow reader keeps no connection.
            with database.transaction() as session, viewing(viewer):
                entries = statement(
                    session,
                    who.user_id,
                    clock.now(),
                    unit="CREDIT",
                    before=before,
                    since=bounds[0],
                    until=bounds[1],
                    limit=CSV_CHUNK_ROWS,
                )
                text = lines(
                    _csv_row(line, viewer.translator.gettext(line.text)) for line in statement_lines(session, entries)
                )
            if not entries:
                return
            yield text
            before = entries[-1].transfer_id

    csv_type = "text/csv; charset=utf-8"
    return stream(request, rows(database), media_type=csv_type, filename="statement.csv", each_on_its_own=True)


def _csv_row(line: Line, text: str) -> list[str]:
    what = ": ".join(filter(None, [text, title_of(line.contribution) if line.contribution else line.reason]))
    about = line.contribution.id if line.contribution else None
    return [cell(each) for each in (line.entry.recorded_at.isoformat(), what, about, line.amount, line.balance)]


@router.get("/leaderboard")
def show_leaderboard(request: Request, who: Member, session: SessionDep) -> Response:
    """The highest balances, and the member's own place."""
    context = {
        "rows": reading.leaderboard(session, reader_id=who.user_id, limit=LEADERS),
        "place": reading.place_of(session, who.user_id),
        "absent": absent(session, who.user_id),
    }
    return page(request, "leaderboard.html", context)


@router.get("/photos/{photo_id}")
def show_photo(photo_id: UUID, who: Member, session: SessionDep) -> Response:
    """A photo of one's own contribution, or of any for who reviews."""
    if who.may("credits:review"):
        act_as_staff(session)
    photo = photos.content(session, photo_id, user_id=who.user_id, may_review=who.may("credits:review"))
    headers = {"cache-control": "private, max-age=86400, immutable", "content-security-policy": "default-src 'none'"}
    return Response(photo.content, media_type=photo.media_type, headers=headers)
