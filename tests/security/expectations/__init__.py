"""Who may do what, package by package: one line for each route, in words that a reviewer can hold against the design.

A module here is called like a package of Guerdon, or like a part of one, and holds

``TABLE``
    a line for each route: method, path, and the status that each of ``COLUMNS`` gets. A gap of the path names what of
    the owner's is put in (``{key_id=api_key}``; without a name, what is called like the gap), or which person
    (``{user_id=owner}``); what nothing is called is put in as it stands. Lines that begin with ``#`` are remarks.
``SENT``
    the body for a line of ``TABLE``, ``"POST /path": {...}``: JSON for the API, a form for pages; a ``Content`` for
    anything else. ``{thing}`` as a text, or in the name of a field, stands for what the owner has of that name. Nothing
    given: an empty body.
``settle(world)``
    gives the owner at least one row in each of the package's tables that belong to members (optional).

A route that no table names fails the test, which then prints the line to begin with. Look at each status before you
keep it: the line is what the test holds everybody to.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from support.world import World

COLUMNS = ("anonymous", "other", "owner", "partner", "staff", "admin", "super_admin")
"""Nobody; another member; the member whose things they are; a partner; staff; administrators of both kinds."""

GAP = re.compile(r"\{(\w+)(?:=([^}]*))?\}")


@dataclass(frozen=True)
class Content:
    """A body that is neither JSON nor a plain form, as keyword arguments of the client."""

    options: dict[str, Any]


@dataclass(frozen=True)
class Expectation:
    """A line of a table.

    Attributes:
        package: whose.
        method, path: of the route, gaps as the application writes them.
        things: what is put into each gap.
        statuses: by column.
        sent: the body.
    """

    package: str
    method: str
    path: str
    things: dict[str, str]
    statuses: dict[str, int]
    sent: Any = None

    @property
    def route(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def page(self) -> bool:
        """Whether browsers ask for it, rather than programs."""
        return not self.path.startswith("/api/")

    def address(self, world: World) -> str:
        """The path with what the owner has in its gaps."""
        return GAP.sub(lambda gap: str(world.thing(self.things[gap[1]], self.things[gap[1]])), self.path)

    def body(self, world: World) -> Any:
        """The body with what the owner has in its texts."""
        return _filled(self.sent, world)

    def body_as_form(self, world: World) -> dict[str, Any]:
        """The body of a page's form; empty where it is something else."""
        return self.body(world) if isinstance(self.sent, dict) else {}


def _filled(value: Any, world: World) -> Any:
    if isinstance(value, dict):
        return {_named(name, world): _filled(each, world) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, world) for each in value]
    if isinstance(value, str) and value.startswith("{"):
        return str(world.thing(value[1:-1], value))
    return value


def _named(name: str, world: World) -> str:
    return GAP.sub(lambda gap: str(world.thing(gap[1], gap[0])), name)


def packages() -> list[ModuleType]:
    """The modules of expectations, by name."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


def expectations() -> list[Expectation]:
    """Every line of every table.

    Raises:
        ValueError: a line does not say what it should, a route stands twice, or a body belongs to no line.
    """
    found: dict[str, Expectation] = {}
    for module in packages():
        sent = dict(getattr(module, "SENT", {}))
        for each in _lines(module, sent):
            if each.route in found:
                raise ValueError(f"{each.route} stands twice")
            found[each.route] = each
        if sent:
            raise ValueError(f"{module.__name__} has bodies for no line: {sorted(sent)}")
    return list(found.values())


def _lines(module: ModuleType, sent: dict[str, Any]) -> Iterator[Expectation]:
    for line in module.TABLE.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 + len(COLUMNS):
            raise ValueError(f"{module.__name__}: not a method, a path and {len(COLUMNS)} statuses: {line}")
        method, path = words[:2]
        plain = GAP.sub(lambda gap: f"{{{gap[1]}}}", path)
        yield Expectation(
            module.__name__.rpartition(".")[2],
            method,
            plain,
            {gap[1]: gap[2] if gap[2] is not None else gap[1] for gap in GAP.finditer(path)},
            dict(zip(COLUMNS, map(int, words[2:]), strict=True)),
            sent.pop(f"{method} {plain}", None),
        )


def settle_all(world: World) -> None:
    """Give the owner what each package gives."""
    for module in packages():
        if hasattr(module, "settle"):
            module.settle(world)
