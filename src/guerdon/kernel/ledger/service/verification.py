"""Checking every promise of the ledger by computing everything again from its transfers."""

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.schemas import Fault

CHECKS = {
    "conservation": "For each unit, all balances add up to nothing.",
    "balances": "Each account is what its transfers add up to.",
    "running_balances": "Each transfer begins where the one before it ended.",
    "floors": "No account is below its floor.",
    "holds": "Each pocket holds what its open holds have left.",
    "references": "No transfer is an orphan.",
    "reversals": "Nothing was reversed by more than its amount.",
    "system_accounts": "Each system account is what its transfers add up to.",
}
"""Each check, in the order in which they run, and the promise that it checks."""

FAULTS_MAX = 1000
"""The most faults that are named for one check: beyond that, one more says nothing new."""


def verify(session: Session, progress: Callable[[str], None] = lambda _: None) -> list[Fault]:
    """Run every check in one snapshot.

    Args:
        session: nothing may have been read in its transaction yet.
        progress: told the name of each check as it begins.

    Returns:
        Each fault found, none if the ledger keeps its promises.
    """
    one_snapshot(session)
    units = catalogue(session, fresh=True).units_by_id
    faults: list[Fault] = []
    for check in CHECKS:
        progress(check)
        rows = session.execute(
            text(f"SELECT owner_id, unit_id, fault FROM ledger.verify_{check}() LIMIT :most"),  # noqa: S608 - our names
            {"most": FAULTS_MAX},
        )
        faults.extend(
            Fault(check, row.owner_id, units[row.unit_id].code if row.unit_id in units else None, row.fault)
            for row in rows
        )
    return faults


def one_snapshot(session: Session) -> None:
    """Let everything that a transaction reads be of one moment; nothing may have been read in it yet."""
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))


def count_transfers(session: Session) -> int:
    """How many rows of transfers there are; one between two owners has two."""
    counted: int = session.execute(text("SELECT count(*) FROM ledger.transfers")).scalar_one()
    return counted
