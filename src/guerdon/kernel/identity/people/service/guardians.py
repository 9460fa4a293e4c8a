"""Minors and those who answer for them: asking, consenting, refusing, ending, and checking every night.

A minor asks an adult by the address of their account; the adult consents in a session of their own. The database
refuses chains and loops; the adult's age is asked here at each step, and again every night.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import errors as pg
from sqlalchemy import func, or_, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from guerdon.core.clock import Clock
from guerdon.core.errors import NotFoundError
from guerdon.core.ids import new_id
from guerdon.http.limits import RateLimit
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people.errors import (
    BirthDateNeededError,
    GuardianPresentError,
    GuardianshipLoopError,
    GuardianshipStateError,
    GuardianUnsuitableError,
    NotAMinorError,
    RelationshipUnknownError,
)
from guerdon.kernel.identity.people.fields import is_minor, today_in
from guerdon.kernel.identity.people.models import RELATIONSHIPS, Guardianship, Profile
from guerdon.kernel.identity.people.service import notices, profiles
from guerdon.kernel.identity.service.accounts import find_by_email

LIVE = ("requested", "consented")
REQUESTS = RateLimit("guardian-requests", 10, timedelta(hours=1))
"""How often somebody may ask; without it, addresses could be tried out."""
CAME_OF_AGE = "came of age"
TOLD_LATE_DAYS = 7
"""Less than messages are kept, since they show who was told already."""


def request(session: Session, clock: Clock, minor_id: UUID, *, guardian_email: str, relationship: str) -> Guardianship:
    """Ask an adult to answer for oneself.

    Args:
        guardian_email: the address of the adult's account.
        relationship: what they are to the minor.

    Raises:
        BirthDateNeededError, NotAMinorError, RelationshipUnknownError, GuardianUnsuitableError, GuardianPresentError,
        GuardianshipLoopError: nothing is written.
    """
    profile = profiles.get(session, minor_id, lock=True)
    if profile.date_of_birth is None:
        raise BirthDateNeededError(field="date_of_birth", problem="")
    if not profiles.minor(profile, clock):
        raise NotAMinorError
    if relationship not in RELATIONSHIPS:
        raise RelationshipUnknownError(field="relationship_type", problem="")
    guardian = find_by_email(session, guardian_email)
    if guardian is None or guardian.id == minor_id or not _may_guard(session, clock, guardian.id):
        raise GuardianUnsuitableError(field="guardian_email", problem="")
    asked = Guardianship(
        id=new_id(),
        minor_id=minor_id,
        guardian_id=guardian.id,
        relationship_type=relationship,
        status="requested",
        requested_at=clock.now(),
    )
    _write(session, asked)
    _record(session, "requested", asked, minor_id)
    notices.tell_both(session, asked, minor=None, guardian="guardian_asked")
    return asked


def _write(session: Session, guardianship: Guardianship) -> None:
    try:
        with session.begin_nested():
            session.add(guardianship)
            session.flush()
    except IntegrityError as exc:
        constraint = exc.orig.diag.constraint_name if isinstance(exc.orig, pg.Error) else None
        if constraint == "uq_guardianships_live":
            raise GuardianPresentError from exc
        if constraint == "guardianships_form_no_chain":
            raise GuardianshipLoopError from exc
        raise


def _may_guard(session: Session, clock: Clock, user_id: UUID) -> bool:
    asked = text("SELECT identity.may_guard(:user, :now)")
    return bool(session.execute(asked, {"user": user_id, "now": clock.now()}).scalar())


def _record(session: Session, what: str, guardianship: Guardianship, actor_id: UUID | None) -> None:
    announce(
        session,
        Act(
            f"identity.guardianship_{what}",
            "guardianship",
            guardianship.id,
            actor_id=actor_id,
            new={"minor_id": guardianship.minor_id, "guardian_id": guardianship.guardian_id},
            reason=guardianship.reason,
        ),
    )


def _get(session: Session, guardianship_id: UUID, condition: Any) -> Guardianship:
    query = select(Guardianship).where(Guardianship.id == guardianship_id, condition)
    found = session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFoundError(what="guardianship")
    return found


def consent(session: Session, clock: Clock, guardian_id: UUID, guardianship_id: UUID) -> Guardianship:
    """Agree to answer for a minor.

    Raises:
        NotFoundError: nobody asked this person.
        GuardianshipStateError: it has been answered or withdrawn.
        GuardianUnsuitableError: they are not known to be an adult any more.
        GuardianshipLoopError: somebody has come to answer for them meanwhile.
    """
    asked = _get(session, guardianship_id, Guardianship.guardian_id == guardian_id)
    if asked.status != "requested":
        raise GuardianshipStateError
    if not _may_guard(session, clock, guardian_id):
        raise GuardianUnsuitableError(field="guardian_email", problem="")
    asked.status, asked.consented_at = "consented", clock.now()
    _write(session, asked)
    _record(session, "consented", asked, guardian_id)
    notices.tell_both(session, asked, minor="guardian_consented", guardian="ward_taken_on")
    return asked


def refuse(session: Session, clock: Clock, guardian_id: UUID, guardianship_id: UUID) -> Guardianship:
    """Decline to answer for a minor.

    Raises:
        NotFoundError, GuardianshipStateError: as ``consent``.
    """
    asked = _get(session, guardianship_id, Guardianship.guardian_id == guardian_id)
    if asked.status != "requested":
        raise GuardianshipStateError
    return _end(session, clock, asked, "refused", guardian_id)


def revoke(
    session: Session, clock: Clock, guardian_id: UUID, guardianship_id: UUID, *, reason: str = ""
) -> Guardianship:
    """Stop answering for a minor.

    Raises:
        NotFoundError, GuardianshipStateError: as ``consent``.
    """
    present = _get(session, guardianship_id, Guardianship.guardian_id == guardian_id)
    if present.status != "consented":
        raise GuardianshipStateError
    return _end(session, clock, present, "revoked", guardian_id, reason=reason)


def withdraw(session: Session, clock: Clock, minor_id: UUID, guardianship_id: UUID) -> Guardianship:
    """Take back a request that is not answered yet; a consented guardianship is not the minor's to end.

    Raises:
        NotFoundError, GuardianshipStateError: as ``consent``.
    """
    asked = _get(session, guardianship_id, Guardianship.minor_id == minor_id)
    if asked.status != "requested":
        raise GuardianshipStateError
    return _end(session, clock, asked, "withdrawn", minor_id)


def end_as_staff(session: Session, clock: Clock, guardianship_id: UUID, *, actor_id: UUID, reason: str) -> Guardianship:
    """End a guardianship that is at fault.

    Raises:
        NotFoundError, GuardianshipStateError: as ``consent``.
    """
    present = _get(session, guardianship_id, Guardianship.id.is_not(None))
    if present.status not in LIVE:
        raise GuardianshipStateError
    status = "ended" if present.status == "consented" else "withdrawn"
    return _end(session, clock, present, status, actor_id, reason=reason)


def _end(
    session: Session, clock: Clock, guardianship: Guardianship, status: str, actor_id: UUID | None, *, reason: str = ""
) -> Guardianship:
    guardianship.status, guardianship.ended_at = status, clock.now()
    guardianship.reason, guardianship.fault = reason.strip()[:500] or None, None
    session.flush()
    _record(session, status, guardianship, actor_id)
    to_minor, to_guardian = _HEARD[status]
    # Who acts knows; who comes of age hears of that, and of nothing else.
    if actor_id == guardianship.minor_id or guardianship.reason == CAME_OF_AGE:
        to_minor = None
    if actor_id == guardianship.guardian_id:
        to_guardian = None
    notices.tell_both(session, guardianship, minor=to_minor, guardian=to_guardian)
    return guardianship


_HEARD: dict[str, tuple[str | None, str | None]] = {
    "refused": ("guardian_refused", None),
    "withdrawn": ("guardian_refused", "request_withdrawn"),
    "revoked": ("guardian_gone", "ward_gone"),
    "ended": ("guardian_gone", "ward_gone"),
}
"""What minor and guardian hear of an end, by the status that it leads to."""


def end_all_of(session: Session, clock: Clock, user_id: UUID, *, reason: str) -> int:
    """End every guardianship of an account that closes, on either side. Returns how many."""
    either = or_(Guardianship.minor_id == user_id, Guardianship.guardian_id == user_id)
    found = session.scalars(
        select(Guardianship).where(either, Guardianship.status.in_(LIVE)).order_by(Guardianship.id).with_for_update()
    ).all()
    for each in found:
        _end(session, clock, each, "ended" if each.status == "consented" else "withdrawn", None, reason=reason)
    return len(found)


def _named(session: Session, condition: Any) -> Sequence[Any]:
    minor, guardian = aliased(User), aliased(User)
    return session.execute(
        select(Guardianship, minor.name.label("minor_name"), guardian.name.label("guardian_name"))
        .join(minor, minor.id == Guardianship.minor_id)
        .join(guardian, guardian.id == Guardianship.guardian_id)
        .where(condition)
        .order_by(Guardianship.status.in_(LIVE).desc(), Guardianship.requested_at.desc(), Guardianship.id)
    ).all()


def of(session: Session, user_id: UUID) -> Sequence[Any]:
    """Everything between somebody and their guardian or wards, live first: rows of (guardianship, minor, guardian)."""
    return _named(session, or_(Guardianship.minor_id == user_id, Guardianship.guardian_id == user_id))


def see_ward(session: Session, guardian_id: UUID, guardianship_id: UUID) -> Any:
    """What a guardian may know of their ward: ``user_id, name, date_of_birth, avatar_url, is_profile_public``.

    The look is put on record.

    Raises:
        NotFoundError: they do not answer for anybody under this guardianship now.
    """
    query = text("SELECT * FROM identity.ward(:guardianship)")
    found = session.execute(query, {"guardianship": guardianship_id}).one_or_none()
    if found is None:
        raise NotFoundError(what="guardianship")
    announce(session, Act("identity.ward_seen", "user", found.user_id, actor_id=guardian_id))
    return found


def at_fault(session: Session) -> Sequence[Any]:
    """What the nightly check found wrong, for staff: rows as of ``of``."""
    return _named(session, Guardianship.fault.is_not(None))


def minors_without(session: Session, clock: Clock, *, actor_id: UUID, limit: int = 100) -> Sequence[Any]:
    """Members known to be minors for whom nobody answers: rows of (user_id, name, date_of_birth).

    Args:
        actor_id: who looks; that is put on record where there is anything to see.
    """
    of_age = func.identity.came_of_age_on(Profile.date_of_birth)
    found = session.execute(
        select(Profile.user_id, User.name, Profile.date_of_birth)
        .join(User, User.id == Profile.user_id)
        .where(
            Profile.date_of_birth.is_not(None),
            Profile.guardian_user_id.is_(None),
            of_age > func.date(func.timezone(User.time_zone, clock.now())),
            User.deleted_at.is_(None),
            User.is_active.is_(True),
        )
        .order_by(User.created_at, User.id)
        .limit(limit)
    ).all()
    if found:
        seen = {"user_ids": [str(row.user_id) for row in found]}
        announce(session, Act("identity.birth_dates_seen", "user", actor_id=actor_id, detail=seen))
    return found


def check_all(session: Session, clock: Clock) -> dict[str, int]:
    """The nightly check: end what has run its course, mark what is wrong.

    Who came of age answers for themselves; their profile stays as private as it was. A guardian who is suspended,
    closed or not of age is a fault that staff look at; it is not ended by itself, because the minor needs another
    guardian first. Returns how many of each were found.
    """
    now = clock.now()
    rows = session.execute(
        select(
            Guardianship, Profile.date_of_birth, User.time_zone, func.identity.may_guard(Guardianship.guardian_id, now)
        )
        .join(User, User.id == Guardianship.minor_id)
        .outerjoin(Profile, Profile.user_id == Guardianship.minor_id)
        .where(Guardianship.status.in_(LIVE))
        .order_by(Guardianship.id)
        .with_for_update(of=Guardianship)
    ).all()
    counts = {"came_of_age": 0, "guardian_unsuitable": 0, "age_unknown": 0}
    for guardianship, born, zone, suitable in rows:
        fault = _fault(clock, born, zone, suitable=suitable)
        if fault == "came_of_age":
            status = "ended" if guardianship.status == "consented" else "withdrawn"
            _end(session, clock, guardianship, status, None, reason=CAME_OF_AGE)
        elif fault != guardianship.fault:
            guardianship.fault = fault
            if fault:
                _record(session, "at_fault", guardianship, None)
            if fault == "guardian_unsuitable":
                notices.tell_both(session, guardianship, minor="guardian_at_fault", guardian="ward_at_fault")
        if fault:
            counts[fault] += 1
    session.flush()
    return counts


def tell_who_came_of_age(session: Session, clock: Clock) -> int:
    """Tell members who turned 18 that they answer for themselves now, whether or not somebody answered for them before.

    Returns how many were found. Looks a week back, so that a night on which the job did not run is made up for; nobody
    is told twice.
    """
    of_age = func.identity.came_of_age_on(Profile.date_of_birth)
    today = func.date(func.timezone(User.time_zone, clock.now()))
    found = session.scalars(
        select(User.id)
        .join(Profile, Profile.user_id == User.id)
        .where(
            of_age <= today,
            of_age > today - TOLD_LATE_DAYS,
            of_age > func.date(User.created_at),
            User.deleted_at.is_(None),
            User.is_active.is_(True),
        )
        .order_by(User.id)
    ).all()
    for user_id in found:
        key = f"identity.came_of_age:{user_id}"
        notices.tell(session, user_id, "came_of_age", path=notices.PROFILE, dedupe_key=key)
    return len(found)


def _fault(clock: Clock, born: Any, zone: str, *, suitable: bool) -> str | None:
    if born is None:
        return "age_unknown"
    if not is_minor(born, today_in(clock, zone)):
        return "came_of_age"
    return None if suitable else "guardian_unsuitable"
