"""Activities as they are stored: written with all that followed, found again by key, answered as they were."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import simplejson
from sqlalchemy.orm import Session

from guerdon.core.json_text import encode
from guerdon.db.statement import Statement
from guerdon.kernel.engagement.activities.schemas import Award, Fact, NotAwarded, Outcome
from guerdon.kernel.engagement.activities.service import wire

_FIND = Statement(
    """
    SELECT a.owner_id, a.idempotency_key, a.id, a.program, a.kind, a.happened_at, a.reference_type, a.reference_id,
        a.properties, a.outcome
    FROM unnest(CAST(engagement.apart(:owners) AS uuid[]), CAST(engagement.apart(:keys) AS uuid[]))
         AS i(owner_id, idempotency_key)
    JOIN engagement.activities AS a ON a.owner_id = i.owner_id AND a.idempotency_key = i.idempotency_key
    """
)
_WRITE = Statement(
    """
    INSERT INTO engagement.activities (
        owner_id, id, program, kind, happened_at, recorded_at, idempotency_key, key, source, actor_id, reference_type,
        reference_id, properties, outcome)
    SELECT i.owner_id, i.id, i.program, i.kind, i.happened_at, :now, i.idempotency_key, i.key, i.source, i.actor_id,
        i.reference_type, i.reference_id, i.properties, i.outcome
    FROM unnest(
        CAST(engagement.apart(:owner_id) AS uuid[]),
        CAST(engagement.apart(:id) AS uuid[]),
        CAST(engagement.apart(:program) AS text[]),
        CAST(engagement.apart(:kind) AS text[]),
        CAST(engagement.apart(:happened_at) AS timestamptz[]),
        CAST(engagement.apart(:idempotency_key) AS uuid[]),
        CAST(engagement.apart(:key) AS text[]),
        CAST(engagement.apart(:source) AS text[]),
        CAST(engagement.apart(:actor_id) AS uuid[]),
        CAST(engagement.apart(:reference_type) AS text[]),
        CAST(engagement.apart(:reference_id) AS uuid[]),
        CAST(engagement.apart(:properties) AS jsonb[]),
        CAST(engagement.apart(:outcome) AS jsonb[]))
        AS i(owner_id, id, program, kind, happened_at, idempotency_key, key, source, actor_id, reference_type,
            reference_id, properties, outcome)
    """
)
_FOUND = ("id", "program", "kind", "happened_at", "reference_type", "reference_id", "properties", "outcome")


def find(session: Session, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Mapping[str, Any]]:
    """Activities that members have under keys.

    Args:
        keys: members' ids and stored keys, both as whole numbers.
    """
    if not keys:
        return {}
    given = {"owners": wire.numbered(each[0] for each in keys), "keys": wire.numbered(each[1] for each in keys)}
    return {(row[0].int, row[1].int): dict(zip(_FOUND, row[2:], strict=True)) for row in _FIND.rows(session, **given)}


def is_same(known: Mapping[str, Any], fact: Fact, properties: str) -> bool:
    """Whether a stored activity says what a fact says. Who said it, and through what, may differ."""
    reference = (fact.reference.type, fact.reference.id) if fact.reference else (None, None)
    return (
        known["program"] == fact.program
        and known["kind"] == fact.kind
        and known["happened_at"] == fact.happened_at
        and (known["reference_type"], known["reference_id"]) == reference
        and known["properties"] == simplejson.loads(properties, use_decimal=True)
    )


def are_same(one: Fact, other: Fact) -> bool:
    """Whether two facts say the same."""
    return (one.program, one.kind, one.happened_at, one.reference, dict(one.properties)) == (
        other.program,
        other.kind,
        other.happened_at,
        other.reference,
        dict(other.properties),
    )


def replayed(outcome: Outcome) -> Outcome:
    """The outcome of a fact that was sent again."""
    return replace(outcome, replayed=True)


def write(session: Session, now: datetime, entries: Sequence[tuple[UUID, int, Fact, str, Outcome]]) -> None:
    """Write activities.

    Args:
        entries: id, stored key as a whole number, fact, properties as JSON, and what followed.
    """
    facts = [fact for _, _, fact, _, _ in entries]
    _WRITE.run(
        session,
        now=now,
        owner_id=wire.uuids(fact.owner_id for fact in facts),
        id=wire.uuids(each[0] for each in entries),
        program=wire.texts(fact.program for fact in facts),
        kind=wire.texts(fact.kind for fact in facts),
        happened_at=wire.moments(fact.happened_at for fact in facts),
        idempotency_key=wire.numbered(each[1] for each in entries),
        key=wire.texts(fact.key for fact in facts),
        source=wire.texts(fact.source for fact in facts),
        actor_id=wire.uuids(fact.actor_id for fact in facts),
        reference_type=wire.texts(fact.reference.type if fact.reference else None for fact in facts),
        reference_id=wire.uuids(fact.reference.id if fact.reference else None for fact in facts),
        properties=wire.texts(each[3] for each in entries),
        outcome=wire.texts(encode(document(each[4])) for each in entries),
    )


def document(outcome: Outcome) -> dict[str, Any]:
    """An outcome as it is kept; what is empty is left out."""
    found: dict[str, Any] = {}
    if outcome.awards:
        found["awards"] = [_award_document(award) for award in outcome.awards]
    if outcome.not_awarded:
        found["not_awarded"] = [_refusal_document(each) for each in outcome.not_awarded]
    if outcome.counters:
        found["counters"] = outcome.counters
    for name in ("badges", "streaks", "tiers", "ranks", "rewards"):
        if getattr(outcome, name):
            found[name] = getattr(outcome, name)
    return found


def _award_document(award: Award) -> dict[str, Any]:
    found: dict[str, Any] = {
        "program": award.program,
        "rule": award.rule,
        "version": award.version,
        "rule_id": award.rule_id,
        "unit": award.unit,
        "amount_minor": award.amount_minor,
        "transfers": list(award.transfer_ids),
    }
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


def _refusal_document(refusal: NotAwarded) -> dict[str, Any]:
    found: dict[str, Any] = {"program": refusal.program, "rule": refusal.rule, "reason": refusal.reason}
    if refusal.params:
        found["params"] = refusal.params
    return found


def outcome_of(known: Mapping[str, Any]) -> Outcome:
    """What was answered when an activity was recorded."""
    return read_outcome(known["id"], known["outcome"], replayed=True)


def read_outcome(activity_id: UUID, kept: Mapping[str, Any], *, replayed: bool = False) -> Outcome:
    """An outcome from the document that keeps it."""
    return Outcome(
        activity_id,
        replayed=replayed,
        awards=[
            Award(
                each["program"],
                each["rule"],
                each["version"],
                UUID(each["rule_id"]),
                each["unit"],
                each["amount_minor"],
                each.get("multiplier_bp", 10_000),
                each.get("capped"),
                tuple(UUID(transfer) for transfer in each["transfers"]),
                datetime.fromisoformat(each["due_at"]) if "due_at" in each else None,
                each.get("boosts", {}),
                each.get("inputs", {}),
            )
            for each in kept.get("awards", ())
        ],
        not_awarded=[
            NotAwarded(each["program"], each["rule"], each["reason"], each.get("params", {}))
            for each in kept.get("not_awarded", ())
        ],
        counters=dict(kept.get("counters", {})),
        badges=list(kept.get("badges", ())),
        streaks=list(kept.get("streaks", ())),
        tiers=list(kept.get("tiers", ())),
        ranks=list(kept.get("ranks", ())),
        rewards=list(kept.get("rewards", ())),
    )
