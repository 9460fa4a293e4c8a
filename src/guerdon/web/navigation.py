"""The entries of the side navigation, and who sees which."""

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlencode
from uuid import UUID

from guerdon.web.i18n import msgid

SIGN_IN_PATH = "/sign-in"
SIGN_OUT_PATH = "/sign-out"
ACCOUNT_PATH = "/account"
PROOF_PATH = "/account/proof"
DEVELOPERS_PATH = "/developers"

SECTIONS = {
    "main": msgid("For you"),
    "staff": msgid("Staff"),
    "admin": msgid("Administration"),
}
"""The titles of the sections, in their order; a section of another name shows its name."""
OF_MEMBER = "of member"
"""The section of pages about one member: not in the menu, but on the member's page for staff; ``{member}`` stands for
the id in their paths."""


def proof_path(target: str) -> str:
    """Where somebody enters their password again, to go on to a page of ours."""
    return f"{PROOF_PATH}?{urlencode({'next': target})}"


class Reader(Protocol):
    """What pages need to know of who is signed in; ``guerdon.http.access.Principal`` fits."""

    @property
    def permissions(self) -> Set[str]:
        """What they may do."""
        ...

    @property
    def locale(self) -> str:
        """The language that they chose."""
        ...

    @property
    def time_zone(self) -> str:
        """Their zone, an IANA name."""
        ...

    @property
    def name(self) -> str:
        """What they are called."""
        ...


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the navigation.

    Attributes:
        label: message id; write it as the first argument, so that it is found for translation.
        path: where it leads; the entry is marked as current there and below.
        permission: shown only to who holds it; None is for everyone who is signed in.
        section: ``main``, ``staff``, ``admin`` or a name of its own.
        icon: a name of ``guerdon.web.icons``.
        signed_in: False shows it to visitors too.
        module: whose words the label is in; the composition root fills it in.
    """

    label: str
    path: str
    permission: str | None = None
    section: str = "main"
    icon: str = "dot"
    signed_in: bool = True
    module: str = ""


@dataclass(frozen=True, slots=True)
class NavSection:
    """Entries that one reader may see, under one title (a message id)."""

    title: str
    items: tuple[NavItem, ...]


def visible(items: Iterable[NavItem], reader: Reader | None) -> list[NavSection]:
    """The entries that ``reader`` (None for a visitor) may see, grouped by section in the order of ``SECTIONS``."""
    groups: dict[str, list[NavItem]] = {name: [] for name in SECTIONS}
    for item in items:
        if item.section == OF_MEMBER or (reader is None and (item.signed_in or item.permission)):
            continue
        if reader is not None and item.permission and item.permission not in reader.permissions:
            continue
        groups.setdefault(item.section, []).append(item)
    return [NavSection(SECTIONS.get(name, name), tuple(group)) for name, group in groups.items() if group]


def of_member(items: Iterable[NavItem], reader: Reader, member_id: UUID) -> list[NavItem]:
    """The pages about a member that ``reader`` may see."""
    return [
        replace(item, path=item.path.replace("{member}", str(member_id)))
        for item in items
        if item.section == OF_MEMBER and (item.permission is None or item.permission in reader.permissions)
    ]


def current(items: Iterable[NavItem], path: str) -> NavItem | None:
    """The entry that a page belongs to: the one whose path is the longest beginning of the page's path."""
    inside = [item for item in items if path == item.path or (item.path != "/" and path.startswith(f"{item.path}/"))]
    return max(inside, key=lambda item: len(item.path), default=None)
