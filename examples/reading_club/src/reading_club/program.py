"""What the reading club hands to the kernel."""

from guerdon.core.money import Unit, UnitKind
from guerdon.kernel.engagement.activities.schemas import ActivityKind, Aggregate, MetricSeed
from guerdon.kernel.engagement.badges.seeds import BadgeLevel, BadgeSeed, Criteria
from guerdon.kernel.engagement.boards.seeds import BoardSeed
from guerdon.kernel.engagement.schemas import RuleSeed
from guerdon.kernel.engagement.streaks.seeds import StreakBonus, StreakSeed
from guerdon.kernel.identity.permissions import Role, permission
from guerdon.kernel.program import Program
from guerdon.web.i18n import msgid
from guerdon.web.navigation import NavItem
from reading_club import api, pages

LEVELS = (BadgeLevel(100, "PAGE", 10), BadgeLevel(1_000, "PAGE", 100), BadgeLevel(10_000, "PAGE", 1_000))
PROGRAM = Program(
    name="reading",
    title=msgid("Reading club"),
    package="reading_club",
    units=(Unit("PAGE", 0, UnitKind.POINTS, msgid("page points")),),
    permissions=(permission("reading:record", "Record what one has read", Role.USER),),
    activity_kinds=(
        ActivityKind("reading.read", msgid("Pages read"), {"pages": int, "book": str}, outside=True, by_member=True),
    ),
    metrics=(MetricSeed("pages", msgid("Pages read"), ("reading.read",), Aggregate.SUM, "pages"),),
    rules=(
        RuleSeed("pages", "reading.read", "PAGE", "activity.pages", caps={"day": 300}, note="A point for each page."),
    ),
    streaks=(
        StreakSeed("weekly", msgid("Weeks with a book"), "pages", minimum=20, bonus=StreakBonus.rising("PAGE", 5, 50)),
    ),
    badges=(BadgeSeed("bookworm", msgid("Bookworm"), msgid("Reads and reads."), Criteria.total("pages"), LEVELS),),
    boards=(BoardSeed("pages", msgid("Most pages read"), "pages"),),
    routers=(api.router,),
    pages=(pages.router,),
    navigation=(NavItem("Reading club", "/reading", permission="reading:record", icon="list"),),
)
