"""The root of every error that Guerdon raises on purpose.

An error is part of the product: it has a stable code, an HTTP status, a sentence that says what went wrong and
one that says what to do about it. Sentences are written in English with ``{placeholders}`` and translated where they
are shown, so a domain never needs to know who reads it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

_AS_PYTHON_WRITES_IT = re.compile(r"Decimal\('(.+)'\)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, or a clause, that stands within another one and is translated with it.

    Attributes:
        template: English, with ``{placeholders}``: a message id.
        params: what fills them; some may be sentences themselves.
    """

    template: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def told(self, translate: Callable[[str], str] = str) -> str:
        """The sentence in a language."""
        return translate(self.template).format(**told(self.params, translate))

    def __str__(self) -> str:
        return self.told()


def told(params: Mapping[str, Any], translate: Callable[[str], str]) -> dict[str, Any]:
    """Parameters with the sentences among them in a language."""
    return {name: value.told(translate) if isinstance(value, Sentence) else value for name, value in params.items()}


class GuerdonError(Exception):
    """Base class of all typed errors.

    Class attributes:
        code: stable, kebab-case; the last part of the problem document's ``type``.
        status: the HTTP status that the error answers with.
        message: English template of what went wrong, with ``{placeholders}`` filled from ``params``.
        remedy: English template of what the reader can do.
        words: parameters that are English words or clauses themselves, and translated where there is a translation.
        details: parameters that problem documents carry as members besides, where they are given.

    Args:
        field: the input field at fault, as a dotted path (``value.hours``), if it is one field.
        params: what fills the placeholders; shown to the client too, so never a secret.
    """

    code: ClassVar[str] = "internal-error"
    status: ClassVar[int] = 500
    message: ClassVar[str] = "Something went wrong."
    remedy: ClassVar[str] = "Try again later; if it happens again, tell the operator."
    words: ClassVar[frozenset[str]] = frozenset({"what", "status", "action", "problem"})
    details: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, field: str | None = None, **params: Any) -> None:
        self.field = field
        self.params = params
        super().__init__(self.message.format(**params))


class NotFoundError(GuerdonError):
    """Something that was asked for does not exist, or the asker may not know that it does."""

    code = "not-found"
    status = 404
    message = "There is no such {what}."
    remedy = "Check the address or the id."


class PermissionDeniedError(GuerdonError):
    """The asker is known, and may not do this."""

    code = "permission-denied"
    status = 403
    message = "You are not allowed to do this."
    remedy = "Sign in with an account that has the permission '{permission}', or ask an administrator."


class ProofNeededError(GuerdonError):
    """The asker may do this, but proved too long ago that it is them; ``max_age_s`` is how old a proof may be.

    As RFC 9470 has it for access tokens: the status is 401, because it is the proof that is lacking.
    """

    code = "proof-needed"
    status = 401
    message = "This needs a fresh proof that it is you."
    remedy = (
        "Enter your password again; a program signs in anew and uses its first access token within {max_age_s} seconds."
    )


class ConflictError(GuerdonError):
    """The request was understood, but what it acts on has moved on."""

    code = "conflict"
    status = 409
    message = "This has changed in the meantime."
    remedy = "Load it again and repeat what you wanted to do."


class SentBeforeError(ConflictError):
    """A form came again that was acted on before; ``leads_to`` is where the first one led."""

    code = "sent-before"
    message = "This form had been sent before, and was acted on then."
    remedy = "Look at what came of it; to do the same again, open the form anew."


class FieldError(GuerdonError):
    """One field of the input has a value that cannot be accepted; subclasses say which rule it breaks."""

    code = "invalid-field"
    status = 422
    message = "This value cannot be accepted: {problem}"
    remedy = "Correct the field and send it again."


class FieldErrors(GuerdonError):  # noqa: N818 - it stands for several
    """Several fields are wrong at once; every one is named, so that a person corrects a form once.

    Args:
        errors: one ``FieldError`` for each field at fault, each with its ``field`` set.
    """

    code = "invalid-fields"
    status = 422
    message = "Some fields need to be corrected."
    remedy = "Correct the fields that are named and send it again."

    def __init__(self, errors: "list[FieldError]") -> None:
        super().__init__()
        self.errors = errors


def error_kind(error: Mapping[str, Any]) -> str:
    """The kind of an error in pydantic's list.

    The length of a text that another validator has seen before is told there as that of a list.
    """
    kind = str(error["type"])
    if kind in ("too_short", "too_long") and (error.get("ctx") or {}).get("field_type") == "Value":
        return f"string_{kind}"
    return kind


def error_limits(error: Mapping[str, Any]) -> dict[str, Any]:
    """What an error in pydantic's list tells for its sentence: the limits, and what else stands in its context.

    A limit of a type that another validator has seen before is told there as Python writes it: ``Decimal('24')``.
    """
    limits = dict(error.get("ctx") or {})
    for name, value in limits.items():
        if isinstance(value, str) and (written := _AS_PYTHON_WRITES_IT.fullmatch(value)):
            limits[name] = written[1]
    return limits
