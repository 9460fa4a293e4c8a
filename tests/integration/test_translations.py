"""Everything that a reader can meet exists in every language, in the kernel and in every installed program."""

import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib.resources import files

import pytest
from fastapi import FastAPI

import guerdon.kernel
from guerdon import boot
from guerdon.kernel.engagement import explanation
from guerdon.kernel.engagement.schemas import RuleSeed
from guerdon.kernel.engagement.service import params
from guerdon.kernel.identity.models import User
from guerdon.web.extract import problems
from guerdon.web.i18n import LANGUAGES, SOURCE_LANGUAGE, add_catalogue, translator
from support.http_client import Client
from support.people import PASSWORD

KERNEL = sorted(
    module.name
    for module in pkgutil.walk_packages(guerdon.kernel.__path__, "guerdon.kernel.")
    if module.ispkg and (module.name.count(".") == 2 or (files(module.name) / "locale").is_dir())
)
PACKAGES = [*KERNEL, *(program.package for program in boot.programs())]


@pytest.mark.parametrize("locale", [locale for locale in LANGUAGES if locale != SOURCE_LANGUAGE])
@pytest.mark.parametrize("package", PACKAGES)
def test_every_text_is_translated(package: str, locale: str) -> None:
    assert problems([package], locale, catalogues=["guerdon.web"]) == []


@pytest.mark.parametrize("locale", [locale for locale in LANGUAGES if locale != SOURCE_LANGUAGE])
def test_what_programs_say_of_their_rules_is_translated(locale: str) -> None:
    for program in boot.programs():
        add_catalogue(program.package)
    notes = [rule.note for program in boot.programs() for rule in program.rules]
    assert len(notes) >= 5
    assert [note for note in notes if translator(locale).gettext(note) == note] == []


def test_what_pages_make_of_rules_names_is_said_and_translated() -> None:
    """Titles come of codes, and labels and formulas of names in expressions: no text of theirs stands in the code."""
    for program in boot.programs():
        add_catalogue(program.package)
        made = {word for rule in program.rules for word in _made_of(rule)}
        assert made <= {word for rule in program.rules for word in rule.words}
        alike = {"points"}
        assert {word for word in made if translator("fr").gettext(word) == word} <= alike


def test_what_pages_make_of_names_of_properties_is_said_and_translated() -> None:
    for program in boot.programs():
        add_catalogue(program.package, program.name)
        french = translator("fr").of(program.name)
        for kind in program.activity_kinds:
            assert {explanation.words(name).capitalize() for name in kind.properties} == set(kind.words), kind.name
            assert [word for word in kind.words if french.gettext(word) == word and word != "Points"] == []


def test_on_its_own_pages_a_package_s_words_come_first_and_in_the_menu_those_of_the_menu(
    whole_app: FastAPI, person: Callable[..., User]
) -> None:
    person("awa")
    reader = Client(whole_app, page=True)
    reader.submit("/sign-in", email="awa@example.org", password=PASSWORD)
    reader.submit("/preferences/language", on="/", language="fr")
    addresses, papers = reader.get("/account/addresses").text, reader.get("/account/identity").text
    assert re.search(r'<option value="primary"[^>]*>\s*Domicile', addresses)
    assert re.search(r'href="/"[^>]*>(<svg.*?</svg>)?\s*(<span[^>]*>)?Accueil', addresses, re.DOTALL)
    assert re.search(r"<label[^>]*>\s*Numéro", papers)
    assert "Nombre" not in papers


def _made_of(rule: RuleSeed) -> Iterator[str]:
    yield explanation.words(rule.code).capitalize()
    yield from map(explanation.words, explanation.reads(rule.condition, rule.amount, *rule.multipliers))
    for _, names, _ in params.flat(rule.params):
        yield from map(explanation.words, names)


def test_the_packages_are_found() -> None:
    assert {"guerdon.kernel.home", "guerdon.kernel.identity", "guerdon.kernel.engagement"} <= set(PACKAGES)
