"""Postal addresses: a few for each person, one of them the default."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import NotFoundError
from guerdon.core.ids import new_id
from guerdon.kernel.identity.people.errors import AddressEmptyError, AddressesFullError, AddressFieldError
from guerdon.kernel.identity.people.fields import SENEGAL, clean_country, clean_part, clean_region
from guerdon.kernel.identity.people.models import ADDRESS_TYPES, UserAddress
from guerdon.kernel.identity.people.service import profiles
from guerdon.kernel.identity.service.checks import Checks

ADDRESSES_MAX = 20


@dataclass(frozen=True, slots=True)
class AddressGiven:
    """An address as it was written."""

    type: str = "primary"
    street_address: str | None = None
    city: str | None = None
    region: str | None = None
    country: str = SENEGAL
    postal_code: str | None = None
    is_default: bool = False


def of(session: Session, user_id: UUID) -> Sequence[UserAddress]:
    """Somebody's addresses, the default first."""
    order = (UserAddress.is_default.desc(), UserAddress.created_at, UserAddress.id)
    return session.scalars(select(UserAddress).where(UserAddress.user_id == user_id).order_by(*order)).all()


def get(session: Session, user_id: UUID, address_id: UUID) -> UserAddress:
    """One of somebody's addresses.

    Raises:
        NotFoundError: they have no such address.
    """
    query = select(UserAddress).where(UserAddress.id == address_id, UserAddress.user_id == user_id)
    address = session.scalars(query).one_or_none()
    if address is None:
        raise NotFoundError(what="address")
    return address


def add(session: Session, clock: Clock, user_id: UUID, given: AddressGiven) -> UserAddress:
    """Keep an address; the first one is the default whether or not it says so.

    Raises:
        FieldErrors: every field at fault; nothing is kept.
        AddressesFullError: there are twenty.
    """
    values = _clean(given)
    profiles.get(session, user_id, lock=True)  # two at once would both be the first
    present = of(session, user_id)
    if len(present) >= ADDRESSES_MAX:
        raise AddressesFullError(addresses_max=ADDRESSES_MAX)
    address = UserAddress(id=new_id(), user_id=user_id, created_at=clock.now(), is_default=False, **values)
    session.add(address)
    session.flush()
    if given.is_default or not present:
        _make_default(session, address)
    return address


def change(session: Session, user_id: UUID, address_id: UUID, given: AddressGiven) -> UserAddress:
    """Change an address. The default stays the default until another one becomes it.

    Raises:
        FieldErrors, NotFoundError: nothing is changed.
    """
    values = _clean(given)
    profiles.get(session, user_id, lock=True)
    address = get(session, user_id, address_id)
    for name, value in values.items():
        setattr(address, name, value)
    session.flush()
    if given.is_default:
        _make_default(session, address)
    return address


def remove(session: Session, user_id: UUID, address_id: UUID) -> None:
    """Delete an address; if it was the default, the oldest of the others becomes it.

    Raises:
        NotFoundError: they have no such address.
    """
    profiles.get(session, user_id, lock=True)
    address = get(session, user_id, address_id)
    session.delete(address)
    session.flush()
    others = of(session, user_id)
    if address.is_default and others:
        _make_default(session, others[0])


def _make_default(session: Session, address: UserAddress) -> None:
    others = update(UserAddress).where(UserAddress.user_id == address.user_id, UserAddress.id != address.id)
    session.execute(others.values(is_default=False))
    address.is_default = True
    session.flush()


def _clean(given: AddressGiven) -> dict[str, str | None]:
    checks = Checks()
    country = checks.run(lambda: clean_country(given.country), "")
    values: dict[str, str | None] = {
        "country": country,
        "street_address": checks.run(
            lambda: clean_part(given.street_address, field="street_address", length_max=500), None
        ),
        "city": checks.run(lambda: clean_part(given.city, field="city", length_max=100), None),
        "region": checks.run(lambda: clean_region(given.region, country), None),
        "postal_code": checks.run(lambda: clean_part(given.postal_code, field="postal_code", length_max=10), None),
        "type": given.type,
    }
    if given.type not in ADDRESS_TYPES:
        checks.refuse(AddressFieldError(field="type", problem=""))
    checks.settle()
    if not (values["street_address"] or values["city"]):
        checks.refuse(AddressEmptyError(field="street_address", problem=""))
        checks.settle()
    return values
