"""Whether a program can be let in: its name, who may do what of it, and what it keeps.

What is in the box is held to this by tests. A program of somebody else's may have none, so every start looks.
"""

import re

from guerdon.http.access import declared_access, routes_of
from guerdon.kernel.faults import ProgramFaultError
from guerdon.kernel.identity.permissions import PermissionCatalogue
from guerdon.kernel.program import Program

NAMES_TAKEN = frozenset(
    {
        *("activities", "admin", "engagement", "http", "identity", "kernel", "leaderboards", "ledger", "notifications"),
        *("public", "worker", "db", "docs", "retention", "settings", "up", "users", "version", "web", "openapi"),
    }
)
"""What the kernel calls its schemas, its addresses and its commands."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def check_name(program: Program) -> None:
    """Hold a program's name against what it stands for: an address, a schema, a label, a command.

    Raises:
        ProgramFaultError: it cannot be one of these, or the kernel has it.
    """
    name = program.name
    if not _NAME.fullmatch(name):
        raise ProgramFaultError(
            program=name,
            problem="Its name has to be up to 31 small letters, digits and underscores, a letter first.",
        )
    if name in NAMES_TAKEN or name.startswith("pg_"):
        raise ProgramFaultError(program=name, problem="Its name is one of those that Guerdon itself goes by.")


def check_retention(program: Program) -> None:
    """Keep the policies of others as they are.

    Raises:
        ProgramFaultError: a policy does not go by the program's name.
    """
    for policy in program.retention:
        if not policy.code.startswith(f"{program.name}."):
            problem = f"The policy '{policy.code}' has to begin with the program's name: '{program.name}.'"
            raise ProgramFaultError(program=program.name, problem=problem)


def check_access(program: Program, permissions: PermissionCatalogue) -> None:
    """See to it that every route of a program says who may call it, and that somebody holds what is asked for.

    Raises:
        ProgramFaultError: a route says nothing, and would be open to everybody; or says it twice; or something is for
            nobody.
    """
    for router in (*program.routers, *program.pages):
        for route in routes_of(router):
            where = f"The route '{getattr(route, 'path', route)}'"
            declared = declared_access(route)
            if len(declared) != 1:
                problem = f"{where} has to say once who may call it: requires(…), signed_in() or public()."
                raise ProgramFaultError(program=program.name, problem=problem)
            _check_permission(program, where, declared[0].permission, permissions)
    for item in program.navigation:
        _check_permission(program, f"The menu's '{item.path}'", item.permission, permissions)
    if program.review is not None:
        _check_permission(program, "The review queue", program.review.permission, permissions)


def _check_permission(program: Program, where: str, needed: str | None, permissions: PermissionCatalogue) -> None:
    if needed is not None and needed not in permissions:
        problem = f"{where} asks for '{needed}', which nobody holds: it is not among the permissions of any program."
        raise ProgramFaultError(program=program.name, problem=problem)
