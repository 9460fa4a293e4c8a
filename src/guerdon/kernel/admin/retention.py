"""How long data is kept: one table of policies, one job that applies them all, and a dry run that only counts.

Code says what a policy applies to and how long by default; the row in ``admin.retention_policies`` says how long here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.admin.models import RetentionPolicy

DAYS_A_YEAR = 365.25
Apply = Callable[[Session, datetime, bool], int]


@dataclass(frozen=True, slots=True)
class Policy:
    """One kind of data.

    Attributes:
        code: stable, package first.
        keep_days: by default.
        what: for the operator, in English.
        apply: ``(session, before, dry_run)`` deletes what is older and says how much that is; None for what is never
            deleted and only loses its names when an account is erased.
    """

    code: str
    keep_days: int
    what: str
    apply: Apply | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy did, or would do; ``removed`` is None for what is kept."""

    code: str
    what: str
    keep_days: int
    removed: int | None


def older_than(*columns: str) -> Apply:
    """Deletes the rows of tables whose moment, ``schema.table.column``, has passed."""

    def apply(session: Session, before: datetime, dry_run: bool) -> int:
        total = 0
        for column in columns:
            schema, table, moment = column.split(".")
            condition = f"FROM {schema}.{table} WHERE {moment} < :before"
            if dry_run:
                found = session.execute(text(f"SELECT count(*) {condition}"), {"before": before})
                total += int(found.scalar_one())
            else:
                gone = session.execute(text(f"DELETE {condition} RETURNING 1"), {"before": before})
                total += len(gone.all())
        return total

    return apply


def _forget_audit(session: Session, before: datetime, dry_run: bool) -> int:
    gone = session.execute(text("SELECT admin.forget_audit(:before, :dry)"), {"before": before, "dry": dry_run})
    return int(gone.scalar_one())


def years(number: int) -> int:
    """Years as days."""
    return round(number * DAYS_A_YEAR)


def _forget_documents(session: Session, before: datetime, dry_run: bool) -> int:
    decided = (
        "FROM identity.verification_documents AS d USING identity.verifications AS v"
        " WHERE v.id = d.verification_id AND v.status <> 'pending' AND v.decided_at < :before"
    )
    if dry_run:
        counted = decided.replace(" USING ", ", ")
        return int(session.execute(text(f"SELECT count(*) {counted}"), {"before": before}).scalar_one())
    return len(session.execute(text(f"DELETE {decided} RETURNING 1"), {"before": before}).all())


POLICIES = (
    Policy(
        "identity.sessions",
        90,
        "Browser sessions, staff sessions and refresh tokens, after they ended",
        older_than(
            "identity.user_sessions.expires_at",
            "identity.admin_sessions.expires_at",
            "identity.refresh_tokens.expires_at",
        ),
    ),
    Policy("identity.codes", 1, "One-time codes, after they ended", older_than("identity.one_time_codes.expires_at")),
    Policy(
        "identity.sign_ups",
        2,
        "Sign-ups and new addresses that nobody confirmed, after their links ended",
        older_than("identity.email_confirmations.expires_at"),
    ),
    Policy(
        "identity.password_links",
        7,
        "Links for forgotten passwords, after they ended",
        older_than("identity.password_reset_tokens.expires_at"),
    ),
    Policy("identity.documents", 90, "Pictures of identity papers, after they were decided on", _forget_documents),
    Policy("notifications.outbox", 30, "Messages that were sent or not", older_than("notifications.outbox.created_at")),
    Policy("admin.audit", years(5), "Entries of the audit log", _forget_audit),
    Policy("ledger.transfers", years(7), "Movements of value; they stay, and lose the name with the account", None),
)


_further: dict[str, Policy] = {}


def include(policies: Iterable[Policy]) -> None:
    """Apply the policies of another package too; one that is included again replaces what it was."""
    _further.update((each.code, each) for each in policies)


def every() -> tuple[Policy, ...]:
    """The kernel's policies, then those that were included, by code."""
    return (*POLICIES, *(_further[code] for code in sorted(_further)))


def apply_all(session: Session, clock: Clock, *, dry_run: bool = False) -> list[Outcome]:
    """Apply every policy, in the caller's transaction.

    Args:
        dry_run: only count.
    """
    policies = every()
    if not dry_run:
        rows = [{"code": each.code, "keep_days": each.keep_days} for each in policies]
        session.execute(insert(RetentionPolicy).values(rows).on_conflict_do_nothing())
    kept = {row.code: row for row in session.scalars(select(RetentionPolicy))}
    outcomes = []
    for policy in policies:
        row = kept.get(policy.code)
        keep_days = row.keep_days if row else policy.keep_days
        before = clock.now() - timedelta(days=keep_days)
        removed = policy.apply(session, before, dry_run) if policy.apply else None
        if row is not None and not dry_run:
            row.last_run_at, row.last_removed = clock.now(), removed
        outcomes.append(Outcome(policy.code, policy.what, keep_days, removed))
    session.flush()
    return outcomes
