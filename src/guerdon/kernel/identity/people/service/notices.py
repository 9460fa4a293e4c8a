"""What minors and guardians are told by mail and SMS, each in their language and by the channels that they want.

Nothing of it is a secret: a mail names the two people and what changed, an SMS says where to look.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people.models import Guardianship
from guerdon.kernel.messages import Channel, Message, send
from guerdon.web.i18n import msgid, translator

SUBJECTS = {
    "guardian_asked": msgid("{other} asks you to answer for them"),
    "guardian_consented": msgid("{other} answers for you now"),
    "ward_taken_on": msgid("You answer for {other} now"),
    "guardian_refused": msgid("{other} does not answer for you"),
    "request_withdrawn": msgid("{other} no longer asks you"),
    "guardian_gone": msgid("{other} no longer answers for you"),
    "ward_gone": msgid("You no longer answer for {other}"),
    "guardian_at_fault": msgid("{other} cannot answer for you at present"),
    "ward_at_fault": msgid("You cannot answer for {other} at present"),
    "came_of_age": msgid("You are 18 now"),
}
"""One line for each event: the subject of a mail, the whole of an SMS but for the address."""

BODIES = {
    "guardian_asked": msgid(
        "{other} is under 18 and takes part with an adult who answers for them. They ask you to be that"
        " adult, and cannot take part before you agree. Sign in to agree or to decline:"
    ),
    "guardian_consented": msgid("{other} agreed to answer for you, so you can take part now:"),
    "ward_taken_on": msgid(
        "you agreed to answer for {other}, who is under 18. You can see who they are, and stop answering for them at"
        " any time:"
    ),
    "guardian_refused": msgid("{other} declined to answer for you. You can ask another adult:"),
    "request_withdrawn": msgid("{other} took the request back that you answer for them. There is nothing to do:"),
    "guardian_gone": msgid(
        "{other} no longer answers for you. Until another adult does, you can look around, but not take part. Ask"
        " somebody:"
    ),
    "ward_gone": msgid("you no longer answer for {other}. There is nothing to do:"),
    "guardian_at_fault": msgid(
        "{other} cannot answer for you as it is: their account is closed or suspended, or they are not known to be an"
        " adult. The staff look at it; you can also speak to them about another guardian:"
    ),
    "ward_at_fault": msgid(
        "you cannot answer for {other} as it is, because you are not known to be an adult. Look at the birth date in"
        " your profile, or speak to the staff:"
    ),
    "came_of_age": msgid(
        "you are 18 now and answer for yourself: nobody answers for you any more. Your profile stays as private as it"
        " was; who may see it and who may write to you is yours to decide:"
    ),
}
LETTER = msgid("Hello {name},\n\n{event}\n\n{base_url}{path}")
SMS = msgid("{community}: {event}. {base_url}{path}")
FAMILY = "/account/family"
PROFILE = "/account/profile"


def tell(
    session: Session, user_id: UUID, event: str, *, other: str = "", path: str = FAMILY, dedupe_key: str | None = None
) -> None:
    """Tell one person something, by every channel that they want and have; a closed or suspended account hears nothing.

    Args:
        event: one of ``SUBJECTS``.
        other: the name of whom it is about.
        path: where they can look or act.
        dedupe_key: a second message under it is dropped.
    """
    user = session.scalars(
        select(User).where(User.id == user_id, User.deleted_at.is_(None), User.is_active.is_(True))
    ).one_or_none()
    if user is None:
        return
    for channel, to in _ways_to(session, user):
        mail = channel == "email"
        words = translator(user.locale, __name__).gettext(BODIES[event] if mail else SUBJECTS[event], other=other)
        send(
            session,
            Message(
                f"identity.{event}",
                channel,
                to,
                user.locale,
                LETTER if mail else SMS,
                SUBJECTS[event] if mail else "",
                module=__name__,
                params={"name": user.name, "event": words, "other": other, "path": path},
                user_id=user_id,
                dedupe_key=f"{dedupe_key}:{channel}" if dedupe_key else None,
            ),
        )


def _ways_to(session: Session, user: User) -> Iterator[tuple[Channel, str]]:
    wanted = session.scalar(select(func.identity.wanted_channels(user.id))) or {}
    if user.email is not None and wanted.get("email", True):
        yield "email", user.email
    if user.phone is not None and user.phone_verified_at is not None and wanted.get("sms", True):
        yield "sms", user.phone


def tell_both(session: Session, guardianship: Guardianship, *, minor: str | None, guardian: str | None) -> None:
    """Tell the two people of a guardianship, each about the other.

    Args:
        minor, guardian: the event of each, or None for who need not be told.
    """
    pair = (guardianship.minor_id, guardianship.guardian_id)
    names = {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(pair)))}
    if minor is not None:
        tell(session, guardianship.minor_id, minor, other=names[guardianship.guardian_id])
    if guardian is not None:
        tell(session, guardianship.guardian_id, guardian, other=names[guardianship.minor_id])
