"""Documents as text: the fast encoder and the exact one say the same."""

import json
from collections import OrderedDict, namedtuple
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.json_text import encode

Pair = namedtuple("Pair", "first second")


class Colour(StrEnum):
    RED = "red"


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def plain(document: Any, *, sort: bool = False) -> str:
    """What the standard library writes."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str, sort_keys=sort)


@given(documents)
def test_every_document_reads_back_as_it_was(document: Any) -> None:
    assert json.loads(encode(document)) == document
    assert json.loads(encode(document, sort=True)) == document


@pytest.mark.parametrize(
    "value",
    [
        2**63 - 1,
        -(2**63),
        2**64,
        -(2**80),
        UUID(int=7),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        Decimal("33.330"),
        (1, ("a",)),
        Pair(1, "two"),
        Colour.RED,
        {Colour.RED: 1},
        OrderedDict(b=1, a=2),
        {1: "one"},
        '\x1f\u2028é\U0001f33f"\\',
    ],
)
def test_values_are_written_as_the_standard_library_writes_them(value: Any) -> None:
    assert encode({"value": value}) == plain({"value": value})


def test_names_in_order() -> None:
    document = {"b": {"z": 1, "a": 2}, "a": 3, "é": 4, "Z": 5}
    assert encode(document, sort=True) == plain(document, sort=True)
    assert encode(document) != encode(document, sort=True)
