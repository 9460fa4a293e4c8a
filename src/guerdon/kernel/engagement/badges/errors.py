"""What badges refuse."""

from guerdon.core.errors import ConflictError, FieldError, NotFoundError


class BadgeNotFoundError(NotFoundError):
    """There is no such badge, or it is hidden from who asks."""

    code = "badge-not-found"
    message = "There is no badge '{badge}'."
    remedy = "List the badges with GET /api/v1/engagement/badges."


class BadgeCodeError(FieldError):
    """The code of a badge has characters that it may not have."""

    code = "badge-code"
    message = "A code has lower-case letters, digits and underscores, at most 64, and begins with a letter."
    remedy = "Choose another code, such as helper_of_the_year."


class BadgeCodeTakenError(FieldError):
    """The program has a badge of that code."""

    code = "badge-code-taken"
    message = "There is a badge '{badge}' already."
    remedy = "Choose another code, or change the one that there is."


class BadgeTextError(FieldError):
    """A text is missing or too long."""

    code = "badge-text"
    message = "Write between {minimum} and {maximum} characters."
    remedy = "Correct the text."


class BadgeColourError(FieldError):
    """Not a colour."""

    code = "badge-colour"
    message = "A colour is # and six hexadecimal digits."
    remedy = "For example #b7791f."


class BadgeIconError(FieldError):
    """There is no such icon."""

    code = "badge-icon"
    message = "There is no icon '{icon}'."
    remedy = "Choose one of the list."


class BadgeProgramError(FieldError):
    """The program of a badge has characters that it may not have."""

    code = "badge-program"
    message = "There is no program '{program}'."
    remedy = "Name an installed program, or community."


class BadgeRewardError(FieldError):
    """The reward of a level is none of a unit that there is, or half of one."""

    code = "badge-reward"
    message = "A reward is an amount above 0 in a unit that there is."
    remedy = "Send unit and amount together, or neither."


class BadgeCriteriaError(FieldError):
    """The criteria lack something, or have what does not belong to them."""

    code = "badge-criteria"
    message = "The criteria need a value here that fits their kind."
    remedy = (
        "total: a metric; window: a metric and day, week or month; periods: a metric, a minimum and week or month;"
        " streak: a streak; hand: nothing."
    )


class BadgeLevelsError(FieldError):
    """There are no levels, or too many."""

    code = "badge-levels"
    message = "A badge has between 1 and {maximum} levels."
    remedy = "Fill in the first level, and none after an empty one."


class BadgeThresholdError(FieldError):
    """A level does not need more than the one below it."""

    code = "badge-threshold"
    message = "This has to be a whole number above that of the level below."
    remedy = "Let the thresholds rise from level to level."


class BadgeReasonMissingError(FieldError):
    """What staff do with badges needs its why."""

    code = "badge-reason-missing"
    message = "Say why."
    remedy = "A few words are enough; they stand in the audit log."


class OwnBadgeError(ConflictError):
    """Nobody gives a badge to themself, or takes one from themself."""

    code = "own-badge"
    message = "You cannot award a badge to yourself or revoke your own."
    remedy = "Ask a colleague."


class BadgeHeldError(ConflictError):
    """The member has that level."""

    code = "badge-held"
    message = "The member has this level already."
    remedy = "Choose a higher level; nothing was changed."


class BadgeInactiveError(ConflictError):
    """A badge that is not active cannot be given."""

    code = "badge-inactive"
    message = "This badge is not active."
    remedy = "Activate it first."


class BadgeLevelNotFoundError(NotFoundError):
    """The badge has no such level, or the member does not have it."""

    code = "badge-level-not-found"
    message = "There is no such level, or the member does not have it."
    remedy = "Look at the badge for the levels that there are."


class CredentialNotFoundError(NotFoundError):
    """There is no such credential."""

    code = "credential-not-found"
    message = "There is no such credential."
    remedy = "Check the address; it has to be complete."
