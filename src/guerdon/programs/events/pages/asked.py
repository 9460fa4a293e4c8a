"""What addresses and forms of these pages say: filters, months, places in a list, numbers as people type them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import ValidationError

from guerdon.core.errors import FieldErrors, GuerdonError
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.schemas import Text
from guerdon.programs.events.models import EventStatus
from guerdon.programs.events.schemas import EventIn, Filters, ListedEvent, Repetition, Scope
from guerdon.web.forms import FormState, form_errors
from guerdon.web.sent import Sent
from guerdon.web.typed import day_start, plain_number
from guerdon.web.viewer import viewer_of

PAGE_SIZE = 20
PAST = "past"
_LISTED = re.compile(r"[\s,;]+")

Word = Annotated[Text, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list of events is asked to show, as its address says it.

    Attributes:
        values: the filters as they stand in the form.
        past: what is over, the latest first.
        after: the place in the list.
    """

    values: Mapping[str, str]
    since: datetime | None
    until: datetime | None
    past: bool
    after: tuple[datetime, UUID] | None

    @property
    def form(self) -> FormState:
        """The filters as a form."""
        return FormState(dict(self.values))

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered."""
        return any(value for name, value in self.values.items() if name != "when")

    def filters(self, user_id: UUID | None, now: datetime) -> Filters:
        """As the services take them: what is to come, unless days or the past are asked for."""
        return Filters(
            user_id=user_id,
            event_type=self.values["type"] or None,
            search=self.values["q"],
            since=self.since if self.since is not None or self.past else now,
            until=min(now, self.until or now) if self.past else self.until,
            mine=self.values["mine"] == "yes",
            status=next((each for each in EventStatus if each.value == self.values["state"]), None),
        )


def asked(
    request: Request,
    q: Word = "",
    kind: Annotated[Text, Query(alias="type", max_length=50)] = "",
    since: Word = "",
    until: Word = "",
    mine: Word = "",
    when: Word = "",
    state: Word = "",
    cursor: Cursor = None,
) -> Asked:
    """Dependency: the filters of this request. What makes no sense filters nothing."""
    after = decode_cursor(cursor, datetime, UUID)
    return Asked(
        values={"q": q, "type": kind, "since": since, "until": until, "mine": mine, "when": when, "state": state},
        since=day_start(since, viewer_of(request).zone),
        until=day_start(until, viewer_of(request).zone, days_later=1),
        past=when == PAST,
        after=(after[0], after[1]) if after else None,
    )


AskedFor = Annotated[Asked, Depends(asked)]


def shown_and_next(rows: list[ListedEvent]) -> tuple[list[ListedEvent], str | None]:
    """The rows of this page of ``PAGE_SIZE``, and the cursor of the next one."""
    shown = rows[:PAGE_SIZE]
    if len(rows) <= PAGE_SIZE:
        return shown, None
    last = shown[-1].event
    return shown, encode_cursor(last.start_time, last.id)


def month_of(text: str, today: date) -> date:
    """The first day of the month in an address (``2026-06``); that of today for what is no month."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return month if 2000 <= month.year <= 2100 else today.replace(day=1)


def scope_of(sent: Mapping[str, str]) -> Scope:
    """What a form of an event of a series is about."""
    return Scope.FOLLOWING if sent.get("scope") == Scope.FOLLOWING.value else Scope.ONE


def event_of(sent: Sent) -> EventIn:
    """The event in a form.

    Raises:
        pydantic.ValidationError: fields at fault.
    """
    values: dict[str, object] = {name: sent[name] for name in EventIn.model_fields if name in sent}
    for name in ("price", "max_participants", "points_reward", "offer_hours"):
        if name in sent:
            values[name] = plain_number(sent[name])
    values["walk_ins_allowed"] = sent.get("walk_ins_allowed") == "yes"
    values["currency"] = sent.get("currency", "").upper()
    return EventIn.model_validate(values)


def repetition_of(sent: Sent) -> Repetition | None:
    """The repetition in a form, or None if the event does not repeat.

    Raises:
        pydantic.ValidationError: fields at fault, without the ``repetition.`` that they have in the form.
    """
    if sent.get("repeats") != "yes":
        return None
    values: dict[str, object] = {"weekdays": sent.many("repetition.weekdays")}
    for name in ("interval_weeks", "ends_on", "count"):
        if text := sent.get(f"repetition.{name}"):
            values[name] = text
    values["exceptions"] = [word for word in _LISTED.split(sent.get("repetition.exceptions", "")) if word]
    return Repetition.model_validate(values)


def refused(request: Request, sent: Sent, *errors: GuerdonError | ValidationError) -> FormState:
    """The form as it was sent, with everything that was wrong with it."""
    found: dict[str, str] = {}
    for error in errors:
        of_repetition = isinstance(error, ValidationError) and error.title == Repetition.__name__
        for name, text in form_errors(error, viewer_of(request).translator).items():
            field = f"repetition.{name.partition('.')[0]}" if of_repetition else name
            found.setdefault(field, text)
    values: dict[str, object] = {**sent, "repetition.weekdays": sent.many("repetition.weekdays")}
    return FormState(values, found)


def status_of(error: GuerdonError | ValidationError) -> int:
    """The status that a refused form is answered with."""
    return 422 if isinstance(error, ValidationError | FieldErrors) else error.status
