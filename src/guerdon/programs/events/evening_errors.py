"""What the door refuses, and what follows from it: check-ins, results, awards, connections, invitations, calendars."""

from guerdon.core.errors import ConflictError, FieldError, GuerdonError, NotFoundError, PermissionDeniedError
from guerdon.web.i18n import msgid

WORDS = (msgid("not paid"), msgid("suspended"), msgid("closed"))
"""What fills ``{status}`` below; translated together with the sentence."""


class TicketNotConfirmedError(ConflictError):
    """A ticket is for those who have a place and, where there is a price, have paid it."""

    code = "ticket-not-confirmed"
    message = "There is no ticket for this registration: it is {status}."
    remedy = "A ticket follows once the place is yours and paid for."


class TicketForgedError(FieldError):
    """A code that this installation has not signed, or a number that no ticket has."""

    code = "ticket-forged"
    message = "This is no ticket of ours."
    remedy = "Scan it again, or look the person up by name."


class TicketOfOtherEventError(FieldError):
    """A genuine ticket at the wrong door."""

    code = "ticket-of-other-event"
    status = 409
    message = "This ticket is for another event: {title}."
    remedy = "Send them to that event, or let them in as a walk-in if this one takes them."


class TicketVoidError(FieldError):
    """A genuine ticket whose registration was cancelled."""

    code = "ticket-void"
    status = 409
    message = "This ticket is void: the registration was cancelled."
    remedy = "Look the person up by name; they may have registered again."


class EventNotOnError(ConflictError):
    """Nobody is let in to an event that was cancelled."""

    code = "event-not-on"
    message = "This event was cancelled."
    remedy = "Look in the list for the event that takes place."


class DoorNotOpenError(ConflictError):
    """The door is not open yet."""

    code = "door-not-open"
    message = "It is too early: the door opens at {opens_at}."
    remedy = "Scan the ticket again then."


class DoorClosedError(ConflictError):
    """The event is over."""

    code = "door-closed"
    message = "It is too late: the door closed at {closed_at}."
    remedy = "Who was there can be checked in by name, with a reason, for two weeks after the end."


class RegistrationUnpaidError(ConflictError):
    """The place is reserved but not paid for."""

    code = "registration-unpaid"
    message = "This registration is not paid."
    remedy = "Record the payment, then let them in."


class AccountNotOpenError(ConflictError):
    """Who is suspended, or has left, is not let in."""

    code = "account-not-open"
    message = "The account of {name} is {status}; they are not let in."
    remedy = "An administrator can open a suspended account again. Their place can go to others: see who comes."


class NotRegisteredError(ConflictError):
    """A member without a confirmed place."""

    code = "not-registered"
    message = "This member has no confirmed place at this event."
    remedy = "Let them in as a walk-in, if the event allows it."


class WalkInsNotAllowedError(ConflictError):
    """Only who registered comes in."""

    code = "walk-ins-not-allowed"
    message = "This event takes no walk-ins."
    remedy = "Change the event if it should, or let them register."


class GuestRegisteredError(ConflictError):
    """Whom staff would register at the door has a registration."""

    code = "guest-registered"
    message = "They are registered for this event already, or on its waiting list."
    remedy = "Let them in by their ticket or by their name."


class AttendanceNotFoundError(NotFoundError):
    """Nobody came in under this id, or the check-in was taken back."""

    code = "attendance-not-found"
    message = "There is no such check-in."
    remedy = "Load the list of the door again."


class OwnCheckInError(PermissionDeniedError):
    """Staff vouch for others."""

    code = "own-check-in"
    message = "You cannot check yourself in by name, nor take your own check-in back."
    remedy = "Show your ticket, or ask another member of staff."


class ReasonRequiredError(FieldError):
    """A decision that has to be explained came without an explanation."""

    code = "events-reason-required"
    message = "A reason is required, of 3 to {length_max} characters."
    remedy = "Say in a sentence why; the member can read it."


class AbsenteeError(FieldError):
    """Results and points of an event are for those who were there."""

    code = "absentee"
    status = 409
    message = "Not at this event: {names}."
    remedy = "Check them in first if they were there."


class EventNotStartedError(ConflictError):
    """An event has no results before it begins."""

    code = "event-not-started"
    message = "This event has not begun yet."
    remedy = "Enter the results once it has."


class PlaceInvalidError(FieldError):
    """Not a place that somebody can take."""

    code = "place-invalid"
    message = "A place is a whole number from 1 to {placed_max}."
    remedy = "Enter 1 for who won."


class NoteTooLongError(FieldError):
    """What is noted beside a place is a few words."""

    code = "note-too-long"
    message = "A note has at most {length_max} characters."
    remedy = "Say it in fewer words."


class SentTwiceError(FieldError):
    """A member has one place."""

    code = "sent-twice"
    message = "The same member was sent twice."
    remedy = "Send each member once."


class OwnResultError(PermissionDeniedError):
    """Staff do not enter their own results."""

    code = "own-result"
    message = "You cannot enter or take back a result of your own."
    remedy = "Ask another member of staff."


class ResultNotFoundError(NotFoundError):
    """There is no such result, or it was taken back."""

    code = "result-not-found"
    message = "There is no such result."
    remedy = "Load the results again."


class OwnAwardError(PermissionDeniedError):
    """Nobody gives points to themselves."""

    code = "own-award"
    message = "You cannot give yourself points, nor take them back."
    remedy = "Ask another member of staff."


class AwardNotFoundError(NotFoundError):
    """There is no such award, or it was taken back."""

    code = "award-not-found"
    message = "There is no such award."
    remedy = "Load the list again."


class AwardTitleError(FieldError):
    """A special activity has a name."""

    code = "award-title"
    message = "Say what they did, in at most {length_max} characters."
    remedy = "A few words will do, such as 'Put the chairs away'."


class PointsInvalidError(FieldError):
    """Not a number of points that staff can give."""

    code = "points-invalid"
    message = "Points are a whole number from 1 to {points_max}."
    remedy = "Enter fewer points, or an administrator adjusts the balance."


class OwnConnectionError(FieldError):
    """A connection needs two."""

    code = "own-connection"
    message = "You cannot connect with yourself."
    remedy = "Enter the code of another attendee."


class NotBothThereError(ConflictError):
    """A connection is between two who attended the same event; also the answer where one wants none."""

    code = "not-both-there"
    message = "You can connect only with people who were at the same event as you."
    remedy = "Choose somebody from the list of who was there."


class MeetingCodeUnknownError(FieldError):
    """A meeting code that nobody at the event has."""

    code = "meeting-code-unknown"
    message = "Nobody at this event has this code."
    remedy = "Ask them to show it again."


class ConnectedAlreadyError(ConflictError):
    """There is a connection or an open request between the two."""

    code = "connected-already"
    message = "You are connected already, or one of you has asked the other."
    remedy = "Look at your connections."


class ConnectionNotFoundError(NotFoundError):
    """There is no such request, or it was answered."""

    code = "connection-not-found"
    message = "There is no such request."
    remedy = "Look at your connections."


class InvitationNotFoundError(FieldError):
    """An invitation's code that is nobody's."""

    code = "invitation-not-found"
    status = 404
    message = "This invitation is not known."
    remedy = "Ask for the link again."


class OwnInvitationError(FieldError):
    """Nobody invites themselves."""

    code = "own-invitation"
    message = "This is your own invitation."
    remedy = "Give it to somebody who has not been to an event yet."


class NotNewError(ConflictError):
    """Invitations are for a first time."""

    code = "not-new"
    message = "You have been to an event already; an invitation is for the first time."
    remedy = "Register for any event as usual."


class InvitedAlreadyError(ConflictError):
    """One has been invited by somebody else."""

    code = "invited-already"
    message = "You have accepted somebody else's invitation."
    remedy = "The first one counts; there is nothing to do."


class InvitedByThemError(ConflictError):
    """Two cannot invite each other."""

    code = "invited-by-them"
    message = "You invited them; they cannot invite you."
    remedy = "Register for any event as usual."


class FeedNotFoundError(NotFoundError):
    """An address of a calendar that nobody has, or has any more."""

    code = "feed-not-found"
    message = "There is no calendar at this address."
    remedy = "Make a new address on your events page."


class RangeInvalidError(FieldError):
    """Days that are no range."""

    code = "range-invalid"
    message = "The last day comes after the first one, by at most {days_max} days."
    remedy = "Choose other days."


class MemberUnknownError(FieldError):
    """Nobody has this address or name."""

    code = "events-member-unknown"
    message = "There is no member of this address or user name."
    remedy = "Check it, or have them open an account first."


class NothingToImportError(GuerdonError):
    """A directory has none of the files that can be imported."""

    code = "nothing-to-import"
    status = 422
    message = "There is nothing to import in {directory}."
    remedy = "Put into it what there is of {files}, each with the columns of its table in the first row."
