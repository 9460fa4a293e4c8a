"""Pictures of badges: drawn from icon, colour and level; and baked, with a credential inside (Open Badges 3.0)."""

import io
import math
from xml.sax.saxutils import escape, quoteattr

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from guerdon.web.icons import icon

SIDE = 512
KEYWORD = "openbadgecredential"
NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
_RINGS = ((248, "#ffffff"), (240, ""), (206, "#ffffff"), (198, ""))


def svg(title: str, icon_name: str, colour: str, level: int, token: str = "") -> bytes:
    """A badge as SVG.

    Args:
        title: read out to who does not see it.
        token: a signed credential to bake in; none makes a plain picture.
    """
    baked = f" xmlns:openbadges={quoteattr(NAMESPACE)}" if token else ""
    credential = f"<openbadges:credential verify={quoteattr(token)}></openbadges:credential>" if token else ""
    rings = "".join(f'<circle cx="256" cy="256" r="{r}" fill="{fill or colour}"/>' for r, fill in _RINGS)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="15" fill="#ffffff"/>' for x, y in _dots(level))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg"{baked} viewBox="0 0 512 512"'
        f' width="512" height="512" role="img">{credential}<title>{escape(title)}</title>{rings}'
        f'<g transform="translate(146 118) scale(.43)" color="#ffffff">{icon(icon_name)}</g>{dots}</svg>\n'
    ).encode()


def png(colour: str, level: int, token: str = "") -> bytes:
    """A badge as PNG: a star in the middle of the rings, a dot for each level."""
    image = Image.new("RGBA", (SIDE * 2, SIDE * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for radius, fill in _RINGS:
        _circle(draw, 256, 256, radius, fill or colour)
    points = [
        (512 + 2 * radius * math.sin(turn * math.pi / 5), 460 - 2 * radius * math.cos(turn * math.pi / 5))
        for turn, radius in ((number, 110 if number % 2 == 0 else 46) for number in range(10))
    ]
    draw.polygon(points, fill="#ffffff")
    for x, y in _dots(level):
        _circle(draw, x, y, 15, "#ffffff")
    out = io.BytesIO()
    info = PngInfo()
    if token:
        info.add_itxt(KEYWORD, token)
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(out, "PNG", pnginfo=info, optimize=True)
    return out.getvalue()


def _circle(draw: ImageDraw.ImageDraw, x: int, y: int, radius: int, fill: str) -> None:
    draw.ellipse([(x - radius) * 2, (y - radius) * 2, (x + radius) * 2, (y + radius) * 2], fill=fill)


def _dots(level: int) -> list[tuple[int, int]]:
    return [(256 + 46 * number - 23 * (level - 1), 392) for number in range(level)]
