"""What streaks refuse."""

from guerdon.core.errors import ConflictError, FieldError, NotFoundError


class StreakNotFoundError(NotFoundError):
    """There is no such streak."""

    code = "streak-not-found"
    message = "There is no streak '{streak}'."
    remedy = "List the streaks with GET /api/v1/engagement/streaks."


class MetricUnknownError(FieldError):
    """Nothing counts what a streak or a badge is about."""

    code = "metric-unknown"
    message = "There is no metric '{metric}'."
    remedy = "Name a metric of the program, or another program's as program:code."


class PauseNotFoundError(NotFoundError):
    """There is no such pause, or it is over."""

    code = "streak-pause-not-found"
    message = "There is no such pause, or it is over."
    remedy = "Look at your streaks for the pauses that there are."


class PauseDatesError(FieldError):
    """A pause begins in the past, ends before it begins or lasts too long."""

    code = "streak-pause-dates"
    message = "These dates cannot be a pause."
    remedy = "Begin today or later, end after that, and within a year."


class PauseOverlapsError(ConflictError):
    """Another pause covers some of it."""

    code = "streak-pause-overlaps"
    message = "There is a pause already in that time."
    remedy = "End the other one first, or choose other dates."


class PauseUsedUpError(ConflictError):
    """The pauses of twelve months would be more than may be."""

    code = "streak-pause-used-up"
    message = "With it, more than {maximum} periods within twelve months would be pauses."
    remedy = "Choose a shorter pause, or ask staff."


class NothingToRestoreError(ConflictError):
    """The streak has not broken."""

    code = "streak-not-broken"
    message = "This streak has not broken, or there was none."
    remedy = "Look at where the member stands; nothing has to be restored."


class StreakReasonMissingError(FieldError):
    """An act of staff on somebody's streak needs its why."""

    code = "streak-reason-missing"
    message = "Say why."
    remedy = "A few words are enough; they stand in the audit log."


class OwnStreakError(ConflictError):
    """Nobody restores their own streak."""

    code = "own-streak"
    message = "You cannot do this for your own streak."
    remedy = "Ask a colleague."


class StreakNumbersError(FieldError):
    """A number of a streak is out of range."""

    code = "streak-numbers"
    message = "This has to be a whole number from {minimum} to {maximum}."
    remedy = "Correct the number."


class StreakListError(FieldError):
    """A list of numbers cannot be read."""

    code = "streak-list"
    message = "Write whole numbers with commas between, at most {maximum} of them."
    remedy = "For example 4, 12, 26, 52."
