"""The pages of the events program, and what it shows on the home page."""

from fastapi import APIRouter

from guerdon.kernel.program import ReviewQueue
from guerdon.programs.events.pages import (
    attending,
    browsing,
    calendars,
    doors,
    figures,
    invitations,
    managing,
    people,
    profile,
    registering,
    results,
    tickets,
    types,
)
from guerdon.programs.events.pages.home import home
from guerdon.programs.events.service.paying import count_payouts
from guerdon.web.i18n import msgid
from guerdon.web.navigation import NavItem

router = APIRouter(include_in_schema=False)
# Paths that are words stand before those that take an id.
for each in (
    *(figures, tickets, calendars, invitations, profile, people, doors, results),
    *(registering, types, attending, browsing, managing),
):
    router.include_router(each.router)

NAVIGATION = (
    NavItem("Events", "/events", permission="events:attend", icon="calendar"),
    NavItem("Points and badges", "/events/profile", permission="events:attend", icon="star"),
    NavItem("Manage events", "/staff/events", permission="events:manage", section="staff", icon="calendar"),
    NavItem("Figures of events", "/staff/events/figures", permission="events:report", section="staff", icon="chart"),
)
REVIEW = ReviewQueue(msgid("Refunds to hand back"), "/staff/events/payouts", "events:attendees", count_payouts)

__all__ = ["NAVIGATION", "REVIEW", "home", "router"]
