"""What a key may hold: nothing that two keys could differ by without anybody seeing it. When a text shows nothing."""

import pytest

from guerdon.core.texts import first_unseen, is_blank, is_legible, one_line


@pytest.mark.parametrize(
    "text", ["", "a", "import-2026-03/4711", "two words", "Öl—№7", "注文①", "طلب", "⛺", "e\u0301"]
)
def test_what_can_be_seen(text: str) -> None:
    assert is_legible(text)


@pytest.mark.parametrize(
    "sign",
    [
        *map(chr, range(0x200B, 0x2010)),  # zero-width, left-to-right, right-to-left
        *map(chr, range(0x202A, 0x202F)),  # embeddings and overrides
        *map(chr, range(0x2060, 0x2070)),  # joiners, isolates
        *("\ufeff", "\u061c", "\u00ad", "\u180e", "\u034f", "\u115f", "\u3164", "\uffa0", "\u2800", "\ufe0f"),
        *("\U000e0041", "\U000e0100", "\ud800", "\x00", "\n", "\t", "\u00a0", "\u2003", "\u3000"),
    ],
)
def test_what_cannot(sign: str) -> None:
    assert not is_legible(f"a{sign}b")


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b", "\u00a0\u2003", " \u2800\u3164\ufe0f ", "\u202e\u2066", "\u200b\u200d", "\x07\n"]
)
def test_what_shows_nothing(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(f"{text}a{text}")


@pytest.mark.parametrize("text", ["x", "👩\u200d👧", "❤\ufe0f", "می\u200cخواهم"])
def test_what_shows_something(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [(" a\r\nb\t", "a b"), ("a\u2028\u0085b", "a b"), ("soir\u202f!", "soir\u202f!"), ("👩\u200d🔧", "👩\u200d🔧")],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ab\u200bc", (3, "U+200B ZERO WIDTH SPACE")),
        ("\ufeffa\u200b", (1, "U+FEFF ZERO WIDTH NO-BREAK SPACE")),
        ("a\n", (2, "U+000A")),
        ("a\u00a0", (2, "U+00A0 NO-BREAK SPACE")),
    ],
)
def test_which_it_is(text: str, told: tuple[int, str]) -> None:
    assert first_unseen(text) == told
