"""What the credits program hands to the kernel."""

from guerdon.core.money import Unit, UnitKind
from guerdon.kernel.engagement.boards.seeds import BoardSeed
from guerdon.kernel.engagement.schemas import RuleSeed, TierSeed
from guerdon.kernel.identity.permissions import Role, permission
from guerdon.kernel.ledger.schemas import Effect
from guerdon.kernel.program import Program
from guerdon.programs.credits import api, commands, demo, jobs, pages, personal_data
from guerdon.programs.credits.service import currencies
from guerdon.web.i18n import msgid

CREDIT = Unit("CREDIT", 2, UnitKind.CREDITS, msgid("credits"))

PROGRAM = Program(
    name="credits",
    title=msgid("Contributions"),
    package="guerdon.programs.credits",
    migrations="guerdon.programs.credits.migrations",
    units=(CREDIT,),
    transfer_kinds={"credits.contribution": Effect.EARN},
    reference_types=("credits.contribution",),
    permissions=(
        permission("credits:contribute", "Submit contributions", Role.USER),
        permission("credits:review", "Review contributions", Role.STAFF),
        permission("credits:exchange", "Import and export contributions", Role.STAFF),
        permission("credits:configure", "Set currency rates and archive contributions", Role.ADMIN),
    ),
    rules=(
        RuleSeed(
            code="item_donation",
            activity_kind="credits.item_donation",
            unit="CREDIT",
            amount=(
                "ratio(activity.value_hundredths * params.credits_per_unit_bp"
                " * params.condition_percent[activity.condition], 1000000)"
            ),
            params={
                "credits_per_unit_bp": 1000,
                "condition_percent": {"new": 100, "like_new": 100, "good": 80, "fair": 50, "poor": 20, "unknown": 100},
            },
            note=msgid("0.1 credits for each unit of the item's value, less for a worn item."),
            words=(
                *(msgid("Item donation"), msgid("value"), msgid("credits per unit"), msgid("condition")),
                *(msgid("new"), msgid("like new"), msgid("good"), msgid("fair"), msgid("poor"), msgid("unknown")),
            ),
        ),
        RuleSeed(
            code="money",
            activity_kind="credits.money",
            unit="CREDIT",
            amount="ratio(activity.amount_hundredths * params.credits_per_unit_bp, 10000)",
            params={"credits_per_unit_bp": 2000},
            note=msgid("0.2 credits for each unit of cash."),
            words=(msgid("Money"), msgid("amount")),
        ),
        RuleSeed(
            code="volunteer_hours",
            activity_kind="credits.volunteer_hours",
            unit="CREDIT",
            amount="ratio(activity.hours_hundredths * params.credits_per_hour_bp, 10000)",
            params={"credits_per_hour_bp": 20000},
            note=msgid("2 credits for each hour."),
            words=(msgid("Volunteer hours"), msgid("hours"), msgid("credits per hour")),
        ),
    ),
    tiers=(
        TierSeed("bronze", msgid("Bronze"), "CREDIT", 0),
        TierSeed("silver", msgid("Silver"), "CREDIT", 2100),
        TierSeed("gold", msgid("Gold"), "CREDIT", 5100),
        TierSeed("platinum", msgid("Platinum"), "CREDIT", 10100),
    ),
    boards=(
        BoardSeed(
            "earned",
            msgid("Credits earned"),
            "ledger:earned.CREDIT",
            msgid("What contributions and corrections earned, whether it has been spent since or not."),
            periods=("month", "life"),
        ),
    ),
    routers=api.ROUTERS,
    pages=(pages.router,),
    navigation=pages.NAVIGATION,
    body_limits={**api.BODY_LIMITS, **pages.BODY_LIMITS},
    tasks=jobs.TASKS,
    commands=commands.app,
    review=pages.REVIEW,
    home=pages.home,
    install=currencies.install,
    demo=demo.make,
    personal_data=personal_data.PART,
)
