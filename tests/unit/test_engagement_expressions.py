"""Expressions of rules: what they give, what they refuse, and that no text makes them run for long."""

import contextlib
import json
import time
from fractions import Fraction
from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.money import AMOUNT_MINOR_MAX, round_half_up
from guerdon.kernel.engagement import explanation
from guerdon.kernel.engagement.expressions import (
    EXPRESSION_LENGTH_MAX,
    ExpressionError,
    compiled,
    truth,
    whole_number,
)
from guerdon.kernel.engagement.mistakes import read_back
from guerdon.kernel.engagement.spelling import masked
from guerdon.web.i18n import add_catalogue, translator

SLOWEST_S = 2.0
"""Far above the 50 ms that the worst expression takes here, far below what a person would call hanging."""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("activity.n * 2", 14),
        ("ratio(activity.n, 2)", 4),
        ("ratio(5, 2)", 3),
        ("ratio(7, 3)", 2),
        ("ratio(2 * 9223372036854775806 / 2, 9223372036854775806)", None),
        ("activity.n > 5 ? params.bonus : 0", 100),
        ("params.table[activity.kind]", 80),
        ("0", 0),
    ],
)
def test_what_they_give(source: str, expected: int | None) -> None:
    variables = {"activity": {"n": 7, "kind": "good"}, "params": {"bonus": 100, "table": {"good": 80}}}
    if expected is None:
        with pytest.raises(ExpressionError):
            whole_number(source, variables)
    else:
        assert whole_number(source, variables) == expected


@pytest.mark.parametrize(
    "source",
    [
        "",
        "   ",
        "1 +",
        "1; 2",
        "import('os')",
        "unknown",
        "activity.missing",
        "1.5",
        "1.0 * 2.0",
        "'1'",
        "true",
        "null",
        "[1]",
        "-1",
        "0 - activity.n",
        "1 / 0",
        "1 % 0",
        "ratio(1, 0)",
        "ratio(1.5, 2)",
        "ratio('1', 2)",
        "ratio(true, 2)",
        f"{AMOUNT_MINOR_MAX} + 1",
        f"{AMOUNT_MINOR_MAX} * 2",
        "18446744073709551615u",
        "activity.n + 1.0",
    ],
)
def test_what_they_refuse_as_an_amount(source: str) -> None:
    with pytest.raises(ExpressionError):
        whole_number(source, {"activity": {"n": 7}, "params": {}})


@pytest.mark.parametrize("source", ["1", "'true'", "activity.n", "activity.missing == 1"])
def test_a_condition_is_true_or_false(source: str) -> None:
    assert truth("activity.n == 7", {"activity": {"n": 7}})
    with pytest.raises(ExpressionError):
        truth(source, {"activity": {"n": 7}})


@pytest.mark.parametrize("value", [1.5, 2**63, -(2**63) - 1, [1, [2.0]], {"inner": 1e9}, object()])
def test_a_variable_that_would_be_a_float_is_refused(value: object) -> None:
    with pytest.raises(ExpressionError):
        whole_number("1", {"activity": {"n": value}})


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_ratio_rounds_halves_up(value: int, divisor: int) -> None:
    variables = {"activity": {"value": abs(value), "divisor": divisor}}
    assert whole_number("ratio(activity.value, activity.divisor)", variables) == round_half_up(
        Fraction(abs(value), divisor)
    )


def nested(macro: str, depth: int, width: int, inner: str) -> str:
    numbers = "[" + ",".join(["1"] * width) + "]"
    for level in range(depth):
        inner = f"{numbers}.{macro}(x{level}, {inner})"
    return inner


HOSTILE = {
    "four maps in each other": nested("map", 4, 30, "x0"),
    "three questions in each other": nested("all", 3, 100, "true"),
    "two questions, as long as may be": nested("all", 2, 480, "true"),
    "hidden by space": "[1] . map // (\n (x, [1].map(y, y)).size()",
    "filters": nested("filter", 2, 400, "true"),
    "doubling": "[[1]]" + ".map(y, y + y)" * 60 + ".size()",
    "brackets": "(" * 900 + "1" + ")" * 900,
    "lists": "[" * 900 + "]" * 900,
    "signs": "-" * 1900 + "1",
    "nots": "!" * 1900 + "true",
    "sum": "+".join(["1"] * 999),
    "expression too long": "1" + "+1" * EXPRESSION_LENGTH_MAX,
    "pattern that backtracks": "'" + "a" * 900 + "'.matches('(a+)+$')",
    "pattern that grows": "'a'.matches('((a{900}){900}){900}')",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_expression_runs_for_long(source: str) -> None:
    started_s = time.perf_counter()
    with contextlib.suppress(ExpressionError):
        truth(source, {"activity": {}, "params": {}})
    assert time.perf_counter() - started_s < SLOWEST_S


@pytest.mark.parametrize("source", ["[1].map(x, x).size()", "[1].filter(x, true).size()", nested("all", 3, 1, "true")])
def test_what_could_multiply_is_not_compiled(source: str) -> None:
    with pytest.raises(ExpressionError):
        compiled(source)


def test_two_questions_about_lists_are_fine() -> None:
    source = "activity.tags.exists(t, t == 'spring') && activity.tags.all(t, t != 'snow')"
    assert truth(source, {"activity": {"tags": ["spring", "sun"]}})


FORMULA = "ratio(activity.value_hundredths * params.rate_bp * params.state_percent[activity.state], 1000000)"


class TestExplanation:
    def test_words(self) -> None:
        assert explanation.in_words(FORMULA) == "value × rate × state"
        assert explanation.in_words("ratio(activity.a + 1, params.b)") == "(a + 1) ÷ b"
        assert explanation.in_words("ratio(1") == "ratio(1"
        french = {"value": "valeur", "rate": "taux", "day": "jour", "by day": "par jour"}
        told = explanation.in_words("activity.value * params.by_day[activity.day] + params.rate", french.__getitem__)
        assert told == "valeur × par jour (jour) + taux"
        assert explanation.in_words("params.fee_minor * params.by_day[activity.day]") == "fee × by day (day)"

    def test_values(self) -> None:
        inputs = {"value_hundredths": 2000, "state": "good"}
        params = {"rate_bp": 1000, "state_percent": {"good": 80}}
        assert explanation.filled_in(FORMULA, inputs, params) == "2000 × 1000 × 80 ÷ 1000000"
        assert explanation.filled_in("activity.missing * 2", {}, {}) == "activity.missing × 2"

    def test_what_is_read(self) -> None:
        assert explanation.reads("activity.state == 'new'", FORMULA) == ["state", "value_hundredths"]
        params = {"state_percent": {"good": 80, "new": 100}}
        assert explanation.choices("state", params, FORMULA) == ["good", "new"]
        assert explanation.choices("value_hundredths", params, FORMULA) == []
        assert explanation.choices("state", {}, FORMULA) == []


@pytest.mark.parametrize(
    ("formula", "params", "inputs"),
    [
        ("1 + ratio(activity.metres * params.rate, 1000)", {"rate": 10}, {"metres": 5000}),
        ("ratio(activity.a + activity.b, activity.c)", {}, {"a": 1, "b": -2, "c": 3}),
        ("params.x[activity.k] * activity.n", {"x": {"a": 3}}, {"k": "a", "n": 2}),
        ("activity.note", {}, {"note": "x\ue000y\ue001"}),
        ("activity.n + activity.m", {}, {"n": True}),
        ("5", {}, {}),
    ],
)
def test_a_formula_made_ready_is_filled_as_any_other(
    formula: str, params: dict[str, Any], inputs: dict[str, Any]
) -> None:
    assert explanation.Filling(formula, params)(inputs) == explanation.filled_in(formula, inputs, params)


WORDS = [
    ("activity.n *", "it stops too early; something is missing at its end.", (1, 13)),
    ("activity.n ===\n 2", "write == to compare, at line 1, character 14.", (1, 14)),
    ("1 +\n\n* 2", "'*' is not expected, at line 3, character 1.", (3, 1)),
    ("((1)", "')' is missing, at character 5.", (1, 5)),
    ("'abc", "a text is not closed, or has a sign that cannot be read, at character 1.", (1, 1)),
    ("1 and 2", "write && for and, || for or, ! for not, at character 3.", (1, 3)),
    ("a..b", "'..' is not expected, at character 3.", (1, 3)),
    ("9223372036854775808", "a number is too large, at character 1.", (1, 1)),
    ("(" * 200 + "1" + ")" * 200, "it is nested too deeply.", (1, 97)),
    ("activity.n + 'a'", "it puts together what does not go together, such as a number and a text.", None),
    ("activity.absent", "'absent' is not there.", None),
    ("activity.n / 0", "it divides by zero.", None),
    ("ratio(activity.n, 0)", "it divides by zero.", None),
    ("ratio('a', 1)", "'ratio' can do nothing with what it is given.", None),
    ("size(activity.n)", "'size' can do nothing with what it is given.", None),
    ("int('x')", "'int' can do nothing with what it is given.", None),
    ("9223372036854775807 + activity.n", "a number becomes larger than 64 bits hold.", None),
    ("[1][2]", "a list is shorter than it would have to be.", None),
    ("'1'", "it gives a text instead of a whole number.", None),
]


@pytest.mark.parametrize(("source", "words", "place"), WORDS)
def test_mistakes_are_told_in_plain_words(source: str, words: str, place: tuple[int, int] | None) -> None:
    with pytest.raises(ExpressionError) as refused:
        whole_number(source, {"activity": {"n": 7}})
    assert str(refused.value) == words
    assert refused.value.place == place


@pytest.mark.parametrize(("source", "words", "place"), WORDS)
def test_mistakes_are_told_in_french(source: str, words: str, place: tuple[int, int] | None) -> None:
    add_catalogue("guerdon.kernel.engagement")
    with pytest.raises(ExpressionError) as refused:
        whole_number(source, {"activity": {"n": 7}})
    told = refused.value.sentence.told(translator("fr").gettext)
    assert told not in (words, "")
    if place is None:  # what fails on a fact is kept with it
        kept = json.loads(json.dumps(refused.value.kept))
        assert read_back(kept).told(translator("fr").gettext) == told
        assert str(read_back(kept)) == words


def test_what_was_kept_of_a_mistake_before_it_had_words_is_told_as_it_is() -> None:
    assert read_back({"problem": "KeyError: {'a'}"}).told(str) == "KeyError: {'a'}"


@given(st.text(alphabet="'\"\\rb \na(", max_size=14))
def test_texts_are_found_where_they_are(source: str) -> None:
    try:
        cel.compile(source)
    except ValueError:
        return
    assert len(masked(source)) == len(source)
    cel.compile(masked(source))
