"""What the events program refuses."""

from guerdon.core.errors import ConflictError, NotFoundError
from guerdon.web.i18n import msgid

WORDS = (
    *(msgid("registered"), msgid("on the waiting list"), msgid("offered a place"), msgid("attended")),
    *(msgid("cancelled"), msgid("lapsed"), msgid("a draft"), msgid("published"), msgid("over")),
)
"""What fills ``{status}`` below; translated together with the sentence."""


class EventNotFoundError(NotFoundError):
    """There is no such event, or the asker may not know that there is."""

    code = "event-not-found"
    message = "There is no such event."
    remedy = "Go back to the list and choose one from there."


class EventChangedError(ConflictError):
    """The event changed after the page was loaded on which somebody decided."""

    code = "event-changed"
    message = "This event has changed since you looked at it."
    remedy = "Look at it again, then decide."


class RegistrationNotFoundError(NotFoundError):
    """There is no such registration, or it is somebody else's."""

    code = "registration-not-found"
    message = "There is no such registration."
    remedy = "Go back to your events and choose one from there."
