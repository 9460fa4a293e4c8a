"""Expressions bound flat: what they read is known, and they give what they would give on objects."""

import contextlib
import time
from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.kernel.engagement.binding import Frame, bound
from guerdon.kernel.engagement.expressions import ExpressionError

PROPERTIES = {"metres": 7, "route": "hill", "tags": ["a", "b"], "night": True}
MEMBER = {"verified": True, "tiers": {"club": "gold"}}
COUNTERS = {"runs": {"week": 3}, "earned": {"LAP": {"life": 9}}}
PARAMS = {"k": 2, "by": {"hill": 5}}


def flat(source: str) -> Any:
    """What an expression gives when its reads are bound one by one."""
    found = bound(source)
    frame = Frame(PARAMS)
    roots: dict[str, Any] = {"activity": PROPERTIES, "member": MEMBER, "counters": COUNTERS}
    for read in found.reads:
        value: Any = roots[read.root]
        for name in read.path:
            value = value[name]
        frame.bind([read.name], [value])
    for root in found.roots - {"params"}:
        frame.bind([root], [roots[root]])
    return frame.value(found)


def on_objects(source: str) -> Any:
    """What it gives on objects."""
    roots = {"activity": PROPERTIES, "member": MEMBER, "counters": COUNTERS, "params": PARAMS}
    return cel.compile(source).execute(cel.Context(variables=roots))


SOURCES = [
    "activity.metres * params.k",
    "activity.metres > 5 && member.verified",
    'activity.route == "hill" ? params.by[activity.route] : 0',
    'activity.tags.exists(t, t == "b")',
    "activity.tags.size() + size(activity.tags)",
    'activity.route.startsWith("h")',
    "has(activity.metres) && !has(activity.other)",
    "counters.runs.week == 3 && counters.earned.LAP.life >= 9",
    'member.tiers.club == "gold"',
    "\"activity.metres\" + activity.route + 'member.verified'",
    "activity.metres // counters.runs.week\n + 1",
    'activity["metres"] + activity.metres',
    "r'\\' + activity.route",
    '"""it\'s activity.route""" + activity.route',
    "{'activity': 1}.activity + activity.metres",
    "params.by.hill + activity.metres",
]


@pytest.mark.parametrize("source", SOURCES)
def test_they_give_what_they_give_on_objects(source: str) -> None:
    assert flat(source) == on_objects(source)


@given(st.lists(st.sampled_from(SOURCES[:3] + SOURCES[4:5] + SOURCES[7:9]), min_size=1, max_size=4))
def test_put_together(parts: list[str]) -> None:
    source = "[" + ", ".join(parts) + "]"
    assert flat(source) == on_objects(source)


@pytest.mark.parametrize(
    "source",
    [
        "activities.metres",
        "os.system",
        "counters",
        "counters.runs",
        "counters.runs.year",
        'counters["runs"].week',
        "activity__metres",
        "member__verified + 1",
        "session.execute('x')",
        "1 + unknown",
        "activity.tags.map(t, t)",
        "min(activity.metres, 50)",
        "activity.route.lower() == 'hill'",
        "__import__('os')",
        "size_(activity.route)",
        "activity.tags.all(a, activity.tags.all(b, a == b))",
        "(activity.tags + activity.tags).all(a, a == 'b')",
        "activity.tags.all(a, 0" + " + a" * 11 + " == 1)",
        "[activity.tags + activity.tags].all(a, a == ['b'])",
        "activity.tags . exists // (\n (a, a.matches('b'))",
        "activity.route.matches(activity.route)",
        "activity.route.matches(true ? 'a' : 'b')",
        "activity.route.matches('(a')",
        "activity.route.matches('(.{1,40}){1,40}z')",
        "activity.route.matches('" + "a" * 201 + "')",
        " || ".join(["activity.route.matches('a')"] * 6),
    ],
)
def test_what_there_is_not_is_refused_when_it_is_written(source: str) -> None:
    with pytest.raises(ExpressionError):
        bound(source)


def test_what_there_is_to_call_may_be_called() -> None:
    source = 'ratio(int("4"), 2) + timestamp("2026-03-01T10:00:00Z").getHours() + size(string(7)) + 0 * activity.metres'
    assert flat(source) == 13


MANY = "activity.tags"
LONG = {
    "sums of numbers for each element": f"{MANY}.all(a, " + " && ".join(["a * a * member.n >= 0"] * 80) + ")",
    "lists put together for each element": f"{MANY}.all(a, (" + "+".join([MANY] * 11) + ").size() > 0)",
    "lists looked through for each element": f"{MANY}.all(a, " + " && ".join([f"a in {MANY}"] * 70) + ")",
    "lists compared for each element": f"{MANY}.all(a, " + " && ".join([f"{MANY} == {MANY}"] * 50) + ")",
    "the same for each number of a list": "[" + "1," * 880 + "1].all(a, (" + "+".join([MANY] * 11) + ").size() > 0)",
    "texts put together for each element": f"{MANY}.all(a, (" + "+".join(["activity.route"] * 11) + ").size() > 0)",
    "patterns": " && ".join(["(activity.route + activity.route).matches('(.{1,14}){1,14}z')"] * 5),
    "a pattern for a text that is long": "(" + "+".join(["activity.route"] * 120) + ").matches('a')",
}


@pytest.mark.parametrize("source", LONG.values(), ids=LONG.keys())
def test_the_longest_hostile_expression_does_not_hang(source: str) -> None:
    frame = Frame({})
    frame.bind(["activity__tags", "activity__route", "member__n"], [list(range(100)), "a" * 500, 1])
    start = time.perf_counter()
    with contextlib.suppress(ExpressionError):
        frame.value(bound(source))
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("activity.route.size()", 4),
        ("size(activity.route) + size('😀é')", 6),
        ("activity.tags.size() + size({'a': 1})", 3),
        (r"'''a\''''.size() + r'size('.size()", 7),
        ("// size(\n'é'.size()", 1),
        ("activity.tags.exists(t, t.size () == 1) ? 1 : 0", 1),
    ],
)
def test_size_counts_characters(source: str, expected: int) -> None:
    frame = Frame({})
    frame.bind(["activity__route", "activity__tags"], ["été€", ["é", "bb"]])
    assert frame.value(bound(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("activity.route.matches('^hi')", True),
        (r"matches(activity.route, r'\d{2}$')", False),
        (r"activity.route.matches('\\{h')", False),
        ("activity.route.startsWith('matches(') || activity.route.matches('i')", True),
    ],
)
def test_patterns(source: str, expected: bool) -> None:
    frame = Frame({})
    frame.bind(["activity__route"], ["hill"])
    assert frame.value(bound(source)) is expected


def test_a_frame_forgets_nothing_and_leaks_nothing() -> None:
    frame = Frame({"k": 2})
    found = bound("activity.metres * params.k")
    frame.bind(["activity__metres"], [None])
    with pytest.raises(ExpressionError):
        frame.value(found)
    frame.bind(["activity__metres"], [4])
    assert frame.value(found) == 8
    with pytest.raises(ExpressionError):
        frame.truth(found)
    frame.bind(["activity__metres"], [-4])
    with pytest.raises(ExpressionError):
        frame.whole_number(found)
