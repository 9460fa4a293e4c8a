"""What the ledger refuses, one class for each verdict of its door. Nothing moves when one of these is raised."""

from typing import Any, ClassVar

from guerdon.core.errors import GuerdonError


class LedgerError(GuerdonError):
    """Base of what the ledger refuses.

    Class attributes:
        verdict: the door's word for it; ``code`` is the same with hyphens.

    Params of every instance: ``item``, the number of the item in its batch, counted from 1, or None.
    """

    verdict: ClassVar[str] = ""
    status = 409
    remedy = "Nothing has moved. Correct the posting and send it again."

    def __init_subclass__(cls) -> None:
        if cls.verdict:
            cls.code = cls.verdict.replace("_", "-")
            VERDICTS[cls.verdict] = cls


VERDICTS: dict[str, type[LedgerError]] = {}
"""Each verdict that refuses, and its error."""


class AmountNotPositiveError(LedgerError):
    verdict = "amount_not_positive"
    status = 422
    message = "The amount must be greater than zero."
    remedy = "Send a positive amount; to move value the other way, exchange debit and credit."


class AmountTooLargeError(LedgerError):
    verdict = "amount_too_large"
    status = 422
    message = "The amount is larger than the ledger can hold."
    remedy = "Send an amount whose smallest units stay below 2^63."


class UnitMismatchError(LedgerError):
    verdict = "unit_mismatch"
    status = 422
    message = "Debit and credit are in different units ({debit} and {credit})."
    remedy = "Units never convert by themselves: post a pair of transfers, one in each unit."


class SameAccountError(LedgerError):
    verdict = "same_account"
    status = 422
    message = "Debit and credit are the same account."
    remedy = "Name two different accounts."


class NoOwnerAccountError(LedgerError):
    verdict = "no_owner_account"
    status = 422
    message = "Neither side is an account of an owner."
    remedy = "A transfer touches at least one account that a member or a bounded part of the system owns."


class UnknownAccountError(LedgerError):
    verdict = "unknown_account"
    status = 404
    message = "There is no such account."
    remedy = "Check the owner, the unit and the pocket, or the name of the system account."


class UnboundedAccountError(LedgerError):
    code = "unbounded-account"
    status = 404
    message = "'{account}' is an unbounded account of the system: it has balances, but no statement of its own."
    remedy = (
        "See what it holds with 'guerdon ledger system-accounts'. What moved stands in the statements of the other "
        "side, which name it as counter_account: 'guerdon ledger export' writes them all."
    )


class UnknownUnitError(LedgerError):
    verdict = "unknown_unit"
    status = 404
    message = "There is no unit '{unit}'."
    remedy = "List the units with GET /api/v1/ledger/units."


class UnknownKindError(LedgerError):
    verdict = "unknown_kind"
    status = 422
    message = "There is no transfer kind '{kind}'."
    remedy = "Use a kind that Guerdon or one of its programs has registered."


class UnknownReferenceTypeError(LedgerError):
    verdict = "unknown_reference_type"
    status = 422
    message = "There is no reference type '{reference_type}'."
    remedy = "Use a reference type that one of the programs has registered."


class ClosedAccountError(LedgerError):
    verdict = "closed_account"
    message = "The account is closed."
    remedy = "Nothing can move on a closed account."


class AccountNotEmptyError(LedgerError):
    verdict = "account_not_empty"
    message = "The account still holds something."
    remedy = "Move what is left before you close it."


class KeyMissingError(LedgerError):
    verdict = "key_missing"
    status = 422
    message = "The idempotency key is missing."
    remedy = "Send a key of your own, the same again when you repeat the request."


class IdempotencyConflictError(LedgerError):
    verdict = "idempotency_conflict"
    message = "The idempotency key was used for another transfer."
    remedy = "Use a new key for a new transfer; a key belongs to its first content for ever."


class InsufficientBalanceError(LedgerError):
    verdict = "insufficient_balance"
    message = "The balance is too low."
    remedy = "Lower the amount or wait until there is more."


class BalanceOverflowError(LedgerError):
    verdict = "balance_overflow"
    message = "The balance would become larger than the ledger can hold."
    remedy = "Move value out of the account first."


class HoldRequiredError(LedgerError):
    verdict = "hold_required"
    status = 422
    message = "Value that is set aside moves only with its hold."
    remedy = "Name the hold to capture or release."


class HoldNotDebitedError(LedgerError):
    verdict = "hold_not_debited"
    status = 422
    message = "A hold was named, but its pocket is not debited."
    remedy = "Debit the pocket that the hold is in, or leave the hold out."


class DueWithoutHoldError(LedgerError):
    verdict = "due_without_hold"
    status = 422
    message = "Only value that is set aside has a due time."
    remedy = "Leave the due time out, or credit the held, pending or staked pocket."


class HoldNotFoundError(LedgerError):
    verdict = "hold_not_found"
    status = 404
    message = "There is no such hold in this account."
    remedy = "Check the hold's id, its owner and its unit."


class HoldClosedError(LedgerError):
    verdict = "hold_closed"
    message = "Nothing is left of the hold: it was captured or released."
    remedy = "Load the hold again to see what became of it."


class HoldExpiredError(LedgerError):
    verdict = "hold_expired"
    message = "The hold is past its due time, and its value available again."
    remedy = "Make a new hold."


class HoldExceededError(LedgerError):
    verdict = "hold_exceeded"
    message = "The hold has less left than that."
    remedy = "Capture or release at most what is left."


class TransferNotFoundError(LedgerError):
    verdict = "transfer_not_found"
    status = 404
    message = "There is no such transfer of this owner."
    remedy = "Check the transfer's id and its owner."


class NotReversibleError(LedgerError):
    verdict = "not_reversible"
    message = "This transfer cannot be reversed."
    remedy = "Reversals and movements between pockets are not reversed; post a new transfer instead."


class ReversalMismatchError(LedgerError):
    verdict = "reversal_mismatch"
    status = 422
    message = "The reversal does not mirror the transfer that it reverses."
    remedy = "Exchange debit and credit of the original, in the same unit and kind."


class ReversalExceededError(LedgerError):
    verdict = "reversal_exceeded"
    message = "Less than that remains of the transfer to be reversed."
    remedy = "Reverse at most what remains."


class OwnAccountError(GuerdonError):
    """Staff would adjust a balance of their own."""

    code = "own-account"
    status = 403
    message = "Nobody adjusts a balance of their own."
    remedy = "Ask a colleague to do it."


class BatchTooLargeError(LedgerError):
    verdict = "batch_too_large"
    status = 413
    message = "The batch has {items} items; {items_max} is the most."
    remedy = "Send the items in several batches."


def refusal(verdict: str, **params: Any) -> LedgerError:
    """The error that a verdict of the door stands for."""
    return VERDICTS[verdict](**params)
