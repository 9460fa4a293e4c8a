"""Contrast by WCAG 2.2, computed from the tokens, in both themes."""

import re
from pathlib import Path

import pytest

import guerdon.web

SHEET = (Path(guerdon.web.__file__).parent / "static/css/10-tokens.css").read_text()
TEXT, SHAPE = 4.5, 3.0

PAIRS = [
    *(("ink", ground, TEXT) for ground in ("bg", "surface", "sunken")),
    *(("ink-2", ground, TEXT) for ground in ("bg", "surface", "sunken")),
    *(("brand", ground, TEXT) for ground in ("bg", "surface")),
    *(("danger", ground, TEXT) for ground in ("bg", "surface")),
    ("on-brand", "brand", TEXT),
    ("on-brand", "brand-hover", TEXT),
    ("brand-hover", "surface", TEXT),
    ("on-danger", "danger", TEXT),
    ("on-danger", "danger-hover", TEXT),
    *((f"on-{name}-soft", f"{name}-soft", TEXT) for name in ("brand", "gold", "danger", "info")),
    ("on-hero", "hero", TEXT),
    ("hero-2", "hero", TEXT),
    ("hero-gold", "hero", SHAPE),
    *(("line-strong", ground, SHAPE) for ground in ("bg", "surface", "sunken")),
    *(("focus", ground, SHAPE) for ground in ("bg", "surface", "sunken")),
    *((f"chart-{n}", "surface", SHAPE) for n in (1, 2, 3, 4)),
    ("gold", "surface", SHAPE),
    ("brand", "sunken", SHAPE),
]


def block(selector: str) -> dict[str, str]:
    body = re.search(re.escape(selector) + r" \{(.*?)\}", SHEET, re.DOTALL).group(1)
    return dict(re.findall(r"--([\w-]+):\s*(.+?);", body))


LIGHT = block(":root")
DARK = block(':root[data-theme="dark"]')


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_ratio_is_computed_as_wcag_says():
    assert ratio("#000000", "#ffffff") == pytest.approx(21)
    assert ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "needed"), PAIRS)
def test_contrast(theme, front, ground, needed):
    tokens = LIGHT if theme == "light" else {**LIGHT, **DARK}
    assert ratio(tokens[front], tokens[ground]) >= needed


def test_the_two_ways_into_the_dark_are_one():
    assert block(':root:not([data-theme="light"])') == DARK


def test_every_colour_has_a_dark_side():
    assert {name for name, value in LIGHT.items() if value.startswith("#")} <= set(DARK)
