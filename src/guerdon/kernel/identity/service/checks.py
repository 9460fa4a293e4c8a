"""Collecting field errors, so that a person sees all of them at once."""

from collections.abc import Callable
from typing import TypeVar

from guerdon.core.errors import FieldError, FieldErrors

T = TypeVar("T")


class Checks:
    """Runs checks one after the other and remembers what they refuse."""

    def __init__(self) -> None:
        self._errors: list[FieldError] = []

    def run(self, check: Callable[[], T], fallback: T) -> T:
        """What the check gives, or the fallback when it refuses."""
        try:
            return check()
        except FieldError as exc:
            self._errors.append(exc)
            return fallback

    def refuse(self, error: FieldError) -> None:
        """Remember an error."""
        self._errors.append(error)

    def settle(self) -> None:
        """Go on if nothing was refused.

        Raises:
            FieldErrors: every field at fault.
        """
        if self._errors:
            raise FieldErrors(self._errors)
