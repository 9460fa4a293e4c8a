"""What addresses and forms of these pages say: filters, days, places in a list, amounts as people type them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request

from guerdon.core.money import parse_decimal
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.schemas import Text
from guerdon.programs.credits.models import ContributionStatus, ContributionType
from guerdon.programs.credits.schemas import Filters, Listed
from guerdon.web.forms import FormState
from guerdon.web.typed import day_start, plain_number
from guerdon.web.viewer import viewer_of

PAGE_SIZE = 25
ALL = "all"
_E = TypeVar("_E", bound=StrEnum)

Word = Annotated[Text, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked to show, as its address says it.

    Attributes:
        values: the filters as they stand in the form.
        member: whose contributions alone, on pages of staff.
        since, until: days, both included.
        after: the place in the list.
    """

    values: Mapping[str, str]
    status: ContributionStatus | None
    type: ContributionType | None
    search: str
    member: UUID | None
    since: datetime | None
    until: datetime | None
    after: tuple[datetime, UUID] | None

    @property
    def form(self) -> FormState:
        """The filters as a form."""
        return FormState(dict(self.values))

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered."""
        return any(self.values.values())

    def filters(self, user_id: UUID | None = None) -> Filters:
        """As the services take them.

        Args:
            user_id: whose contributions may be seen at all; None for everybody's.
        """
        return Filters(
            status=self.status,
            type=self.type,
            user_id=user_id or self.member,
            search=self.search,
            since=self.since,
            until=self.until,
        )


def asked(
    request: Request,
    q: Word = "",
    status: Word = "",
    kind: Annotated[Text, Query(alias="type", max_length=200)] = "",
    member: Word = "",
    since: Word = "",
    until: Word = "",
    cursor: Cursor = None,
) -> Asked:
    """Dependency: the filters of this request. What makes no sense filters nothing."""
    after = decode_cursor(cursor, datetime, UUID)
    return Asked(
        values={"q": q, "status": status, "type": kind, "member": member, "since": since, "until": until},
        status=_one_of(ContributionStatus, status),
        type=_one_of(ContributionType, kind),
        search=q,
        member=_id(member),
        since=day_start(since, viewer_of(request).zone),
        until=day_start(until, viewer_of(request).zone, days_later=1),
        after=(after[0], after[1]) if after else None,
    )


AskedFor = Annotated[Asked, Depends(asked)]


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _one_of(kind: type[_E], text: str) -> _E | None:
    return next((member for member in kind if member.value == text), None)


def shown_and_next(rows: list[Listed]) -> tuple[list[Listed], str | None]:
    """The rows of this page of ``PAGE_SIZE``, and the cursor of the next one."""
    shown = rows[:PAGE_SIZE]
    if len(rows) <= PAGE_SIZE:
        return shown, None
    last = shown[-1].contribution
    return shown, encode_cursor(last.created_at, last.id)


def numbers_plain(sent: Mapping[str, str], locale: str, *names: str) -> dict[str, str]:
    """A form with some of its numbers in the form that the services take."""
    return {name: plain_number(text, locale) if name in names else text for name, text in sent.items()}


def decimal_of(sent: Mapping[str, str], name: str, locale: str) -> Decimal | None:
    """A number of a form; None if it was left empty.

    Raises:
        AmountNotDecimalError: it is something else.
    """
    text = sent.get(name, "")
    return parse_decimal(plain_number(text, locale), field=name) if text else None
