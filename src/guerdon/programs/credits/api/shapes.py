"""From what the services give to what goes out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from guerdon.core.money import to_text
from guerdon.http.pagination import Page, decode_cursor, page_of
from guerdon.http.schemas import Moment, Text
from guerdon.programs.credits.api.bodies import (
    BreakdownOut,
    ContributionOut,
    ExplanationOut,
    OverrideOut,
    PhotoOut,
    PlaceOut,
    SummaryOut,
    TierOut,
)
from guerdon.programs.credits.models import Photo
from guerdon.programs.credits.schemas import Filters, LeaderboardRow, Listed, Summary
from guerdon.programs.credits.service import photos, reading
from guerdon.programs.credits.service.explaining import explain
from guerdon.programs.credits.service.valuing import SCALE

SearchQuery = Annotated[
    Text, Query(max_length=200, description="Words in what was given, or in the member's name or address.")
]
SinceQuery = Annotated[Moment | None, Query(description="Submitted then or later.")]
UntilQuery = Annotated[Moment | None, Query(description="Submitted before.")]


def show_one(session: Session, contribution_id: UUID) -> ContributionOut:
    """A contribution as it goes out."""
    return show(reading.get(session, contribution_id), photos.of(session, contribution_id))


def show(each: Listed, pictures: Sequence[Photo]) -> ContributionOut:
    """A contribution with its names and photos as it goes out."""
    contribution = each.contribution
    return ContributionOut(
        id=contribution.id,
        user_id=contribution.user_id,
        user_name=each.user_name,
        type=contribution.type,
        value=_in_decimals({name: part for name, part in contribution.value_json.items() if name != "photos"}),
        status=contribution.status,
        withdrawn=contribution.withdrawn_at is not None,
        credits=_credits(contribution.calculated_credits),
        explanation=_explanation(contribution.calculation),
        photos=[show_photo(photo) for photo in pictures],
        created_at=contribution.created_at,
        updated_at=contribution.updated_at,
        reviewed_at=contribution.reviewed_at,
        reviewer_name=each.reviewer_name,
        approved_by=contribution.approved_by,
        approved_at=contribution.approved_at,
        rejection_reason=contribution.rejection_reason,
        revision=contribution.revision,
    )


def page_of_contributions(
    session: Session, filters: Filters, limit: int, cursor: str | None, *, oldest_first: bool = False
) -> Page[ContributionOut]:
    """A page of contributions by when they were submitted."""
    after = decode_cursor(cursor, datetime, UUID)
    rows = reading.listed(
        session,
        filters,
        oldest_first=oldest_first,
        after=(after[0], after[1]) if after else None,
        limit=limit + 1,
    )
    pictures = photos.of_many(session, [row.contribution.id for row in rows])
    return page_of(rows, limit, show=lambda row: show(row, pictures.get(row.contribution.id, ())), key=_key)


def _key(row: Listed) -> tuple[datetime, UUID]:
    return row.contribution.created_at, row.contribution.id


def show_photo(photo: Photo) -> PhotoOut:
    """A photo as it goes out."""
    return PhotoOut(
        id=photo.id,
        url=f"/api/v1/credits/photos/{photo.id}",
        width_px=photo.width_px,
        height_px=photo.height_px,
    )


def show_summary(found: Summary) -> SummaryOut:
    """A member's standing as it goes out."""
    standing = found.tier
    return SummaryOut(
        user_id=found.user_id,
        balance=_amount(found.balance),
        earned=_amount(found.earned),
        spent=_amount(found.spent),
        pending=found.pending,
        tier=TierOut(
            code=standing.tier.code,
            name=standing.tier.name,
            next=standing.next.code if standing.next else None,
            missing=to_text(standing.missing_minor, SCALE),
            progress=format(standing.progress, ".4f"),
        ),
        breakdown=[
            BreakdownOut(type=each.type, count=each.count, credits=_amount(each.credits)) for each in found.breakdown
        ],
    )


def show_place(row: LeaderboardRow) -> PlaceOut:
    """A place on the leaderboard as it goes out."""
    return PlaceOut(
        rank=row.rank,
        user_id=row.user_id,
        name=row.name,
        balance=_amount(row.balance),
        tier=row.tier,
        contributions=row.contributions,
    )


def _explanation(calculation: Mapping[str, Any] | None) -> ExplanationOut | None:
    found = explain(calculation)
    if found is None:
        return None
    override = found.override
    return ExplanationOut(
        rule=found.rule,
        version=found.version,
        rule_id=found.rule_id,
        words=found.words,
        numbers=found.numbers,
        converted=found.converted,
        credits=_credits(found.credits),
        override=OverrideOut(
            credits=_amount(override.credits),
            instead_of=_credits(override.instead_of),
            reason=override.reason,
            by=override.by,
            at=override.at,
        )
        if override
        else None,
    )


def _amount(amount: Decimal) -> str:
    return f"{amount:.{SCALE}f}"


def _credits(amount: Decimal | None) -> str | None:
    return None if amount is None else _amount(amount)


def _in_decimals(value: Any) -> Any:
    """A stored document with its numbers as decimal strings."""
    if isinstance(value, dict):
        return {name: _in_decimals(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_in_decimals(part) for part in value]
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return value
