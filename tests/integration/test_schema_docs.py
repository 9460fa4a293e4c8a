"""The schema reference says what the models say, and the committed page is not behind."""

from pathlib import Path

from guerdon import boot
from guerdon.db.base import Base
from guerdon.db.schema_docs import render_reference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "schema.md"


def test_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_reference(boot.modules()), "stale; run: make docs"


def test_page_names_every_table_and_column() -> None:
    page = render_reference(boot.modules())
    assert len(Base.metadata.tables) > 5
    for table in Base.metadata.tables.values():
        section = page.partition(f"\n### {table.fullname}\n")[2].partition("\n### ")[0]
        for column in table.columns:
            assert f"| `{column.name}` |" in section, f"{table.fullname}.{column.name}"
        for index in table.indexes:
            assert str(index.name) in section


def test_page_has_a_diagram_for_each_schema() -> None:
    page = render_reference(boot.modules())
    schemas = {table.schema for table in Base.metadata.tables.values()}
    assert page.count("```mermaid\nerDiagram\n") == len(schemas)
