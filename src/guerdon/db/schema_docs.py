"""The reference of all tables, written from the models, so that it cannot say anything else than they do."""

import importlib
import inspect
from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib.util import find_spec

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, DefaultClause
from sqlalchemy.sql.elements import TextClause

from guerdon.db.base import Base
from guerdon.db.migrate import Module

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects' constructors untyped

HEADER = """# Database schema

Every table, by PostgreSQL schema. This page is written by `guerdon db docs` from the models and checked by a test;
change the models, not the page. Views and functions stand in each package's `sql/` folder, with their comments.
"""


def load_models(modules: Iterable[Module]) -> None:
    """Import the models of all modules, so that ``Base.metadata`` knows every table."""
    for module in modules:
        if find_spec(f"{module.package}.models") is not None:
            importlib.import_module(f"{module.package}.models")


def render_reference(modules: Iterable[Module]) -> str:
    """The whole page as Markdown; the same models always give the same text."""
    load_models(modules)
    schemas: defaultdict[str, list[Table]] = defaultdict(list)
    for table in Base.metadata.tables.values():
        schemas[table.schema or "public"].append(table)
    meanings = _meanings()
    parts = [HEADER]
    for schema in sorted(schemas):
        tables = sorted(schemas[schema], key=lambda table: table.name)
        parts += [f"## {schema}\n", _diagram(tables), *(_table(table, meanings) for table in tables)]
    return "\n".join(parts).rstrip("\n") + "\n"


def _meanings() -> dict[str, str]:
    """What each table is, as the docstring of its model says: the first paragraph."""
    return {
        table.fullname: " ".join((inspect.getdoc(mapper.class_) or "").partition("\n\n")[0].split())
        for mapper in Base.registry.mappers
        if isinstance(table := mapper.local_table, Table)
    }


def _diagram(tables: list[Table]) -> str:
    lines = ["```mermaid", "erDiagram"]
    for table in tables:
        lines.append(f"    {table.name} {{")
        lines += [f"        {_diagram_type(column)} {column.name}{_diagram_key(column)}" for column in table.columns]
        lines.append("    }")
    for table in tables:
        for key in _foreign_keys(table):
            target = key.referred_table
            name = target.name if target.schema == table.schema else f'"{target.schema}.{target.name}"'
            child = "o|" if _is_unique(key) else "o{"
            parent = "|o" if any(column.nullable for column in key.columns) else "||"
            lines.append(f"    {name} {parent}--{child} {table.name} : {'_'.join(key.column_keys)}")
    return "\n".join([*lines, "```", ""])


def _diagram_type(column: "Column[object]") -> str:
    # Mermaid takes a single word.
    kind = column.type.data_type if isinstance(column.type, postgresql.DOMAIN) else column.type
    return kind.compile(DIALECT).lower().split("(")[0].replace(" ", "_").replace("[]", "_array")


def _diagram_key(column: "Column[object]") -> str:
    marks = ["PK"] if column.primary_key else []
    marks += ["FK"] if column.foreign_keys else []
    return f" {', '.join(marks)}" if marks else ""


def _is_unique(key: ForeignKeyConstraint) -> bool:
    columns = set(key.columns)
    table = key.table
    unique = [set(each.columns) for each in table.constraints if isinstance(each, UniqueConstraint)]
    return columns in [set(table.primary_key.columns), *unique]


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda key: str(key.name))


def _table(table: Table, meanings: Mapping[str, str]) -> str:
    lines = [f"### {table.schema}.{table.name}\n"]
    if meaning := table.comment or meanings.get(table.fullname, ""):
        lines.append(f"{meaning}\n")
    lines += ["| column | type | null | default | meaning |", "| --- | --- | --- | --- | --- |"]
    for column in table.columns:
        cells = (
            f"`{column.name}`",
            _type(column),
            "yes" if column.nullable else "no",
            _default(column),
            column.comment or column.doc or "",
        )
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    lines += ["", *_keys(table), ""]
    return "\n".join(lines)


def _type(column: "Column[object]") -> str:
    name = column.type.compile(DIALECT).lower()
    if isinstance(column.type, postgresql.DOMAIN):
        return f"{name}: {column.type.data_type.compile(DIALECT).lower()}, `{column.type.check}`"
    return name


def _default(column: "Column[object]") -> str:
    default = column.server_default
    if isinstance(default, DefaultClause):
        value = default.arg
        return f"`{value.text if isinstance(value, TextClause) else value}`"
    if column.computed is not None:
        return f"generated: `{_flat(str(column.computed.sqltext))}`"
    return "identity" if column.identity is not None else ""


def _keys(table: Table) -> list[str]:
    primary = ", ".join(f"`{column.name}`" for column in table.primary_key.columns)
    lines = [f"- primary key: {primary}"] if primary else []
    for constraint in sorted(table.constraints, key=lambda each: str(each.name)):
        if isinstance(constraint, UniqueConstraint):
            columns = ", ".join(f"`{column.name}`" for column in constraint.columns)
            lines.append(f"- unique `{constraint.name}`: {columns}")
        elif isinstance(constraint, CheckConstraint):
            lines.append(f"- check `{constraint.name}`: `{_flat(str(constraint.sqltext))}`")
    for key in _foreign_keys(table):
        columns = ", ".join(f"`{name}`" for name in key.column_keys)
        rule = f", on delete {key.ondelete.lower()}" if key.ondelete else ""
        lines.append(f"- foreign key `{key.name}`: {columns} → `{key.referred_table.fullname}`{rule}")
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        definition = _flat(str(CreateIndex(index).compile(dialect=DIALECT)))
        lines.append(f"- index: `{definition}`")
    return lines


def _flat(sql: str) -> str:
    return " ".join(sql.split())
