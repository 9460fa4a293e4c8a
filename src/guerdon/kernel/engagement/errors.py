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
    details = ("line", "column", "technical")


class RuleBoundsError(FieldError):
    """A bound of multipliers is out of range, or the lower is above the upper."""

    code = "rule-bounds"
    message = "A bound of multipliers is from 0 to {maximum} basis points, the lower not above the upper."
    remedy = "10000 stands for once."


class RuleCapError(FieldError):
    """A cap is of no period, or no amount."""

    code = "rule-cap"
    message = "A cap is a whole number above 0, for one of: {periods}."
    remedy = "Give it in the smallest part of the unit; leave it out where there is none."


class RuleWaitError(FieldError):
    """A cool-down or a delay is negative or longer than anybody waits."""

    code = "rule-wait"
    message = "This is from 0 to {maximum_s} seconds."
    remedy = "86400 seconds are a day."


class RuleBudgetError(FieldError):
    """There is no bounded account of that name and unit to pay from."""

    code = "rule-budget"
    message = "There is no budget '{budget}' in {unit}."
    remedy = "Open a part of the system with a floor in that unit, or leave the budget empty to issue new value."


class RuleTermUnusedError(FieldError):
    """A rule about facts that are no activities says something that its program does not ask for."""

    code = "rule-term-unused"
    message = "This would do nothing: what '{kind}' is worth is worked out from its condition and its formula alone."
    remedy = "Leave it out; the condition and the formula read activity and params, neither member nor counters."


class RuleSeedError(GuerdonError):
    """A program brings a rule that could never be in force."""

    code = "rule-seed"
    message = "The rule '{rule}' cannot be installed: {problems}"
    remedy = "Correct it where the program says what it brings, then migrate again; nothing was changed."


class RuleParamsError(FieldError):
    """One of the numbers of a rule is not what its expression needs; subclasses say how."""

    code = "rule-params"
    message = "This does not fit the rule."
    remedy = "Send an object with the names that the rule in force has."


class RuleParamMissingError(RuleParamsError):
    """The rule in force has a parameter of that name."""

    code = "rule-param-missing"
    message = "'{name}' is missing."
    remedy = "A new version has a value for every parameter of the rule."


class RuleParamUnknownError(RuleParamsError):
    """The rule in force has no parameter of that name."""

    code = "rule-param-unknown"
    message = "'{name}' is not a parameter of this rule."
    remedy = "Leave it out."


class RuleParamKindError(RuleParamsError):
    """The rule in force has something of another kind there."""

    code = "rule-param-kind"
    message = "'{name}' is of another kind in the rule."
    remedy = "Send an object, a whole number, a text or true or false, as the version in force has it."


class RuleParamNumberError(RuleParamsError):
    """A number is not whole, negative or too large."""

    code = "rule-param-number"
    message = "'{name}' must be a whole number from 0 to {maximum}."
    remedy = "Correct the number; fractions are written as parts, such as 1250 basis points for 12.5 %."


class RuleParamDecimalError(RuleParamsError):
    """A form has no number there, or one with more decimals than the rule counts in."""

    code = "rule-param-decimal"
    message = "This must be a number from 0 to {maximum}, with at most {decimals} decimals."
    remedy = "Correct the number."


class NumberMissingError(FieldError):
    """A form has something else where a whole number belongs."""

    code = "number-missing"
    message = "Enter a whole number."
    remedy = "Digits alone, 0 for none."


class RuleNoteMissingError(FieldError):
    """A new version needs its why."""

    code = "rule-note-missing"
    message = "Say why the rule changes."
    remedy = "A few words are enough; they stand in the history of the rule."


class TiersNotFoundError(NotFoundError):
    """The program has no tiers."""

    code = "tiers-not-found"
    message = "'{program}' has no tiers."
    remedy = "List the tiers with GET /api/v1/engagement/tiers."


class TierUnknownError(FieldError):
    """The thresholds are not exactly those of the program's tiers."""

    code = "tier-unknown"
    message = "'{tier}' is not a tier of this program, or is missing."
    remedy = "Send one threshold for each tier of the program."


class TierFirstError(FieldError):
    """Somebody who has earned nothing has to stand somewhere."""

    code = "tier-first-not-zero"
    message = "The first tier begins at 0."
    remedy = "Set the first threshold to 0."


class TierOrderError(FieldError):
    """A tier does not begin above the one below it."""

    code = "tier-order"
    message = "'{tier}' must begin above the tier below it."
    remedy = "Let the thresholds rise from each tier to the next."


class TierReasonMissingError(FieldError):
    """A change that is audited needs its why."""

    code = "tiers-reason-missing"
    message = "Say why the tiers change."
    remedy = "A few words are enough; they stand in the audit log."


class RuleEvaluationError(GuerdonError):
    """A rule in force failed on a fact: nothing was awarded."""

    code = "rule-failed"
    status = 409
    message = "Version {version} of the rule '{rule}' cannot be applied here: {problem}"
    remedy = "Nothing was awarded. Ask staff to correct the rule by a new version."
    details = ("technical",)
