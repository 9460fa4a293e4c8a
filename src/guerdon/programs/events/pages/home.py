"""A member's events on the home page."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.identity.models import User
from guerdon.kernel.program import HomeCard
from guerdon.programs.events.models import RegistrationStatus
from guerdon.programs.events.pages.shown import REGISTRATION_STATES, short_when_of
from guerdon.programs.events.service import reading
from guerdon.web import formats
from guerdon.web.i18n import translator
from guerdon.web.viewer import Viewer, viewing

UPCOMING_MAX = 50


def home(session: Session, clock: Clock, user_id: UUID, locale: str) -> list[HomeCard]:
    """The next event, and any place that waits to be taken."""
    upcoming = reading.own(session, user_id, after=None, limit=UPCOMING_MAX, upcoming_at=clock.now())
    zone = ZoneInfo(session.get_one(User, user_id).time_zone)
    viewer = Viewer(translator(locale, __name__), zone, clock.now(), lambda: "")
    gettext, ngettext = viewer.translator.gettext, viewer.translator.ngettext
    found = []
    with viewing(viewer):
        if upcoming:
            first = upcoming[0]
            note = f"{short_when_of(first.event)} · {gettext(REGISTRATION_STATES[first.registration.status].label)}"
            found.append(HomeCard(gettext("Next event"), first.event.title, note, f"/events/{first.event.id}"))
        offers = [each for each in upcoming if each.registration.status is RegistrationStatus.OFFERED]
        if offers:
            text = ngettext("place offered to you", "places offered to you", len(offers))
            path = f"/events/{offers[0].event.id}" if len(offers) == 1 else "/events/mine"
            found.append(HomeCard(gettext("Offers"), formats.number(len(offers)), text, path))
    return found
