"""Tickets and calendars as readers of other authors read them."""

import io
import unicodedata
from datetime import UTC, datetime
from uuid import UUID

import pypdf
import pytest
import segno
import vobject
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pypdf.generic import ContentStream

from guerdon.core.ids import new_id
from guerdon.http.keys import derive_key
from guerdon.programs.events.evening_errors import (
    TicketForgedError,
)
from guerdon.programs.events.service.calendars import CalendarEntry, calendar
from guerdon.programs.events.service.printing import Sheet, drawable, qr_svg, ticket_pdf
from guerdon.programs.events.service.tickets import (
    TicketContent,
    TicketSigner,
    looks_like_number,
    new_number,
    plain_number,
    shown_number,
)

SIGNER = TicketSigner(derive_key(b"s" * 40, "events/ticket"))
CONTENT = TicketContent(new_id(), new_id(), new_number())


@given(st.uuids(), st.uuids(), st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=12, max_size=12))
def test_a_code_says_what_it_was_made_of(event_id: UUID, registration_id: UUID, number: str):
    content = TicketContent(event_id, registration_id, number)
    code = SIGNER.code(content)
    assert SIGNER.read(code) == content
    assert SIGNER.read(f" {code[:40].lower()} \n{code[40:]}") == content


def test_nobody_else_can_make_a_code():
    code = SIGNER.code(CONTENT)
    other_installation = TicketSigner(derive_key(b"t" * 40, "events/ticket"))
    other_purpose = TicketSigner(derive_key(b"s" * 40, "csrf"))
    forged = [
        "",
        "=",
        "A" * len(code),
        "é" * len(code),
        "A" * 100_000,
        code[:-1],
        code + "A",
        code + "=",
        other_installation.code(CONTENT),
        other_purpose.code(CONTENT),
    ]
    for place in range(len(code)):  # any one letter changed
        other = "B" if code[place] == "A" else "A"
        forged.append(code[:place] + other + code[place + 1 :])
    for attempt in forged:
        with pytest.raises(TicketForgedError):
            SIGNER.read(attempt)


def test_the_signature_holds_128_bits_and_more():
    assert len(SIGNER.code(CONTENT)) * 5 // 8 - (1 + 16 + 16 + 8) >= 128 // 8


def test_numbers_are_read_as_people_type_them():
    assert shown_number("4T7K09WMQX3D") == "4T7K-09WM-QX3D"
    assert plain_number(" 4t7k-o9wm qx3d ") == "4T7K09WMQX3D"
    assert plain_number("IL0O") == "1100"
    assert looks_like_number("4t7k-o9wm-qx3d")
    assert not looks_like_number(SIGNER.code(CONTENT))
    assert len({new_number() for _ in range(1000)}) == 1000


def test_a_camera_reads_the_code_as_it_was_signed():
    code = SIGNER.code(CONTENT)
    symbol = segno.make_qr(code, error="m")
    assert symbol.mode == "alphanumeric"
    picture = io.BytesIO()
    symbol.save(picture, kind="png", scale=3, border=4)
    [read] = zxingcpp.read_barcodes(Image.open(picture))
    assert read.text == code
    shown = qr_svg(code, 'Ticket "x"')
    assert 'aria-label="Ticket &#34;x&#34;"' in shown
    assert 'fill="#fff"' in shown  # dark on white, whatever the theme


def sheet(**changes: str) -> Sheet:
    name = changes.get("name", "A member")
    return Sheet(
        community="Guerdon",
        title=changes.get("title", "Trivia night"),
        lines=[("When", "Friday 20 March 2026, 19:00"), ("Where", "The hall"), ("For", name)],
        code=SIGNER.code(CONTENT),
        number=shown_number(CONTENT.number),
        note="Show this at the door.",
        language="en",
    )


def text_of(pdf: bytes) -> str:
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1
    return reader.pages[0].extract_text()


def test_the_printed_ticket_keeps_french_letters_and_typographic_signs():
    text = text_of(ticket_pdf(sheet(title="Soirée jeux à l’Île – cœur", name="Aïssatou N’Dæye")))
    assert "Soirée jeux à l’Île – cœur" in text
    assert "Aïssatou N’Dæye" in text
    assert shown_number(CONTENT.number) in text


def test_a_camera_reads_the_code_off_the_printed_ticket():
    """What the page fills with black is drawn as a printer would, at 150 dots an inch, and read back."""
    reader = pypdf.PdfReader(io.BytesIO(ticket_pdf(sheet())))
    [page] = reader.pages
    scale, height = 150 / 72, float(page.mediabox.height)
    paper = Image.new("L", (round(float(page.mediabox.width) * scale), round(height * scale)), 255)
    pen = ImageDraw.Draw(paper)
    for operands, operator in ContentStream(page.get_contents(), reader).operations:
        if operator == b"re":
            x, y, width, up = (float(each) for each in operands)
            edges = sorted(((height - y) * scale, (height - y - up) * scale))
            pen.rectangle((round(x * scale), round(edges[0]), round((x + width) * scale) - 1, round(edges[1]) - 1), 0)
    [read] = zxingcpp.read_barcodes(paper)
    assert SIGNER.read(read.text) == CONTENT


def test_the_printed_ticket_takes_any_name_and_any_length():
    text = text_of(ticket_pdf(sheet(name="Ŋaari Ɓah", title="Very long " * 60)))
    assert "Ŋaari Ɓah" in text
    assert "…" in text


@pytest.mark.parametrize(
    ("title", "fonts"), [("أمسية الشعر", True), ("ערב שירה", True), ("Soirée – cœur", False)], ids=["ar", "he", "fr"]
)
def test_letters_of_other_scripts_are_set_in_the_font_that_comes_along(title: str, fonts: bool):
    paper = pypdf.PdfReader(io.BytesIO(ticket_pdf(sheet(title=title))))
    page = paper.pages[0]
    assert any("DejaVu" in font["/BaseFont"] for font in page["/Resources"]["/Font"].values()) == fonts
    text = unicodedata.normalize("NFKC", page.extract_text())
    assert all(letter in text for letter in title), text
    assert not {"?", "□"} & set(text)
    assert len(ticket_pdf(sheet(title=title))) < 40_000  # letters that are used alone, not the whole font


def test_letters_that_no_font_has_become_their_likeness_or_a_box():
    letters = range(0x80)
    assert drawable("Zoë Ł Nguyễn", letters) == "Zoe □ Nguyen"
    assert drawable("山", letters) == "□"
    assert "□" in text_of(ticket_pdf(sheet(title="山 2026")))


def entry(**changes: object) -> CalendarEntry:
    given_values: dict[str, object] = {
        "event_id": UUID(int=7),
        "title": 'Quiz, "été"; \\\nBEGIN:VEVENT',
        "description": "Line one\nLine two, with commas; " + "é" * 200,
        "place": "The hall",
        "start": datetime(2026, 3, 28, 18, tzinfo=UTC),
        "end": datetime(2026, 3, 29, 18, tzinfo=UTC),
        "zone": "Europe/Paris",
        "sequence": 3,
        "changed_at": datetime(2026, 3, 1, tzinfo=UTC),
        "cancelled": False,
        "tentative": False,
        "url": "https://rewards.example.org/events/7",
    }
    return CalendarEntry(**{**given_values, **changes})  # type: ignore[arg-type]


def test_another_reader_understands_the_calendar():
    text = calendar([entry()], name="Guerdon", subscribed=False).decode()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    event = vobject.readOne(text).vevent
    assert event.uid.value == str(UUID(int=7))
    assert event.summary.value == 'Quiz, "été"; \\ BEGIN:VEVENT'
    assert event.description.value == entry().description
    # the clocks go forward in the night between
    assert event.dtstart.value.isoformat() == "2026-03-28T19:00:00+01:00"
    assert event.dtend.value.isoformat() == "2026-03-29T20:00:00+02:00"
    assert event.sequence.value == "3"
    assert event.status.value == "CONFIRMED"


def test_a_feed_keeps_uids_and_says_what_was_cancelled():
    moved = entry(start=datetime(2026, 3, 27, 18, tzinfo=UTC), sequence=4)
    called_off = entry(event_id=UUID(int=8), cancelled=True, zone="Africa/Dakar", description="")
    waiting = entry(event_id=UUID(int=9), tentative=True)
    read = vobject.readOne(calendar([moved, called_off, waiting], name="Été", subscribed=True).decode())
    found = {each.uid.value: (each.sequence.value, each.status.value) for each in read.vevent_list}
    assert found == {
        str(UUID(int=7)): ("4", "CONFIRMED"),
        str(UUID(int=8)): ("3", "CANCELLED"),
        str(UUID(int=9)): ("3", "TENTATIVE"),
    }
    assert read.contents["x-wr-calname"][0].value == "Été"
    assert vobject.readOne(calendar([], name="Empty", subscribed=True).decode()).contents.get("vevent") is None
