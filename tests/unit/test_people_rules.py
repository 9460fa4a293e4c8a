"""Ages, countries and regions."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.core.clock import FixedClock
from guerdon.kernel.identity.people.errors import AddressFieldError, BirthDateInvalidError
from guerdon.kernel.identity.people.fields import (
    came_of_age_on,
    clean_birth_date,
    clean_region,
    countries,
    is_country,
    is_minor,
    today_in,
)

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("born", "adult"),
    [("2008-03-02", "2026-03-02"), ("2008-02-29", "2026-03-01"), ("2004-02-29", "2022-03-01")],
)
def test_one_comes_of_age_on_the_18th_birthday(born: str, adult: str) -> None:
    day = date.fromisoformat(adult)
    assert came_of_age_on(date.fromisoformat(born)) == day
    assert is_minor(date.fromisoformat(born), day - timedelta(days=1))
    assert not is_minor(date.fromisoformat(born), day)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_everybody_comes_of_age_once(born: date) -> None:
    adult = came_of_age_on(born)
    assert adult.year == born.year + 18
    assert is_minor(born, adult - timedelta(days=1)) is True
    assert is_minor(born, adult) is False


def test_nobody_of_unknown_age_is_a_minor() -> None:
    assert is_minor(None, TODAY) is False


@pytest.mark.parametrize("value", ["2026-03-02", "2026-03-01", "2999-01-01", "1880-01-01", "31/07/1990", ""])
def test_a_birth_date_that_nobody_has_is_refused(value: str) -> None:
    with pytest.raises(BirthDateInvalidError):
        clean_birth_date(value, TODAY)


def test_today_depends_on_the_zone() -> None:
    clock = FixedClock(datetime(2026, 3, 2, 22, 0, tzinfo=UTC))
    assert today_in(clock, "Asia/Tokyo") == date(2026, 3, 3)
    assert today_in(clock, "Africa/Dakar") == TODAY


def test_countries_are_those_of_iso_3166() -> None:
    codes = {code for code, _ in countries("fr")}
    assert len(codes) == 249
    assert {"SEN", "FRA", "USA", "CIV", "SSD"} <= codes
    assert not codes & {"XKK", "DDR", "ZZZ", "XXX", "ASC"}
    assert dict(countries("fr"))["SEN"] == "Sénégal"
    assert not is_country("sen")


@pytest.mark.parametrize(("given_as", "kept"), [("thies", "Thiès"), ("KÉDOUGOU", "Kédougou"), ("", None)])
def test_a_region_is_written_as_it_is_known(given_as: str, kept: str | None) -> None:
    assert clean_region(given_as, "SEN") == kept


def test_a_region_of_elsewhere_is_free_text_but_senegals_are_known() -> None:
    assert clean_region("Bretagne", "FRA") == "Bretagne"
    with pytest.raises(AddressFieldError):
        clean_region("Bretagne", "SEN")
