"""Everything that a reader can meet exists in every language, in the kernel and in every installed program."""

import pkgutil
from collections.abc import Iterator
from importlib.resources import files

import pytest

import guerdon.kernel
from guerdon import boot
from guerdon.kernel.engagement import explanation
from guerdon.kernel.engagement.schemas import RuleSeed
from guerdon.kernel.engagement.service import params
from guerdon.web.extract import problems
from guerdon.web.i18n import LANGUAGES, SOURCE_LANGUAGE, add_catalogue, translator

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


def _made_of(rule: RuleSeed) -> Iterator[str]:
    yield explanation.words(rule.code).capitalize()
    yield from map(explanation.words, explanation.reads(rule.condition, rule.amount, *rule.multipliers))
    for _, names, _ in params.flat(rule.params):
        yield from map(explanation.words, names)


def test_the_packages_are_found() -> None:
    assert {"guerdon.kernel.home", "guerdon.kernel.identity", "guerdon.kernel.engagement"} <= set(PACKAGES)
