"""A copy of everything about a person: asked for, made by the worker, fetched once, gone after seven days."""

import io
import zipfile
from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from psycopg import errors as pg
from sqlalchemy import and_, case, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, undefer

from guerdon.core.clock import Clock
from guerdon.core.errors import NotFoundError
from guerdon.core.ids import new_id
from guerdon.kernel import personal_data
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people.errors import ExportNotReadyError, ExportRunningError
from guerdon.kernel.identity.people.models import Export, ExportFile
from guerdon.kernel.personal_data import PersonalData

KEEP = timedelta(days=7)
GIVE_UP = timedelta(days=1)
README = """What this is: a copy of everything that is kept about you, one folder for each part of the system.
JSON files hold records; pictures and documents are as you sent them, save that pictures were encoded anew.
"""


def request(session: Session, clock: Clock, user_id: UUID) -> Export:
    """Ask for a copy; queueing the work is the caller's business.

    Raises:
        ExportRunningError: one is being made or waits to be fetched.
    """
    wanted = Export(
        id=new_id(),
        user_id=user_id,
        status="queued",
        parts_total=len(personal_data.parts()),
        requested_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(wanted)
            session.flush()
    except IntegrityError as exc:
        if isinstance(exc.orig, pg.UniqueViolation):
            raise ExportRunningError from exc
        raise
    announce(session, Act("identity.export_requested", "export", wanted.id, actor_id=user_id))
    return wanted


def of(session: Session, user_id: UUID) -> Sequence[Export]:
    """Somebody's copies, the latest first; at most ten."""
    query = select(Export).where(Export.user_id == user_id).order_by(Export.requested_at.desc(), Export.id.desc())
    return session.scalars(query.limit(10)).all()


def make(session: Session, clock: Clock, export_id: UUID) -> bool:
    """Add the next part to a copy; each is a transaction of its own, so that the progress can be seen.

    Returns:
        Whether there is a further part to add.
    """
    wanted = session.scalars(select(Export).where(Export.id == export_id).with_for_update()).one_or_none()
    if wanted is None or wanted.status != "queued":
        return False
    contributors = personal_data.parts()
    archive = _grown(session, clock, wanted, contributors[wanted.parts_done])
    wanted.parts_done, wanted.parts_total = wanted.parts_done + 1, len(contributors)
    wanted.size_bytes = len(archive)
    if wanted.parts_done == wanted.parts_total:
        wanted.status, wanted.ready_at, wanted.expires_at = "ready", clock.now(), clock.now() + KEEP
    session.flush()
    return wanted.status == "queued"


def _grown(session: Session, clock: Clock, wanted: Export, part: PersonalData) -> bytes:
    """The archive with one part more."""
    purpose = f"export:{wanted.id}"
    query = select(ExportFile).where(ExportFile.export_id == wanted.id).options(undefer(ExportFile.content))
    file = session.scalars(query).one_or_none()
    out = io.BytesIO(encryption.ring().decrypt(file.content, purpose=purpose) if file else b"")
    with zipfile.ZipFile(out, "a" if file else "w", zipfile.ZIP_DEFLATED) as archive:
        if file is None:
            _put(archive, clock, "README.txt", README.encode())
        for each in part.export(session, clock, wanted.user_id):
            _put(archive, clock, f"{part.name}/{each.path}", each.content)
    sealed = encryption.ring().encrypt(out.getvalue(), purpose=purpose)
    if file is None:
        session.add(ExportFile(export_id=wanted.id, user_id=wanted.user_id, content=sealed))
    else:
        file.content = sealed
    return out.getvalue()


def _put(archive: zipfile.ZipFile, clock: Clock, path: str, content: bytes) -> None:
    moment = clock.now()
    info = zipfile.ZipInfo(path, (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second))
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def fetch(session: Session, clock: Clock, user_id: UUID, export_id: UUID) -> bytes:
    """The archive, once: it is deleted in the same transaction.

    Raises:
        NotFoundError: they have no such copy.
        ExportNotReadyError: it is being made, was fetched or has expired.
    """
    wanted = session.scalars(
        select(Export).where(Export.id == export_id, Export.user_id == user_id).with_for_update()
    ).one_or_none()
    if wanted is None:
        raise NotFoundError(what="copy")
    if wanted.status != "ready" or wanted.expires_at is None or wanted.expires_at <= clock.now():
        raise ExportNotReadyError
    file = session.scalars(
        select(ExportFile).where(ExportFile.export_id == export_id).options(undefer(ExportFile.content))
    ).one()
    archive = encryption.ring().decrypt(file.content, purpose=f"export:{export_id}")
    session.delete(file)
    wanted.status, wanted.fetched_at = "fetched", clock.now()
    session.flush()
    announce(session, Act("identity.export_fetched", "export", export_id, actor_id=user_id))
    return archive


def expire(session: Session, clock: Clock, *, under_way: Collection[UUID] = ()) -> int:
    """Delete archives that nobody fetched in time, and give up those that could not be made. Returns how many.

    Args:
        under_way: those that are being made or will be; however late, after a time in which no worker ran.
    """
    now = clock.now()
    late = or_(
        and_(Export.status == "ready", Export.expires_at <= now),
        and_(Export.status == "queued", Export.requested_at <= now - GIVE_UP, Export.id.not_in(under_way)),
    )
    outcome = case((Export.status == "ready", "expired"), else_="failed")
    session.execute(delete(ExportFile).where(ExportFile.export_id.in_(select(Export.id).where(late))))
    gone = session.execute(update(Export).where(late).values(status=outcome).returning(Export.id))
    return len(gone.all())


def drop_all_of(session: Session, user_id: UUID) -> None:
    """Forget every copy of somebody."""
    session.execute(delete(ExportFile).where(ExportFile.user_id == user_id))
    session.execute(delete(Export).where(Export.user_id == user_id))
