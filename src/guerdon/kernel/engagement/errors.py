"""What the engagement kernel refuses."""

from guerdon.core.errors import ConflictError, FieldError, GuerdonError, NotFoundError


class RuleNotFoundError(NotFoundError):
    """There is no such rule, or none in force."""

    code = "rule-not-found"
    message = "There is no rule '{rule}'."
    remedy = "List the rules with GET /api/v1/engagement/rules."


class RuleLockedError(ConflictError):
    """A version that is or was in force is never changed."""

    code = "rule-locked"
    message = "Version {version} of '{rule}' is {status} and can no longer be changed."
    remedy = "Write a new version and activate that."


class RuleExpressionError(FieldError):
    """An expression is not valid CEL, or does not fit what it is given."""

    code = "rule-expression"
    message = "The expression cannot be used: {problem}"
    remedy = "Correct the expression; try it with a dry run before you activate it."


class RuleParamsError(FieldError):
    """The numbers of a rule are not what its expression needs."""

    code = "rule-params"
    message = "The parameters cannot be used: {problem}"
    remedy = "Send an object whose numbers are whole; keep the names that the rule uses."


class RuleEvaluationError(GuerdonError):
    """A rule in force failed on a fact: nothing was awarded."""

    code = "rule-failed"
    status = 409
    message = "Version {version} of the rule '{rule}' cannot be applied here: {problem}"
    remedy = "Nothing was awarded. Ask staff to correct the rule by a new version."
