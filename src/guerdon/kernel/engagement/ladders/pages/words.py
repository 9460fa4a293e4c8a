"""Words for the ways in which tiers are kept and for what became of it."""

from guerdon.web.i18n import msgid

BASES = (
    ("earned", msgid("All that was ever earned, net of reversals")),
    ("window", msgid("What was earned lately")),
    ("balance", msgid("What is available now; spending lowers it")),
)
WINDOW_UNITS = (
    ("day", msgid("days")),
    ("month", msgid("calendar months")),
    ("year", msgid("calendar years")),
)
DOWNGRADES = (
    ("at_once", msgid("Falls to the tier that fits, when grace is over")),
    ("period_end", msgid("Falls one step at each end of a period")),
    ("never", msgid("Never falls")),
)
REVIEWS = (("month", msgid("Month")), ("quarter", msgid("Quarter")), ("year", msgid("Year")))
REASONS = {
    "earned": msgid("Earned"),
    "short": msgid("Too little for it"),
    "reversed": msgid("Taken back"),
}
