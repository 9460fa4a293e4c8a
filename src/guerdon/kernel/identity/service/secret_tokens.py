"""Random tokens: 256 bits for whoever gets one, a SHA-256 for us."""

import hashlib
import secrets


def new_token(prefix: str = "") -> str:
    """A token that nobody guesses."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """The form in which a token is kept: 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
