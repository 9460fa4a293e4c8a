"""Words that both sides of the pages share."""

from guerdon.web.i18n import msgid

PERIOD_NAMES = {
    "day": msgid("Day"),
    "week": msgid("Week"),
    "month": msgid("Month"),
    "life": msgid("All time"),
}
RANKING_NAMES = (
    ("rank", msgid("1, 2, 2, 4: equals share a place")),
    ("dense", msgid("1, 2, 2, 3: equals share a place, and none is left out")),
    ("row", msgid("1, 2, 3, 4: of equals, who came first")),
)
STATUS_NAMES = {
    "draft": (msgid("Draft"), "warning"),
    "building": (msgid("Being built"), "info"),
    "active": (msgid("Active"), "success"),
}
