"""Who takes the money: the seam between payments and those who carry them out.

A *provider* begins a charge (and may send the member elsewhere to pay), confirms it, and gives money back. The one in
the package is the desk: staff take the money in person, and hand it back. Another one is added with ``register``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.programs.events.errors import ChannelUnknownError
from guerdon.programs.events.models import Payment, PaymentState


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider says of a charge or a refund.

    Attributes:
        state: ``pending`` if it will be known later.
        reference: the provider's own, unique among its payments.
        url: where the member goes on to pay, if anywhere.
        problem: why it failed, for people.
    """

    state: PaymentState
    reference: str | None = None
    url: str | None = None
    problem: str | None = None


class PaymentProvider(Protocol):
    """Carries out payments. Calls may be repeated: each payment has an id that the provider can use as a key."""

    @property
    def code(self) -> str:
        """Stable name, lower case."""
        ...

    @property
    def channels(self) -> tuple[str, ...]:
        """The ways to pay that it offers to members, as ``payment_channel`` names them."""
        ...

    def begin(self, session: Session, clock: Clock, charge: Payment) -> Answer:
        """Begin a charge. The member's registration is locked meanwhile, so an answer must not take long."""
        ...

    def confirm(self, session: Session, clock: Clock, charge: Payment, evidence: Mapping[str, str]) -> Answer:
        """Say whether a charge was paid; ``evidence`` is what came in, a notice or staff's word."""
        ...

    def refund(self, session: Session, clock: Clock, refund: Payment) -> Answer:
        """Give money back. Called by a job, with no lock held on anything but the refund."""
        ...


class Desk:
    """Money is taken at the door, and handed back there: staff say when."""

    code = "desk"
    channels = ("cash", "card", "mobile_money", "bank_transfer")

    def begin(self, session: Session, clock: Clock, charge: Payment) -> Answer:  # noqa: ARG002
        """Note that the member will pay at the desk."""
        return Answer(PaymentState.PENDING)

    def confirm(
        self,
        session: Session,  # noqa: ARG002
        clock: Clock,  # noqa: ARG002
        charge: Payment,  # noqa: ARG002
        evidence: Mapping[str, str],  # noqa: ARG002
    ) -> Answer:
        """Take staff's word for it."""
        return Answer(PaymentState.PAID)

    def refund(self, session: Session, clock: Clock, refund: Payment) -> Answer:  # noqa: ARG002
        """Leave it to staff, who find it among the refunds to hand back."""
        return Answer(PaymentState.PENDING)


DESK = Desk()
_providers: dict[str, PaymentProvider] = {DESK.code: DESK}


def register(provider: PaymentProvider) -> None:
    """Let a provider take payments; the composition of an installation calls it once."""
    _providers[provider.code] = provider


def provider_named(code: str) -> PaymentProvider:
    """The provider of a payment.

    Raises:
        ChannelUnknownError: it is not installed any more.
    """
    try:
        return _providers[code]
    except KeyError:
        raise ChannelUnknownError(field="channel", channel=code, channels=", ".join(channels())) from None


def provider_of(channel: str) -> PaymentProvider:
    """The provider that offers a channel.

    Raises:
        ChannelUnknownError: nobody does.
    """
    for provider in _providers.values():
        if channel in provider.channels:
            return provider
    raise ChannelUnknownError(field="channel", channel=channel[:50], channels=", ".join(channels()))


def channels() -> tuple[str, ...]:
    """Every channel that somebody offers."""
    return tuple(channel for provider in _providers.values() for channel in provider.channels)
