"""The pages of the events program."""

from fastapi import APIRouter

from guerdon.programs.events.pages import calendars, doors, figures, invitations, people, profile, results, tickets
from guerdon.web.navigation import NavItem

router = APIRouter(include_in_schema=False)
# Paths that are words stand before those that take an id.
for each in (figures, tickets, calendars, invitations, profile, people, doors, results):
    router.include_router(each.router)

NAVIGATION = (
    NavItem("Points and badges", "/events/profile", permission="events:attend", icon="star"),
    NavItem("Figures of events", "/staff/events/figures", permission="events:report", section="staff", icon="chart"),
)

__all__ = ["NAVIGATION", "router"]
