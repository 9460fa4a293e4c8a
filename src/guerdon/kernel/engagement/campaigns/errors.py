"""What campaigns refuse."""

from guerdon.core.errors import ConflictError, FieldError, NotFoundError


class CampaignNotFoundError(NotFoundError):
    """There is no such campaign."""

    code = "campaign-not-found"
    message = "There is no such campaign."
    remedy = "List the campaigns with GET /api/v1/engagement/campaigns."


class CampaignStateError(ConflictError):
    """What was asked for does not fit where the campaign stands."""

    code = "campaign-state"
    message = "The campaign '{campaign}' is {status}: this is not possible any more."
    remedy = "Load the campaign again; for other terms write a new campaign."


class CampaignOverError(ConflictError):
    """The time of the campaign has passed before it was activated."""

    code = "campaign-over"
    message = "The campaign '{campaign}' would be over already."
    remedy = "Let it end in the future, then activate it."


class CampaignCodeTakenError(FieldError):
    """Codes are unique, for ever, because outcomes name them."""

    code = "campaign-code-taken"
    message = "There is a campaign with the code '{value}' already."
    remedy = "Choose another code."


class CampaignCodeInvalidError(FieldError):
    """The code is not a simple word."""

    code = "campaign-code-invalid"
    message = "A code is 2 to 50 lower-case letters, digits and underscores, a letter first."
    remedy = "Choose a code such as 'double_points_in_may'."


class CampaignTitleError(FieldError):
    """The title is missing or too long."""

    code = "campaign-title"
    message = "A title has 1 to {maximum} characters."
    remedy = "Give the campaign a short name that members understand."


class CampaignTimeError(FieldError):
    """The campaign would end before it starts, or last for ever."""

    code = "campaign-time"
    message = "The campaign must end after it starts, at most {days_max} days later."
    remedy = "Correct its start or its end."


class CampaignMultiplierError(FieldError):
    """The multiplier does not make awards larger, or makes them absurdly large."""

    code = "campaign-multiplier"
    message = "The multiplier must be above 1 and at most 100, with at most four decimals."
    remedy = "Write 1.5 for half as much again, 2 for double."


class CampaignBudgetError(FieldError):
    """The budget is nothing."""

    code = "campaign-budget"
    message = "The budget must be above zero."
    remedy = "Say how much the campaign may give in all."


class CampaignConditionError(FieldError):
    """The condition is not an expression that could be evaluated."""

    code = "campaign-condition"
    message = "The condition cannot be used: {problem}"
    remedy = "Write CEL over activity, member and counters that gives true or false; leave it empty for everybody."
    details = ("line", "column", "technical")


class CampaignRuleUnknownError(FieldError):
    """No rule in force of that name pays in the campaign's unit."""

    code = "campaign-rule-unknown"
    message = "There is no rule '{value}' in force that gives {unit}."
    remedy = "Name rules as program.code, one on each line; leave it empty for all that give {unit}."


class CampaignReasonMissingError(FieldError):
    """Stopping a campaign is audited and needs its why."""

    code = "campaign-reason-missing"
    message = "Say why the campaign stops."
    remedy = "A few words are enough; they stand in the audit log."
