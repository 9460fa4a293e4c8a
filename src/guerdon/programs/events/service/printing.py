"""The ticket on paper: a QR code as SVG for the page, and a sheet of A6 as PDF.

The sheet is set in Helvetica, which every PDF reader has and which holds Western European letters. What needs others is
set in DejaVu Sans, which comes along and has those of a hundred languages, Arabic and Hebrew among them. Letters that
it has not either become their nearest likeness, or a box.

What draws PDF is loaded with the first sheet: it takes a third of a second, and most processes never print.
"""

import unicodedata
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import segno
from markupsafe import Markup

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

_ENCODING = "cp1252"
_FONT = Path(__file__).parents[1] / "fonts" / "DejaVuSans.ttf"
_BOX = "\N{WHITE SQUARE}"
_SHEET_MM = (105, 148)
_MARGIN_MM = 10
_QR_MM = 52


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a printed ticket says, in the reader's words.

    Attributes:
        lines: label and text, such as when and where.
        number: for typing, below the code.
        note: small, at the bottom.
    """

    community: str
    title: str
    lines: Sequence[tuple[str, str]]
    code: str
    number: str
    note: str
    language: str


def qr_svg(code: str, label: str) -> Markup:
    """A QR code for a page, on a white ground whatever the theme, as scanners need it.

    Args:
        label: what it is, for who cannot see it.
    """
    drawing = _symbol(code).svg_inline(border=4, light="#fff", dark="#000", omitsize=True, svgclass="qr", lineclass="")
    return Markup('<div class="ticket__code" role="img" aria-label="{}">{}</div>').format(
        label,
        Markup(drawing),  # noqa: S704 - drawn by segno out of letters and digits
    )


def ticket_pdf(sheet: Sheet) -> bytes:
    """A ticket as a PDF of one page, A6."""
    from fpdf import FPDF  # noqa: PLC0415

    pdf = FPDF(unit="mm", format=_SHEET_MM)
    pdf.core_fonts_encoding = _ENCODING
    pdf.set_title(sheet.title)
    pdf.set_lang(sheet.language)
    pdf.set_margin(_MARGIN_MM)
    pdf.set_auto_page_break(False)
    pdf.add_page()
    _write(pdf, sheet.community, 9, grey=True)
    _write(pdf, sheet.title, 15, lines_max=2)
    for label, text in sheet.lines:
        pdf.ln(1)
        _write(pdf, label, 7, grey=True)
        _write(pdf, text, 10, lines_max=2)
    _draw_code(pdf, sheet.code)
    pdf.set_y(_SHEET_MM[1] - _MARGIN_MM - 10)
    _write(pdf, sheet.number, 13, align="C")
    _write(pdf, sheet.note, 7, grey=True, align="C")
    return bytes(pdf.output())


def _symbol(code: str) -> segno.QRCode:
    return segno.make_qr(code, error="m")


def _draw_code(pdf: "FPDF", code: str) -> None:
    """The symbol's dark modules as rectangles, a run in a row at a time: sharp at any size."""
    rows = list(_symbol(code).matrix)
    size_mm = _QR_MM / len(rows)
    left_mm = (_SHEET_MM[0] - _QR_MM) / 2
    top_mm = _SHEET_MM[1] - _MARGIN_MM - 12 - _QR_MM
    pdf.set_fill_color(0)
    for down, row in enumerate(rows):
        start = None
        for across, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = across
            elif not dark and start is not None:
                x_mm, y_mm = left_mm + start * size_mm, top_mm + down * size_mm
                pdf.rect(x_mm, y_mm, (across - start) * size_mm, size_mm, style="F")
                start = None


def _write(pdf: "FPDF", text: str, size: int, *, grey: bool = False, lines_max: int = 1, align: str = "L") -> None:
    shown = _set_font(pdf, " ".join(text.split()), size)
    pdf.set_text_color(110 if grey else 0)
    height_mm = size * 0.45
    for line in _broken(pdf, shown, height_mm, lines_max):
        pdf.cell(0, height_mm, line, align=align, new_x="LMARGIN", new_y="NEXT")


def _broken(pdf: "FPDF", text: str, height_mm: float, lines_max: int) -> list[str]:
    lines = cast(list[str], pdf.multi_cell(0, height_mm, text, dry_run=True, output="LINES"))
    if pdf.font_family == "helvetica":
        # the writer gives back lines that are encoded already, and would encode them again
        lines = [line.encode("latin-1").decode(_ENCODING) for line in lines]
    if len(lines) > lines_max:
        return [*lines[: lines_max - 1], lines[lines_max - 1].rstrip()[:-1] + "…"]
    return lines


def _set_font(pdf: "FPDF", text: str, size: int) -> str:
    """Choose a font for a text, and give the text as it can be set in it."""
    if _fits(text):
        pdf.set_text_shaping(False)
        pdf.set_font("helvetica", size=size)
        return text
    if "dejavu" not in pdf.fonts:
        pdf.add_font("dejavu", fname=_FONT)
    pdf.set_text_shaping(True)  # joins letters and sets them from right to left where their script wants it
    pdf.set_font("dejavu", size=size)
    return drawable(text, cast("TTFFont", pdf.fonts["dejavu"]).cmap)


def _fits(text: str) -> bool:
    try:
        text.encode(_ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def drawable(text: str, letters: Container[int]) -> str:
    """A text in letters that there are: for others their nearest likeness, or a box.

    Args:
        letters: the code points of those that there are.
    """
    found = []
    for letter in unicodedata.normalize("NFC", text):
        likeness = (each for each in (letter, unicodedata.normalize("NFKD", letter)[0]) if ord(each) in letters)
        found.append(next(likeness, _BOX))
    return "".join(found)
