"""``/api/v1/events``: the door, what comes of an evening, and whom one met there."""

from guerdon.programs.events.api import doors, evening, meeting

ROUTERS = (doors.router, evening.router, meeting.router)
"""What the program hands over."""

__all__ = ["ROUTERS"]
