"""The tables of another system as they stand in CSV files, one for each relation of the seed, with its columns.

PostgreSQL writes such a file with ``\\copy users TO 'users.csv' CSV HEADER``; other databases have the like. Columns
may stand in any order, an empty cell is no value, and columns beyond those of the seed are left alone.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)

from guerdon.core.texts import is_blank, one_line
from guerdon.kernel.engagement.activities.service.checking import FIRST_YEAR
from guerdon.programs.events.service.checking import moment_in
from guerdon.programs.events.service.importing.report import Report


def _moment(value: Any, info: ValidationInfo) -> Any:
    """A moment as databases write it; without an offset it is a time of day in the zone that the context names."""
    if not isinstance(value, str) or info.context is None:
        return value
    zone: ZoneInfo = info.context["zone"]
    try:
        said = datetime.fromisoformat(value)
    except ValueError as exc:
        raise ValueError("this is no date and time such as 2026-03-02 18:00:00+00") from exc
    moment = moment_in(zone, said)
    if moment is None:
        raise ValueError(f"the clocks of {zone.key} skip this time")
    return moment


def _legible(value: str) -> str:
    line = one_line(value)
    if is_blank(line):
        raise ValueError("nothing can be read here")
    return line


def _not_ancient(value: datetime) -> datetime:
    if value.year < FIRST_YEAR:
        raise ValueError(f"this is before {FIRST_YEAR}")
    return value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Short = Annotated[str, StringConstraints(max_length=255), AfterValidator(_legible)]
Moment = Annotated[datetime, BeforeValidator(_moment), AfterValidator(_not_ancient)]


class Row(BaseModel):
    """A row; ``row`` is its number as a spreadsheet counts."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    row: int
    id: Text


class UserRow(Row):
    """Of ``users``."""

    email: Text
    full_name: Text
    username: Text | None = None
    hashed_password: str | None = None
    is_active: bool = True
    is_superuser: bool = False
    user_type: str = "regular"
    created_at: Moment | None = None
    last_login: Moment | None = None


class EventRow(Row):
    """Of ``events``."""

    title: Short
    description: str | None = None
    event_type: Short
    location: Short
    start_time: Moment
    end_time: Moment
    max_participants: int | None = Field(None, ge=1, le=1_000_000)
    points_reward: int | None = Field(None, ge=0, le=1_000_000)
    created_by: Text | None = None
    created_at: Moment | None = None
    is_active: bool = True


class RegistrationRow(Row):
    """Of ``registrations``."""

    user_id: Text
    event_id: Text
    registration_date: Moment | None = None
    status: Text = "registered"


class PaymentRow(Row):
    """Of ``payment``."""

    registration_id: Text
    user_id: Text
    event_id: Text
    amount_paid: Decimal = Field(ge=0, lt=10**12, allow_inf_nan=False)
    payment_channel: Short
    payment_date: Moment | None = None


class AttendeeRow(Row):
    """Of ``event_attendees``."""

    user_id: Text
    event_id: Text
    status: Text = "attended"
    check_in_time: Moment | None = None
    check_out_time: Moment | None = None


class BadgeRow(Row):
    """Of ``badges``."""

    name: Text


class UserBadgeRow(Row):
    """Of ``user_badges``."""

    user_id: Text
    badge_id: Text
    level: int = Field(1, ge=1, le=5)
    earned_date: Moment | None = None


class PointsRow(Row):
    """Of ``points_transactions``."""

    user_id: Text
    points: int = Field(ge=-(10**9), le=10**9)
    transaction_type: Short
    description: str | None = None
    transaction_date: Moment | None = None


@dataclass(slots=True)
class Source:
    """All rows that can be read, by table."""

    users: list[UserRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    registrations: list[RegistrationRow] = field(default_factory=list)
    payment: list[PaymentRow] = field(default_factory=list)
    event_attendees: list[AttendeeRow] = field(default_factory=list)
    badges: list[BadgeRow] = field(default_factory=list)
    user_badges: list[UserBadgeRow] = field(default_factory=list)
    points_transactions: list[PointsRow] = field(default_factory=list)


TABLES: Mapping[str, type[Row]] = {
    "users": UserRow,
    "events": EventRow,
    "registrations": RegistrationRow,
    "payment": PaymentRow,
    "event_attendees": AttendeeRow,
    "badges": BadgeRow,
    "user_badges": UserBadgeRow,
    "points_transactions": PointsRow,
}

Kind = TypeVar("Kind", bound=Row)


def read(files: Mapping[str, bytes], zone: ZoneInfo, report: Report) -> Source:
    """Read the tables.

    Args:
        files: the content of each, by the table's name.
        zone: of moments that have no offset.
        report: gets the faults of what cannot be read.
    """
    source = Source()
    for table, model in TABLES.items():
        if table in files:
            setattr(source, table, _rows(table, model, files[table], zone, report))
    return source


def _rows(table: str, model: type[Kind], content: bytes, zone: ZoneInfo, report: Report) -> list[Kind]:
    try:
        text = content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        lines = list(enumerate(reader, start=2))
    except UnicodeDecodeError:
        report.fault(table, 1, "", "the file is not written in UTF-8")
        return []
    except csv.Error as exc:
        report.fault(table, 1, "", f"the file is no CSV with commas: {exc}")
        return []
    if "\0" in text:
        report.fault(table, 1, "", "the file holds characters that no text has")
        return []
    needed = [name for name, each in model.model_fields.items() if each.is_required() and name != "row"]
    missing = [name for name in needed if name not in header]
    for name in missing:
        report.fault(table, 1, name, "there is no such column")
    if missing:
        return []
    report.read[table] = sum(1 for _, cells in lines if any(cells))
    known: set[str] = set()
    found = []
    for number, cells in lines:
        if not any(cells):
            continue
        if len(cells) != len(header):
            report.fault(table, number, "", f"the row has {len(cells)} cells, and the header {len(header)}")
            continue
        values = {name: cell for name, cell in zip(header, cells, strict=True) if cell != ""}
        try:
            row = model.model_validate({**values, "row": number}, context={"zone": zone})
        except ValidationError as exc:
            for error in exc.errors():
                problem = error["msg"].removeprefix("Value error, ")
                report.fault(table, number, ".".join(map(str, error["loc"])), problem)
            continue
        if row.id in known:
            report.fault(table, number, "id", f"{row.id} stands there twice")
            continue
        known.add(row.id)
        found.append(row)
    return found
