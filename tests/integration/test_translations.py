"""Everything that a reader can meet exists in every language, in the kernel and in every installed program."""

import pkgutil
from importlib.resources import files

import pytest

import guerdon.kernel
from guerdon import boot
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


def test_the_packages_are_found() -> None:
    assert {"guerdon.kernel.home", "guerdon.kernel.identity", "guerdon.kernel.engagement"} <= set(PACKAGES)
