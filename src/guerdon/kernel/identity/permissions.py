"""Roles and what they may do: the one place where permissions are named, and where packages contribute theirs.

The roles form a ladder (user < staff < admin < super_admin); whoever stands higher holds what those below hold.
``partner`` stands beside it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an account can be."""

    USER = "user"
    PARTNER = "partner"
    STAFF = "staff"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


LADDER = (Role.USER, Role.STAFF, Role.ADMIN, Role.SUPER_ADMIN)
_CODE = re.compile(r"[a-z][a-z0-9_]*:[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Permission:
    """Something that not everybody may do.

    Attributes:
        code: ``package:act``, as routes declare it.
        description: for the administrator who reads it, English, a message id.
        roles: the lowest role of the ladder that holds it, ``Role.PARTNER``, or both.
    """

    code: str
    description: str
    roles: frozenset[Role]

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise ValueError(f"permission {self.code!r} is not of the form package:act")
        if not self.roles:
            raise ValueError(f"permission {self.code} is held by nobody")


def permission(code: str, description: str, *roles: Role) -> Permission:
    """A permission, shorter to write: ``permission("credits:review", "Review contributions", Role.STAFF)``."""
    return Permission(code, description, frozenset(roles))


IDENTITY = (
    permission("identity:self", "Do what every member may do, by API key", Role.USER),
    permission("identity:read", "See the list of members", Role.STAFF),
    permission("identity:create", "Create accounts for others", Role.STAFF),
    permission("identity:grant", "Grant and take roles", Role.ADMIN),
    permission("identity:suspend", "Suspend accounts and let them in again", Role.ADMIN),
    permission("identity:sessions", "See and end the sessions of staff", Role.ADMIN),
    permission("identity:guard", "See guardianships that need a look", Role.STAFF),
    permission("identity:verify", "Review proofs of identity", Role.ADMIN),
    permission("identity:erase", "See which accounts wait to be erased", Role.ADMIN),
)
LEDGER = (
    permission("ledger:read", "See every account and statement", Role.STAFF),
    permission("ledger:adjust", "Adjust a member's balance", Role.ADMIN),
    permission("ledger:post", "Post transfers over HTTP", Role.ADMIN),
)
ENGAGEMENT = (
    permission("engagement:read", "See rules and tiers, and try rules out", Role.STAFF),
    permission("engagement:configure", "Change rules, tiers and campaigns", Role.ADMIN),
    permission("activities:record", "Report what members do, by hand or by machine", Role.STAFF),
    permission("activities:withdraw", "Withdraw activities that were not so", Role.STAFF),
    permission("engagement:award", "Award and revoke badges, pause and restore streaks", Role.STAFF),
)
ADMIN = (permission("admin:audit", "Read the audit log", Role.ADMIN),)
NOTIFICATIONS = (permission("notifications:read", "See which messages were sent", Role.ADMIN),)
KERNEL = (*IDENTITY, *LEDGER, *ENGAGEMENT, *ADMIN, *NOTIFICATIONS)
"""The kernel's own permissions; a program names its own in its ``Program``."""


def rank(roles: Iterable[str]) -> int:
    """The highest step of the ladder among some roles; -1 for none of them."""
    return max((LADDER.index(Role(role)) for role in roles if role in LADDER), default=-1)


class PermissionCatalogue:
    """Every permission of an installation.

    Raises:
        ValueError: two permissions share a code.
    """

    def __init__(self, permissions: Iterable[Permission] = KERNEL) -> None:
        self._permissions: dict[str, Permission] = {}
        self._held: dict[frozenset[str], frozenset[str]] = {}
        self.add(permissions)

    def add(self, permissions: Iterable[Permission]) -> None:
        """Contribute permissions, once each."""
        for each in permissions:
            if each.code in self._permissions:
                raise ValueError(f"two permissions are called {each.code}")
            self._permissions[each.code] = each
        self._held.clear()

    def __iter__(self) -> Iterator[Permission]:
        return iter(self._permissions.values())

    def __contains__(self, code: str) -> bool:
        return code in self._permissions

    def of_staff(self) -> frozenset[str]:
        """The codes that only staff and those above them hold: who uses one works on everybody's rows."""
        above = frozenset(LADDER[1:])
        return frozenset(each.code for each in self._permissions.values() if each.roles <= above)

    def held_by(self, roles: Iterable[str]) -> frozenset[str]:
        """The codes of all that these roles may do together."""
        wanted = frozenset(roles)
        if wanted not in self._held:
            self._held[wanted] = frozenset(
                each.code for each in self._permissions.values() if _holds(wanted, each.roles)
            )
        return self._held[wanted]


def _holds(roles: frozenset[str], holders: frozenset[Role]) -> bool:
    if Role.PARTNER in roles and Role.PARTNER in holders:
        return True
    lowest = min((LADDER.index(role) for role in holders if role in LADDER), default=len(LADDER))
    return rank(roles) >= lowest
