"""The words that another system has for types of events."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.programs.events.models import EventType


class Kinds:
    """Types of events by the words of the source; one that is missing is added, and is worth nothing by itself."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._by_name = {each.name.lower(): each.code for each in session.scalars(select(EventType))}
        self._codes = set(self._by_name.values())

    def code(self, words: str) -> str:
        """The code of a type."""
        known = self._by_name.get(words.lower())
        if known is not None:
            return known
        code = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:50]
        code = code if re.match(r"[a-z]", code) else f"type_{code}"[:50]
        if code not in self._codes:
            self._session.add(EventType(code=code, name=words[:100], default_points=0, position=len(self._codes)))
            self._session.flush()
            self._codes.add(code)
        return code
