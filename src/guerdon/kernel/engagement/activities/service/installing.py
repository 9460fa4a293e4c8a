"""What has to be there before anything is recorded: the community's zone, kinds, metrics."""

from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import get_args

from sqlalchemy import or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.core.settings import load_settings
from guerdon.kernel.engagement.activities.models import ActivityKindRow, Metric
from guerdon.kernel.engagement.activities.schemas import ActivityKind, Aggregate, MetricSeed
from guerdon.kernel.engagement.expressions import ExpressionError, compiled
from guerdon.kernel.engagement.service.terms import check_paths
from guerdon.kernel.faults import ProgramFaultError
from guerdon.kernel.ledger.catalogue import register_codes

REFERENCE = "engagement.activity"
"""What transfers of awards refer to."""
_TYPES = {int: "int", str: "str", bool: "bool", list: "list"}
_COUNTED = {
    Aggregate.SUM: ("int",),
    Aggregate.MAX: ("int",),
    Aggregate.DISTINCT: ("int", "str", "bool", "list"),
}
"""Of which types the property may be that a metric counts."""


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
        ProgramFaultError: a name does not begin with the program's, or a property is of a type that facts cannot have.
    """
    for kind in kinds:
        if not kind.name.startswith(f"{program}."):
            raise ProgramFaultError(
                program=program, problem=f"The kind '{kind.name}' has to begin with the program's name: '{program}.'"
            )
        values = {
            "program": program,
            "title": kind.title,
            "properties": {name: _type_name(program, kind.name, name, each) for name, each in kind.properties.items()},
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


def _type_name(program: str, kind: str, name: str, given: type | UnionType) -> str:
    parts = [part for part in get_args(given) if part is not type(None)] or [given]
    if len(parts) != 1 or parts[0] not in _TYPES:
        raise ProgramFaultError(
            program=program,
            problem=f"The property '{name}' of '{kind}' has to be int, str, bool or list, or one | None.",
        )
    return _TYPES[parts[0]] + ("?" if len(get_args(given)) > 1 else "")


def install_metrics(session: Session, program: str, seeds: Sequence[MetricSeed]) -> None:
    """Put in the metrics that a program has none of yet; those that are there stay as they are.

    Raises:
        ProgramFaultError: one could never count anything.
    """
    known = {row.name: row.properties for row in session.scalars(select(ActivityKindRow))}
    for seed in seeds:
        problem = _problem(program, seed, known)
        if problem is not None:
            raise ProgramFaultError(program=program, problem=f"The metric '{seed.code}' {problem}")
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


def _problem(program: str, seed: MetricSeed, known: Mapping[str, Mapping[str, str]]) -> str | None:
    """Why a metric could never count anything, or None.

    What another program's facts have is looked at only where that program is there.
    """
    if not seed.code.isidentifier():
        return "is read by expressions, so its code has to be letters, digits and underscores."
    if seed.aggregate is Aggregate.EARNED:
        return "counts what is earned, which every unit has by itself: 'ledger:earned.UNIT'."
    if (seed.property is not None) != (seed.aggregate in _COUNTED):
        return f"has to {'name no' if seed.property is not None else 'name the'} property for '{seed.aggregate.value}'."
    for kind in seed.activity_kinds:
        if kind in known:
            problem = _kind_problem(seed, kind, known[kind])
            if problem is not None:
                return problem
        elif kind.startswith(f"{program}."):
            return f"counts '{kind}', which is no kind of the program: {_listed(known, program)}."
    return None


def _kind_problem(seed: MetricSeed, kind: str, properties: Mapping[str, str]) -> str | None:
    try:
        compiled(seed.condition)
        check_paths(seed.condition, {"activity": dict.fromkeys(properties)})
    except ExpressionError as exc:
        return f"has a condition that cannot be used on '{kind}': {exc}"
    wanted = _COUNTED.get(seed.aggregate)
    if wanted is None or seed.property is None:
        return None
    if seed.property not in properties:
        return f"counts '{seed.property}', which '{kind}' does not have: {', '.join(sorted(properties)) or 'nothing'}."
    if properties[seed.property].removesuffix("?") not in wanted:
        return f"needs a whole number for '{seed.aggregate.value}', which '{seed.property}' of '{kind}' is not."
    return None


def _listed(kinds: Iterable[str], program: str) -> str:
    return ", ".join(sorted(kind for kind in kinds if kind.startswith(f"{program}."))) or "it has none"
