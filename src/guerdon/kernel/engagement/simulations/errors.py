"""What simulations refuse."""

from guerdon.core.errors import ConflictError, FieldError, NotFoundError


class SimulationNotFoundError(NotFoundError):
    """There is no such simulation, or not any more."""

    code = "simulation-not-found"
    message = "There is no such simulation."
    remedy = "Simulations are kept for 30 days; start another one."


class SimulationPeriodError(FieldError):
    """The period is empty, in the future or too long."""

    code = "simulation-period"
    message = "The period must end after it begins, at most {days_max} days later, and begin in the past."
    remedy = "Choose days that have been."


class SimulationsRunningError(ConflictError):
    """Others are still running."""

    code = "simulations-running"
    message = "{number} simulations are running already."
    remedy = "Wait until one of them is done."
