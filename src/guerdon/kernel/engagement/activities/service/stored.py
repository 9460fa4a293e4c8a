"""Activities as they are stored: written with all that followed, found again by key, answered as they were."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import simplejson
from sqlalchemy.orm import Session

from guerdon.core.json_text import encode
from guerdon.db.statement import Statement
from guerdon.kernel.engagement.activities.schemas import Fact, Outcome
from guerdon.kernel.engagement.activities.service import outcomes, wire
from guerdon.kernel.engagement.activities.service.judging import Accepted

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
    SELECT CAST(i.owner_id AS uuid), CAST(i.id AS uuid), i.program, i.kind, CAST(i.happened_at AS timestamptz), :now,
        CAST(i.idempotency_key AS uuid), i.key, i.source, CAST(i.actor_id AS uuid), i.reference_type,
        CAST(i.reference_id AS uuid), CAST(i.properties AS jsonb), CAST(i.outcome AS jsonb)
    FROM unnest(
        engagement.apart(:owner_id), engagement.apart(:id), engagement.apart(:program), engagement.apart(:kind),
        engagement.apart(:happened_at), engagement.apart(:idempotency_key), engagement.apart(:key),
        engagement.apart(:source), engagement.apart(:actor_id), engagement.apart(:reference_type),
        engagement.apart(:reference_id), engagement.apart(:properties), engagement.apart(:outcome))
        AS i(owner_id, id, program, kind, happened_at, idempotency_key, key, source, actor_id, reference_type,
            reference_id, properties, outcome)
    ORDER BY 1, 2
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


def answered(session: Session, known: Mapping[str, Any]) -> Outcome:
    """What was answered when a stored activity was recorded."""
    [outcome] = outcomes.read(session, [(known["id"], known["outcome"])])
    return replayed(outcome)


def replayed(outcome: Outcome) -> Outcome:
    """The outcome of a fact that was sent again."""
    return replace(outcome, replayed=True)


def write(session: Session, now: datetime, accepted: Sequence[Accepted]) -> None:
    """Write activities with what followed from them."""
    candidates = [each.candidate for each in accepted]
    facts = [candidate.fact for candidate in candidates]
    _WRITE.run(
        session,
        now=now,
        owner_id=wire.numbered([candidate.owner for candidate in candidates]),
        id=wire.numbered([candidate.activity_id.int for candidate in candidates]),
        program=wire.texts([fact.program for fact in facts]),
        kind=wire.texts([fact.kind for fact in facts]),
        happened_at=wire.moments([fact.happened_at for fact in facts]),
        idempotency_key=wire.numbered([each.key for each in accepted]),
        key=wire.texts([fact.key for fact in facts]),
        source=wire.texts([fact.source for fact in facts]),
        actor_id=wire.uuids([fact.actor_id for fact in facts]),
        reference_type=wire.texts([fact.reference.type if fact.reference else None for fact in facts]),
        reference_id=wire.uuids([fact.reference.id if fact.reference else None for fact in facts]),
        properties=wire.texts([each.properties for each in accepted]),
        outcome=wire.texts([encode(outcomes.kept(each.outcome)) for each in accepted]),
    )
