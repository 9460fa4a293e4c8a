"""Whether the terms of a campaign make sense."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.money import AMOUNT_MINOR_MAX
from guerdon.kernel.engagement.activities.service.book import Book, counter_read, load
from guerdon.kernel.engagement.binding import bound
from guerdon.kernel.engagement.campaigns.errors import (
    CampaignBudgetError,
    CampaignCodeInvalidError,
    CampaignCodeTakenError,
    CampaignConditionError,
    CampaignMultiplierError,
    CampaignRuleUnknownError,
    CampaignTimeError,
    CampaignTitleError,
)
from guerdon.kernel.engagement.campaigns.models import MULTIPLIER_BP_MAX, MULTIPLIER_BP_MIN, Campaign
from guerdon.kernel.engagement.campaigns.schemas import DAYS_MAX, TITLE_LENGTH_MAX, Terms
from guerdon.kernel.engagement.expressions import ExpressionError
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.schemas import RuleStatus
from guerdon.kernel.engagement.service.terms import check_paths, check_type, known_of_members
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.errors import UnknownUnitError

_CODE = re.compile(r"[a-z][a-z0-9_]{1,49}", re.ASCII)


def check(session: Session, terms: Terms, own: Campaign | None = None) -> None:
    """Refuse terms that cannot be kept.

    Args:
        own: the draft whose terms they become; its code may stay.

    Raises:
        FieldErrors: every field at fault.
    """
    faults = [*_faults_of_form(terms), *_faults_of_names(session, terms, own)]
    if faults:
        raise FieldErrors(faults)


def _faults_of_form(terms: Terms) -> Iterator[FieldError]:
    if not _CODE.fullmatch(terms.code):
        yield CampaignCodeInvalidError(field="code", problem="")
    if not 0 < len(terms.title) <= TITLE_LENGTH_MAX:
        yield CampaignTitleError(field="title", problem="", maximum=TITLE_LENGTH_MAX)
    if not timedelta(0) < terms.ends_at - terms.starts_at <= timedelta(days=DAYS_MAX):
        yield CampaignTimeError(field="ends_at", problem="", days_max=DAYS_MAX)
    if not MULTIPLIER_BP_MIN <= terms.multiplier_bp <= MULTIPLIER_BP_MAX:
        yield CampaignMultiplierError(field="multiplier", problem="")
    if not 0 < terms.budget_minor <= AMOUNT_MINOR_MAX:
        yield CampaignBudgetError(field="budget", problem="")


def _check_condition(book: Book, member: Mapping[str, Any], terms: Terms) -> None:
    """Refuse a condition that could hold for nobody, whatever they do. One that fails on some facts, such as by a
    property that they lack, is right for the others.

    Raises:
        ExpressionError: it cannot be evaluated, reads what there is not, or gives neither true nor false.
    """
    condition = bound(terms.condition)
    for each in condition.reads:
        if each.root == "counters":
            counter_read(each, "", book.metrics)
    properties = {name: None for kind in book.kinds.values() for name in kind.properties}
    check_paths(terms.condition, {"member": member, "activity": properties})
    read = {each.path[0] for each in condition.reads if each.root == "activity"}
    kinds = [kind for kind in book.kinds.values() if read <= kind.properties.keys()] if read else [None]
    problem: ExpressionError | None = None
    for kind in kinds:
        try:
            check_type(kind, condition, {}, truth=True)
        except ExpressionError as exc:
            problem = exc
        else:
            return
    if problem is not None:
        raise problem


def _faults_of_names(session: Session, terms: Terms, own: Campaign | None) -> Iterator[FieldError]:
    try:
        _check_condition(load(session), known_of_members(session), terms)
    except ExpressionError as exc:
        yield CampaignConditionError(field="condition", **exc.details)
    taken = session.scalars(select(Campaign.id).where(Campaign.code == terms.code)).one_or_none()
    if taken is not None and (own is None or own.id != taken):
        yield CampaignCodeTakenError(field="code", problem="", value=terms.code)
    try:
        catalogue(session).unit_id(terms.unit)
    except UnknownUnitError:
        yield FieldError(field="unit", problem=terms.unit)
        return
    paying = session.execute(
        select(Rule.program, Rule.code).where(Rule.status == RuleStatus.ACTIVE, Rule.unit_code == terms.unit)
    )
    known = {f"{program}.{code}" for program, code in paying}
    for rule in terms.rules:
        if rule not in known:
            yield CampaignRuleUnknownError(field="rules", problem="", value=rule[:200], unit=terms.unit)
