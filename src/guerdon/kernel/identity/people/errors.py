"""What is refused about people."""

from guerdon.core.errors import ConflictError, FieldError, GuerdonError


class BirthDateInvalidError(FieldError):
    """In the future, today, or longer ago than anybody lives."""

    code = "birth-date-invalid"
    message = "Nobody who is alive was born on this day."
    remedy = "Enter the day of birth, such as 1990-07-31."


class BirthDateFixedError(FieldError):
    """It would make a minor an adult, a guardian a minor, or contradict a checked document."""

    code = "birth-date-fixed"
    message = "This birth date can no longer be changed by you."
    remedy = "Ask a member of staff to correct it."


class BirthDateNeededError(FieldError):
    """Something depends on the age."""

    code = "birth-date-needed"
    message = "Your birth date is not known."
    remedy = "Enter it in your profile first."


class BioTooLongError(FieldError):
    """Longer than is shown."""

    code = "bio-too-long"
    message = "This is longer than {characters_max} characters."
    remedy = "Shorten it."


class ChannelUnknownError(FieldError):
    """A channel that notifications do not have."""

    code = "channel-unknown"
    message = "There is no such way to notify you."
    remedy = "Use email, sms or whatsapp."


class PictureRefusedError(FieldError):
    """Not a picture, damaged, or too large."""

    code = "picture-refused"
    message = "This picture cannot be used: {problem}."
    remedy = "Choose a JPEG, PNG or WebP picture of at most 5 MB."


class AddressFieldError(FieldError):
    """A part of a postal address that is missing, too long or unknown."""

    code = "address-invalid"
    message = "This part of the address cannot be used."
    remedy = "Correct it: a known type, a three-letter country code, a region of that country, and no more than fits."


class AddressEmptyError(FieldError):
    """Nothing was entered."""

    code = "address-empty"
    message = "The address is empty."
    remedy = "Enter at least a street or a city."


class AddressesFullError(ConflictError):
    """More than anybody needs."""

    code = "addresses-full"
    message = "You have {addresses_max} addresses already."
    remedy = "Delete one first."


class GuardianUnsuitableError(FieldError):
    """Unknown, not known to be an adult, closed, or oneself; it never says which."""

    code = "guardian-unsuitable"
    message = "This address belongs to no adult member who could answer for you."
    remedy = "Ask your guardian to open an account and to enter their birth date, then try again."


class RelationshipUnknownError(FieldError):
    """Not a relationship in which somebody can answer for a minor."""

    code = "relationship-unknown"
    message = "Nobody in this relationship can answer for a minor."
    remedy = "Choose one of the list."


class NotAMinorError(ConflictError):
    """Adults answer for themselves."""

    code = "not-a-minor"
    message = "Only members under 18 have a guardian."
    remedy = "There is nothing to do."


class GuardianPresentError(ConflictError):
    """One at a time."""

    code = "guardian-present"
    message = "Somebody has been asked already, or answers for you."
    remedy = "Withdraw that request, or ask them to end it, first."


class GuardianshipStateError(ConflictError):
    """It has been answered or has ended."""

    code = "guardianship-state"
    message = "This has been answered or has ended already."
    remedy = "Load the page again to see how it stands."


class GuardianshipLoopError(ConflictError):
    """Somebody would answer for a person while another answers for them."""

    code = "guardianship-loop"
    message = "Nobody can answer for a minor while somebody answers for them."
    remedy = "Choose another guardian."


class ConsentUnknownError(FieldError):
    """Nothing that one can agree to."""

    code = "consent-unknown"
    message = "There is no such question, or its text has changed since."
    remedy = "Load the page again and answer what stands there."


class ExportRunningError(ConflictError):
    """One copy at a time."""

    code = "export-running"
    message = "A copy is being made or waits for you already."
    remedy = "Fetch it first, or wait until it has expired."


class ExportNotReadyError(ConflictError):
    """Still being made, fetched before, or expired."""

    code = "export-not-ready"
    message = "This copy cannot be fetched: it is not ready, was fetched before, or has expired."
    remedy = "Ask for a new one."


class ErasureWaitingError(ConflictError):
    """Asked for already."""

    code = "erasure-waiting"
    message = "Your account waits to be erased already."
    remedy = "You can cancel that until the day comes."


class ErasureNotWaitingError(ConflictError):
    """There is nothing to cancel."""

    code = "erasure-not-waiting"
    message = "Your account does not wait to be erased."
    remedy = "There is nothing to do."


class NumberInvalidError(FieldError):
    """Not a number that a document can have."""

    code = "document-number-invalid"
    message = "This is not the number of a document."
    remedy = "Enter the letters and digits of its number, 4 to 50 of them."


class DocumentFieldError(FieldError):
    """An unknown kind or country of a document."""

    code = "document-kind-invalid"
    message = "There is no such document."
    remedy = "Choose a passport, identity card or birth certificate, and a country by its three letters."


class DocumentRefusedError(FieldError):
    """Not the picture or PDF that it claims to be, or too large."""

    code = "document-refused"
    message = "This file cannot be used: {problem}."
    remedy = "Send a JPEG, PNG, WebP or PDF file of at most 8 MB."


class VerificationStateError(ConflictError):
    """Decided already, or another one waits."""

    code = "verification-state"
    message = "A proof of identity waits or has been decided already."
    remedy = "Load the page again to see how it stands."


class OwnVerificationError(ConflictError):
    """Nobody reviews themselves."""

    code = "own-verification"
    message = "You cannot review your own proof of identity."
    remedy = "Ask another reviewer."


class ReasonNeededError(FieldError):
    """A decision that somebody will ask about."""

    code = "reason-needed"
    message = "Say why, in at least three letters."
    remedy = "The member reads it, and it stands in the audit log."


class EncryptionKeyMissingError(GuerdonError):
    """Something was encrypted with a key that is no longer there."""

    code = "encryption-key-missing"
    message = "The key '{key_id}' with which this was encrypted is missing."
    remedy = "Put the key back into GUERDON_ENCRYPTION_KEYS, or restore the file 'encryption' of the secrets."
