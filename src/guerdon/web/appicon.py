"""The mark as pictures for browsers and home screens that take no SVG, drawn once when first asked for."""

import io
from functools import cache
from math import cos, radians, sin

from PIL import Image, ImageDraw

GROUND = "#12503d"
RING = "#f3fbf7"
GEM = "#f4c455"
_OVERSAMPLING = 4
_VIEW = 32
_CENTRE, _RADIUS, _STROKE = 16.0, 11.5, 4.5
_GEM = ((27.0, 4.2), (30.3, 7.5), (27.0, 10.8), (23.7, 7.5))
_INSET = 0.19
"""How much of each side stays free: systems cut icons to circles and other shapes. In a tab every pixel counts."""
_TAB_INSET = 0.04


@cache
def png(size_px: int) -> bytes:
    """The mark on its ground, as a square PNG."""
    out = io.BytesIO()
    _draw(size_px).save(out, "PNG", optimize=True)
    return out.getvalue()


@cache
def ico() -> bytes:
    """The mark as ``favicon.ico``, in the sizes that tabs and bookmarks take."""
    out = io.BytesIO()
    sizes = (16, 32, 48)
    largest, *others = (_draw(size_px, _TAB_INSET) for size_px in sorted(sizes, reverse=True))
    largest.save(out, "ICO", sizes=[(size, size) for size in sizes], append_images=others)
    return out.getvalue()


def _draw(size_px: int, inset: float = _INSET) -> Image.Image:
    whole = size_px * _OVERSAMPLING
    image = Image.new("RGB", (whole, whole), GROUND)
    draw = ImageDraw.Draw(image)
    scale = whole * (1 - 2 * inset) / _VIEW

    def place(x: float, y: float) -> tuple[float, float]:
        return whole * inset + x * scale, whole * inset + y * scale

    def dot(x: float, y: float) -> None:
        left, top = place(x - _STROKE / 2, y - _STROKE / 2)
        right, bottom = place(x + _STROKE / 2, y + _STROKE / 2)
        draw.ellipse((left, top, right, bottom), fill=RING)

    # The ring is a line of dots: Pillow's arcs have no round ends, and theirs would show at this size.
    for step in range(315 * 4):
        angle = radians(-50.7 - step / 4)
        dot(_CENTRE + _RADIUS * cos(angle), _CENTRE + _RADIUS * sin(angle))
    for step in range(int((27.5 - 19) * 8) + 1):
        dot(19 + step / 8, _CENTRE)
    draw.polygon([place(x, y) for x, y in _GEM], fill=GEM)
    return image.resize((size_px, size_px), Image.Resampling.LANCZOS)
