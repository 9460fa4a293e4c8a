"""Scales, shapes and the table behind a chart."""

import re
import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.web.charts import Series, bar_chart, line_chart, scale_for, sparkline
from support.pages import reading

NUMBERS = st.lists(st.floats(-1e12, 1e12, allow_nan=False), min_size=1, max_size=40)


@given(values=NUMBERS, zero=st.booleans())
def test_every_value_lies_on_the_scale_and_ticks_are_even(values, zero):
    scale = scale_for(values, zero=zero)
    assert scale.low <= min(values)
    assert max(values) <= scale.high
    assert 2 <= len(scale.ticks) <= 8
    assert not zero or scale.low <= 0 <= scale.high
    assert scale.y_px(scale.high) < scale.y_px(scale.low)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0, 73], (0, 20, 40, 60, 80)),
        ([-30, 73], (-50, 0, 50, 100)),
        ([-7, -3], (-8, -6, -4, -2, 0)),
        ([0, 0], (0, 1)),
        ([], (0, 1)),
        ([1, 2], (0, 1, 2)),
        ([0.2, 0.9], (0, 0.25, 0.5, 0.75, 1)),
    ],
)
def test_ticks_are_round_numbers(values, ticks):
    assert scale_for(values).ticks == ticks


def bars(markup: str) -> list[dict[str, str]]:
    return [rect.attrib for rect in parsed(markup).iter("rect") if "chart__bar" in rect.get("class", "")]


def parsed(markup: str) -> ET.Element:
    return ET.fromstring(str(markup))  # noqa: S314 - our own markup


def test_bars_are_as_long_as_their_values_and_hang_below_zero():
    with reading():
        up, down = bars(bar_chart("T", ["a", "b"], [Series("s", [10, -5])]))
    assert float(up["height"]) == pytest.approx(2 * float(down["height"]), abs=0.02)
    assert float(up["y"]) + float(up["height"]) == pytest.approx(float(down["y"]), abs=0.02)


def test_a_gap_breaks_the_line_and_has_no_bar():
    series = [Series("s", [1, 2, None, 3, 4])]
    labels = list("abcde")
    with reading():
        line = parsed(line_chart("T", labels, series))
        assert len(bars(bar_chart("T", labels, series))) == 4
    assert len(list(line.iter("polyline"))) == 2
    assert len(list(line.iter("circle"))) == 4


def test_the_table_behind_holds_each_number_in_the_readers_language():
    with reading("fr"):
        markup = bar_chart("Solde", ["janv.", "févr."], [Series("Gagné", [Decimal("1234.5"), None])])
    table = parsed(markup).find("details/div/table")
    assert ["".join(cell.itertext()) for cell in table.iter("td")][1:] == ["1\u202f234,5", "–"]


def test_a_chart_says_what_it_shows_to_who_cannot_see_it():
    with reading():
        chart = parsed(bar_chart("Earned", ["Jan"], [Series("Credits", [3])], description="Credits by month."))
    svg = next(svg for svg in chart.iter("svg") if svg.get("role") == "img")
    texts = {one.get("id"): one.text for one in svg if one.tag in ("title", "desc")}
    assert [texts[name] for name in svg.get("aria-labelledby").split()] == ["Earned", "Credits by month."]


def test_no_data_is_said_in_words_and_draws_nothing():
    with reading("fr"):
        for empty in ([], [Series("s", [None])]):
            markup = line_chart("T", ["a"], empty)
            assert "<svg" not in markup
            assert "rien à afficher" in markup


def test_labels_cannot_break_out():
    with reading():
        markup = bar_chart("<b>", ["</title><script>"], [Series("\"'&", [1])], description="<i>")
    assert not re.search(r"<(b|i|script)>", markup)
    parsed(markup)


def test_long_axes_show_few_labels():
    with reading():
        chart = parsed(bar_chart("T", [str(n) for n in range(100)], [Series("s", list(range(100)))]))
    assert sum(text.get("y") == "234" for text in chart.iter("text")) <= 6


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["Item", "Money", "Volunteer hours"], ["Item", "Money", "Volunteer hours"]),
        (["Volunteer hours", "Gifts of money", "Items given"], ["Volunteer hours", "Items given"]),
        (["A very long name of a kind of thing", "Another very long name"], ["A very long name of a kind of thing"]),
        (["One"], ["One"]),
    ],
)
def test_a_long_name_leaves_the_others_their_place_unless_they_would_meet(labels, shown):
    with reading():
        chart = parsed(bar_chart("T", labels, [Series("s", list(range(len(labels))))]))
    assert [text.text for text in chart.iter("text") if text.get("y") == "234"] == shown


def test_series_and_labels_have_to_agree():
    with reading():
        with pytest.raises(ValueError, match="one value for each label"):
            bar_chart("T", ["a"], [Series("s", [1, 2])])
        with pytest.raises(ValueError, match="at most 4"):
            bar_chart("T", ["a"], [Series(str(n), [1]) for n in range(5)])


def test_sparklines():
    assert sparkline([5], "one") == ""
    points = parsed(sparkline([1, 1, 3], "Three months")).find("polyline").get("points").split()
    assert points == ["0,30", "50,30", "100,2"]
