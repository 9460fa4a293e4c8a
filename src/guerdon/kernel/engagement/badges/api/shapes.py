"""Badges as they go over HTTP, and back."""

from decimal import Decimal

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.money import to_minor, to_text
from guerdon.kernel.engagement.activities.models import Metric
from guerdon.kernel.engagement.badges.errors import BadgeCriteriaError
from guerdon.kernel.engagement.badges.models import BadgeBackfill
from guerdon.kernel.engagement.badges.schemas import (
    BackfillOut,
    BadgeBody,
    BadgeForStaff,
    BadgeOut,
    CriteriaBody,
    EarnedOut,
    LevelBody,
    LevelOut,
    MyBadge,
)
from guerdon.kernel.engagement.badges.seeds import BadgeLevel, Criteria
from guerdon.kernel.engagement.badges.service.defining import Draft
from guerdon.kernel.engagement.badges.service.definitions import Definition
from guerdon.kernel.engagement.badges.service.reading import MemberProgress
from guerdon.kernel.engagement.badges.words import Titles
from guerdon.kernel.engagement.streaks.models import Streak
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.errors import UnknownUnitError
from guerdon.web.i18n import Translator
from guerdon.web.viewer import viewer_of


class Shaper:
    """Shows badges to the reader of a request."""

    def __init__(self, request: Request, session: Session) -> None:
        self._session = session
        self._words: Translator = viewer_of(request).translator
        self._titles = Titles(session)

    def badge(self, badge: Definition) -> BadgeOut:
        """A badge for everybody."""
        units = catalogue(self._session)
        return BadgeOut(
            id=badge.id,
            program=badge.program,
            code=badge.code,
            name=self._words.gettext(badge.name),
            description=self._words.gettext(badge.description) if badge.description else "",
            icon=badge.icon,
            colour=badge.colour,
            category=badge.category,
            type=badge.type,
            hidden=badge.hidden,
            active=badge.active,
            version=badge.version,
            display_order=badge.display_order,
            levels=[
                LevelOut(
                    level=level.level,
                    threshold=level.threshold,
                    needed=self._titles.needed(badge, level.level, self._words),
                    unit=level.unit,
                    amount=to_text(level.amount_minor, units.unit(level.unit).scale) if level.unit else None,
                )
                for level in badge.levels
            ],
        )

    def progress(self, each: MemberProgress) -> MyBadge:
        """A badge with where its reader stands."""
        return MyBadge(
            badge=self.badge(each.badge),
            level=each.level,
            earned=[EarnedOut(level=level, earned_at=moment) for level, moment in each.earned.items()],
            value=each.value,
            next_threshold=each.next.threshold if each.next else None,
        )

    def for_staff(self, badge: Definition, holders: int, run: BadgeBackfill | None) -> BadgeForStaff:
        """A badge with what staff know of it."""
        return BadgeForStaff(
            **self.badge(badge).model_dump(),
            criteria=criteria_of(self._session, badge),
            holders=holders,
            backfill=BackfillOut.model_validate(run, extra="ignore") if run else None,
        )


def criteria_of(session: Session, badge: Definition) -> CriteriaBody:
    """A badge's criteria, naming metric and streak as staff write them."""
    metric = streak = ""
    if badge.metric_id is not None:
        row = session.execute(select(Metric.program, Metric.code).where(Metric.id == badge.metric_id)).one()
        metric = _named(badge, row.program, row.code)
    if badge.streak_id is not None:
        row = session.execute(select(Streak.program, Streak.code).where(Streak.id == badge.streak_id)).one()
        streak = _named(badge, row.program, row.code)
    return CriteriaBody(
        kind=badge.kind,
        metric=metric,
        streak=streak,
        window=badge.within,
        minimum=badge.minimum,
    )


def _named(badge: Definition, program: str, code: str) -> str:
    return code if program == badge.program else f"{program}:{code}"


def draft_of(session: Session, body: BadgeBody, reason: str = "") -> Draft:
    """What staff sent, with amounts as whole numbers of the smallest part.

    Raises:
        FieldErrors: an amount does not fit its unit.
    """
    faults: list[FieldError] = []
    levels = [_level(session, number, level, faults) for number, level in enumerate(body.levels, start=1)]
    if faults:
        raise FieldErrors(faults)
    criteria = body.criteria
    return Draft(
        name=body.name,
        description=body.description,
        criteria=Criteria(criteria.kind, criteria.metric, criteria.streak, criteria.window, criteria.minimum),
        levels=tuple(levels),
        icon=body.icon,
        colour=body.colour,
        category=body.category,
        type=body.type,
        hidden=body.hidden,
        display_order=body.display_order,
        reason=reason,
    )


def _level(session: Session, number: int, level: LevelBody, faults: list[FieldError]) -> BadgeLevel:
    if not level.unit:
        if level.amount:
            faults.append(BadgeCriteriaError(field=f"levels.{number}.unit"))
        return BadgeLevel(level.threshold)
    try:
        unit = catalogue(session).unit(level.unit)
        amount = to_minor(level.amount or Decimal(0), unit, field=f"levels.{number}.amount")
    except UnknownUnitError:
        faults.append(BadgeCriteriaError(field=f"levels.{number}.unit"))
        return BadgeLevel(level.threshold)
    except FieldError as fault:
        faults.append(fault)
        return BadgeLevel(level.threshold)
    return BadgeLevel(level.threshold, level.unit, amount)
