"""Passwords: which are accepted, how they are hashed and compared.

argon2id is what is written; bcrypt hashes from elsewhere are understood and replaced at the next sign-in.
"""

from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from guerdon.kernel.identity.errors import PasswordGuessableError, PasswordTooLongError, PasswordTooShortError

LENGTH_MIN = 10
LENGTH_MAX = 200

_hasher = PasswordHash((Argon2Hasher(), BcryptHasher()))


def check_policy(password: str, *known: str | None, field: str = "password") -> None:
    """Refuse a password that would not protect.

    Args:
        password: as typed.
        known: what an attacker knows of the person: e-mail, name.
        field: named in the error.

    Raises:
        PasswordTooShortError, PasswordTooLongError, PasswordGuessableError.
    """
    if len(password) < LENGTH_MIN:
        raise PasswordTooShortError(field=field, problem="", minimum=LENGTH_MIN)
    if len(password) > LENGTH_MAX:
        raise PasswordTooLongError(field=field, problem="", maximum=LENGTH_MAX)
    folded = password.casefold()
    words = {word.casefold() for each in known if each for word in (each, each.partition("@")[0])}
    if folded in words or len(set(folded)) < 4:
        raise PasswordGuessableError(field=field, problem="")


def hash_password(password: str) -> str:
    """The argon2id hash to keep."""
    return _hasher.hash(password)


@cache
def _dummy() -> str:
    return _hasher.hash("nobody has this password")


def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Compare a password with a stored hash, in the same time whether or not there is one.

    Args:
        password: as typed.
        stored: the hash, or None for an unknown account or one without a password.

    Returns:
        Whether it matches, and a new hash to store when the old one is of an older make.
    """
    candidate = password[: LENGTH_MAX + 1]
    try:
        matches, renewed = _hasher.verify_and_update(candidate, stored or _dummy())
    except (UnknownHashError, ValueError):
        return False, None
    return (matches, renewed) if stored else (False, None)
