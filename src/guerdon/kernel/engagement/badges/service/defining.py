"""Making and changing badges: by programs when they are installed, by staff afterwards. Every version is kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.badges.errors import (
    BadgeCodeError,
    BadgeCodeTakenError,
    BadgeColourError,
    BadgeCriteriaError,
    BadgeIconError,
    BadgeLevelsError,
    BadgeReasonMissingError,
    BadgeRewardError,
    BadgeTextError,
    BadgeThresholdError,
)
from guerdon.kernel.engagement.badges.models import Badge, BadgeLevel, BadgeVersion
from guerdon.kernel.engagement.badges.seeds import LEVEL_MAX, BadgeSeed, Criteria
from guerdon.kernel.engagement.badges.seeds import BadgeLevel as LevelSeed
from guerdon.kernel.engagement.badges.service.definitions import Definition, get
from guerdon.kernel.engagement.streaks.errors import MetricUnknownError
from guerdon.kernel.engagement.streaks.models import Streak
from guerdon.kernel.engagement.streaks.service.definitions import metric_id
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.web.icons import ICONS

CODE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
NAME_MAX, DESCRIPTION_MAX, WORD_MAX = 120, 1000, 40
NUMBER_MAX = 2**53
"""Thresholds stay below what JSON readers can hold."""
ORDER_MAX = 10_000
REASON_MIN = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """What staff say of a badge; the criteria name metrics and streaks as ``code`` or ``program:code``."""

    name: str
    description: str
    criteria: Criteria
    levels: tuple[LevelSeed, ...]
    icon: str = "star"
    colour: str = "#b7791f"
    category: str = "general"
    type: str = "standard"
    hidden: bool = False
    display_order: int = 0
    reason: str = ""


@dataclass(slots=True)
class _Checked:
    """Numbers behind the codes of a draft, and what is wrong with it."""

    metric_id: int | None = None
    streak_id: UUID | None = None
    faults: list[FieldError] = field(default_factory=list)


def create(
    session: Session, program: str, code: str, draft: Draft, *, actor_id: UUID | None, active: bool = False
) -> UUID:
    """Make a badge; staff activate it afterwards.

    Raises:
        FieldErrors: everything that is wrong with it, by field.
    """
    checked = _check(session, program, draft)
    if not CODE.fullmatch(code):
        checked.faults.append(BadgeCodeError(field="code"))
    elif session.scalars(select(Badge.id).where(Badge.program == program, Badge.code == code)).first():
        checked.faults.append(BadgeCodeTakenError(field="code", badge=f"{program}.{code}"))
    if checked.faults:
        raise FieldErrors(checked.faults)
    badge_id = new_id()
    session.execute(
        insert(Badge).values(
            id=badge_id,
            program=program,
            code=code,
            active=active,
            created_by=actor_id,
            **_columns(draft, checked),
        )
    )
    _write_levels(session, badge_id, draft.levels)
    _keep_version(session, badge_id, 1, draft, actor_id)
    _announce(session, "engagement.badge_created", badge_id, (program, code), actor_id=actor_id, draft=draft)
    return badge_id


def change(session: Session, badge_id: UUID, draft: Draft, *, actor_id: UUID) -> int:
    """Say something else of a badge from now on. Who has a level keeps it.

    Returns:
        The number of the new version.

    Raises:
        BadgeNotFoundError: there is no such badge.
        FieldErrors: everything that is wrong, by field.
    """
    known = _locked(session, badge_id)
    checked = _check(session, known.program, draft)
    if len(draft.reason.strip()) < REASON_MIN:
        checked.faults.append(BadgeReasonMissingError(field="reason"))
    if checked.faults:
        raise FieldErrors(checked.faults)
    version = known.version + 1
    session.execute(
        update(Badge)
        .where(Badge.id == badge_id)
        .values(version=version, updated_at=func.now(), **_columns(draft, checked))
    )
    session.execute(delete(BadgeLevel).where(BadgeLevel.badge_id == badge_id))
    _write_levels(session, badge_id, draft.levels)
    _keep_version(session, badge_id, version, draft, actor_id)
    _announce(
        session, "engagement.badge_changed", badge_id, (known.program, known.code), actor_id=actor_id, draft=draft
    )
    return version


def set_active(session: Session, badge_id: UUID, *, active: bool, actor_id: UUID) -> bool:
    """Let a badge be earned from now on, or not any more. Who has it keeps it.

    Returns:
        Whether that is new.

    Raises:
        BadgeNotFoundError: there is no such badge.
    """
    known = _locked(session, badge_id)
    if known.active == active:
        return False
    session.execute(update(Badge).where(Badge.id == badge_id).values(active=active, updated_at=func.now()))
    action = "engagement.badge_activated" if active else "engagement.badge_deactivated"
    detail = {"program": known.program, "badge": known.code}
    announce(session, Act(action, "badge", badge_id, actor_id=actor_id, detail=detail))
    return True


def install(session: Session, program: str, seeds: Sequence[BadgeSeed]) -> None:
    """Put in a program's badges that are not there yet; its metrics, streaks and units have to be there.

    Raises:
        FieldErrors: a seed is wrong.
    """
    for seed in seeds:
        if session.scalars(select(Badge.id).where(Badge.program == program, Badge.code == seed.code)).first():
            continue
        draft = Draft(
            name=seed.name,
            description=seed.description,
            criteria=seed.criteria,
            levels=seed.levels,
            icon=seed.icon,
            colour=seed.colour,
            category=seed.category,
            type=seed.type,
            hidden=seed.hidden,
            display_order=seed.display_order,
        )
        checked = _check(session, program, draft)
        if not CODE.fullmatch(seed.code):
            checked.faults.append(BadgeCodeError(field="code"))
        if checked.faults:
            raise FieldErrors(checked.faults)
        badge_id = new_id()
        session.execute(
            upsert(Badge)
            .values(id=badge_id, program=program, code=seed.code, active=seed.active, **_columns(draft, checked))
            .on_conflict_do_nothing(index_elements=["program", "code"])
        )
        _write_levels(session, badge_id, seed.levels)
        _keep_version(session, badge_id, 1, draft, None)


def _locked(session: Session, badge_id: UUID) -> Definition:
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:badge, 8))"), {"badge": str(badge_id)})
    return get(session, badge_id)


def _check(session: Session, program: str, draft: Draft) -> _Checked:
    checked = _Checked()
    faults = checked.faults
    for name, value, maximum in (
        ("name", draft.name, NAME_MAX),
        ("category", draft.category, WORD_MAX),
        ("type", draft.type, WORD_MAX),
    ):
        if not 1 <= len(value.strip()) <= maximum:
            faults.append(BadgeTextError(field=name, minimum=1, maximum=maximum))
    if len(draft.description) > DESCRIPTION_MAX:
        faults.append(BadgeTextError(field="description", minimum=0, maximum=DESCRIPTION_MAX))
    if not COLOUR.fullmatch(draft.colour):
        faults.append(BadgeColourError(field="colour"))
    if draft.icon not in ICONS:
        faults.append(BadgeIconError(field="icon", icon=draft.icon[:40]))
    if not abs(draft.display_order) <= ORDER_MAX:
        faults.append(BadgeThresholdError(field="display_order"))
    _check_criteria(session, program, draft.criteria, checked)
    _check_levels(session, draft, faults)
    return checked


def _check_criteria(session: Session, program: str, criteria: Criteria, checked: _Checked) -> None:
    faults = checked.faults
    counts = criteria.kind in ("total", "window", "periods")
    if criteria.kind not in ("total", "window", "periods", "streak", "hand"):
        faults.append(BadgeCriteriaError(field="criteria.kind"))
        return
    windows = {"window": ("day", "week", "month"), "periods": ("week", "month")}.get(criteria.kind, (None,))
    if criteria.window not in windows:
        faults.append(BadgeCriteriaError(field="criteria.window"))
    if not 0 < criteria.minimum <= NUMBER_MAX:
        faults.append(BadgeCriteriaError(field="criteria.minimum"))
    if bool(criteria.metric) != counts:
        faults.append(BadgeCriteriaError(field="criteria.metric"))
    elif counts:
        try:
            checked.metric_id = metric_id(session, program, criteria.metric)
        except MetricUnknownError:
            faults.append(MetricUnknownError(field="criteria.metric", metric=criteria.metric[:100]))
    if bool(criteria.streak) != (criteria.kind == "streak"):
        faults.append(BadgeCriteriaError(field="criteria.streak"))
    elif criteria.streak:
        owner, _, code = criteria.streak.rpartition(":")
        checked.streak_id = session.scalars(
            select(Streak.id).where(Streak.program == (owner or program), Streak.code == code)
        ).first()
        if checked.streak_id is None:
            faults.append(BadgeCriteriaError(field="criteria.streak"))


def _check_levels(session: Session, draft: Draft, faults: list[FieldError]) -> None:
    if not 1 <= len(draft.levels) <= LEVEL_MAX:
        faults.append(BadgeLevelsError(field="levels", maximum=LEVEL_MAX))
        return
    below = 0
    units = catalogue(session, fresh=True).units
    for number, level in enumerate(draft.levels, start=1):
        if not below < level.threshold <= NUMBER_MAX:
            faults.append(BadgeThresholdError(field=f"levels.{number}.threshold"))
        below = max(below, level.threshold)
        if level.unit is not None and level.unit not in units:
            faults.append(BadgeRewardError(field=f"levels.{number}.unit"))
        if (level.unit is not None) != (level.amount_minor > 0) or level.amount_minor < 0:
            faults.append(BadgeRewardError(field=f"levels.{number}.amount"))


def _columns(draft: Draft, checked: _Checked) -> dict[str, Any]:
    return {
        "name": draft.name.strip(),
        "description": draft.description.strip(),
        "icon": draft.icon,
        "colour": draft.colour,
        "category": draft.category.strip(),
        "type": draft.type.strip(),
        "kind": draft.criteria.kind,
        "metric_id": checked.metric_id,
        "streak_id": checked.streak_id,
        "within": draft.criteria.window,
        "minimum": draft.criteria.minimum,
        "hidden": draft.hidden,
        "display_order": draft.display_order,
    }


def _write_levels(session: Session, badge_id: UUID, levels: Sequence[LevelSeed]) -> None:
    codes = catalogue(session)
    session.execute(
        insert(BadgeLevel),
        [
            {
                "badge_id": badge_id,
                "level": number,
                "threshold": level.threshold,
                "unit_id": codes.unit_id(level.unit) if level.unit else None,
                "amount_minor": level.amount_minor,
            }
            for number, level in enumerate(levels, start=1)
        ],
    )


def document(draft: Draft) -> dict[str, Any]:
    """A badge's words and numbers as its versions keep them."""
    return {
        "name": draft.name,
        "description": draft.description,
        "criteria": draft.criteria.document(),
        "levels": [
            {"threshold": level.threshold, "unit": level.unit, "amount_minor": level.amount_minor}
            for level in draft.levels
        ],
        "icon": draft.icon,
        "colour": draft.colour,
        "category": draft.category,
        "type": draft.type,
        "hidden": draft.hidden,
        "display_order": draft.display_order,
    }


def _keep_version(session: Session, badge_id: UUID, version: int, draft: Draft, actor_id: UUID | None) -> None:
    session.execute(
        insert(BadgeVersion).values(
            badge_id=badge_id,
            version=version,
            document=document(draft),
            changed_by=actor_id,
            reason=draft.reason.strip()[:500],
        )
    )


def _announce(
    session: Session, action: str, badge_id: UUID, title: tuple[str, str], *, actor_id: UUID | None, draft: Draft
) -> None:
    program, code = title
    announce(
        session,
        Act(
            action,
            "badge",
            badge_id,
            actor_id=actor_id,
            new=document(draft),
            reason=draft.reason.strip() or None,
            detail={"program": program, "badge": code},
        ),
    )
