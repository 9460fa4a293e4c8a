"""Texts of unknown encoding."""

import codecs

import pytest

from guerdon.core.encodings import ENCODINGS, decode

FRENCH = "type;member_email;description\nitem_donation;awa@example.org;Vélo d'enfant, à réparer\n"


@pytest.mark.parametrize(
    ("content", "encoding", "sure"),
    [
        (FRENCH.encode(), "utf-8", True),
        (codecs.BOM_UTF8 + FRENCH.encode(), "utf-8", True),
        (b"type,member_email\n", "utf-8", True),
        (FRENCH.encode("utf-16"), "utf-16", True),
        (codecs.BOM_UTF16_BE + FRENCH.encode("utf-16-be"), "utf-16", True),
        (FRENCH.encode("cp1252"), "windows-1252", False),
        ("type,member_email\nÉcole,Vélo\n".encode("cp1252"), "windows-1252", False),
        (FRENCH.encode("mac_roman"), "macintosh", False),
    ],
)
def test_what_is_recognised(content: bytes, encoding: str, sure: bool) -> None:
    decoded = decode(content)
    assert (decoded.encoding, decoded.sure) == (encoding, sure)
    assert decoded.text in (FRENCH, "type,member_email\n", "type,member_email\nÉcole,Vélo\n")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_named_is_read_so(encoding: str) -> None:
    python = {"windows-1252": "cp1252", "macintosh": "mac_roman", "ibm850": "cp850"}.get(encoding, encoding)
    decoded = decode(FRENCH.encode(python), encoding)
    assert (decoded.text, decoded.encoding, decoded.sure) == (FRENCH, encoding, True)


def test_wide_signs_without_their_mark_are_as_windows_writes_them() -> None:
    assert decode(FRENCH.encode("utf-16-le"), "utf-16").text == FRENCH


@pytest.mark.parametrize(
    ("content", "encoding"),
    [(b"\xe9", "utf-8"), (b"\x81", "windows-1252"), (b"\xff\xfe\x00", "utf-16"), (codecs.BOM_UTF16_LE + b"x", None)],
)
def test_what_is_not_of_an_encoding_is_refused(content: bytes, encoding: str | None) -> None:
    with pytest.raises(ValueError, match="can't decode"):
        decode(content, encoding)
