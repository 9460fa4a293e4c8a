"""The seam between the kernel and a program: one value that says everything the kernel has to know of it.

A program is a package of anybody's. It is found through the entry-point group ``guerdon.programs``, whose entries name
a ``Program``; the five in the box use nothing that a sixth could not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.money import Unit
from guerdon.core.settings import Settings
from guerdon.db.migrate import Module
from guerdon.kernel.admin.retention import Policy
from guerdon.kernel.engagement.activities.schemas import ActivityKind, MetricSeed
from guerdon.kernel.engagement.badges.seeds import BadgeSeed
from guerdon.kernel.engagement.boards.seeds import BoardSeed
from guerdon.kernel.engagement.schemas import RuleSeed, TierSeed
from guerdon.kernel.engagement.streaks.seeds import StreakSeed
from guerdon.kernel.faults import ProgramFaultError
from guerdon.kernel.identity.permissions import Permission
from guerdon.kernel.ledger.schemas import Effect
from guerdon.kernel.personal_data import PersonalData
from guerdon.web.navigation import NavItem
from guerdon.worker.tasks import Task

if TYPE_CHECKING:
    import typer
    from fastapi import APIRouter

ENTRY_POINT_GROUP = "guerdon.programs"


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """Whom demo data is about; each list holds account ids.

    Attributes:
        members: ordinary members, the one that the welcome names first.
        staff: who reviews.
    """

    members: tuple[UUID, ...]
    staff: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """What waits for a person to agree.

    Attributes:
        title: message id.
        path: the page of the queue.
        permission: who may see it.
        count: how many wait, up to a bound of the program's choice.
        count_max: that bound, if there is one: it is shown as ``1,000+``.
    """

    title: str
    path: str
    permission: str
    count: Callable[[Session], int]
    count_max: int | None = None


@dataclass(frozen=True, slots=True)
class HomeCard:
    """What a program shows of a member on the home page: a figure, what it is, and where to read on.

    Attributes:
        title, note: in the member's language already.
        value: formatted.
    """

    title: str
    value: str
    note: str
    path: str


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that the kernel has to know of a program.

    Attributes:
        name: lower case, also its PostgreSQL schema, its path and its label among the migrations.
        title: message id.
        package: dotted name of its package, which holds ``models``, ``sql/``, ``locale/`` and ``templates/``.
        migrations: dotted name of the package with its Alembic revisions; None if it keeps no tables of its own.
        units: units that it gives out; a unit may be shared, and is the same for all who name it.
        transfer_kinds: why it moves value, and what that counts into.
        reference_types: what its transfers refer to.
        system_accounts: unbounded system accounts of its own.
        permissions: what not everybody may do.
        activity_kinds: which facts it knows.
        metrics: what is counted of its facts.
        rules: what it is worth at first; staff change it by new versions.
        tiers: the steps that members climb at first.
        streaks: what members can keep up, at first.
        badges: what members can reach, at first.
        boards: its leaderboards at first.
        routers: its HTTP routers, served below ``/api/v1/<name>``.
        pages: its pages' routers, served as they are.
        navigation: its entries in the menu.
        tasks: its background jobs.
        commands: its command-line commands, run as ``guerdon <name> …``.
        body_limits: paths that take larger requests than usual, and how many bytes.
        review: what waits for staff.
        home: what it shows of a member on the home page.
        retention: how long it keeps what; codes begin with its name and a dot.
        prepare: connects it to what the kernel tells (counters, acts of people), in every process that does the
            application's work, before it begins.
        install: puts in whatever else it cannot work without, after each migration, as the owner; must leave alone
            what is there already.
        demo: makes demo data, in the transaction of its session.
        personal_data: what it knows of a person, for a copy and for erasing.
    """

    name: str
    title: str
    package: str
    migrations: str | None = None
    units: tuple[Unit, ...] = ()
    transfer_kinds: Mapping[str, Effect] = field(default_factory=dict)
    reference_types: tuple[str, ...] = ()
    system_accounts: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    activity_kinds: tuple[ActivityKind, ...] = ()
    metrics: tuple[MetricSeed, ...] = ()
    rules: tuple[RuleSeed, ...] = ()
    tiers: tuple[TierSeed, ...] = ()
    streaks: tuple[StreakSeed, ...] = ()
    badges: tuple[BadgeSeed, ...] = ()
    boards: tuple[BoardSeed, ...] = ()
    routers: tuple["APIRouter", ...] = ()
    pages: tuple["APIRouter", ...] = ()
    navigation: tuple[NavItem, ...] = ()
    tasks: tuple[Task, ...] = ()
    commands: "typer.Typer | None" = None
    body_limits: Mapping[str, int] = field(default_factory=dict)
    review: ReviewQueue | None = None
    home: "Callable[[Session, Clock, UUID, str], list[HomeCard]] | None" = None
    retention: tuple[Policy, ...] = ()
    prepare: Callable[[Settings], None] | None = None
    install: Callable[[Session], None] | None = None
    demo: Callable[[Session, Clock, DemoPeople], None] | None = None
    personal_data: PersonalData | None = None

    def module(self, install: Callable[[Session], None]) -> Module:
        """It as the migrations see it. One without tables has no schema; what it brings is put in all the same."""
        if self.migrations is None:
            return Module(self.package, None, install=install)
        return Module(self.package, self.name, self.migrations, install)


def installed_programs() -> list[Program]:
    """The programs of this installation, by name.

    Raises:
        ProgramFaultError: an entry point names something else than a program, or two programs share a name.
    """
    found: dict[str, Program] = {}
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda each: each.name):
        program = entry.load()
        if not isinstance(program, Program):
            problem = f"The entry point of that name in {ENTRY_POINT_GROUP} leads to something else than a Program."
            raise ProgramFaultError(program=entry.name, problem=problem)
        if program.name in found:
            raise ProgramFaultError(program=program.name, problem="Another one is installed under the same name.")
        found[program.name] = program
    return [found[name] for name in sorted(found)]
