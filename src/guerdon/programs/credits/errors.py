"""What the credits program refuses."""

from guerdon.core.errors import ConflictError, FieldError, GuerdonError, NotFoundError, PermissionDeniedError
from guerdon.web.i18n import msgid

WORDS = (
    *(msgid("pending"), msgid("approved"), msgid("rejected"), msgid("withdrawn")),
    *(msgid("changed"), msgid("reopened"), msgid("recalculated"), msgid("submitted again")),
)
"""What fills ``{status}`` and ``{action}`` below; translated together with the sentence."""


class ContributionNotFoundError(NotFoundError):
    """There is no such contribution, or it is somebody else's."""

    code = "contribution-not-found"
    message = "There is no such contribution."
    remedy = "Go back to the list and choose one from there."


class TransitionRefusedError(ConflictError):
    """A contribution cannot go from where it stands to where it was sent."""

    code = "contribution-transition"
    message = "This contribution is {status}; it cannot be {action}."
    remedy = "Load it again to see where it stands."


class ContributionChangedError(ConflictError):
    """The contribution changed after the page was loaded on which somebody decided."""

    code = "contribution-changed"
    message = "This contribution has changed since you looked at it."
    remedy = "Look at it again, then decide."


class SubmittedBeforeError(ConflictError):
    """A form came a second time: pressed twice, or from the page that one had gone back to."""

    code = "contribution-submitted-before"
    message = "This form was sent before; here is what you gave with it."
    remedy = "Change that one, or begin another contribution."


class OwnContributionError(PermissionDeniedError):
    """Nobody reviews what they gave themselves."""

    code = "own-contribution"
    message = "You cannot review a contribution of your own."
    remedy = "Ask another member of staff."


class ReasonRequiredError(FieldError):
    """A decision that has to be explained came without an explanation."""

    code = "reason-required"
    message = "A reason is required, of at most {length_max} characters."
    remedy = "Say in a sentence why; the member can read it."


class AmountOfCreditsError(FieldError):
    """Not an amount of credits that can be given."""

    code = "credits-out-of-range"
    message = "Credits must be from 0 to {credits_max}."
    remedy = "Enter an amount with at most two decimals."


class WorthTooMuchError(FieldError):
    """A contribution is worth more credits than one can be given."""

    code = "worth-too-much"
    message = "This is worth more than the {credits_max} credits that one contribution can be given."
    remedy = "Check the number; if it is right, give it in several contributions."


class CurrencyNotAcceptedError(FieldError):
    """There is no rate for the currency."""

    code = "currency-not-accepted"
    message = "Contributions in {currency} cannot be accepted: there is no rate for it."
    remedy = "Use one of these currencies: {accepted}."


class CurrencyUnknownError(FieldError):
    """Not a currency of ISO 4217."""

    code = "currency-unknown"
    message = "There is no currency '{currency}'."
    remedy = "Use the three letters of ISO 4217, such as XOF or USD."


class TooManyDecimalsError(FieldError):
    """More decimals than the currency, or an item's value, has."""

    code = "too-many-decimals"
    message = "At most {decimals} decimals can be given here."
    remedy = "Round the amount."


class RateInvalidError(FieldError):
    """A currency rate is not a positive number of sensible size."""

    code = "rate-invalid"
    message = "A rate is a positive number below 1,000,000,000 with at most 12 decimals."
    remedy = "Enter what one unit of the currency is worth."


class RateKnownError(FieldError):
    """A currency has a rate from exactly that moment on already."""

    code = "rate-known"
    status = 409
    message = "There is a rate for {currency} from exactly that moment on already."
    remedy = "Let the new rate begin at another moment; rates that were in force are kept."


class PaymentKnownError(FieldError):
    """The same payment was submitted before."""

    code = "payment-known"
    status = 409
    message = "A payment with this method and transaction number has been submitted before."
    remedy = "Check the transaction number; if the payment is yours, look for it among your contributions."


class DateOutOfRangeError(FieldError):
    """Hours on a day that has not come, or that is too long ago."""

    code = "date-out-of-range"
    message = "The day must be between {earliest} and today."
    remedy = "Enter the day on which the work was done."


class ArchiveTooSoonError(FieldError):
    """Contributions are archived only when they have been left alone for long enough."""

    code = "archive-too-soon"
    message = "Only what was submitted at least {days} days ago can be archived."
    remedy = "Choose an earlier day, or leave it out to archive everything that is old enough."


class PhotoRefusedError(FieldError):
    """An upload is not a picture that can be taken."""

    code = "photo-refused"
    message = "This photo cannot be taken: {problem}"
    remedy = "Send a JPEG, PNG or WebP of at most 5 MB."


class TooManyPhotosError(FieldError):
    """More photos than a contribution may have."""

    code = "too-many-photos"
    message = "A contribution has at most {photos_max} photos."
    remedy = "Remove one before you add another."


class PhotosOfItemsOnlyError(FieldError):
    """Photos belong to items."""

    code = "photos-of-items-only"
    message = "Only donated items have photos."
    remedy = "Leave the photos out."


class ImportRefusedError(GuerdonError):
    """An import was refused as a whole; the report names every row at fault."""

    code = "import-refused"
    status = 422
    message = "Nothing was imported. Problems found: {faults}."
    remedy = "Correct the rows that the report names, or import without the all-or-nothing switch."


class ImportFileError(FieldError):
    """The file is not a CSV of contributions at all."""

    code = "import-file"
    message = "The file cannot be read: {problem}"
    remedy = "Send a CSV with the columns of the template."


class ImportNotOfEncodingError(ImportFileError):
    """The file is not of the encoding that was chosen."""

    code = "import-not-of-encoding"
    message = "The file is not {encoding}."
    remedy = "Choose another encoding, or save it as UTF-8."


class ImportEncodingUnsureError(ImportFileError):
    """The encoding can only be guessed, and nobody looks at what comes of the guess."""

    code = "import-encoding-unsure"
    message = "The file is not UTF-8; it looks like {encoding}."
    remedy = "Name its encoding, one of {encodings}, or save it as UTF-8."


class ImportRowUnreadableError(ImportFileError):
    """The file is a CSV up to a row that is none."""

    code = "import-row-unreadable"
    message = "Row {row} cannot be read: a quotation mark is missing or too many, or a cell is much too long."
    remedy = "Correct the row; a quotation mark within a cell is written twice, and the cell between two."


class ImportColumnMissingError(ImportFileError):
    """Without these columns no row means anything."""

    code = "import-column-missing"
    message = "The column '{column}' is missing."


class ImportColumnUnknownError(ImportFileError):
    """A column that no contribution has; probably a slip in its name."""

    code = "import-column-unknown"
    message = "There is no column '{column}'."


class ImportTooLongError(ImportFileError):
    """More rows, or more bytes, than are taken in at once."""

    code = "import-too-long"
    message = "The file has more than {rows_max} rows, or is larger than {size_max_mb} MB."
    remedy = "Split it and import the parts one after the other."


class CreditsSpentError(ConflictError):
    """Credits cannot be taken back that the member has spent, or that are set aside."""

    code = "credits-spent"
    message = "These credits cannot be taken back: the member has spent or set aside {shortfall} of them."
    remedy = "Adjust the balance first, or leave the approval as it is."
