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
    remedy = "Enter an address such as member@example.org."


class EmailTakenError(FieldError):
    """A living account has this address."""

    code = "email-taken"
    status = 409
    message = "There is already an account with this e-mail address."
    remedy = "Sign in, or use another address."


class PhoneInvalidError(FieldError):
    """Not a telephone number that can exist."""

    code = "phone-invalid"
    message = "This is not a telephone number."
    remedy = "Enter it with its country code, such as +221 77 123 45 67."


class PhoneTakenError(FieldError):
    """A living account has this number."""

    code = "phone-taken"
    status = 409
    message = "Another account has this telephone number."
    remedy = "Sign in with it, or use another number."


class CodeWrongError(FieldError):
    """A one-time code that was not sent, was tried too often, was used, or is too old."""

    code = "code-wrong"
    message = "This code is not valid."
    remedy = "Enter the six digits of the last message, or have a new code sent."


class LinkInvalidError(GuerdonError):
    """A link out of a message that is unknown, used, or too old."""

    code = "link-invalid"
    status = 410
    message = "This link is no longer valid."
    remedy = "It works once and for a limited time; ask for a new one."


class WaitingPasswordWrongError(FieldError):
    """The password is not the one that was chosen at sign-up."""

    code = "waiting-password-wrong"
    message = "This is not the password that you chose when you signed up."
    remedy = "Enter it again, or sign up once more."


class RefreshTokenInvalidError(GuerdonError):
    """A refresh token that is unknown, used, revoked, or too old."""

    code = "refresh-token-invalid"
    status = 401
    message = "The refresh token is not valid."
    remedy = "Sign in again."


class ScopeNotYoursError(FieldError):
    """A key cannot do what its owner cannot."""

    code = "scope-not-yours"
    message = "Choose at least one permission, and only such as you have."
    remedy = "Choose among those that are offered."


class KeyNameInvalidError(FieldError):
    """A key is known to its owner by its name."""

    code = "key-name-invalid"
    message = "The name of a key has 1 to {maximum} characters."
    remedy = "Name the machine or the program that will use it."


class KeyLifeInvalidError(FieldError):
    """A key lives from one day to a year."""

    code = "key-life-invalid"
    message = "A key lives 1 to {maximum} days."
    remedy = "Choose a number of days; make a new key when it ends."


class GuardianNeededError(PermissionDeniedError):
    """A minor for whom nobody answers takes no part yet."""

    code = "guardian-needed"
    message = "You are under 18, and no adult answers for you yet."
    remedy = "Ask an adult member to answer for you, on the page /account/family."


class ProviderUnknownError(GuerdonError):
    """A provider that is not set up here."""

    code = "provider-unknown"
    status = 404
    message = "This way to sign in is not offered here."
    remedy = "Choose another one."


class RedirectUnknownError(FieldError):
    """An address to which providers must not send their answer."""

    code = "redirect-unknown"
    message = "The provider may not send its answer to this address."
    remedy = "Use an address that the operator has allowed in GUERDON_APP_REDIRECT_URIS."


class ProviderRefusedError(GuerdonError):
    """What came back from a provider does not prove anything, or nobody was there."""

    code = "provider-refused"
    status = 401
    message = "The sign-in with {provider} did not succeed."
    remedy = "Begin again; if it happens again, choose another way."


class ProviderAddressTakenError(ConflictError):
    """An account here has the address that a provider vouches for, and is not linked."""

    code = "provider-address-taken"
    message = "There is already an account with this address."
    remedy = "Sign in to it, and link {provider} on the page of your account."


class ProviderLinkedElsewhereError(ConflictError):
    """One account elsewhere opens one account here."""

    code = "provider-linked-elsewhere"
    message = "This account at {provider} is linked already."
    remedy = "Unlink it there first, or choose another account."


class ClosingNotConfirmedError(FieldError):
    """Closing an account is meant."""

    code = "closing-not-confirmed"
    message = "Say that you want to close your account."
    remedy = "Tick the box."


class LastWayInError(ConflictError):
    """Somebody must be able to come in again."""

    code = "last-way-in"
    message = "This is the only way in to your account."
    remedy = "Set a password, confirm a telephone number, or link another provider first."


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
    """Too easily guessed: common, a pattern, or made of what is known of the person."""

    code = "password-guessable"
    message = "This password is soon guessed."
    remedy = "Use a few unrelated words; not your name, your address, or what stands in lists of passwords."


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
