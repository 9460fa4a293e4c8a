"""What is accepted as a name, an e-mail address, a user name, a language, a time zone."""

import re
import unicodedata
from functools import cache
from zoneinfo import available_timezones

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from guerdon.kernel.identity.errors import (
    EmailInvalidError,
    LocaleUnknownError,
    NameInvalidError,
    PhoneInvalidError,
    TimeZoneUnknownError,
    UsernameInvalidError,
)
from guerdon.web.i18n import supported

NAME_MAX = 120
EMAIL_MAX = 254
_USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,32}", re.ASCII)


def clean_email(value: str, *, field: str = "email") -> str:
    """An address in the form in which it is kept: NFC, host in lower case; the upper case of its owner's name stays.

    Raises:
        EmailInvalidError: it is none.
    """
    try:
        checked = validate_email(value.strip()[: EMAIL_MAX + 1], check_deliverability=False, test_environment=True)
    except EmailNotValidError as exc:
        raise EmailInvalidError(field=field, problem="") from exc
    return checked.normalized


def clean_phone(value: str, region: str, *, field: str = "phone") -> str:
    """A telephone number in E.164, such as +221771234567.

    Args:
        region: the country (ISO 3166) of a number without a country code.

    Raises:
        PhoneInvalidError: there can be no such number.
    """
    try:
        number = phonenumbers.parse(value[:40], region)
    except phonenumbers.NumberParseException as exc:
        raise PhoneInvalidError(field=field, problem="") from exc
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise PhoneInvalidError(field=field, problem="")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country_of(phone: str) -> str | None:
    """The country (ISO 3166) of a number in E.164, where it belongs to one."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(phone, None))
    return region if region and len(region) == 2 and region.isalpha() else None


def clean_name(value: str, *, field: str = "name") -> str:
    """A person's name with single spaces.

    Raises:
        NameInvalidError: empty, too long, or with control characters.
    """
    name = " ".join(unicodedata.normalize("NFC", value).split())
    if not 0 < len(name) <= NAME_MAX or any(unicodedata.category(sign) in {"Cc", "Cs", "Co"} for sign in name):
        raise NameInvalidError(field=field, problem="")
    return name


def clean_username(value: str, *, field: str = "username") -> str:
    """A user name.

    Raises:
        UsernameInvalidError: it is none.
    """
    if not _USERNAME.fullmatch(value):
        raise UsernameInvalidError(field=field, problem="")
    return value


def clean_locale(value: str, *, field: str = "locale") -> str:
    """A language tag whose language we have.

    Raises:
        LocaleUnknownError: we have not.
    """
    if not re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", value, re.ASCII) or supported(value) is None:
        raise LocaleUnknownError(field=field, problem="")
    return value


@cache
def time_zones() -> tuple[str, ...]:
    """Every IANA zone that a person can choose, in order."""
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC"))


def clean_time_zone(value: str, *, field: str = "time_zone") -> str:
    """An IANA zone.

    Raises:
        TimeZoneUnknownError: there is none of that name.
    """
    if value not in time_zones():
        raise TimeZoneUnknownError(field=field, problem="")
    return value
