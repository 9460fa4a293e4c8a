"""What badges ask for, in words."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.models import Metric
from guerdon.kernel.engagement.badges.service.definitions import Definition
from guerdon.kernel.engagement.streaks.models import Streak
from guerdon.web.i18n import Translator, msgid

WINDOWS = {"day": msgid("in one day"), "week": msgid("in one week"), "month": msgid("in one month")}
DAYS = {"week": msgid("days of a week"), "month": msgid("days of a month")}


class Titles:
    """What metrics and streaks are called, as message ids."""

    def __init__(self, session: Session) -> None:
        self.metrics: Mapping[int, str] = {
            row.id: row.title for row in session.execute(select(Metric.id, Metric.title))
        }
        self.streaks: Mapping[UUID, str] = {row.id: row.name for row in session.execute(select(Streak.id, Streak.name))}

    def counted(self, badge: Definition, translator: Translator) -> str:
        """What a badge counts, such as ``Attendances in one week``; empty where staff award it."""
        _, named = translator.gettext, translator.of(badge.program).gettext
        if badge.streak_id is not None:
            return named(self.streaks.get(badge.streak_id, ""))
        if badge.metric_id is None:
            return ""
        title = named(self.metrics.get(badge.metric_id, ""))
        if badge.kind == "window":
            return f"{title} {_(WINDOWS[str(badge.within)])}"
        if badge.kind == "periods":
            return _(
                "{days} with {minimum} or more: {what}",
                days=_(DAYS[str(badge.within)]),
                minimum=badge.minimum,
                what=title,
            )
        return title

    def needed(self, badge: Definition, level: int, translator: Translator) -> str:
        """What a level asks for, as a sentence."""
        counted = self.counted(badge, translator)
        if not counted:
            return translator.gettext("Awarded by hand.")
        threshold = badge.levels[level - 1].threshold
        return translator.gettext("{what}: {threshold}.", what=counted, threshold=threshold)
