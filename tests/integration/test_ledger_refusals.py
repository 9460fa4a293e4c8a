"""Everything that the ledger refuses, asked for in Python: the typed error, and not a row moved."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from guerdon.core.ids import new_id
from guerdon.kernel.ledger import errors, service
from guerdon.kernel.ledger.schemas import Account, Pocket, Posting, Reference, SystemAccount
from guerdon.kernel.ledger.service.posting import ReasonMissingError
from support.ledger import CREDIT, POINT, Ledger, award, gift, held, spend

HOUR = timedelta(hours=1)


@dataclass
class Scene:
    """Awa has 100, 40 of them held, and had 10 held until now; Ben is closed; a spend of 5 was reversed by 3."""

    ledger: Ledger
    awa: UUID
    ben: UUID
    hold_id: UUID
    expired_id: UUID
    spent_id: UUID
    reversal_id: UUID
    gift_id: UUID
    moved_id: UUID


@pytest.fixture
def scene(ledger: Ledger) -> Scene:
    awa, ben, cem = ledger.member(), ledger.member(), ledger.member()
    ledger.award(awa, 106)
    ledger.award(ben, 1)
    ledger.post(spend(ben, 1, "all"))
    ledger.do(service.close_owner, ben)
    spent = ledger.post(spend(awa, 5, "spent")).transfer_id
    options = {"key": "back", "at": ledger.now, "amount_minor": 3}
    reversal = ledger.do(service.reverse, awa, spent, **options).transfer_id
    given = ledger.post(gift(awa, cem, 4, "given")).transfer_id
    hold_id = ledger.hold(awa, 40)
    expired_id = ledger.hold(awa, 10, due_at=ledger.now + HOUR)
    ledger.clock.move(HOUR)
    ledger.do(service.settle_due, ledger.now)
    return Scene(ledger, awa, ben, hold_id, expired_id, spent, reversal, given, hold_id)


@contextmanager
def refused(ledger: Ledger, error: type[Exception], **params: Any) -> Any:
    """The error is raised, and nothing has moved."""
    before = ledger.snapshot()
    with pytest.raises(error) as caught:
        yield caught
    assert ledger.snapshot() == before
    for name, value in params.items():
        assert caught.value.params[name] == value


def of(account: Any, other: Any, amount: int = 1, kind: str = "gift", **more: Any) -> Posting:
    return Posting(account, other, amount, kind, "k", **more)


ISSUANCE = SystemAccount("issuance", POINT)
Case = tuple[type[errors.LedgerError], Callable[[Scene], Posting]]
CASES: dict[str, Case] = {
    "below the floor": (errors.InsufficientBalanceError, lambda s: spend(s.awa, 62, "k")),
    "below the floor by a gift": (
        errors.InsufficientBalanceError,
        lambda s: gift(s.awa, s.ledger.member(), 62, "k"),
    ),
    "unknown owner": (errors.UnknownAccountError, lambda s: award(new_id(), 1, "k")),
    "unknown payer": (errors.UnknownAccountError, lambda s: spend(new_id(), 1, "k")),
    "unknown receiver": (errors.UnknownAccountError, lambda s: gift(s.awa, new_id(), 1, "k")),
    "unknown system account": (
        errors.UnknownAccountError,
        lambda s: of(SystemAccount("nowhere", POINT), Account(s.awa, POINT)),
    ),
    "a pocket for a system account": (
        errors.UnknownAccountError,
        lambda s: of(SystemAccount("available", POINT), Account(s.awa, POINT, Pocket.STAKED)),
    ),
    "closed receiver": (errors.ClosedAccountError, lambda s: award(s.ben, 1, "k")),
    "closed payer": (errors.ClosedAccountError, lambda s: spend(s.ben, 1, "k")),
    "closed peer": (errors.ClosedAccountError, lambda s: gift(s.awa, s.ben, 1, "k")),
    "a pocket that a closed owner never had": (errors.UnknownAccountError, lambda s: award(s.ben, 1, "k", CREDIT)),
    "unit mismatch": (errors.UnitMismatchError, lambda s: of(ISSUANCE, Account(s.awa, CREDIT))),
    "unknown unit": (
        errors.UnknownUnitError,
        lambda s: of(SystemAccount("issuance", "NOPE"), Account(s.awa, "NOPE")),
    ),
    "zero": (errors.AmountNotPositiveError, lambda s: award(s.awa, 0, "k")),
    "negative": (errors.AmountNotPositiveError, lambda s: award(s.awa, -1, "k")),
    "beyond 2^63-1": (errors.AmountTooLargeError, lambda s: award(s.awa, 2**63, "k")),
    "a balance beyond 2^63-1": (errors.BalanceOverflowError, lambda s: award(s.awa, 2**63 - 1, "k")),
    "same account": (errors.SameAccountError, lambda s: of(held(s.awa), held(s.awa), hold_id=s.hold_id)),
    "nobody's account": (errors.NoOwnerAccountError, lambda s: of(ISSUANCE, SystemAccount("redemption", POINT))),
    "unknown kind": (errors.UnknownKindError, lambda s: of(ISSUANCE, Account(s.awa, POINT), kind="magic")),
    "unknown reference type": (
        errors.UnknownReferenceTypeError,
        lambda s: of(ISSUANCE, Account(s.awa, POINT), reference=Reference("magic", new_id())),
    ),
    "no key": (errors.KeyMissingError, lambda s: award(s.awa, 1, "")),
    "too long a key": (errors.KeyMissingError, lambda s: award(s.awa, 1, "x" * 256)),
    "a used key with another amount": (errors.IdempotencyConflictError, lambda s: spend(s.awa, 6, "spent")),
    "a used key for another account": (errors.IdempotencyConflictError, lambda s: award(s.awa, 5, "spent")),
    "a used key in another unit": (errors.IdempotencyConflictError, lambda s: award(s.awa, 5, "spent", CREDIT)),
    "a used key with a detail": (
        errors.IdempotencyConflictError,
        lambda s: replace(spend(s.awa, 5, "spent"), detail={"a": 1}),
    ),
    "a used key at another time": (
        errors.IdempotencyConflictError,
        lambda s: replace(spend(s.awa, 5, "spent"), happened_at=s.ledger.now + HOUR),
    ),
    "held without its hold": (errors.HoldRequiredError, lambda s: of(held(s.awa), Account(s.awa, POINT))),
    "a hold without held": (errors.HoldNotDebitedError, lambda s: replace(spend(s.awa, 1, "k"), hold_id=s.hold_id)),
    "due without a hold": (errors.DueWithoutHoldError, lambda s: replace(award(s.awa, 1, "k"), due_at=s.ledger.now)),
    "no such hold": (errors.HoldNotFoundError, lambda s: of(held(s.awa), Account(s.awa, POINT), hold_id=new_id())),
    "a hold of another pocket": (
        errors.HoldNotFoundError,
        lambda s: of(Account(s.awa, POINT, Pocket.STAKED), Account(s.awa, POINT), hold_id=s.hold_id),
    ),
    "above the hold": (
        errors.HoldExceededError,
        lambda s: of(held(s.awa), SystemAccount("redemption", POINT), 41, hold_id=s.hold_id),
    ),
    "an expired hold": (
        errors.HoldExpiredError,
        lambda s: of(held(s.awa), SystemAccount("redemption", POINT), hold_id=s.expired_id),
    ),
    "an expired hold released": (
        errors.HoldClosedError,
        lambda s: of(held(s.awa), Account(s.awa, POINT), hold_id=s.expired_id),
    ),
    "a reversal of nothing": (
        errors.TransferNotFoundError,
        lambda s: replace(award(s.awa, 1, "k"), reverses_id=new_id()),
    ),
    "a reversal the wrong way": (
        errors.ReversalMismatchError,
        lambda s: replace(spend(s.awa, 1, "k"), reverses_id=s.spent_id),
    ),
    "a reversal of another kind": (
        errors.ReversalMismatchError,
        lambda s: of(SystemAccount("redemption", POINT), Account(s.awa, POINT), reverses_id=s.spent_id),
    ),
    "a reversal above the remainder": (
        errors.ReversalExceededError,
        lambda s: of(SystemAccount("redemption", POINT), Account(s.awa, POINT), 3, "spend", reverses_id=s.spent_id),
    ),
    "a reversal of a reversal": (
        errors.NotReversibleError,
        lambda s: replace(spend(s.awa, 1, "k"), reverses_id=s.reversal_id),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_refused_posting_moves_nothing(scene: Scene, name: str):
    error, make = CASES[name]
    posting = make(scene)
    ledger = scene.ledger
    with refused(ledger, error):
        ledger.post(posting)
    good = award(scene.awa, 1, "good")
    with refused(ledger, error, item=2) as caught:
        ledger.do(service.post_batch, [good, posting], ledger.now)
    before = ledger.snapshot()
    foretold = ledger.do(service.dry_run, [good, posting], ledger.now, all_or_nothing=False)
    assert ledger.snapshot() == before
    outcome = ledger.do(service.post_batch, [good, posting], ledger.now, all_or_nothing=False)
    assert [each.verdict for each in outcome] == ["posted", caught.value.verdict] == [each.verdict for each in foretold]
    refusal = outcome[1]
    assert (refusal.transfer_id, refusal.debit_after, refusal.credit_after) == (None, None, None)
    assert ledger.faults() == []


def test_refused_captures_and_releases(scene: Scene):
    ledger = scene.ledger
    options = {"key": "k", "at": ledger.now}
    with refused(ledger, errors.HoldExceededError, remaining_minor=40):
        ledger.do(service.capture, scene.awa, scene.hold_id, amount_minor=41, **options)
    with refused(ledger, errors.HoldExceededError):
        ledger.do(service.release, scene.awa, scene.hold_id, amount_minor=41, **options)
    with refused(ledger, errors.HoldNotFoundError):
        ledger.do(service.capture, scene.ben, scene.hold_id, **options)
    with refused(ledger, errors.HoldExpiredError):
        ledger.do(service.capture, scene.awa, scene.expired_id, **options)
    ledger.do(service.release, scene.awa, scene.hold_id, **options)
    with refused(ledger, errors.HoldClosedError):
        ledger.do(service.release, scene.awa, scene.hold_id, key="k2", at=ledger.now)
    with refused(ledger, errors.HoldClosedError):
        ledger.do(service.capture, scene.awa, scene.hold_id, key="k3", at=ledger.now)


def test_refused_reversals(scene: Scene):
    ledger = scene.ledger
    options = {"key": "k", "at": ledger.now}
    with refused(ledger, errors.ReversalExceededError, remaining_minor=2):
        ledger.do(service.reverse, scene.awa, scene.spent_id, amount_minor=3, **options)
    with refused(ledger, errors.NotReversibleError):
        ledger.do(service.reverse, scene.awa, scene.reversal_id, **options)
    with refused(ledger, errors.NotReversibleError):
        ledger.do(service.reverse, scene.awa, scene.moved_id, **options)
    with refused(ledger, errors.NotReversibleError):
        ledger.do(service.reverse, scene.awa, scene.gift_id, **options)
    with refused(ledger, errors.TransferNotFoundError):
        ledger.do(service.reverse, scene.ben, scene.spent_id, **options)
    ledger.do(service.reverse, scene.awa, scene.spent_id, **options)
    with refused(ledger, errors.ReversalExceededError):
        ledger.do(service.reverse, scene.awa, scene.spent_id, key="k2", at=ledger.now)


def test_refused_adjustments(scene: Scene, recorded: None):
    ledger, account = scene.ledger, Account(scene.awa, POINT)
    options = {"key": "k", "at": ledger.now, "actor_id": new_id(), "reason": "r"}
    for error, amount, change in (
        (errors.AmountNotPositiveError, 0, {}),
        (errors.InsufficientBalanceError, -61, {}),
        (errors.OwnAccountError, 1, {"actor_id": scene.awa}),
        (ReasonMissingError, 1, {"reason": " "}),
        (ReasonMissingError, 1, {"reason": "x" * 501}),
    ):
        with refused(ledger, error):
            ledger.do(service.adjust, account, amount, **{**options, **change})


def test_owners_that_cannot_be_closed(scene: Scene):
    with refused(scene.ledger, errors.AccountNotEmptyError):
        scene.ledger.do(service.close_owner, scene.awa)
    with refused(scene.ledger, errors.UnknownAccountError):
        scene.ledger.do(service.close_owner, new_id())
    with refused(scene.ledger, errors.UnknownAccountError):
        scene.ledger.do(service.set_floor, new_id(), POINT, 0)


def test_a_batch_of_100_001(ledger: Ledger):
    owner = ledger.member()
    before = ledger.snapshot()
    batch = [award(owner, 1, "k")] * 100_001
    for mode in (True, False):
        with pytest.raises(errors.BatchTooLargeError):
            ledger.do(service.post_batch, batch, ledger.now, all_or_nothing=mode)
    assert ledger.snapshot() == before


def test_an_empty_batch(ledger: Ledger):
    assert ledger.do(service.post_batch, [], ledger.now) == []
