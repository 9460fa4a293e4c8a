"""Accounts of another system: joined with those of the same address here, opened where there are none."""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.kernel.engagement.service.sets import among
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.passwords import is_known_hash
from guerdon.kernel.identity.service import accounts, fields, roles
from guerdon.programs.events.service.importing.context import Context, People
from guerdon.programs.events.service.importing.source import UserRow

SUSPENDED = "Not active in the system that the account comes from"


def bring_people(context: Context) -> None:
    """Open the accounts that are missing. Nobody is told or gets a role, and accounts that are here stay as they are.

    Who came in before is known by their id; who has left since does not come back.
    """
    session, report, rows = context.session, context.report, context.source.users
    ids = {row.id: context.key("users", row.id) for row in rows}
    taken = Counter(row.email.lower() for row in rows)
    before, here = _brought_in(session, ids.values()), _by_address(session, taken)
    names = _Names(session, rows)
    unnamed, locked = [], []
    for row in rows:
        address, user_id = row.email.lower(), ids[row.id]
        if taken[address] > 1:
            report.fault("users", row.row, "email", f"{row.email} stands there more than once, in whatever case")
        elif user_id in before:
            context.people[row.id] = user_id if before[user_id] else None
        elif address in here:
            context.people[row.id] = here[address]
        else:
            username = names.free(row.username)
            if row.username and username is None:
                unnamed.append(row.row)
            known = row.hashed_password is not None and is_known_hash(row.hashed_password)
            if not known:
                locked.append(row.row)
            if _open(context, row, user_id, username, row.hashed_password if known else None):
                context.people[row.id] = user_id
                report.new["users"] += 1
    left = [row.row for row in rows if row.id in context.people and context.people[row.id] is None]
    report.note("Have closed their accounts here; what is theirs is left out", left)
    report.note("Came in without their user name, which is taken or has signs that none may have", unnamed)
    report.note("Have no password that can be read, and set one by mail", locked)
    staff = [row.row for row in rows if row.is_superuser or row.user_type != "regular"]
    report.note("Were more than members there; give them their roles by hand", staff)


def _open(context: Context, row: UserRow, user_id: UUID, username: str | None, password_hash: str | None) -> bool:
    """Open an account, unless something is wrong with what is said of it."""
    session, clock = context.session, context.clock
    try:
        accounts.bring_in(
            session,
            clock,
            user_id=user_id,
            email=row.email,
            name=row.full_name,
            username=username,
            password_hash=password_hash,
            locale=context.locale,
            time_zone=context.zone,
            created_at=row.created_at or clock.now(),
            last_login_at=row.last_login,
        )
    except FieldErrors as exc:
        for each in exc.errors:
            column = "full_name" if each.field == "name" else each.field or ""
            context.report.fault("users", row.row, column, str(each))
        return False
    if not row.is_active:
        roles.set_active(session, clock, user_id=user_id, active=False, actor_id=None, reason=SUSPENDED)
    return True


def _brought_in(session: Session, ids: Iterable[UUID]) -> dict[UUID, bool]:
    """Who came in before, and whether they are still here."""
    rows = session.execute(select(User.id, User.deleted_at.is_(None)).where(among(User.id, ids)))
    return dict(rows.all())


def _by_address(session: Session, addresses: Iterable[str]) -> People:
    """Accounts by address; None where an account of that address was closed, whether or not there is another one now.

    What came in may hang on the closed one, and would come in a second time for the other.
    """
    address = func.lower(User.email)
    query = select(address, User.id, User.deleted_at).where(address == any_(literal(list(addresses), ARRAY(Text()))))
    found: People = {}
    for mail, user_id, deleted_at in session.execute(query):
        if deleted_at is not None:
            found[mail] = None
        else:
            found.setdefault(mail, user_id)
    return found


class _Names:
    """Which user names can be had."""

    def __init__(self, session: Session, rows: Sequence[UserRow]) -> None:
        wanted = [row.username.lower() for row in rows if row.username]
        name = func.lower(User.username)
        self._taken = set(session.scalars(select(name).where(name == any_(literal(wanted, ARRAY(Text()))))))

    def free(self, wanted: str | None) -> str | None:
        """The name, taken from now on; None if somebody has it or it is none."""
        try:
            name = fields.clean_username(wanted or "")
        except FieldError:
            return None
        if name.lower() in self._taken:
            return None
        self._taken.add(name.lower())
        return name
