"""Languages: catalogues read from ``.po`` files at start, and the translator that a reader is served by.

English is the message id. Placeholders are ``{named}``, in pages and in errors alike, and are filled after the
translation: ``_("Good morning, {name}", name=…)``.
"""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import Any

from babel.messages.catalog import Catalog
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
    _own: Callable[[str, str], NullTranslations | None] = field(default=lambda _module, _locale: None)

    def of(self, module: str) -> "Translator":
        """The same language with the words of another package before all others'; this one where it has none."""
        own = self._own(module, self.locale)
        return Translator(self.locale, own, self._own) if own else self

    def gettext(self, message: str, **params: Any) -> str:
        """The translation of ``message``, or itself where there is none, with its placeholders filled."""
        return fill(self._catalogue.gettext(message), params)

    def ngettext(self, singular: str, plural: str, number: int, **params: Any) -> str:
        """The form that ``number`` asks for; ``{number}`` is filled by itself."""
        return fill(self._catalogue.ngettext(singular, plural, number), {"number": number, **params})

    def translate_error(self, error: GuerdonError) -> tuple[str, str]:
        """Message and remedy of an error, in this language, with its parameters filled in.

        The words are those of the package that the error comes from, wherever it is shown.
        Parameters that are words themselves (``NotFoundError(what="contribution")``) are translated too.
        """
        words = self.of(type(error).__module__)
        params = {
            name: words._catalogue.gettext(value) if name in error.words and value and isinstance(value, str) else value
            for name, value in told(error.params, words._catalogue.gettext).items()
        }
        return words.gettext(error.message, **params), words.gettext(error.remedy, **params)


class _Gaps(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def fill(template: str, params: dict[str, Any]) -> str:
    """Fill the placeholders; one without a value stays as it is, because a sentence with a gap beats a crash.

    Without values nothing is a placeholder: what staff wrote may be looked up like a message, and hold any brace.
    """
    return template.format_map(_Gaps(params)) if params else template


_SET_OFF = re.compile(r" (?=[:;!?»])|(?<=«) ")


def _kept_together(catalogue: Catalog) -> Catalog:
    """Keep the signs that French sets off by a space from beginning a line; catalogues have ordinary spaces there."""
    for message in catalogue:
        if isinstance(message.string, str):
            message.string = _SET_OFF.sub("\u00a0", message.string)
        elif message.string:
            message.string = tuple(_SET_OFF.sub("\u00a0", form) for form in message.string)
    return catalogue


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

    One English word may have several translations: an event has a start, and so has a house. For a package's own pages,
    mails and errors its own catalogue is asked first, and the one that was added last where no package is named; it
    falls back on those before it.
    """

    def __init__(self) -> None:
        self._latest: dict[str, NullTranslations] = {}
        self._own: dict[tuple[str, str], NullTranslations] = {}
        self._packages: set[str] = set()
        self._programs: dict[str, str] = {}

    def add(self, package: str, program: str = "") -> None:
        """Read ``<package>/locale/<language>.po`` for every language; adding a package again changes nothing.

        Args:
            program: the name that the package's words are asked for by too, where only data names the program.

        Raises:
            babel.messages.pofile.PoFileError: for a catalogue that is malformed.
        """
        if program:
            self._programs[program] = package
        if package in self._packages:
            return
        for locale in LANGUAGES:
            file = files(package) / "locale" / f"{locale}.po"
            if file.is_file():
                compiled = io.BytesIO()
                read = read_po(io.BytesIO(file.read_bytes()), locale=locale, abort_invalid=True)
                write_mo(compiled, _kept_together(read) if locale == "fr" else read)
                catalogue, own = (GNUTranslations(io.BytesIO(compiled.getvalue())) for _ in range(2))
                catalogue.add_fallback(self._latest.get(locale, NullTranslations()))
                own.add_fallback(_Shared(self._latest, locale))
                self._latest[locale], self._own[package, locale] = catalogue, own
        self._packages.add(package)

    def translator(self, locale: str, module: str = "") -> Translator:
        """The translator for a language; English where ``locale`` is not one of ours.

        Args:
            module: who writes, by dotted name or by the name of a program; the catalogue of the package that it is in
                comes first.
        """
        language = supported(locale) or SOURCE_LANGUAGE
        shared = Translator(language, self._latest.get(language, NullTranslations()), self._own_of)
        return shared.of(module)

    def _own_of(self, module: str, locale: str) -> NullTranslations | None:
        package = self._programs.get(module, module)
        while package and (package, locale) not in self._own:
            package = package.rpartition(".")[0]
        return self._own.get((package, locale))


_catalogues = Catalogues()


def add_catalogue(package: str, program: str = "") -> None:
    """Make the catalogues of a package known: ``add_catalogue("guerdon.programs.credits", "credits")``."""
    _catalogues.add(package, program)


def translator(locale: str, module: str = "") -> Translator:
    """The translator for ``locale``, with the words of the package, or program, of ``module`` before all others'."""
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
