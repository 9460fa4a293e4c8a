"""Calling the followers one after the other, and posting what each gives before the next one looks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Batch, Reward
from guerdon.kernel.engagement.activities.service import counting, earning
from guerdon.kernel.engagement.activities.service.following import followers
from guerdon.kernel.ledger.errors import refusal
from guerdon.kernel.ledger.schemas import Account
from guerdon.kernel.ledger.service import post_batch
from guerdon.kernel.ledger.service.door import unwatched

Documents = dict[UUID, dict[str, list[Any]]]
"""By member, then by the name under which outcomes tell it."""


def conclude(session: Session, now: datetime, batch: Batch) -> Documents:
    """Let everybody follow a batch.

    Returns:
        What is to be told, rewards with the transfers that they became.
    """
    documents: Documents = {}
    for follower in followers():
        found = follower(session, now, batch)
        for owner_id, told in found.documents.items():
            for name, each in told.items():
                documents.setdefault(owner_id, {}).setdefault(name, []).extend(each)
        if found.rewards:
            transfers = _post(session, now, found.rewards, documents)
            batch = replace(batch, changes=counting.merged(batch.changes, earning.count(session, transfers)))
    return documents


def _post(session: Session, now: datetime, rewards: Sequence[Reward], documents: Documents) -> list[tuple[UUID, UUID]]:
    """Post rewards, each for itself; returns member and transfer of those that stand now and did not before."""
    with unwatched(session):
        posted = post_batch(session, [reward.posting for reward in rewards], now, all_or_nothing=False)
    transfers: list[tuple[UUID, UUID]] = []
    for reward, each in zip(rewards, posted, strict=True):
        posting = reward.posting
        if not isinstance(posting.credit, Account):
            raise ValueError("a reward goes to a member")  # noqa: TRY004 - the type is right, the side is not
        told: dict[str, Any] = {**reward.document, "unit": posting.credit.unit, "amount_minor": posting.amount_minor}
        if each.accepted:
            told["transfer_id"] = str(each.transfer_id)
        else:
            told["refused"] = refusal(each.verdict).code
        documents.setdefault(posting.credit.owner_id, {}).setdefault("rewards", []).append(told)
        if each.accepted and not each.replayed and each.transfer_id is not None:
            transfers.append((posting.credit.owner_id, each.transfer_id))
    return transfers
