"""Numbers as people type them."""

import pytest

from guerdon.web.typed import plain_number


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("12.5", "12.5"),
        ("12,5", "12.5"),
        (" 1 250,50 ", "1250.50"),
        ("1\u202f250,5", "1250.5"),
        ("1\u00a0250", "1250"),
        ("\u22122,50", "-2.50"),
        ("0,125", "0.125"),
        ("655,957", "655.957"),
        ("1,250.50", "1,250.50"),
        ("1,250,000", "1,250,000"),
    ],
)
def test_what_is_made_of_them(typed: str, read: str) -> None:
    assert plain_number(typed) == plain_number(typed, "fr") == read


@pytest.mark.parametrize("typed", ["1,250", "655,957", "-12,000", "+1,000"])
def test_a_comma_that_may_part_thousands_is_nobody_s_guess(typed: str) -> None:
    assert plain_number(typed, "en") == typed


@pytest.mark.parametrize(("typed", "read"), [("0,125", "0.125"), ("1,25", "1.25"), ("1250,125", "1250.125")])
def test_one_that_cannot_is_read_in_english_too(typed: str, read: str) -> None:
    assert plain_number(typed, "en") == read
