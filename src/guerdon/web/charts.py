"""Charts drawn on the server as SVG: no script, colours from the style sheet, the numbers in a table behind.

Positions across are percentages and positions down are pixels, so that a chart takes the width that it is given
while its text keeps its size.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from babel import dates, numbers
from markupsafe import Markup, escape

from guerdon.web.viewer import current_viewer

Number = int | float | Decimal
Format = Callable[[Number], str]

_HEIGHT_PX = 240
_TOP_PX, _BOTTOM_PX = 12, 26
_LABELS_MAX, _NAMES_LENGTH_MAX = 6, 36
"""Names below the axis: how many, and how many characters together, so that they stand apart on a phone."""
_COLOURS = 4
_CHARACTER_PX = 7.2


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers; None is a gap."""

    label: str
    values: Sequence[Number | None]


@dataclass(frozen=True, slots=True)
class Scale:
    """The vertical axis: from ``low`` to ``high``, with a line at each tick."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def y_px(self, value: Number) -> float:
        """How far down a value stands."""
        share = (float(value) - self.low) / (self.high - self.low)
        return _HEIGHT_PX - _BOTTOM_PX - share * (_HEIGHT_PX - _TOP_PX - _BOTTOM_PX)


def scale_for(values: Iterable[Number], *, zero: bool = True, ticks: int = 4) -> Scale:
    """An axis with round ticks around ``values``.

    Args:
        values: what has to fit; none of them gives an axis from 0 to 1.
        zero: the axis has to include zero, without which the length of a bar means nothing.
        ticks: about how many steps.
    """
    found = [float(value) for value in values]
    whole = all(value == int(value) for value in found)
    low, high = min(found, default=0.0), max(found, default=1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = low + 1
    step = _round_step((high - low) / ticks, whole)
    first, last = math.floor(low / step), math.ceil(high / step)
    # rounding of the very small may leave a value just outside, so it counts again
    return Scale(
        min(first * step, low), max(last * step, high), tuple(round(n * step, 10) for n in range(first, last + 1))
    )


def _round_step(rough: float, whole: bool) -> float:
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough * 0.999)
    return max(step if not whole or step == int(step) else math.ceil(step), 1.0) if whole else step


def bar_chart(
    title: str, labels: Sequence[str], series: Sequence[Series], *, description: str = "", form: Format | None = None
) -> Markup:
    """Groups of bars, one group for each label and one bar in it for each series.

    Args:
        title: shown above, and what a screen reader says.
        labels: one for each group.
        series: up to four; each as long as ``labels``.
        description: what the chart shows, for who cannot see it.
        form: writes a value in the table and tooltips; the language's own number format otherwise.

    Raises:
        ValueError: when a series has another length than the labels.
    """
    return _chart(title, labels, series, description, form=form, draw=_bars)


def line_chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    description: str = "",
    form: Format | None = None,
    area: bool = False,
    zero: bool = True,
) -> Markup:
    """A line for each series; ``area`` fills below it, ``zero=False`` lets the axis start elsewhere.

    The other arguments and errors are those of ``bar_chart``.
    """

    def lines(labels: Sequence[str], series: Sequence[Series], scale: Scale, show: Format) -> str:
        return _lines(labels, series, scale, show, area=area)

    return _chart(title, labels, series, description, form=form, draw=lines, zero=zero or area)


def sparkline(values: Sequence[Number], label: str) -> Markup:
    """A line without axes, for a tile; ``label`` says in words what it shows."""
    if len(values) < 2:
        return Markup("")
    low, high = float(min(values)), float(max(values))
    span = (high - low) or 1.0
    step = 100 / (len(values) - 1)
    points = " ".join(
        f"{_n(index * step)},{_n(30 - (float(value) - low) / span * 28)}" for index, value in enumerate(values)
    )
    return Markup(
        '<svg class="spark" role="img" aria-label="{}" viewBox="0 0 100 32" preserveAspectRatio="none">'
        '<polyline class="chart__line s1" points="{}"/></svg>'
    ).format(label, points)


def short_month(day: date) -> str:
    """A label for a month in the reader's language."""
    return dates.format_skeleton("MMM", day, locale=current_viewer().locale)


Draw = Callable[[Sequence[str], Sequence[Series], Scale, Format], str]


def _chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    description: str,
    *,
    form: Format | None,
    draw: Draw,
    zero: bool = True,
) -> Markup:
    if any(len(one.values) != len(labels) for one in series):
        raise ValueError("each series needs one value for each label")
    if len(series) > _COLOURS:
        raise ValueError(f"a chart has at most {_COLOURS} series")
    show = form or _plain
    values = [value for one in series for value in one.values if value is not None]
    head = Markup('<figcaption class="chart__title">{}</figcaption>').format(title)
    if not values:
        empty = current_viewer().translator.gettext("There is nothing to show yet.")
        return Markup('<figure class="chart">{}<p class="muted">{}</p></figure>').format(head, empty)
    scale = scale_for(values, zero=zero)
    name = "chart-" + hashlib.sha256(repr((title, labels, series)).encode()).hexdigest()[:10]
    drawing = Markup(  # noqa: S704 - every text inside went through escape()
        _axis(scale)
        + f'<svg class="chart__plot" role="img" height="{_HEIGHT_PX}" aria-labelledby="{name}-t {name}-d">'
        + f'<title id="{name}-t">{escape(title)}</title>'
        + f'<desc id="{name}-d">{escape(description or _summary(labels, series, show))}</desc>'
        + _grid(scale)
        + draw(labels, series, scale, show)
        + _names(labels)
        + "</svg>"
    )
    return Markup('<figure class="chart">{}{}<div class="chart__frame">{}</div>{}</figure>').format(
        head, _legend(series), drawing, _table(title, labels, series, show)
    )


def _plain(value: Number) -> str:
    return numbers.format_decimal(value, locale=current_viewer().locale)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _axis(scale: Scale) -> str:
    locale = current_viewer().locale
    texts = []
    for tick in scale.ticks:
        large = abs(tick) >= 10_000
        shown = (
            numbers.format_compact_decimal(tick, locale=locale, fraction_digits=1)
            if large
            else numbers.format_decimal(Decimal(str(tick)), locale=locale)
        )
        texts.append((shown, scale.y_px(tick)))
    width = math.ceil(max(len(text) for text, _ in texts) * _CHARACTER_PX) + 10
    marks = "".join(
        f'<text x="{width - 8}" y="{_n(y)}" dy="4" text-anchor="end">{escape(text)}</text>' for text, y in texts
    )
    return f'<svg class="chart__axis" width="{width}" height="{_HEIGHT_PX}" aria-hidden="true">{marks}</svg>'


def _grid(scale: Scale) -> str:
    return "".join(
        f'<line class="{"chart__zero" if tick == 0 else "chart__grid"}" x1="0" x2="100%" '
        f'y1="{_n(scale.y_px(tick))}" y2="{_n(scale.y_px(tick))}"/>'
        for tick in scale.ticks
    )


def _names(labels: Sequence[str]) -> str:
    every = _step(labels)
    return "".join(
        f'<text x="{_n(_middle(index, len(labels)))}%" y="{_HEIGHT_PX - 6}" text-anchor="middle">{escape(label)}</text>'
        for index, label in enumerate(labels)
        if index % every == 0
    )


def _step(labels: Sequence[str]) -> int:
    """How many labels apart those stand that are shown, so that no two of them meet on a small screen."""
    each = _NAMES_LENGTH_MAX / len(labels)
    for step in range(math.ceil(len(labels) / _LABELS_MAX), len(labels)):
        shown = labels[::step]
        if all((len(left) + len(right)) / 2 <= step * each for left, right in pairwise(shown)):
            return step
    return len(labels)


def _middle(index: int, count: int) -> float:
    return (index + 0.5) * 100 / count


def _bars(labels: Sequence[str], series: Sequence[Series], scale: Scale, show: Format) -> str:
    slot = 100 / len(labels)
    width = slot * 0.7 / len(series)
    base = scale.y_px(min(max(0.0, scale.low), scale.high))
    shapes = []
    for place, one in enumerate(series):
        for index, value in enumerate(one.values):
            if value is None:
                continue
            y = scale.y_px(value)
            x = index * slot + slot * 0.15 + place * width
            shapes.append(
                f'<rect class="chart__bar s{place + 1}" x="{_n(x)}%" width="{_n(width * 0.92)}%" '
                f'y="{_n(min(y, base))}" height="{_n(abs(y - base))}" rx="2">'
                f"<title>{escape(_tooltip(labels[index], one.label, show(value)))}</title></rect>"
            )
    return "".join(shapes)


def _lines(labels: Sequence[str], series: Sequence[Series], scale: Scale, show: Format, *, area: bool) -> str:
    count = len(labels)
    base = scale.y_px(min(max(0.0, scale.low), scale.high))
    paths, dots = [], []
    for place, one in enumerate(series):
        for run in _runs(one.values):
            points = [(_middle(index, count), scale.y_px(value)) for index, value in run]
            line = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
            if area:
                closed = f"{_n(points[0][0])},{_n(base)} {line} {_n(points[-1][0])},{_n(base)}"
                paths.append(f'<polygon class="chart__area s{place + 1}" points="{closed}"/>')
            paths.append(f'<polyline class="chart__line s{place + 1}" points="{line}"/>')
            dots += [
                f'<circle class="chart__dot s{place + 1}" cx="{_n(_middle(index, count))}%" '
                f'cy="{_n(scale.y_px(value))}" r="{4 if count <= 31 else 2.5}">'
                f"<title>{escape(_tooltip(labels[index], one.label, show(value)))}</title></circle>"
                for index, value in run
            ]
    stretched = (
        f'<svg x="0" y="0" width="100%" height="{_HEIGHT_PX}" viewBox="0 0 100 {_HEIGHT_PX}" '
        f'preserveAspectRatio="none">{"".join(paths)}</svg>'
    )
    return stretched + "".join(dots)


def _runs(values: Sequence[Number | None]) -> list[list[tuple[int, Number]]]:
    runs: list[list[tuple[int, Number]]] = [[]]
    for index, value in enumerate(values):
        if value is not None:
            runs[-1].append((index, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _tooltip(label: str, series: str, value: str) -> str:
    return f"{label} · {series}: {value}"


def _summary(labels: Sequence[str], series: Sequence[Series], show: Format) -> str:
    parts = []
    for one in series:
        known = [(value, label) for value, label in zip(one.values, labels, strict=True) if value is not None]
        if known:
            value, label = known[-1]
            parts.append(_tooltip(label, one.label, show(value)))
    return "; ".join(parts)


def _legend(series: Sequence[Series]) -> Markup:
    if len(series) < 2:
        return Markup("")
    entry = Markup(
        '<li><svg class="chart__key" viewBox="0 0 10 10" aria-hidden="true"><rect class="s{}" width="10" height="10"'
        ' rx="3"/></svg>{}</li>'
    )
    entries = Markup("").join(entry.format(place + 1, one.label) for place, one in enumerate(series))
    return Markup('<ul class="chart__legend">{}</ul>').format(entries)


def _table(title: str, labels: Sequence[str], series: Sequence[Series], show: Format) -> Markup:
    heads = Markup("").join(Markup('<th scope="col" class="end">{}</th>').format(one.label) for one in series)
    rows = Markup("")
    for index, label in enumerate(labels):
        cells = Markup("").join(
            Markup('<td class="end">{}</td>').format("–" if value is None else show(value))
            for value in (one.values[index] for one in series)
        )
        rows += Markup('<tr><th scope="row">{}</th>{}</tr>').format(label, cells)
    word = current_viewer().translator.gettext("Show as a table")
    return Markup(
        '<details><summary>{}</summary><div class="table-scroll"><table class="table">'
        '<caption class="sr-only">{}</caption><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table></div>'
        "</details>"
    ).format(word, title, heads, rows)
