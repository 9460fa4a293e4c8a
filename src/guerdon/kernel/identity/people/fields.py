"""What is accepted as a birth date, an address, a country, and when somebody is an adult."""

import unicodedata
from datetime import date, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global

from guerdon.core.clock import Clock, local_date
from guerdon.kernel.identity.people.errors import AddressFieldError, BirthDateInvalidError

AGE_OF_MAJORITY = 18
AGE_MAX = 130
SENEGAL = "SEN"
REGIONS = {
    SENEGAL: (
        "Dakar",
        "Diourbel",
        "Fatick",
        "Kaffrine",
        "Kaolack",
        "Kédougou",
        "Kolda",
        "Louga",
        "Matam",
        "Saint-Louis",
        "Sédhiou",
        "Tambacounda",
        "Thiès",
        "Ziguinchor",
    )
}
"""The regions that are offered, by country; elsewhere a region is free text."""

# Codes of CLDR that are no country of ISO 3166, or one that is no more.
_NO_COUNTRIES = frozenset(
    "ASC BUR CPT DDR DGA FXX QUU TAA TMP XAA XBB XKK YMD ZAR ZZZ".split()  # noqa: SIM905 - easier to read
)


@cache
def _alpha_2() -> dict[str, str]:
    """ISO 3166 alpha-3 to alpha-2, of the countries that Babel can name."""
    named = Locale("en").territories
    return {
        code: targets[0]
        for code, targets in get_global("territory_aliases").items()
        if len(code) == 3
        and code.isalpha()
        and code not in _NO_COUNTRIES
        and len(targets) == 1
        and len(targets[0]) == 2
        and targets[0] in named
    }


@cache
def countries(language: str) -> tuple[tuple[str, str], ...]:
    """Every country as (alpha-3 code, name), by name in a language."""
    names = Locale(language).territories
    found = [(code, names.get(short, code)) for code, short in _alpha_2().items()]
    return tuple(sorted(found, key=lambda each: _plain(each[1])))


def is_country(code: str) -> bool:
    """Whether there is a country of this alpha-3 code."""
    return code in _alpha_2()


def _plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))


def came_of_age_on(born: date) -> date:
    """The 18th birthday; who is born on 29 February comes of age on 1 March."""
    try:
        return born.replace(year=born.year + AGE_OF_MAJORITY)
    except ValueError:
        return date(born.year + AGE_OF_MAJORITY, 3, 1)


def today_in(clock: Clock, zone: str) -> date:
    """The day that it is in somebody's zone."""
    return local_date(clock.now(), ZoneInfo(zone))


def is_minor(born: date | None, today: date) -> bool:
    """Whether somebody is known to be below 18; nobody whose birth date is unknown is."""
    return born is not None and today < came_of_age_on(born)


def clean_birth_date(value: date | str, today: date, *, field: str = "date_of_birth") -> date:
    """A birth date of somebody who can be alive.

    Raises:
        BirthDateInvalidError: it is not in the past, too long ago, or no date.
    """
    try:
        born = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as exc:
        raise BirthDateInvalidError(field=field, problem="") from exc
    # The column is held against UTC, where it may still be yesterday.
    if not today - timedelta(days=AGE_MAX * 366) < born < today - timedelta(days=1):
        raise BirthDateInvalidError(field=field, problem="")
    return born


def clean_part(value: str | None, *, field: str, length_max: int) -> str | None:
    """A line of an address, with single spaces; None for an empty one.

    Raises:
        AddressFieldError: too long, or with control characters.
    """
    lines = [" ".join(line.split()) for line in unicodedata.normalize("NFC", value or "").splitlines()]
    text = "\n".join(line for line in lines if line)
    if len(text) > length_max or any(unicodedata.category(sign) in {"Cc", "Cs", "Co"} for sign in text if sign != "\n"):
        raise AddressFieldError(field=field, problem="")
    return text or None


def clean_country(value: str, *, field: str = "country") -> str:
    """A country by its three letters.

    Raises:
        AddressFieldError: there is none.
    """
    if not is_country(value):
        raise AddressFieldError(field=field, problem="")
    return value


def clean_region(value: str | None, country: str, *, field: str = "region") -> str | None:
    """A region: one of the list where there is a list, written as it stands there; else free text.

    Raises:
        AddressFieldError: the country has no such region.
    """
    text = clean_part(value, field=field, length_max=100)
    if text is None or country not in REGIONS:
        return text
    for region in REGIONS[country]:
        if _plain(region) == _plain(text):
            return region
    raise AddressFieldError(field=field, problem="")
