"""Reasons: what staff do to somebody else's standing is explained."""

from guerdon.core.texts import is_blank
from guerdon.programs.events.evening_errors import (
    ReasonRequiredError,
)

REASON_LENGTH_MIN, REASON_LENGTH_MAX = 3, 500


def checked_reason(reason: str | None) -> str:
    """A reason without surrounding space.

    Raises:
        ReasonRequiredError: there is none, or it is too short or too long.
    """
    text = (reason or "").strip()
    if is_blank(text) or not REASON_LENGTH_MIN <= len(text) <= REASON_LENGTH_MAX:
        raise ReasonRequiredError(field="reason", length_max=REASON_LENGTH_MAX)
    return text
