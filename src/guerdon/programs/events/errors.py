"""What the events program refuses."""

from guerdon.core.errors import ConflictError, FieldError, NotFoundError, PermissionDeniedError
from guerdon.web.i18n import msgid

WORDS = (
    *(msgid("on the waiting list"), msgid("offered a place")),
    *(msgid("registered"), msgid("waiting"), msgid("offered"), msgid("attended"), msgid("lapsed")),
    *(msgid("draft"), msgid("published"), msgid("cancelled"), msgid("over"), msgid("already running")),
    *(msgid("pending"), msgid("paid"), msgid("failed"), msgid("refunded"), msgid("free")),
)
"""What fills ``{status}`` below; translated together with the sentence."""


class BlankError(FieldError):
    """Only spaces where something has to be said."""

    code = "blank"
    message = "This has to be filled in."
    remedy = "Write a few words."


class EventNotFoundError(NotFoundError):
    """There is no such event, or the asker may not know that there is."""

    code = "event-not-found"
    message = "There is no such event."
    remedy = "Go back to the list and choose one from there."


class EventChangedError(ConflictError):
    """The event changed after the page was loaded on which somebody decided."""

    code = "event-changed"
    message = "This event has changed since you looked at it."
    remedy = "Look at it again, then decide."


class RegistrationNotFoundError(NotFoundError):
    """There is no such registration, or it is somebody else's."""

    code = "registration-not-found"
    message = "There is no such registration."
    remedy = "Go back to your events and choose one from there."


class PaymentNotFoundError(NotFoundError):
    """There is no such payment, or it is somebody else's."""

    code = "payment-not-found"
    message = "There is no such payment."
    remedy = "Go back to the registration and choose one from there."


class EventTypeNotFoundError(NotFoundError):
    """There is no such type of event."""

    code = "event-type-not-found"
    message = "There is no such type of event."
    remedy = "Go back to the list of types and choose one from there."


class EventStateError(ConflictError):
    """Where the event stands, this cannot be done with it."""

    code = "event-state"
    message = "This event is {status}; that cannot be done with it."
    remedy = "Load it again to see where it stands."


class EventClosedError(ConflictError):
    """Nobody can register for the event: it is a draft, cancelled, running or over."""

    code = "event-closed"
    message = "This event is {status}; nobody can register for it."
    remedy = "Choose another event from the list."


class EventBegunError(ConflictError):
    """A member cannot cancel once the event has begun."""

    code = "event-begun"
    message = "This event has begun; you cannot cancel any more."
    remedy = "Ask staff if your registration should be cancelled all the same."


class EventFullError(ConflictError):
    """Every place is taken, and the member did not want to wait."""

    code = "event-full"
    message = "Every place of this event is taken."
    remedy = "Join the waiting list: a place that becomes free is offered in its order."


class AlreadyRegisteredError(ConflictError):
    """The member has a registration for the event."""

    code = "already-registered"
    message = "You are registered for this event already, or on its waiting list."
    remedy = "Look among your events."


class RegistrationStateError(ConflictError):
    """Where the registration stands, this cannot be done with it."""

    code = "registration-state"
    message = "This registration is {status}; that cannot be done with it."
    remedy = "Load it again to see where it stands."


class OfferLapsedError(ConflictError):
    """The offer of a place was not taken in time."""

    code = "offer-lapsed"
    message = "This offer is over; the place is for others now."
    remedy = "Register again, to have a place that is free or to wait for one."


class PaymentStateError(ConflictError):
    """Where the payment stands, this cannot be done with it."""

    code = "payment-state"
    message = "This payment is {status}; that cannot be done with it."
    remedy = "Load the registration again to see what was paid."


class RefundedMeanwhileError(ConflictError):
    """Something of a payment was given back after somebody looked at what is left: by a colleague, or pressed twice."""

    code = "payment-refunded-meanwhile"
    message = "Something of this payment has been given back since you looked at it."
    remedy = "Look at what is left of it, then decide."


class OwnPaymentError(PermissionDeniedError):
    """Money of their own goes through a colleague's hands."""

    code = "own-payment"
    message = "You cannot record or give back a payment of your own."
    remedy = "Ask another member of staff."


class PaymentNotRequiredError(ConflictError):
    """There is nothing to pay."""

    code = "payment-not-required"
    message = "This event is free; there is nothing to pay."
    remedy = "Do nothing; the registration holds."


class ChannelUnknownError(FieldError):
    """Nobody takes payments by this channel."""

    code = "payment-channel-unknown"
    message = "Payments cannot be made by '{channel}'."
    remedy = "Use one of these: {channels}."


class AmountNotThePriceError(FieldError):
    """A payment is of the price, whole."""

    code = "payment-not-the-price"
    message = "The amount must be {price} {currency}, the price of the registration."
    remedy = "Take the whole price, or refund what was taken."


class RefundTooLargeError(FieldError):
    """More than what remains of a payment."""

    code = "refund-too-large"
    message = "At most {amount} {currency} can be refunded."
    remedy = "Enter a smaller amount."


class EndBeforeStartError(FieldError):
    """The event would end before it begins."""

    code = "end-before-start"
    message = "The end must come after the start."
    remedy = "Correct one of the two."


class TooLongError(FieldError):
    """The event would last longer than an event does."""

    code = "event-too-long"
    message = "An event lasts at most {days} days."
    remedy = "Let it end earlier, or make several events or a series."


class InThePastError(FieldError):
    """The event would begin in the past."""

    code = "event-in-the-past"
    message = "The start must be in the future."
    remedy = "Choose a later moment."


class TooFarAheadError(FieldError):
    """The event would begin so far ahead that it is probably a slip."""

    code = "event-too-far-ahead"
    message = "An event begins at most {years} years from now."
    remedy = "Check the year."


class NoSuchTimeError(FieldError):
    """The clocks skip this time of day."""

    code = "no-such-time"
    message = "There is no {time} in {zone}: the clocks go forward then."
    remedy = "Choose another time."


class EventTypeUnknownError(FieldError):
    """There is no such type, or it is not offered any more."""

    code = "event-type-unknown"
    message = "There is no type of event '{type}'."
    remedy = "Use one of these: {types}."


class PriceError(FieldError):
    """Not a price in its currency."""

    code = "price-invalid"
    message = "A price is 0 or more, below {price_max}, with at most {decimals} decimals in {currency}."
    remedy = "Correct the price."


class EventCurrencyError(FieldError):
    """Not a currency of ISO 4217."""

    code = "event-currency-unknown"
    message = "There is no currency '{currency}'."
    remedy = "Use the three letters of ISO 4217, such as XOF or USD."


class MapLinkError(FieldError):
    """Not a link to a map."""

    code = "map-link-invalid"
    message = "This is not a web address."
    remedy = "Copy the complete address of the map, beginning with https://."


class CapacityBelowTakenError(FieldError):
    """Fewer places than those that are taken."""

    code = "capacity-below-taken"
    message = "{taken} places are taken; there cannot be fewer{occasion}."
    remedy = "Cancel registrations first, or keep at least as many places."


class EventAttendedError(FieldError):
    """Check-ins stand, and have counted on the day of the event and as of its type."""

    code = "event-attended"
    status = 409
    message = "Somebody is checked in{occasion}: what that earned counts on this day, and for an event of this type."
    remedy = "Keep the day and the type, or take the check-ins back at the door first. For another day, copy the event."


class NoOccurrenceError(FieldError):
    """The repetition gives no day at all."""

    code = "series-empty"
    message = "No day is left by this repetition."
    remedy = "Choose other weekdays, a later end, or fewer exceptions."


class TooManyOccurrencesError(FieldError):
    """The repetition gives more events than are made at once."""

    code = "series-too-long"
    message = "A series has at most {events_max} events."
    remedy = "Let it end earlier; it can be continued by another one."


class SeriesEndError(FieldError):
    """Not exactly one end."""

    code = "series-end"
    message = "A series ends either on a day or after a number of events."
    remedy = "Give one of the two, the day on or after the first event."


class NotInASeriesError(FieldError):
    """What stands alone has nothing that follows."""

    code = "not-in-a-series"
    message = "This event is not part of a series."
    remedy = "Change this event alone."


class TypeCodeError(FieldError):
    """Not a code of a type."""

    code = "event-type-code"
    message = "A code has lower-case letters, digits and underscores, begins with a letter and has at most 50 of them."
    remedy = "Choose one such as trivia_night."


class TypeKnownError(FieldError):
    """There is a type of that code."""

    code = "event-type-known"
    status = 409
    message = "There is a type '{type}' already."
    remedy = "Choose another code, or change that type."


class TypeInUseError(ConflictError):
    """Events have this type."""

    code = "event-type-in-use"
    message = "There are events of this type."
    remedy = "Stop offering it instead; the events keep it."


class CancellationReasonError(FieldError):
    """A cancellation without a reason."""

    code = "cancellation-reason"
    message = "A reason is required, of at most {length_max} characters."
    remedy = "Say in a sentence why; those who are registered read it."
