"""From what clients send to what the ledger takes, and back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Path
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, PermissionDeniedError
from guerdon.core.money import Unit, to_minor, to_text
from guerdon.core.texts import is_legible
from guerdon.http.access import Principal
from guerdon.http.errors import IdempotencyKeyInvalidError, IdempotencyKeyMissingError
from guerdon.http.idempotency import HEADER, KEY_SCHEMA
from guerdon.http.openapi import REQUIRED
from guerdon.http.schemas import storable
from guerdon.http.transaction import act_as_staff
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.api.bodies import (
    AccountOut,
    AccountRef,
    EntryOut,
    HoldOut,
    ReferenceBody,
    TransferIn,
    TransferOut,
)
from guerdon.kernel.ledger.catalogue import Catalogue, catalogue, is_pocket, unit_of
from guerdon.kernel.ledger.errors import AmountNotPositiveError, UnitMismatchError
from guerdon.kernel.ledger.models import Hold, Transfer
from guerdon.kernel.ledger.schemas import KEY_LENGTH_MAX, Entry, Pocket, Posting, Reference

_KEY = (
    "Unique for the owner of the account, for ever. Repeated with the same content, the answer is the first transfer; "
    "with other content, 409."
)
KeyHeader = Annotated[
    str | None, Header(alias=HEADER, description=_KEY, json_schema_extra={**KEY_SCHEMA, REQUIRED: True})
]
"""``idempotency_key: KeyHeader = None`` in a handler; it asks ``the_key`` of it."""
KeyHeaderOrField = Annotated[
    str | None,
    Header(alias=HEADER, description=f"{_KEY} Or the field idempotency_key.", json_schema_extra=dict(KEY_SCHEMA)),
]
"""The same where the body may hold the key instead."""
ME = "me"
OwnerPath = Annotated[
    str,
    Path(
        pattern=r"^(me|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$",
        description="An owner's id, or ``me``.",
        examples=[ME],
    ),
]


class KeysDifferError(FieldError):
    """Header and body name different keys."""

    code = "idempotency-keys-differ"
    message = "The Idempotency-Key header and the field idempotency_key differ."
    remedy = "Send the key in one of the two places."


def the_key(header: str | None, in_body: str | None = None) -> str:
    """The idempotency key of a single write.

    Raises:
        IdempotencyKeyMissingError, IdempotencyKeyInvalidError, KeysDifferError: there is none, or none of use.
    """
    if header is not None and in_body is not None and header != in_body:
        raise KeysDifferError(field="idempotency_key", problem="")
    key = header if header is not None else in_body
    if key is None:
        raise IdempotencyKeyMissingError(field=HEADER)
    if not 0 < len(key) <= KEY_LENGTH_MAX or not is_legible(key):
        raise IdempotencyKeyInvalidError(field=HEADER, problem="")
    return storable(key)


def readable_owner(session: Session, owner: str, who: Principal) -> UUID:
    """The owner of that path, if the asker may look at what is theirs.

    Raises:
        PermissionDeniedError: it is another's, and the asker may not read everybody's.
        UnknownAccountError: nobody has that id.
    """
    owner_id = who.user_id if owner == ME else UUID(owner)
    if owner_id != who.user_id:
        if not who.may("ledger:read"):
            raise PermissionDeniedError(permission="ledger:read")
        act_as_staff(session)
        service.require_owner(session, owner_id)
    return owner_id


def amount_minor(amount: Decimal, unit: Unit, field: str = "amount") -> int:
    """A positive amount in minor units.

    Raises:
        FieldError: more decimals than the unit has, or too large.
        AmountNotPositiveError: zero or less.
    """
    minor = to_minor(amount, unit, field=field)
    if minor <= 0:
        raise AmountNotPositiveError(field=field)
    return minor


def posting_of(session: Session, body: TransferIn, key: str, who: Principal) -> Posting:
    """The posting that a body asks for, on behalf of whoever asks."""
    if body.debit.unit != body.credit.unit:
        raise UnitMismatchError(field="credit.unit", debit=body.debit.unit, credit=body.credit.unit)
    return Posting(
        body.debit.account(),
        body.credit.account(),
        amount_minor(body.amount, unit_of(session, body.debit.unit)),
        body.kind,
        key,
        reference=reference_of(body.reference),
        actor_id=who.user_id,
        happened_at=body.happened_at,
        detail=body.detail,
        due_at=body.due_at,
        hold_id=body.hold_id,
    )


def reference_of(body: ReferenceBody | None) -> Reference | None:
    """A reference as the ledger takes it."""
    return Reference(body.type, body.id) if body is not None else None


def show_transfer(session: Session, owner_id: UUID, transfer_id: UUID, *, replayed: bool) -> TransferOut:
    """A transfer that stands, as it goes out.

    Raises:
        TransferNotFoundError: the owner has none of that id.
    """
    row = service.get_row(session, owner_id, transfer_id)
    codes = catalogue(session)
    if row.kind_id not in codes.kinds_by_id:
        codes = catalogue(session, fresh=True)
    unit = codes.units_by_id[row.unit_id]
    return TransferOut(
        id=row.id,
        owner_id=row.owner_id,
        unit=unit.code,
        amount=to_text(row.amount, unit.scale),
        debit=_side(codes, row, row.debit),
        credit=_side(codes, row, row.credit),
        debit_after=_optional(row.debit_after, unit),
        credit_after=_optional(row.credit_after, unit),
        kind=codes.kinds_by_id[row.kind_id],
        reference=(
            ReferenceBody(type=codes.references_by_id[row.reference_type_id], id=row.reference_id)
            if row.reference_type_id is not None and row.reference_id is not None
            else None
        ),
        actor_id=row.actor_id,
        happened_at=row.happened_at,
        recorded_at=row.recorded_at,
        reverses_id=row.reverses_id,
        hold_id=row.hold_id,
        detail=row.detail,
        replayed=replayed,
    )


def _side(codes: Catalogue, row: Transfer, account: int) -> AccountOut:
    unit = codes.units_by_id[row.unit_id].code
    if is_pocket(account):
        return AccountOut(owner_id=row.owner_id, unit=unit, pocket=Pocket(codes.accounts_by_id[account]))
    if row.peer_owner_id is not None:
        return AccountOut(owner_id=row.peer_owner_id, unit=unit)
    return AccountOut(system=codes.accounts_by_id[account], unit=unit)


def _optional(minor: int | None, unit: Unit) -> str | None:
    return to_text(minor, unit.scale) if minor is not None else None


def show_hold(session: Session, hold: Hold, *, replayed: bool = False) -> HoldOut:
    """A hold as it goes out."""
    codes = catalogue(session)
    unit = codes.units_by_id[hold.unit_id]
    return HoldOut(
        id=hold.id,
        owner_id=hold.owner_id,
        unit=unit.code,
        pocket=Pocket(codes.accounts_by_id[hold.pocket]),
        amount=to_text(hold.amount, unit.scale),
        remaining=to_text(hold.remaining, unit.scale),
        status="open" if hold.remaining else "closed",
        due_at=hold.due_at,
        opened_at=hold.opened_at,
        closed_at=hold.closed_at,
        replayed=replayed,
    )


def show_entry(entry: Entry) -> EntryOut:
    """An entry of a statement as it goes out."""
    return EntryOut(
        transfer_id=entry.transfer_id,
        unit=entry.unit,
        pocket=entry.pocket,
        amount=to_text(entry.amount_minor, entry.scale),
        balance_before=to_text(entry.balance_before_minor, entry.scale),
        balance_after=to_text(entry.balance_after_minor, entry.scale),
        counter_account=entry.counter_account,
        kind=entry.kind,
        reference=ReferenceBody(type=entry.reference.type, id=entry.reference.id) if entry.reference else None,
        actor_id=entry.actor_id,
        happened_at=entry.happened_at,
        recorded_at=entry.recorded_at,
        reverses_id=entry.reverses_id,
        peer_owner_id=entry.peer_owner_id,
        hold_id=entry.hold_id,
        detail=entry.detail,
    )


def in_decimals(problem: Mapping[str, Any], scale: int) -> dict[str, Any]:
    """What was wrong with an item, amounts as decimal strings under names without ``_minor``."""
    return {
        name.removesuffix("_minor"): to_text(int(value), scale) if name.endswith("_minor") else value
        for name, value in problem.items()
    }


def target_of(ref: AccountRef | None) -> Any:
    """The account of an optional reference."""
    return ref.account() if ref is not None else None
