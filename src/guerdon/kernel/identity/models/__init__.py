"""Tables of identity."""

from guerdon.kernel.identity.models.accounts import LIVING, Credential, User
from guerdon.kernel.identity.models.proofs import (
    EmailConfirmation,
    LinkedProvider,
    OneTimeCode,
    PasswordResetToken,
)
from guerdon.kernel.identity.models.sessions import (
    AdminSession,
    ApiKey,
    RefreshToken,
    SigningKey,
    UserSession,
)

__all__ = [
    "LIVING",
    "AdminSession",
    "ApiKey",
    "Credential",
    "EmailConfirmation",
    "LinkedProvider",
    "OneTimeCode",
    "PasswordResetToken",
    "RefreshToken",
    "SigningKey",
    "User",
    "UserSession",
]
