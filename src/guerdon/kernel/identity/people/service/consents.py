"""What people agreed to: asked by purpose and version, kept as a history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.kernel.identity.people.errors import ConsentUnknownError
from guerdon.kernel.identity.people.models import Consent
from guerdon.kernel.identity.people.service import profiles
from guerdon.web.i18n import msgid

Source = Literal["page", "api", "staff", "import", "sign_up"]


@dataclass(frozen=True, slots=True)
class Question:
    """Something that one can agree to.

    Attributes:
        purpose: stable code.
        version: of its text; a new text is a new version, to which nobody has agreed yet.
        text: message id.
    """

    purpose: str
    version: str
    text: str


QUESTIONS = (
    Question("community_news", "2026-01", msgid("Send me news of the community.")),
    Question("research", "2026-01", msgid("Use what I do, without my name, to learn how the community grows.")),
    Question("partner_offers", "2026-01", msgid("Let partners send me offers through the community.")),
)


def latest(session: Session, user_id: UUID) -> Mapping[str, Consent]:
    """The last word of somebody on each purpose."""
    query = select(Consent).where(Consent.user_id == user_id).order_by(Consent.purpose, Consent.id)
    return {each.purpose: each for each in session.scalars(query)}


def answer(
    session: Session, clock: Clock, user_id: UUID, *, purpose: str, version: str, granted: bool, source: Source
) -> Consent:
    """Keep an answer; the same answer again is kept once.

    Raises:
        ConsentUnknownError: there is no such purpose, or its text is of another version now.
    """
    if not any((each.purpose, each.version) == (purpose, version) for each in QUESTIONS):
        raise ConsentUnknownError(field="purpose", problem="")
    profiles.get(session, user_id, lock=True)
    present = latest(session, user_id).get(purpose)
    if present is not None and (present.version, present.granted) == (version, granted):
        return present
    given = Consent(
        id=new_id(),
        user_id=user_id,
        purpose=purpose,
        version=version,
        granted=granted,
        source=source,
        recorded_at=clock.now(),
    )
    session.add(given)
    session.flush()
    return given
