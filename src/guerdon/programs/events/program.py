"""What the events program hands to the kernel."""

from guerdon.core.money import Unit, UnitKind
from guerdon.kernel.identity.permissions import Role, permission
from guerdon.kernel.program import Program
from guerdon.programs.events import api, commands, demo, jobs, pages, personal_data, seeds
from guerdon.programs.events.service import types
from guerdon.web.i18n import msgid

POINT = Unit("POINT", 0, UnitKind.POINTS, msgid("points"))

PROGRAM = Program(
    name="events",
    title=msgid("Events"),
    package="guerdon.programs.events",
    migrations="guerdon.programs.events.migrations",
    units=(POINT,),
    transfer_kinds=seeds.TRANSFER_KINDS,
    reference_types=("events.event",),
    activity_kinds=seeds.ACTIVITY_KINDS,
    metrics=seeds.METRICS,
    rules=seeds.RULES,
    streaks=seeds.STREAKS,
    badges=seeds.BADGES,
    boards=seeds.BOARDS,
    permissions=(
        permission("events:attend", "Register for events", Role.USER),
        permission("events:manage", "Make, publish and cancel events", Role.STAFF),
        permission("events:attendees", "See and export who comes to events, and record payments", Role.STAFF),
        permission("events:door", "Check members in at the door", Role.STAFF),
        permission("events:award", "Record results and give points for special activities", Role.STAFF),
        permission("events:report", "See the dashboards of events", Role.STAFF),
        permission("events:configure", "Change the types of events", Role.ADMIN),
    ),
    routers=api.ROUTERS,
    pages=(pages.router,),
    navigation=pages.NAVIGATION,
    review=pages.REVIEW,
    home=pages.home,
    tasks=jobs.TASKS,
    commands=commands.app,
    install=types.install,
    demo=demo.make,
    personal_data=personal_data.PART,
)
