"""The ledger's codes: which small number stands for which unit, pocket, system account, kind and reference type.

Codes are only ever added, so what a process has read stays true; on a miss it reads again.
"""

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from guerdon.core.money import Unit, UnitKind
from guerdon.kernel.ledger.errors import (
    UnknownAccountError,
    UnknownKindError,
    UnknownReferenceTypeError,
    UnknownUnitError,
)
from guerdon.kernel.ledger.schemas import Effect, Pocket

FIRST_SYSTEM_ACCOUNT = 100

_READ = text(
    """
    SELECT 'pocket' AS what, id, code FROM ledger.pockets
    UNION ALL SELECT 'account', id, code FROM ledger.system_accounts
    UNION ALL SELECT CASE effect WHEN 1 THEN 'earning kind' ELSE 'kind' END, id, code FROM ledger.transfer_kinds
    UNION ALL SELECT 'reference', id, code FROM ledger.reference_types
    """
)


@dataclass(slots=True)
class Catalogue:
    """Codes and their numbers, both ways."""

    units: dict[str, tuple[int, Unit]] = field(default_factory=dict)
    units_by_id: dict[int, Unit] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    accounts_by_id: dict[int, str] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    kinds_by_id: dict[int, str] = field(default_factory=dict)
    earning_kinds: set[int] = field(default_factory=set)
    references: dict[str, int] = field(default_factory=dict)
    references_by_id: dict[int, str] = field(default_factory=dict)

    def unit(self, code: str) -> Unit:
        """The unit of that code, or UnknownUnitError."""
        try:
            return self.units[code][1]
        except KeyError:
            raise UnknownUnitError(unit=code) from None

    def unit_id(self, code: str) -> int:
        """The number of a unit, or UnknownUnitError."""
        try:
            return self.units[code][0]
        except KeyError:
            raise UnknownUnitError(unit=code) from None

    def account_id(self, code: str) -> int:
        """The number of a pocket or system account, or UnknownAccountError."""
        try:
            return self.accounts[code]
        except KeyError:
            raise UnknownAccountError() from None

    def system_account_id(self, code: str) -> int:
        """The number of a system account, or UnknownAccountError: the name of a pocket is none."""
        found = self.account_id(code)
        if is_pocket(found):
            raise UnknownAccountError()
        return found

    def kind_id(self, code: str) -> int:
        """The number of a transfer kind, or UnknownKindError."""
        try:
            return self.kinds[code]
        except KeyError:
            raise UnknownKindError(kind=code) from None

    def reference_id(self, code: str) -> int:
        """The number of a reference type, or UnknownReferenceTypeError."""
        try:
            return self.references[code]
        except KeyError:
            raise UnknownReferenceTypeError(reference_type=code) from None


_KNOWN: WeakKeyDictionary[Engine | Connection, Catalogue] = WeakKeyDictionary()


def catalogue(session: Session, *, fresh: bool = False) -> Catalogue:
    """The codes of the session's database; read once for each process unless ``fresh``."""
    bind = session.get_bind()
    known = _KNOWN.get(bind)
    if known is None or fresh:
        known = _read(session)
        _KNOWN[bind] = known
    return known


def refresh(session: Session) -> bool:
    """Read the codes again, once for each session; whether it did."""
    if session.info.get("ledger_catalogue_refreshed"):
        return False
    session.info["ledger_catalogue_refreshed"] = True
    catalogue(session, fresh=True)
    return True


def unit_of(session: Session, code: str) -> Unit:
    """A unit by its code, one that was registered since this process read the codes too.

    Raises:
        UnknownUnitError: there is none.
    """
    try:
        return catalogue(session).unit(code)
    except UnknownUnitError:
        if not refresh(session):
            raise
        return catalogue(session).unit(code)


def _read(session: Session) -> Catalogue:
    found = Catalogue()
    for row in session.execute(text("SELECT id, code, scale, kind, name FROM ledger.units")):
        unit = Unit(row.code, row.scale, UnitKind(row.kind), row.name)
        found.units[unit.code] = (row.id, unit)
        found.units_by_id[row.id] = unit
    for row in session.execute(_READ):
        if row.what in ("pocket", "account"):
            found.accounts[row.code] = row.id
            found.accounts_by_id[row.id] = row.code
        elif row.what in ("kind", "earning kind"):
            if row.what == "earning kind":
                found.earning_kinds.add(row.id)
            found.kinds[row.code] = row.id
            found.kinds_by_id[row.id] = row.code
        else:
            found.references[row.code] = row.id
            found.references_by_id[row.id] = row.code
    return found


_EFFECTS = {Effect.NONE: 0, Effect.EARN: 1, Effect.SPEND: 2}


def register_units(session: Session, units: tuple[Unit, ...]) -> None:
    """Make sure that units exist. Owner's role only; a unit's scale and kind never change."""
    for unit in units:
        session.execute(
            text("SELECT ledger.register_unit(:code, CAST(:scale AS smallint), :kind, :name)"),
            {"code": unit.code, "scale": unit.scale, "kind": unit.kind.value, "name": unit.name},
        )


def register_codes(
    session: Session,
    *,
    kinds: dict[str, Effect] | None = None,
    reference_types: tuple[str, ...] = (),
    system_accounts: tuple[str, ...] = (),
) -> None:
    """Make sure that kinds, reference types and system accounts exist. Owner's role only."""
    for code, effect in (kinds or {}).items():
        session.execute(
            text("SELECT ledger.register_transfer_kind(:code, CAST(:effect AS smallint))"),
            {"code": code, "effect": _EFFECTS[effect]},
        )
    for code in reference_types:
        session.execute(text("SELECT ledger.register_reference_type(:code)"), {"code": code})
    for code in system_accounts:
        session.execute(text("SELECT ledger.register_system_account(:code)"), {"code": code})


def is_pocket(account_id: int) -> bool:
    """Whether an account number is a pocket of an owner."""
    return account_id < FIRST_SYSTEM_ACCOUNT


POCKETS = tuple(pocket.value for pocket in Pocket)
