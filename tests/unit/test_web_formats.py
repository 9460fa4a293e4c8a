"""Amounts, dates and durations as readers of either language write them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from guerdon.core.money import AMOUNT_MINOR_MAX, Unit, UnitKind
from guerdon.web import formats
from support.pages import NOW, reading

CREDIT = Unit("CREDIT", 2, UnitKind.CREDITS, "credits")
XOF = Unit("XOF", 0, UnitKind.FIAT)
EUR = Unit("EUR", 2, UnitKind.FIAT)
TOKEN = Unit("KONTRIB", 9, UnitKind.TOKEN)


@pytest.mark.parametrize(
    ("locale", "amount_minor", "options", "expected"),
    [
        ("en", 123450, {}, "1,234.50"),
        ("fr", 123450, {}, "1\u202f234,50"),
        ("en", -5, {}, "−0.05"),
        ("en", 5, {"signed": True}, "+0.05"),
        ("en", 0, {"signed": True}, "0.00"),
        ("en", 1200, {"trim": True}, "12"),
        ("en", 1250, {"trim": True}, "12.5"),
    ],
)
def test_amounts_keep_every_decimal_and_follow_the_language(locale, amount_minor, options, expected):
    with reading(locale):
        assert formats.amount(amount_minor, CREDIT, **options) == expected


def test_the_largest_amount_loses_no_digit():
    with reading():
        assert formats.amount(AMOUNT_MINOR_MAX, TOKEN) == "9,223,372,036.854775807"
        assert formats.amount(AMOUNT_MINOR_MAX, 0) == "9,223,372,036,854,775,807"


def test_a_value_names_its_unit():
    with reading():
        assert formats.value(1250, CREDIT) == "12.50\u00a0credits"
        assert formats.value(5, TOKEN) == "0.000000005\u00a0KONTRIB"
        assert formats.value(-1250, EUR) == "−€12.50"
    with reading("fr"):
        assert formats.value(1250, CREDIT) == "12,50\u00a0crédits"
        assert formats.value(15000, XOF) == "15\u202f000\u00a0F\u202fCFA"
        assert formats.value(1250, EUR, signed=True) == "+12,50\u00a0€"


def test_a_moment_is_shown_on_the_readers_clock():
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    with reading(zone="Asia/Tokyo"):
        assert formats.format_date(moment) == "Mar 2, 2026"
        assert formats.format_datetime(moment) == "Mar 2, 2026, 8:30\u202fAM"
    with reading("fr", "Africa/Dakar"):
        assert formats.format_date(moment, "long") == "1 mars 2026"
        assert formats.format_datetime(moment).endswith("23:30")


def test_a_calendar_day_does_not_move_with_the_zone():
    with reading(zone="Asia/Tokyo"):
        assert formats.format_date(date(2026, 3, 1)) == "Mar 1, 2026"


def test_a_moment_without_zone_is_refused():
    with reading(), pytest.raises(ValueError, match="time zone"):
        formats.format_datetime(datetime(2026, 3, 1))  # noqa: DTZ001 - that is the mistake


def test_relative_time_in_both_directions():
    with reading():
        assert formats.relative(NOW - timedelta(hours=3)) == "3 hours ago"
        assert formats.relative(NOW + timedelta(days=2)) == "in 2 days"
    with reading("fr"):
        assert formats.relative(NOW - timedelta(hours=3)) == "il y a 3 heures"
        assert 'datetime="2026-03-14T09:00:00+00:00"' in formats.ago(NOW - timedelta(hours=3))


@pytest.mark.parametrize(
    ("length", "expected"),
    [(9000, "2 hr, 30 min"), (timedelta(days=1, hours=2, minutes=3), "1 day, 2 hr"), (0, "0 min"), (59, "59 sec")],
)
def test_durations_name_their_two_largest_parts(length, expected):
    with reading():
        assert formats.duration(length) == expected


def test_shares_lists_and_initials():
    with reading("fr"):
        assert formats.percent(0.125, 1) == "12,5\u00a0%"
        assert formats.listing(["a", "b", "c"]) == "a, b et c"
    with reading():
        assert formats.percent(0.5) == "50%"
    assert formats.initials("Awa Marie Ndiaye") == "AN"
    assert formats.initials("élise") == "É"
    assert formats.initials("  ") == "?"
