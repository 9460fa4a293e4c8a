"""What the configuration of a ladder refuses."""

from guerdon.core.errors import FieldError


class KeepingWindowError(FieldError):
    """A window has a unit and a length, and nothing else has."""

    code = "tier-window-invalid"
    message = "A window needs a unit and a length of at least 1; years count one by one up to 10, months up to 120."
    remedy = "Say how many days, months or years count, or choose another basis and leave both out."


class KeepingDaysError(FieldError):
    """Days out of bounds."""

    code = "tier-days-invalid"
    message = "This must be a whole number of days from 0 to {maximum}."
    remedy = "Correct the number of days."


class KeepingChoiceError(FieldError):
    """Not one of the choices."""

    code = "tier-choice-invalid"
    message = "This is none of the choices."
    remedy = "Choose one of those that are offered."
