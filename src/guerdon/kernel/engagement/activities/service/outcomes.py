"""Outcomes as documents: short where they are kept, since every activity has one, and in full where people read them.

Kept, an award is a list of rule, version, unit, amount and transfers, with what else there is to say of it in an object
at the end, if there is anything; a refusal is its rule alone if the condition did not hold, else a list of rule, reason
and what the reason's words need. Rules stand there as ``program.code``. A third of the size is a fifth of what
recording costs the database.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import FOLLOWED, Award, NotAwarded, Outcome
from guerdon.kernel.engagement.models import Rule

CONDITION = "condition"
"""Why a rule gave nothing when its condition did not hold: so often that it is not written down."""
_Version = tuple[str, str, int]
"""Program, code and version of a rule."""


def kept(outcome: Outcome) -> dict[str, Any]:
    """An outcome as it is kept; what is empty is left out."""
    found: dict[str, Any] = {}
    if outcome.awards:
        found["awards"] = [_kept_award(award) for award in outcome.awards]
    if outcome.not_awarded:
        found["not_awarded"] = [_kept_refusal(each) for each in outcome.not_awarded]
    if outcome.counters:
        found["counters"] = outcome.counters
    if outcome.followed:
        found |= outcome.followed
    return found


def _kept_award(award: Award) -> list[Any]:
    found = [f"{award.program}.{award.rule}", award.version, award.unit, award.amount_minor, award.transfer_ids]
    if more := _more(award):
        found.append(more)
    return found


def _more(award: Award) -> dict[str, Any]:
    """What is to be said of some awards only."""
    found: dict[str, Any] = {}
    if award.multiplier_bp != 10_000:
        found["multiplier_bp"] = award.multiplier_bp
    if award.capped:
        found["capped"] = award.capped
    if award.due_at is not None:
        found["due_at"] = award.due_at.isoformat()
    if award.boosts:
        found["boosts"] = award.boosts
    if award.inputs:
        found["inputs"] = award.inputs
    return found


def _kept_refusal(refusal: NotAwarded) -> str | list[Any]:
    name = f"{refusal.program}.{refusal.rule}"
    if refusal.params:
        return [name, refusal.reason, refusal.params]
    return name if refusal.reason == CONDITION else [name, refusal.reason]


def read(session: Session, documents: Sequence[tuple[UUID, Mapping[str, Any]]]) -> list[Outcome]:
    """Outcomes from what is kept of them.

    Args:
        documents: the activity's id and the document of each.
    """
    rule_ids = _rule_ids(session, [each for _, document in documents for each in document.get("awards", ())])
    return [_read(activity_id, document, rule_ids) for activity_id, document in documents]


def _rule_ids(session: Session, awards: Sequence[Sequence[Any]]) -> dict[_Version, UUID]:
    """The ids of the versions of rules that awards name; a version that was ever in force is never deleted."""
    versions = {(*_named(name), version) for name, version, *_ in awards}
    if not versions:
        return {}
    query = select(Rule.program, Rule.code, Rule.version, Rule.id)
    rows = session.execute(query.where(tuple_(Rule.program, Rule.code, Rule.version).in_(versions)))
    return {(row.program, row.code, row.version): row.id for row in rows}


def _read(activity_id: UUID, document: Mapping[str, Any], rule_ids: Mapping[_Version, UUID]) -> Outcome:
    followed = {name: list(document[name]) for name in FOLLOWED if name in document}
    return Outcome(
        activity_id,
        awards=[_award(rule_ids, each) for each in document.get("awards", ())],
        not_awarded=[_refusal(each) for each in document.get("not_awarded", ())],
        counters=dict(document.get("counters", {})),
        followed=followed or None,
    )


def _award(rule_ids: Mapping[_Version, UUID], kept_as: Sequence[Any]) -> Award:
    name, version, unit, amount_minor, transfers, *rest = kept_as
    program, rule = _named(name)
    more = dict(*rest)
    if "due_at" in more:
        more["due_at"] = datetime.fromisoformat(more["due_at"])
    transfer_ids = tuple(map(UUID, transfers))
    rule_id = rule_ids[program, rule, version]
    return Award(program, rule, version, rule_id, unit, amount_minor, transfer_ids=transfer_ids, **more)


def _refusal(kept_as: Any) -> NotAwarded:
    name, reason, *params = [kept_as, CONDITION] if isinstance(kept_as, str) else kept_as
    return NotAwarded(*_named(name), reason, *params)


def _named(name: str) -> tuple[str, str]:
    """Program and code of a rule; names of programs have no dot."""
    program, _, code = name.partition(".")
    return program, code


def document(outcome: Outcome) -> dict[str, Any]:
    """An outcome in full, as a member gets it in a copy of their data."""
    found: dict[str, Any] = {
        "awards": [
            {
                "program": award.program,
                "rule": award.rule,
                "version": award.version,
                "unit": award.unit,
                "amount_minor": award.amount_minor,
                "transfers": list(award.transfer_ids),
                **_more(award),
            }
            for award in outcome.awards
        ],
        "not_awarded": [
            {"program": each.program, "rule": each.rule, "reason": each.reason, "params": dict(each.params)}
            for each in outcome.not_awarded
        ],
        "counters": outcome.counters,
    }
    return {name: told for name, told in {**found, **(outcome.followed or {})}.items() if told}
