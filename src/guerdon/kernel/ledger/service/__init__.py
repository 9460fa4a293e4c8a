"""What the ledger does. Import from here; the modules are its rooms.

``posting`` moves value, ``holds`` sets it aside, ``reading`` tells balances and statements, ``owners`` opens and closes
accounts, ``upkeep`` is what a job does every minute, ``verification`` checks every promise, ``exporting`` writes the
ledger out.
"""

from guerdon.kernel.ledger.service.door import owner_of, refusals
from guerdon.kernel.ledger.service.exporting import Wanted, count_entries, export_entries, render_entries
from guerdon.kernel.ledger.service.holds import award_pending, capture, get_hold, hold, release
from guerdon.kernel.ledger.service.owners import close_owner, open_member, open_system_owner, set_floor
from guerdon.kernel.ledger.service.posting import adjust, dry_run, post, post_batch, reverse
from guerdon.kernel.ledger.service.reading import (
    balance_at,
    balances,
    find_system_owner,
    get_row,
    get_transfer,
    require_owner,
    statement,
    system_balances,
    turnovers,
    units,
)
from guerdon.kernel.ledger.service.upkeep import SETTLE_BATCH, fold_system_balances, settle_due, settle_owner
from guerdon.kernel.ledger.service.verification import CHECKS, count_transfers, one_snapshot, verify

__all__ = [
    "CHECKS",
    "SETTLE_BATCH",
    "Wanted",
    "adjust",
    "award_pending",
    "balance_at",
    "balances",
    "capture",
    "close_owner",
    "count_entries",
    "count_transfers",
    "dry_run",
    "export_entries",
    "find_system_owner",
    "fold_system_balances",
    "get_hold",
    "get_row",
    "get_transfer",
    "hold",
    "one_snapshot",
    "open_member",
    "open_system_owner",
    "owner_of",
    "post",
    "post_batch",
    "refusals",
    "release",
    "render_entries",
    "require_owner",
    "reverse",
    "set_floor",
    "settle_due",
    "settle_owner",
    "statement",
    "system_balances",
    "turnovers",
    "units",
    "verify",
]
