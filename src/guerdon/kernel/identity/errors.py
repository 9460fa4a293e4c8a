"""What identity refuses."""

from guerdon.core.errors import ConflictError, FieldError, GuerdonError, PermissionDeniedError


class SignInRefusedError(GuerdonError):
    """Wrong account or wrong password; it never says which."""

    code = "sign-in-refused"
    status = 401
    message = "E-mail and password do not match an account."
    remedy = "Check both and try again."


class EmailInvalidError(FieldError):
    """Not an e-mail address."""

    code = "email-invalid"
    message = "This is not an e-mail address."
    remedy = "Enter an address such as awa@example.org."


class EmailTakenError(FieldError):
    """A living account has this address."""

    code = "email-taken"
    status = 409
    message = "There is already an account with this e-mail address."
    remedy = "Sign in, or use another address."


class UsernameTakenError(FieldError):
    """A living account has this user name."""

    code = "username-taken"
    status = 409
    message = "This user name is taken."
    remedy = "Choose another one."


class UsernameInvalidError(FieldError):
    """Not a user name."""

    code = "username-invalid"
    message = "A user name has 3 to 32 letters, digits, dots, dashes or underscores."
    remedy = "Choose another one."


class NameInvalidError(FieldError):
    """Empty, too long, or holding control characters."""

    code = "name-invalid"
    message = "A name has 1 to 120 characters."
    remedy = "Enter the name that others should see."


class PasswordTooShortError(FieldError):
    """Below the minimum length."""

    code = "password-too-short"
    message = "The password has fewer than {minimum} characters."
    remedy = "Choose at least {minimum} characters; a few unrelated words do well."


class PasswordTooLongError(FieldError):
    """Above what is hashed."""

    code = "password-too-long"
    message = "The password has more than {maximum} characters."
    remedy = "Choose a shorter one."


class PasswordGuessableError(FieldError):
    """Among the first that anybody would try."""

    code = "password-guessable"
    message = "This password is among the first that anybody would try."
    remedy = "Do not use your name, your address, or one character repeated."


class PasswordWrongError(FieldError):
    """The present password does not match."""

    code = "password-wrong"
    message = "This is not your present password."
    remedy = "Enter the password with which you signed in."


class LocaleUnknownError(FieldError):
    """A language that we do not have."""

    code = "locale-unknown"
    message = "There is no such language here."
    remedy = "Choose one of the list."


class TimeZoneUnknownError(FieldError):
    """Not an IANA time zone."""

    code = "time-zone-unknown"
    message = "There is no such time zone."
    remedy = "Choose one such as Africa/Dakar."


class RoleUnknownError(FieldError):
    """Not a role."""

    code = "role-unknown"
    message = "There is no role '{role}'."
    remedy = "Use user, partner, staff, admin or super_admin."


class RoleNotYoursError(PermissionDeniedError):
    """Nobody grants or takes what they do not hold themselves."""

    code = "role-not-yours-to-give"
    message = "You cannot grant or take the role '{role}'."
    remedy = "Ask somebody who holds it."


class LastSuperAdminError(ConflictError):
    """Somebody must be able to run the place."""

    code = "last-super-admin"
    message = "This is the last super administrator."
    remedy = "Make somebody else super administrator first."


class AccessTokenInvalidError(GuerdonError):
    """A bearer token that is forged, expired, or meant for somebody else."""

    code = "access-token-invalid"
    status = 401
    message = "The access token is not valid."
    remedy = "Get a new one from /api/v1/identity/tokens."
