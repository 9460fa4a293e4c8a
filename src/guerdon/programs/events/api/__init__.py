"""``/api/v1/events``: browsing, registering and paying, managing, the door, what comes of an evening."""

from guerdon.programs.events.api import attending, browsing, doors, evening, managing, meeting, registering

# Browsing comes last: its paths take ids where the others have words.
ROUTERS = (
    doors.router,
    evening.router,
    meeting.router,
    registering.router,
    attending.router,
    managing.router,
    browsing.router,
)
"""What the program hands over."""

__all__ = ["ROUTERS"]
