"""Passwords: which are accepted, how they are hashed and compared.

argon2id is what is written; bcrypt hashes from elsewhere are understood and replaced at the next sign-in. bcrypt never
looks at more than 72 bytes, and neither do we while such a hash is compared.
"""

from functools import cache

import bcrypt
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from zxcvbn import zxcvbn

from guerdon.kernel.identity.errors import PasswordGuessableError, PasswordTooLongError, PasswordTooShortError

LENGTH_MIN = 10
LENGTH_MAX = 200

SCORE_MIN = 3
"""Of zxcvbn's 0 to 4: more than 10^8 guesses."""

ZXCVBN_MAX = 72
BCRYPT_MARKS = ("$2a$", "$2b$", "$2y$")
BCRYPT_BYTES = 72

_hasher = PasswordHash((Argon2Hasher(),))


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
    if folded in words or len(set(folded)) < 4 or _score(password, words) < SCORE_MIN:
        raise PasswordGuessableError(field=field, problem="")


def _score(password: str, words: set[str]) -> int:
    """How hard it is to guess, from 0 to 4; what an attacker knows of the person counts for nothing."""
    known = [part[:ZXCVBN_MAX] for word in words for part in (word, *word.split())]
    score: int = zxcvbn(password[:ZXCVBN_MAX], user_inputs=known)["score"]
    return score


def hash_password(password: str) -> str:
    """The argon2id hash to keep."""
    return _hasher.hash(password)


@cache
def _dummy() -> str:
    return _hasher.hash("nobody has this password")


def is_known_hash(stored: str) -> bool:
    """Whether a hash from elsewhere is one that ``verify`` understands."""
    return stored.startswith((*BCRYPT_MARKS, "$argon2"))


def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Compare a password with a stored hash, in the same time whether or not there is one.

    Args:
        password: as typed.
        stored: the hash, or None for an unknown account or one without a password.

    Returns:
        Whether it matches, and a new hash to store when the old one is of an older make.
    """
    candidate = password[: LENGTH_MAX + 1]
    if stored is not None and stored.startswith(BCRYPT_MARKS):
        return _verify_bcrypt(candidate, stored)
    try:
        matches, renewed = _hasher.verify_and_update(candidate, stored or _dummy())
    except (UnknownHashError, ValueError):
        return False, None
    return (matches, renewed) if stored else (False, None)


def _verify_bcrypt(password: str, stored: str) -> tuple[bool, str | None]:
    try:
        matches = bcrypt.checkpw(password.encode()[:BCRYPT_BYTES], stored.encode())
    except ValueError:
        return False, None
    return matches, hash_password(password) if matches else None
