"""Languages: which one, what it says, and that nothing lacks a translation."""

import sys

import pytest
from starlette.datastructures import State
from starlette.requests import Request

from guerdon.core.errors import GuerdonError, NotFoundError, PermissionDeniedError
from guerdon.programs.credits.errors import CurrencyUnknownError
from guerdon.web import extract, i18n
from support.pages import Member


class App:
    state = State({"settings": type("S", (), {"default_locale": "fr"})()})


def asked(accept: str = "", cookie: str = "", reader: Member | None = None) -> str:
    headers = [(b"accept-language", accept.encode()), (b"cookie", f"{i18n.LOCALE_COOKIE}={cookie}".encode())]
    request = Request({"type": "http", "headers": headers, "app": App(), "state": {"principal": reader}})
    return i18n.negotiate(request)


def test_the_readers_own_choice_comes_first_then_the_browsers_then_what_it_asks_for():
    assert asked("fr", "fr", Member(locale="en")) == "en"
    assert asked("fr", "en") == "en"
    assert asked("en") == "en"
    assert asked() == "fr"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de, fr-SN;q=0.8, en;q=0.9", "en"),
        ("fr-CH, en;q=0.9", "fr"),
        ("en;q=0, de", "fr"),
        ("en;q=broken", "fr"),
        ("EN-us", "en"),
        (";;;,,,", "fr"),
    ],
)
def test_accept_language(header, expected):
    assert asked(header) == expected


def test_an_unknown_choice_is_passed_over():
    assert asked("en", "xx", Member(locale="de-DE")) == "en"


def test_plurals_and_placeholders():
    i18n.add_catalogue("guerdon.web")
    french = i18n.translator("fr-SN")
    forms = ("{number} contribution", "{number} contributions")
    assert [french.ngettext(*forms, n) for n in (0, 1, 2)] == [
        "0 contribution",
        "1 contribution",
        "2 contributions",
    ]
    assert i18n.translator("en").ngettext(*forms, 0) == "0 contributions"
    assert french.gettext("Error {status}", status=404) == "Erreur 404"
    assert french.gettext("Error {status}") == "Erreur {status}"
    assert french.gettext("Unknown {thing}", thing="{x}") == "Unknown {x}"


@pytest.mark.parametrize("text", ["Best {0} of {", "}{", "{x!z}", "{x:>99999999999}", "{x.y} {{z}}", "{name}"])
def test_what_staff_wrote_is_shown_as_it_is(text):
    """Pages look names and reasons up like messages, because the first ones of a program are messages."""
    assert i18n.translator("fr").gettext(text) == i18n.translator("en").gettext(text) == text


def test_no_line_of_french_begins_with_a_colon():
    i18n.add_catalogue("guerdon.programs.credits", "credits")
    words = i18n.translator("fr", "guerdon.programs.credits")
    assert words.gettext("What was earned, by month and of all time:").endswith("toujours\u00a0:")
    assert i18n.translator("en").gettext("Really ? Yes: « no »") == "Really ? Yes: « no »"


def test_errors_speak_the_readers_language():
    i18n.add_catalogue("guerdon.web")
    french = i18n.translator("fr")
    message, remedy = french.translate_error(PermissionDeniedError(permission="credits:review"))
    assert message == "Vous n’êtes pas autorisé à faire cela."
    assert "credits:review" in remedy
    assert french.translate_error(NotFoundError(what="Photos"))[0] == "Introuvable\u00a0: Photos."
    assert i18n.translator("en").translate_error(GuerdonError())[0] == GuerdonError.message


def test_french_is_complete():
    assert extract.problems(["guerdon.core", "guerdon.http", "guerdon.web"], "fr") == []


@pytest.fixture
def package(tmp_path, monkeypatch):
    home = tmp_path / "sample_pages"
    (home / "templates").mkdir(parents=True)
    (home / "__init__.py").touch()
    (home / "texts.py").write_text(
        "class LostError(Exception):\n    message = 'Lost {thing}.'\n    remedy = '{only}'\n"
        "flash(request, 'Saved.')\nNavItem('Shop', '/shop')\nraise NotFoundError(what='parcel')\n"
    )
    (home / "templates" / "a.html").write_text("{% macro m() %}{{ _('Hi {name}', name=1) }}{% endmacro %}")
    (home / "templates" / "b.html").write_text("{{ ngettext('{number} day', '{number} days', 3) }}")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield home
    sys.modules.pop("sample_pages", None)


def test_every_kind_of_text_is_found(package):
    found = extract.extract(["sample_pages"])
    days = ("{number} day", "{number} days")
    assert set(found) == {"Lost {thing}.", "Saved.", "Shop", "parcel", "Hi {name}", days}


def test_missing_wrong_and_forgotten_translations_are_named(package):
    assert len(extract.problems(["sample_pages"], "fr")) == 6
    extract.update("sample_pages")
    catalogue = package / "locale" / "fr.po"
    text = catalogue.read_text()
    assert len(extract.problems(["sample_pages"], "fr")) == 6
    text = text.replace('msgid "Saved."\nmsgstr ""', 'msgid "Saved."\nmsgstr "Enregistré."')
    text = text.replace('msgid "Hi {name}"\nmsgstr ""', 'msgid "Hi {name}"\nmsgstr "Salut {nom}"')
    catalogue.write_text(text + '\nmsgid "Gone"\nmsgstr "Parti"\n')
    faults = "\n".join(extract.problems(["sample_pages"], "fr"))
    assert "Saved." not in faults
    assert "'Hi {name}' has other placeholders" in faults
    assert "nothing says 'Gone'" in faults
    extract.update("sample_pages")
    assert "Enregistré." in catalogue.read_text()
    assert "Parti" not in catalogue.read_text()


def test_on_its_own_pages_a_packages_words_come_first():
    for name in ("guerdon.programs.events", "guerdon.web", "guerdon.kernel.ledger"):
        i18n.add_catalogue(name)
    said = {
        module: i18n.translator("fr", module).gettext("Start")
        for module in ("guerdon.programs.events.pages.browsing", "guerdon.web.routes")
    }
    assert said == {"guerdon.programs.events.pages.browsing": "Début", "guerdon.web.routes": "Accueil"}
    assert i18n.translator("fr", "guerdon.web.routes").gettext("Statement") == "Relevé"  # the ledger's word
    assert i18n.translator("en", "guerdon.programs.events.pages").gettext("Start") == "Start"
    assert i18n.translator("fr", "nowhere.at.all").gettext("Error {status}", status=1) == "Erreur 1"


def test_a_programs_words_are_found_by_its_name_where_only_data_names_it():
    i18n.add_catalogue("guerdon.web")
    i18n.add_catalogue("guerdon.programs.events", "events")
    french = i18n.translator("fr", "guerdon.web.routes")
    assert french.of("events").gettext("Start") == "Début"
    assert french.of("nowhere").gettext("Start") == "Accueil"


def test_an_error_is_in_the_words_of_the_package_that_it_comes_from():
    for name in ("guerdon.programs.events", "guerdon.programs.credits"):
        i18n.add_catalogue(name)
    on_a_page_of_events = i18n.translator("fr", "guerdon.programs.events.pages")
    assert (
        on_a_page_of_events.translate_error(CurrencyUnknownError(currency="XYZ"))[0]
        == "La devise «\u00a0XYZ\u00a0» n’existe pas."
    )
