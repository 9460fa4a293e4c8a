"""What each package knows of a person: told for a copy, taken away when they leave.

Packages at the bottom of the kernel cannot know those above them, and the kernel names no program. So each package that
keeps something of a person *registers* its part, in the composition root, and whoever makes copies or erases asks all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import simplejson
from pydantic_core import to_jsonable_python
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock


@dataclass(frozen=True, slots=True)
class PersonalFile:
    """One file of a copy: its path inside the package's folder, and what it holds."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PersonalData:
    """The part of one package.

    Attributes:
        name: of the folder in the copy; the package's own.
        export: every file about a person, uploads in the form in which they are kept.
        erase: takes away what identifies the person and need not stay; runs in the transaction that erases the account.
        leave: gives up what others wait for; runs in the transaction that closes the account, which erasing follows.
    """

    name: str
    export: Callable[[Session, Clock, UUID], Iterable[PersonalFile]]
    erase: Callable[[Session, Clock, UUID], None] | None = None
    leave: Callable[[Session, Clock, UUID], None] | None = None


_parts: dict[str, PersonalData] = {}


def register(part: PersonalData) -> None:
    """Have a package's part asked; registering it again replaces it."""
    _parts[part.name] = part


def parts() -> tuple[PersonalData, ...]:
    """Every part, in the order of registration."""
    return tuple(_parts.values())


def json_file(path: str, content: Mapping[str, Any] | list[Any]) -> PersonalFile:
    """A JSON file that people can read: indented, exact numbers, moments in ISO 8601."""
    plain = to_jsonable_python(content, serialize_unknown=True)
    return PersonalFile(path, simplejson.dumps(plain, indent=2, ensure_ascii=False, use_decimal=True).encode())
