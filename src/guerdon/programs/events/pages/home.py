"""A member's events on the home page."""

from collections.abc import Iterator
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.identity.models import User
from guerdon.kernel.program import HomeCard
from guerdon.programs.events.models import RegistrationStatus
from guerdon.programs.events.pages.shown import REGISTRATION_STATES, short_when_of
from guerdon.programs.events.service import reading, standing
from guerdon.web import formats
from guerdon.web.i18n import translator
from guerdon.web.viewer import Viewer, viewing

UPCOMING_MAX = 50


def home(session: Session, clock: Clock, user_id: UUID, locale: str) -> list[HomeCard]:
    """The next event, any place that waits to be taken, and the points and weeks of who has some."""
    zone = ZoneInfo(session.get_one(User, user_id).time_zone)
    viewer = Viewer(translator(locale, __name__), zone, clock.now(), lambda: "")
    with viewing(viewer):
        return [*_coming(session, user_id, viewer), *_standing(session, user_id, viewer)]


def _coming(session: Session, user_id: UUID, viewer: Viewer) -> Iterator[HomeCard]:
    gettext, ngettext = viewer.translator.gettext, viewer.translator.ngettext
    upcoming = reading.own(session, user_id, after=None, limit=UPCOMING_MAX, upcoming_at=viewer.now)
    if upcoming:
        first = upcoming[0]
        note = f"{short_when_of(first.event)} · {gettext(REGISTRATION_STATES[first.registration.status].label)}"
        yield HomeCard(gettext("Next event"), first.event.title, note, f"/events/{first.event.id}")
    offers = [each for each in upcoming if each.registration.status is RegistrationStatus.OFFERED]
    if offers:
        text = ngettext("place offered to you", "places offered to you", len(offers))
        path = f"/events/{offers[0].event.id}" if len(offers) == 1 else "/events/mine"
        yield HomeCard(gettext("Offers"), formats.number(len(offers)), text, path)


def _standing(session: Session, user_id: UUID, viewer: Viewer) -> Iterator[HomeCard]:
    gettext = viewer.translator.gettext
    points = standing.points(session, user_id, viewer.now)
    if points.earned:
        note = gettext("{number} earned in all").format(number=formats.number(points.earned))
        yield HomeCard(gettext("Points"), formats.number(points.available), note, "/events/profile")
    weeks = standing.weeks(session, user_id, viewer.now)
    if weeks is not None and weeks.standing.current:
        note = (
            gettext("Come to an event before {day}").format(day=formats.format_date(weeks.ends_on))
            if weeks.at_risk
            else gettext("longest: {number}").format(number=formats.number(weeks.standing.longest))
        )
        yield HomeCard(gettext("Weeks in a row"), formats.number(weeks.standing.current), note, "/events/profile")
