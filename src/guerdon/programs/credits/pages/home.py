"""A member's credits on the home page."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.program import HomeCard
from guerdon.programs.credits.pages.shown import TIERS, credits
from guerdon.programs.credits.service import reading
from guerdon.web import formats
from guerdon.web.i18n import translator
from guerdon.web.viewer import Viewer, viewing


def home(session: Session, clock: Clock, user_id: UUID, locale: str) -> list[HomeCard]:
    """The member's balance with their tier, and what waits for staff."""
    standing = reading.summary(session, user_id, clock.now())
    viewer = Viewer(translator(locale, __name__), ZoneInfo("UTC"), clock.now(), lambda: "")
    gettext, ngettext = viewer.translator.gettext, viewer.translator.ngettext
    with viewing(viewer):
        tier = gettext(TIERS.get(standing.tier.tier.code, standing.tier.tier.name))
        found = [HomeCard(gettext("Credits"), credits(standing.balance), tier, "/credits")]
        if standing.pending:
            note = ngettext(
                "{number} contribution waits for review", "{number} contributions wait for review", standing.pending
            )
            found.append(
                HomeCard(
                    gettext("Pending"), formats.number(standing.pending), note, "/credits/contributions?status=pending"
                )
            )
    return found
