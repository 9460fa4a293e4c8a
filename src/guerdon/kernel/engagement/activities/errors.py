"""What is refused of facts, and why rules grant nothing."""

from guerdon.core.errors import ConflictError, FieldError, GuerdonError, NotFoundError
from guerdon.web.i18n import msgid


class MemberUnknownError(FieldError):
    """Nobody has that id, or not any more."""

    code = "activity-member-unknown"
    message = "There is no member '{member}'."
    remedy = "Check the member's id; who has closed their account takes part no more."


class ActivityKindUnknownError(FieldError):
    """No program of this installation has such facts."""

    code = "activity-kind-unknown"
    message = "There is no kind of activity '{kind}'."
    remedy = "List the kinds with GET /api/v1/activities/kinds."


class ActivityKindInsideError(FieldError):
    """The kind is recorded by its program, from what happens in it, and by nobody else."""

    code = "activity-kind-inside"
    message = "Activities of the kind '{kind}' are not reported from outside."
    remedy = "List the kinds that are with GET /api/v1/activities/kinds."


class BatchTooLongError(GuerdonError):
    """More lines than one request may have; none of them was looked at."""

    code = "activity-batch-too-long"
    status = 413
    message = "A batch has at most {lines_max} lines. Nothing was recorded."
    remedy = "Send the lines in several requests."


class BatchTypeError(GuerdonError):
    """A batch of another form than one JSON document on each line."""

    code = "activity-batch-type"
    status = 415
    message = "A batch of activities is sent as application/x-ndjson."
    remedy = "Send one CloudEvent on each line, with the content type application/x-ndjson."


class LineTooLongError(FieldError):
    """A line of a batch that is larger than any activity."""

    code = "activity-line-too-long"
    message = "The line is longer than {bytes_max} bytes."
    remedy = "Check where the line ends; an activity holds little, and refers to the rest."


class ActivityInFutureError(FieldError):
    """It cannot have happened yet."""

    code = "activity-in-future"
    message = "An activity cannot happen in the future."
    remedy = "Check the clock of whatever reports it; it may be {skew_s} seconds ahead of this one."


class ActivityTooOldError(FieldError):
    """Before anybody could have recorded it."""

    code = "activity-too-old"
    message = "An activity before {first_year} cannot be recorded."
    remedy = "Check the date."


class ActivityMomentError(FieldError):
    """A moment without a zone could be any of many."""

    code = "activity-moment"
    message = "The moment at which it happened needs a time zone."
    remedy = 'Send it like "2026-03-02T09:00:00Z" or "2026-03-02T10:00:00+01:00".'


class ActivityKeyError(FieldError):
    """Without a key of its own a fact could be recorded twice; without a source nobody knows who says so."""

    code = "activity-key"
    message = "This must have 1 to {length_max} printable characters."
    remedy = "Send a key that is the same whenever the same activity is sent again, and no other's; name the source."


class PropertyMissingError(FieldError):
    """The kind has a property that the fact lacks."""

    code = "activity-property-missing"
    message = "'{name}' is missing."
    remedy = "Send every property of this kind of activity."


class PropertyUnknownError(FieldError):
    """The fact has a property that its kind does not know."""

    code = "activity-property-unknown"
    message = "'{name}' is not a property of this kind of activity."
    remedy = "Leave it out."


class PropertyTypeError(FieldError):
    """A property is of another type than its kind says, or too large."""

    code = "activity-property-type"
    message = "'{name}' must be {expected}."
    remedy = "Correct the value; fractions are written as parts, such as 1250 basis points for 12.5 %."
    words = frozenset({"expected"})


class PropertiesTooLargeError(FieldError):
    """Facts are small: what is large is kept elsewhere and referred to."""

    code = "activity-properties-too-large"
    message = "The properties take more than {length_max} characters."
    remedy = "Send less, and refer to the rest."


class ActivityConflictError(ConflictError):
    """The key was used for another fact of this member."""

    code = "activity-conflict"
    message = "The idempotency key was used for another activity of this member."
    remedy = "Use a new key for a new activity; a key belongs to its first content for ever."


class ActivityNotFoundError(NotFoundError):
    """There is no such activity, or not for the asker."""

    code = "activity-not-found"
    message = "There is no such activity."
    remedy = "List a member's activities to find its id."


class ActivityWithdrawnError(ConflictError):
    """It has been withdrawn before."""

    code = "activity-withdrawn"
    message = "This activity was withdrawn before."
    remedy = "Nothing has changed. Load it to see by whom and why."


class OwnActivityError(GuerdonError):
    """Staff would withdraw an activity of their own."""

    code = "own-activity"
    status = 403
    message = "Nobody withdraws an activity of their own."
    remedy = "Ask a colleague to do it."


class OwnReportError(GuerdonError):
    """Somebody would report from outside what they did themselves."""

    code = "activity-own-report"
    status = 403
    message = "Nobody reports an activity of their own."
    remedy = "Let a colleague or a machine of somebody else report it."


class WithdrawalReasonError(FieldError):
    """Who loses something can read why."""

    code = "activity-withdrawal-reason"
    message = "Say in 3 to 500 characters why the activity is withdrawn."
    remedy = "The member can read it."


REASONS = {
    "condition": msgid("It does not fulfil the rule's condition."),
    "nothing": msgid("The rule finds it worth nothing."),
    "act_cap": msgid("It would give {amount}, more than the {cap} that the rule gives at once."),
    "day_cap": msgid("The most that the rule gives in a day has been given."),
    "week_cap": msgid("The most that the rule gives in a week has been given."),
    "month_cap": msgid("The most that the rule gives in a month has been given."),
    "life_cap": msgid("The most that the rule gives to one member has been given."),
    "cool_down": msgid("The rule gives again only some time after it last did."),
    "budget": msgid("The budget that pays for it does not hold enough."),
    "failed": msgid("The rule could not be applied: {problem}"),
    "ledger": msgid("The ledger refused it: {problem}"),
}
"""Why a rule grants nothing, machine-readable, and in words for the member; placeholders from ``NotAwarded.params``."""
EXPECTED = {
    "int": msgid("a whole number, in size at most 10^12"),
    "str": msgid("a text of at most 500 characters"),
    "bool": msgid("true or false"),
    "list": msgid("a list of at most 100 whole numbers, texts or truths"),
}
"""What a property of each type must be."""
