"""The pages of docs/reference that are written from the code are those that the code writes."""

from pathlib import Path

import pytest

from guerdon.cli.main import app
from guerdon.cli.reference import pages

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", pages(app))
def test_page_is_current(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages(app)[name](), "stale; run: make docs"


def test_every_error_code_is_said_once() -> None:
    lines = pages(app)["errors.md"]().splitlines()
    codes = [line.split("|")[1].strip() for line in lines if line.startswith("| `")]
    assert len(codes) == len(set(codes))
    assert "`insufficient-balance`" in codes
