"""The composition root: the one place where kernel, programs and entry points meet.

Nothing here does anything of its own; it says what is plugged into what.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import version

import typer
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute

from guerdon.core.clock import Clock, SystemClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.db.migrate import Expected, Module
from guerdon.http import signposts
from guerdon.http.access import mark_public, public
from guerdon.http.setup import new_app, protect
from guerdon.kernel import personal_data, soundness
from guerdon.kernel.admin import api as admin_api
from guerdon.kernel.admin import audit, backups, retention
from guerdon.kernel.admin import jobs as admin_jobs
from guerdon.kernel.admin import pages as admin_pages
from guerdon.kernel.admin import personal_data as admin_data
from guerdon.kernel.engagement import api as engagement_api
from guerdon.kernel.engagement import pages as engagement_pages
from guerdon.kernel.engagement.activities import api as activities_api
from guerdon.kernel.engagement.activities import pages as activities_pages
from guerdon.kernel.engagement.activities import personal_data as activities_data
from guerdon.kernel.engagement.activities.service import following, installing, watching
from guerdon.kernel.engagement.badges import api as badges_api
from guerdon.kernel.engagement.badges import jobs as badges_jobs
from guerdon.kernel.engagement.badges import pages as badges_pages
from guerdon.kernel.engagement.badges import personal_data as badges_data
from guerdon.kernel.engagement.badges.service import defining as badge_definitions
from guerdon.kernel.engagement.badges.service import following as badges_following
from guerdon.kernel.engagement.badges.service import keys as credential_keys
from guerdon.kernel.engagement.badges.service.backfilling import give_for_streak
from guerdon.kernel.engagement.boards import api as boards_api
from guerdon.kernel.engagement.boards import following as boards_following
from guerdon.kernel.engagement.boards import jobs as boards_jobs
from guerdon.kernel.engagement.boards import pages as boards_pages
from guerdon.kernel.engagement.boards import personal_data as boards_data
from guerdon.kernel.engagement.boards.service import managing as boards
from guerdon.kernel.engagement.campaigns import api as campaigns_api
from guerdon.kernel.engagement.campaigns import jobs as campaigns_jobs
from guerdon.kernel.engagement.campaigns import pages as campaigns_pages
from guerdon.kernel.engagement.campaigns.service import boosting as campaigns
from guerdon.kernel.engagement.ladders import api as ladders_api
from guerdon.kernel.engagement.ladders import following as ladders_following
from guerdon.kernel.engagement.ladders import jobs as ladders_jobs
from guerdon.kernel.engagement.ladders import pages as ladders_pages
from guerdon.kernel.engagement.ladders import personal_data as ladders_data
from guerdon.kernel.engagement.service import rules, tiers
from guerdon.kernel.engagement.simulations import api as simulations_api
from guerdon.kernel.engagement.simulations import jobs as simulations_jobs
from guerdon.kernel.engagement.simulations import pages as simulations_pages
from guerdon.kernel.engagement.streaks import api as streaks_api
from guerdon.kernel.engagement.streaks import jobs as streaks_jobs
from guerdon.kernel.engagement.streaks import pages as streaks_pages
from guerdon.kernel.engagement.streaks.service import definitions as streak_definitions
from guerdon.kernel.engagement.streaks.service import following as streaks_following
from guerdon.kernel.engagement.streaks.service import pardons
from guerdon.kernel.home import pages as home_pages
from guerdon.kernel.identity import api as identity_api
from guerdon.kernel.identity import jobs as identity_jobs
from guerdon.kernel.identity import pages as identity_pages
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people import api as people_api
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people import jobs as people_jobs
from guerdon.kernel.identity.people import pages as people_pages
from guerdon.kernel.identity.people import personal_data as people_data
from guerdon.kernel.identity.people.service import rotation
from guerdon.kernel.identity.permissions import KERNEL, PermissionCatalogue, Role
from guerdon.kernel.identity.service.accounts import create_account, names_of
from guerdon.kernel.ledger import api as ledger_api
from guerdon.kernel.ledger import jobs as ledger_jobs
from guerdon.kernel.ledger import pages as ledger_pages
from guerdon.kernel.ledger import personal_data as ledger_data
from guerdon.kernel.ledger.catalogue import register_codes, register_units
from guerdon.kernel.ledger.service import open_member
from guerdon.kernel.modules import KERNEL_MODULES
from guerdon.kernel.notifications import jobs as notifications_jobs
from guerdon.kernel.notifications import pages as notifications_pages
from guerdon.kernel.notifications import personal_data as notifications_data
from guerdon.kernel.program import DemoPeople, Program, installed_programs
from guerdon.web import routes as web_routes
from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates
from guerdon.web.static import STATIC
from guerdon.web.viewer import viewer_of
from guerdon.worker.metrics import QueueCollector
from guerdon.worker.tasks import Task, TaskRegistry


@cache
def programs() -> tuple[Program, ...]:
    """The installed programs, by name.

    Raises:
        ProgramFaultError: one cannot be let in.
    """
    found = tuple(installed_programs())
    for program in found:
        soundness.check_name(program)
        soundness.check_retention(program)
    return found


_KERNEL_PAGES = (
    identity_pages,
    people_pages,
    ledger_pages,
    engagement_pages,
    campaigns_pages,
    simulations_pages,
    boards_pages,
    activities_pages,
    streaks_pages,
    badges_pages,
    ladders_pages,
    admin_pages,
    notifications_pages,
)


def modules() -> list[Module]:
    """Kernel and programs, each with what has to be put in after a migration."""
    return [*KERNEL_MODULES, *(program.module(partial(_install_program, program)) for program in programs())]


def _install_program(program: Program, session: Session) -> None:
    register_units(session, program.units)
    register_codes(
        session,
        kinds=dict(program.transfer_kinds),
        reference_types=program.reference_types,
        system_accounts=program.system_accounts,
    )
    installing.install_kinds(session, program.name, program.activity_kinds)
    installing.install_metrics(session, program.name, program.metrics)
    rules.install(session, program.name, program.rules)
    tiers.install(session, program.name, program.tiers)
    streak_definitions.install(session, program.name, program.streaks)
    badge_definitions.install(session, program.name, program.badges)
    boards.install(session, program.name, program.boards, SystemClock().now())
    if program.install is not None:
        program.install(session)
    rules.check_budgets(session, program.name, program.rules)


def tasks() -> TaskRegistry:
    """Every background job of kernel and programs; the worker adds the queue's own."""
    kernel: tuple[Task, ...] = (
        *identity_jobs.TASKS,
        *people_jobs.TASKS,
        *admin_jobs.TASKS,
        *ledger_jobs.TASKS,
        *campaigns_jobs.TASKS,
        *simulations_jobs.TASKS,
        *boards_jobs.TASKS,
        *streaks_jobs.TASKS,
        *badges_jobs.TASKS,
        *ladders_jobs.TASKS,
        *notifications_jobs.TASKS,
    )
    return TaskRegistry([*kernel, *(task for program in programs() for task in program.tasks)])


def commands() -> dict[str, typer.Typer]:
    """The command-line commands of the programs, by program."""
    return {program.name: program.commands for program in programs() if program.commands is not None}


def permissions() -> PermissionCatalogue:
    """Every permission of kernel and programs."""
    return PermissionCatalogue([*KERNEL, *(each for program in programs() for each in program.permissions)])


def navigation() -> tuple[NavItem, ...]:
    """The menu, in its order; each reader sees what they may."""
    kernel = (
        activities_pages,
        badges_pages,
        streaks_pages,
        identity_pages,
        people_pages,
        ledger_pages,
        engagement_pages,
        campaigns_pages,
        ladders_pages,
        boards_pages,
        admin_pages,
        notifications_pages,
    )
    parts = (
        (home_pages.__name__, home_pages.NAVIGATION),
        *((program.package, program.navigation) for program in programs()),
        *((pages.__name__, pages.NAVIGATION) for pages in kernel),
    )
    return tuple(replace(item, module=module) for module, items in parts for item in items)


def wire(settings: Settings) -> None:
    """Connect what the kernel announces to who listens; every process that changes accounts begins with it."""
    audit.install()
    notifications_jobs.install(settings)
    add_catalogue("guerdon.kernel.identity")
    watching.install()
    for program in programs():
        add_catalogue(program.package, program.name)


def prepare(settings: Settings) -> None:
    """What every process needs that does the application's work: acts on record, encryption, who knows what of whom."""
    wire(settings)
    backups.install(settings)
    encryption.install(settings)
    rotation.include(credential_keys.encrypt_anew)
    campaigns.install()
    following.follow("streaks", following.STREAKS, streaks_following.follow_streaks, streaks_following.looks_at)
    following.follow("badges", following.BADGES, badges_following.follow_badges, badges_following.looks_at)
    pardons.tell_when_mended("badges", give_for_streak)
    ladders_following.install()
    boards_following.install()
    kernel_parts = (
        people_data.PART,
        ledger_data.PART,
        activities_data.PART,
        badges_data.PART,
        boards_data.PART,
        ladders_data.PART,
        admin_data.PART,
        notifications_data.PART,
    )
    for part in kernel_parts:
        personal_data.register(part)
    for program in programs():
        streak_definitions.use(program.name, program.streaks)
        if program.personal_data is not None:
            personal_data.register(program.personal_data)
        retention.include(program.retention)
        if program.prepare is not None:
            program.prepare(settings)


def create_app(settings: Settings, database: Database, clock: Clock) -> FastAPI:
    """The web application: HTTP interface and pages of kernel and programs.

    Args:
        database: a pool as the application's role.
    """
    app = new_app(settings=settings, database=database, clock=clock, version=version("guerdon"))
    prepare(settings)
    identity_api.install(app, permissions())
    for pages in (*_KERNEL_PAGES, home_pages):
        pages.install()
    ledger_pages.name_owners(lambda session, owner_id: names_of(session, [owner_id]).get(owner_id))
    for program in programs():
        add_templates(program.name, program.package)
        # A transfer is called as the fact that it is for; one for no fact of its own, as the program.
        ledger_pages.name_kinds(
            dict.fromkeys(program.transfer_kinds, program.title)
            | {kind.name: kind.title for kind in program.activity_kinds if kind.name in program.transfer_kinds}
        )
    add_catalogue("guerdon.http")
    web_routes.install(app, flash_key=app.state.flash_key, save_locale=identity_pages.save_locale)
    mark_public(STATIC)
    app.state.translator = lambda request, module: viewer_of(request).translator.of(module).gettext
    app.state.navigation = navigation()
    app.state.programs = programs()
    app.state.readiness = {"migrations": _migrated(database)}
    app.state.metrics.asked.register(QueueCollector(database))
    app.state.metrics.asked.register(backups.BackupCollector(settings))
    app.router.routes.extend(_routes())
    own_limits = {path: size for program in programs() for path, size in program.body_limits.items()}
    protect(
        app,
        larger_bodies={**activities_api.BODY_LIMITS, **ledger_api.BODY_LIMITS, **people_api.BODY_LIMITS, **own_limits},
    )
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Every route of kernel and programs.

    The same for every application of a process: a router works out what it includes when it is first asked, which takes
    hundreds of routes the better part of a second, and keeps it.
    """
    house = APIRouter()
    house.include_router(activities_api.router)  # first, because the most requests may be for it
    house.include_router(web_routes.router, dependencies=[Depends(public())])
    house.include_router(web_routes.browser_router, dependencies=[Depends(public(identify=False))])
    for router in (
        identity_api.router,
        people_api.router,
        ledger_api.router,
        engagement_api.router,
        campaigns_api.router,
        simulations_api.router,
        boards_api.router,
        streaks_api.router,
        badges_api.router,
        ladders_api.router,
        admin_api.router,
    ):
        house.include_router(router)
    known = permissions()
    for program in programs():
        soundness.check_access(program, known)
        for router in program.routers:
            house.include_router(router, prefix=f"/api/v1/{program.name}", tags=[program.name])
        for router in program.pages:
            house.include_router(router, include_in_schema=False)
    for pages in (home_pages, *_KERNEL_PAGES):
        house.include_router(pages.router, include_in_schema=False)
    signposts.put_up(house.routes)
    return tuple(house.routes)


@cache
def _expected() -> Expected:
    """Every migration that this code knows."""
    return Expected(modules())


def _migrated(database: Database) -> Callable[[], bool]:
    """A check that the database has every migration that this code knows, cheap enough to be asked all the time."""

    def has_all() -> bool:
        with database.transaction() as session:
            return _expected().present(session)

    return has_all


DEMO_PASSWORD = "guerdon demo account"  # noqa: S105 - printed at start for everybody to use
DEMO_DOMAIN = "demo.example.org"
_DEMO_STAFF = ((Role.ADMIN, "admin", "Demo admin"), (Role.STAFF, "staff", "Demo staff"))
_DEMO_MEMBERS = ("baobab", "ibis", "acacia", "heron", "tamarind", "pelican", "neem", "kingfisher")


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Whom one can sign in as while looking around."""

    role: str
    email: str
    password: str


def load_demo(settings: Settings, database: Database, clock: Clock) -> bool:
    """Fill an empty installation with people and with what programs show; does nothing where anyone exists.

    Returns:
        Whether it did.
    """
    with database.transaction() as session:
        if session.scalars(select(User.id).limit(1)).first() is not None:
            return False
        prepare(settings)
        people = _demo_people(session, clock, settings)
        for program in programs():
            if program.demo is not None:
                program.demo(session, clock, people)
        return True


def _demo_people(session: Session, clock: Clock, settings: Settings) -> DemoPeople:
    def person(handle: str, name: str, role: Role) -> User:
        user = create_account(
            session,
            clock,
            email=f"{handle}@{DEMO_DOMAIN}",
            name=name,
            password=DEMO_PASSWORD,
            roles=(role,),
            locale=settings.default_locale,
            time_zone=settings.time_zone,
        )
        open_member(session, user.id)
        return user

    members = [person("member", "Demo member", Role.USER)]
    members += [person(name, name.capitalize(), Role.USER) for name in _DEMO_MEMBERS]
    staff = [person(handle, name, role) for role, handle, name in _DEMO_STAFF]
    return DemoPeople(tuple(user.id for user in members), tuple(user.id for user in staff))


def demo_accounts(database: Database) -> list[DemoAccount]:
    """The demo accounts that are there, to tell whoever starts Guerdon whom to sign in as."""
    wanted = {"member": "member", "staff": "staff", "admin": "admin"}
    emails = {f"{handle}@{DEMO_DOMAIN}": role for handle, role in wanted.items()}
    with database.transaction() as session:
        found = set(session.scalars(select(User.email).where(User.email.in_(emails), User.deleted_at.is_(None))))
    return [DemoAccount(role, email, DEMO_PASSWORD) for email, role in emails.items() if email in found]
