"""Accounts of another system: joined with those of the same address here, opened where there are none."""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import FieldError, FieldErrors
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.passwords import is_known_hash
from guerdon.kernel.identity.service import accounts, fields, roles
from guerdon.programs.events.service.importing.report import Report
from guerdon.programs.events.service.importing.source import UserRow

SUSPENDED = "Not active in the system that the account comes from"


def bring_people(session: Session, clock: Clock, rows: Sequence[UserRow], zone: str, report: Report) -> dict[str, UUID]:
    """Open the accounts that are missing. Nobody is told or gets a role, and accounts that are here stay as they are.

    Returns:
        The account of each user of the source, by the id there.
    """
    taken = Counter(row.email.lower() for row in rows)
    here = _by_address(session, taken)
    names = _Names(session, rows)
    found: dict[str, UUID] = {}
    unnamed, locked = [], []
    for row in rows:
        address = row.email.lower()
        if taken[address] > 1:
            report.fault("users", row.row, "email", f"{row.email} stands there more than once, in whatever case")
            continue
        if address in here:
            found[row.id] = here[address]
            continue
        username = names.free(row.username)
        if row.username and username is None:
            unnamed.append(row.row)
        known = row.hashed_password is not None and is_known_hash(row.hashed_password)
        if not known:
            locked.append(row.row)
        try:
            user = accounts.bring_in(
                session,
                clock,
                email=row.email,
                name=row.full_name,
                username=username,
                password_hash=row.hashed_password if known else None,
                time_zone=zone,
                created_at=row.created_at or clock.now(),
                last_login_at=row.last_login,
            )
        except FieldErrors as exc:
            for each in exc.errors:
                column = "full_name" if each.field == "name" else each.field or ""
                report.fault("users", row.row, column, str(each))
            continue
        if not row.is_active:
            roles.set_active(session, clock, user_id=user.id, active=False, actor_id=None, reason=SUSPENDED)
        found[row.id] = user.id
        report.new["users"] += 1
    report.note("Came in without their user name, which is taken or has signs that none may have", unnamed)
    report.note("Have no password that can be read, and set one by mail", locked)
    staff = [row.row for row in rows if row.is_superuser or row.user_type != "regular"]
    report.note("Were more than members there; give them their roles by hand", staff)
    return found


def _by_address(session: Session, addresses: Iterable[str]) -> dict[str, UUID]:
    address = func.lower(User.email)
    rows = session.execute(
        select(address, User.id).where(
            address == any_(literal(list(addresses), ARRAY(Text()))), User.deleted_at.is_(None)
        )
    )
    return dict(rows.all())


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
