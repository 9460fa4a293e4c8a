"""A program that says too little of itself is not let in."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI

from guerdon import boot
from guerdon.cli.main import app as commands
from guerdon.http.access import SignedIn, public, requires, routes_of
from guerdon.kernel.admin.retention import Policy
from guerdon.kernel.faults import ProgramFaultError
from guerdon.kernel.identity.permissions import PermissionCatalogue, Role, permission
from guerdon.kernel.modules import KERNEL_MODULES
from guerdon.kernel.program import Program, ReviewQueue
from guerdon.kernel.soundness import NAMES_TAKEN, check_access, check_name, check_retention
from guerdon.web.navigation import NavItem

MILL = Program("mill", "Mill", "mill")
PERMISSIONS = PermissionCatalogue([permission("mill:grind", "Grind", Role.USER)])


def with_route(handler: Callable[..., None]) -> Program:
    """The mill with a route, in a router within a router."""
    inner, outer = APIRouter(prefix="/inner"), APIRouter()
    inner.add_api_route("/grind", handler, methods=["POST"])
    outer.include_router(inner)
    return replace(MILL, routers=(outer,))


def grind(_who: Annotated[object, Depends(requires("mill:grind"))]) -> None:
    """For members."""


def look(_who: Annotated[object, Depends(public())]) -> None:
    """For everybody."""


def forget() -> None:
    """For nobody knows whom."""


def doubt(_who: SignedIn, _other: Annotated[object, Depends(public())]) -> None:
    """For two sorts of people."""


def misspell(_who: Annotated[object, Depends(requires("mill:grnd"))]) -> None:
    """For nobody."""


@pytest.mark.parametrize("handler", [grind, look])
def test_who_says_who_may_call_is_let_in(handler: Callable[..., None]) -> None:
    check_access(with_route(handler), PERMISSIONS)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (with_route(forget), "The route '/inner/grind' has to say once who may call it"),
        (with_route(doubt), "The route '/inner/grind' has to say once who may call it"),
        (with_route(misspell), "The route '/inner/grind' asks for 'mill:grnd', which nobody holds"),
        (replace(MILL, navigation=(NavItem("Mill", "/mill", permission="mill:grnd"),)), "The menu's '/mill' asks for"),
        (replace(MILL, review=ReviewQueue("Mill", "/mill", "mill:see", lambda _session: 0)), "The review queue asks"),
    ],
    ids=["nothing", "twice", "nobody", "menu", "review"],
)
def test_others_are_not(program: Program, told: str) -> None:
    with pytest.raises(ProgramFaultError, match="'mill' cannot be used") as refused:
        check_access(program, PERMISSIONS)
    assert told in str(refused.value)


@pytest.mark.parametrize("name", ["Mill", "wind mill", "1mill", "", "mill-2", "m" * 32, "ledger", "pg_mill", "public"])
def test_a_name_has_to_serve_for_everything_that_it_stands_for(name: str) -> None:
    with pytest.raises(ProgramFaultError, match="Its name"):
        check_name(replace(MILL, name=name))
    check_name(MILL)


def test_how_long_others_keep_what_is_not_a_programs_to_say() -> None:
    check_retention(replace(MILL, retention=(Policy("mill.flour", 30, "Flour", None),)))
    with pytest.raises(ProgramFaultError, match=r"'identity\.sessions' has to begin with the program's name"):
        check_retention(replace(MILL, retention=(Policy("identity.sessions", 9_999, "Sessions", None),)))


def test_every_name_that_the_house_goes_by_is_taken(whole_app: FastAPI) -> None:
    own = {program.name for program in boot.programs()}
    paths = [route.path.split("/") for route in routes_of(whole_app) if route.path is not None]
    addresses = {parts[3] for parts in paths if parts[1:3] == ["api", "v1"] and len(parts) > 3}
    groups = {group.name for group in commands.registered_groups}
    single = {each.name or each.callback.__name__ for each in commands.registered_commands if each.callback}
    schemas = {module.schema for module in KERNEL_MODULES}
    house = {name for name in addresses | groups | single | schemas if name and name.isidentifier()}
    assert house - own <= NAMES_TAKEN
