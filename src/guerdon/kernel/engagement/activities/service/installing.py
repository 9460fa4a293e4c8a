"""What has to be there before anything is recorded: the community's zone, kinds, metrics."""

from collections.abc import Sequence
from types import UnionType
from typing import get_args

from sqlalchemy import or_, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.core.settings import load_settings
from guerdon.kernel.engagement.activities.models import ActivityKindRow, Metric
from guerdon.kernel.engagement.activities.schemas import ActivityKind, Aggregate, MetricSeed
from guerdon.kernel.engagement.expressions import compiled
from guerdon.kernel.ledger.catalogue import register_codes

REFERENCE = "engagement.activity"
"""What transfers of awards refer to."""
_TYPES = {int: "int", str: "str", bool: "bool", list: "list"}


def install(session: Session) -> None:
    """The kernel's own part. The community's zone is that of the settings when Guerdon is first migrated."""
    session.execute(
        text("INSERT INTO engagement.community (time_zone) VALUES (:zone) ON CONFLICT DO NOTHING"),
        {"zone": load_settings().time_zone},
    )
    register_codes(session, reference_types=(REFERENCE,))
    session.execute(text("SELECT engagement.earned_metric(id) FROM ledger.units"))


def install_kinds(session: Session, program: str, kinds: Sequence[ActivityKind]) -> None:
    """Put in, or bring up to date, the kinds of facts that a program knows.

    Raises:
        ValueError: a name does not begin with the program's, or a property is of a type that facts cannot have.
    """
    for kind in kinds:
        if not kind.name.startswith(f"{program}."):
            raise ValueError(f"the kind {kind.name} must begin with {program}.")
        values = {
            "program": program,
            "title": kind.title,
            "properties": {name: _type_name(kind.name, name, each) for name, each in kind.properties.items()},
            "outside": kind.outside,
            "by_member": kind.by_member,
        }
        session.execute(
            insert(ActivityKindRow)
            .values(name=kind.name, **values)
            .on_conflict_do_update(
                index_elements=["name"],
                set_=values,
                where=or_(*(getattr(ActivityKindRow, name) != value for name, value in values.items())),
            )
        )


def _type_name(kind: str, name: str, given: type | UnionType) -> str:
    parts = [part for part in get_args(given) if part is not type(None)] or [given]
    if len(parts) != 1 or parts[0] not in _TYPES:
        raise ValueError(f"the property {name} of {kind} must be int, str, bool or list")
    return _TYPES[parts[0]] + ("?" if len(get_args(given)) > 1 else "")


def install_metrics(session: Session, program: str, seeds: Sequence[MetricSeed]) -> None:
    """Put in the metrics that a program has none of yet; those that are there stay as they are.

    Raises:
        ValueError: a code is no identifier, or a seed counts ``earned``, which every unit has by itself.
        ExpressionError: a condition is not CEL.
    """
    for seed in seeds:
        if not seed.code.isidentifier() or seed.aggregate is Aggregate.EARNED:
            raise ValueError(f"{program} cannot have a metric {seed.code} of {seed.aggregate.value}")
        compiled(seed.condition)
        session.execute(
            insert(Metric)
            .values(
                program=program,
                code=seed.code,
                title=seed.title,
                activity_kinds=list(seed.activity_kinds),
                aggregate=seed.aggregate.value,
                property=seed.property,
                condition=seed.condition,
                zone=seed.zone.value,
            )
            .on_conflict_do_nothing(index_elements=["program", "code"])
        )
    session.execute(text("SELECT engagement.earned_metric(id) FROM ledger.units"))
