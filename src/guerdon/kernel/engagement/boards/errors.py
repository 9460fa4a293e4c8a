"""What leaderboards refuse."""

from guerdon.core.errors import ConflictError, FieldError, NotFoundError


class BoardNotFoundError(NotFoundError):
    """There is no such leaderboard, or not for this reader."""

    code = "board-not-found"
    message = "There is no leaderboard '{board}'."
    remedy = "List the leaderboards with GET /api/v1/leaderboards."


class RunNotFoundError(NotFoundError):
    """The board has no such period."""

    code = "board-period-not-found"
    message = "This leaderboard has nothing for that period."
    remedy = "Ask for one of the periods that are listed under /runs of this leaderboard."


class RunNotBegunError(NotFoundError):
    """Nobody can have counted in a period that lies ahead of everybody."""

    code = "board-period-not-begun"
    message = "This period has not begun yet."
    remedy = "Ask for the present period, or for one that is over."


class BoardExistsError(ConflictError):
    """Codes are unique within a program."""

    code = "board-exists"
    message = "There is a leaderboard '{board}' already."
    remedy = "Choose another code, or change the one that there is."


class BoardActiveError(ConflictError):
    """What a board counts is fixed once it has been activated."""

    code = "board-active"
    message = "'{board}' is active: what it counts and for which periods can no longer be changed."
    remedy = "Hide it and define another one."


class BoardMetricUnknownError(FieldError):
    """There is no such metric."""

    code = "board-metric-unknown"
    message = "There is no metric '{metric}'."
    remedy = "Choose one of the metrics that are offered."


class BoardCodeError(FieldError):
    """A code is a word for machines."""

    code = "board-code-invalid"
    message = "This is no code."
    remedy = "Use up to 63 small letters, digits and underscores, beginning with a letter."


class BoardPeriodsError(FieldError):
    """A board has at least one period."""

    code = "board-periods-invalid"
    message = "Choose at least one of day, week, month and life."
    remedy = "Say for which periods the leaderboard is."


class BoardDraftError(ConflictError):
    """Nothing stands on a board that is not active."""

    code = "board-not-ready"
    message = "'{board}' is not ready yet."
    remedy = "Come back in a few minutes: it is being built from what was counted before."
