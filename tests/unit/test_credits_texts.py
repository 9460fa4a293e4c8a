"""Cells of a CSV come back as they went out, and formulas read as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.csv_text import cell, uncell
from guerdon.programs.credits.service.explaining import explain, in_numbers

SIGNS = st.text("'=+-@ab 1", min_size=1).filter(lambda text: text == text.strip())


@given(st.one_of(SIGNS, st.text(min_size=1).filter(lambda text: text == text.strip())))
def test_a_text_comes_back_as_it_was(text: str) -> None:
    written = cell(text)
    assert uncell(written) == text
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("ratio(activity.hours_hundredths * params.rate_bp, 10000)", "1.5 × 2"),
        ("ratio(activity.hours_hundredths * params.percent_of[activity.kind], 100)", "1.5 × 80"),
        ("activity.hours_hundredths * 3", "150 × 3"),
        ("ratio(activity.hours_hundredths + params.rate_bp, 10000)", "(150 + 20000) ÷ 10000"),
        ("ratio(activity.gone * params.rate_bp, 10000)", "activity.gone × 20000 ÷ 10000"),
    ],
)
def test_formulas_in_numbers(formula: str, shown: str) -> None:
    inputs = {"hours_hundredths": 150, "kind": "far"}
    assert in_numbers(formula, inputs, {"rate_bp": 20000, "percent_of": {"far": 80}}) == shown


@pytest.mark.parametrize("calculation", [None, {}])
def test_nothing_explains_nothing(calculation: dict[str, object] | None) -> None:
    assert explain(calculation) is None
