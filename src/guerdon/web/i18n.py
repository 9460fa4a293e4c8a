"""Languages: catalogues read from ``.po`` files at start, and the translator that a reader is served by.

English is the message id. Placeholders are ``{named}``, in pages and in errors alike, and are filled after the
translation: ``_("Good morning, {name}", name=…)``.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

from guerdon.core.errors import GuerdonError, told

LANGUAGES = {"en": "English", "fr": "Français"}
"""The languages that pages are written in, by code, each named in itself."""

SOURCE_LANGUAGE = "en"
LOCALE_COOKIE = "guerdon_locale"


def msgid(text: str) -> str:
    """Mark a text that is translated where it is shown, such as the title of a badge kept as data."""
    return text


@dataclass(frozen=True, slots=True)
class Translator:
    """Turns message ids into one language."""

    locale: str
    _catalogue: NullTranslations = field(default_factory=NullTranslations)

    def gettext(self, message: str, **params: Any) -> str:
        """The translation of ``message``, or itself where there is none, with its placeholders filled."""
        return fill(self._catalogue.gettext(message), params)

    def ngettext(self, singular: str, plural: str, number: int, **params: Any) -> str:
        """The form that ``number`` asks for; ``{number}`` is filled by itself."""
        return fill(self._catalogue.ngettext(singular, plural, number), {"number": number, **params})

    def translate_error(self, error: GuerdonError) -> tuple[str, str]:
        """Message and remedy of an error, in this language, with its parameters filled in.

        Parameters that are words themselves (``NotFoundError(what="contribution")``) are translated too.
        """
        params = {
            name: self._catalogue.gettext(value) if name in error.words and value and isinstance(value, str) else value
            for name, value in told(error.params, self._catalogue.gettext).items()
        }
        return self.gettext(error.message, **params), self.gettext(error.remedy, **params)


class _Gaps(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def fill(template: str, params: dict[str, Any]) -> str:
    """Fill the placeholders; one without a value stays as it is, because a sentence with a gap beats a crash.

    Without values nothing is a placeholder: what staff wrote may be looked up like a message, and hold any brace.
    """
    return template.format_map(_Gaps(params)) if params else template


class _Shared(NullTranslations):
    """What a package's own catalogue falls back on: all others, as they are when it is asked."""

    def __init__(self, latest: Mapping[str, NullTranslations], locale: str) -> None:
        super().__init__()
        self._latest, self._locale = latest, locale

    def gettext(self, message: str) -> str:
        return self._latest[self._locale].gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._latest[self._locale].ngettext(msgid1, msgid2, n)


class Catalogues:
    """All catalogues of the process; packages add theirs once, at start.

    One English word may have several translations: an event has a start, and so has a house. On a package's own pages
    its own catalogue is asked first. Elsewhere the one that was added last is, which falls back on those before it.
    """

    def __init__(self) -> None:
        self._latest: dict[str, NullTranslations] = {}
        self._own: dict[tuple[str, str], NullTranslations] = {}
        self._packages: set[str] = set()

    def add(self, package: str) -> None:
        """Read ``<package>/locale/<language>.po`` for every language; adding a package again changes nothing.

        Raises:
            babel.messages.pofile.PoFileError: for a catalogue that is malformed.
        """
        if package in self._packages:
            return
        for locale in LANGUAGES:
            file = files(package) / "locale" / f"{locale}.po"
            if file.is_file():
                compiled = io.BytesIO()
                write_mo(compiled, read_po(io.BytesIO(file.read_bytes()), locale=locale, abort_invalid=True))
                catalogue, own = (GNUTranslations(io.BytesIO(compiled.getvalue())) for _ in range(2))
                catalogue.add_fallback(self._latest.get(locale, NullTranslations()))
                own.add_fallback(_Shared(self._latest, locale))
                self._latest[locale], self._own[package, locale] = catalogue, own
        self._packages.add(package)

    def translator(self, locale: str, module: str = "") -> Translator:
        """The translator for a language; English where ``locale`` is not one of ours.

        Args:
            module: whose page it is for, by its dotted name; the catalogue of the package that it is in comes first.
        """
        language = supported(locale) or SOURCE_LANGUAGE
        package = module
        while package and (package, language) not in self._own:
            package = package.rpartition(".")[0]
        return Translator(
            language, self._own.get((package, language)) or self._latest.get(language, NullTranslations())
        )


_catalogues = Catalogues()


def add_catalogue(package: str) -> None:
    """Make the catalogues of a package known to every page: ``add_catalogue("guerdon.programs.credits")``."""
    _catalogues.add(package)


def translator(locale: str, module: str = "") -> Translator:
    """The translator for ``locale``, with the words of the package that ``module`` is in before all others'."""
    return _catalogues.translator(locale, module)


def supported(locale: str | None) -> str | None:
    """The language code that we have for ``locale`` (``fr-SN`` gives ``fr``), or None."""
    language = (locale or "").replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else None


def negotiate(request: Request) -> str:
    """The reader's language: their own setting, else this browser's choice, else Accept-Language, else the default."""
    principal = getattr(request.state, "principal", None)
    settings = getattr(request.app.state, "settings", None)
    return (
        supported(getattr(principal, "locale", None))
        or supported(request.cookies.get(LOCALE_COOKIE))
        or _accepted(request.headers.get("accept-language", ""))
        or supported(getattr(settings, "default_locale", None))
        or SOURCE_LANGUAGE
    )


def negotiate_region(request: Request) -> str:
    """The reader's language with the region of the operator's default, where that is of the same language."""
    language = negotiate(request)
    default = str(getattr(getattr(request.app.state, "settings", None), "default_locale", ""))
    return default if supported(default) == language else language


def _accepted(header: str) -> str | None:
    best, best_weight = None, 0.0
    for part in header.split(",")[:20]:
        tag, _, parameter = part.partition(";")
        language = supported(tag.strip())
        weight = _weight(parameter)
        if language and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    text = parameter.strip().removeprefix("q=")
    if not text:
        return 1.0
    try:
        return min(float(text), 1.0)
    except ValueError:
        return 0.0
