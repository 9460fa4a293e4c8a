"""What a form holds while it goes back and forth: the values that were sent, and what is wrong with which."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from guerdon.core.errors import FieldErrors, GuerdonError, error_kind, error_limits
from guerdon.web.i18n import Translator, msgid

FORM = ""
"""The name under which an error stands that belongs to no single field."""

_PYDANTIC = {
    "missing": msgid("This has to be filled in."),
    "string_too_short": msgid("Write at least {min_length} characters."),
    "string_too_long": msgid("Write at most {max_length} characters."),
    "greater_than": msgid("Enter a number above {gt}."),
    "greater_than_equal": msgid("Enter {ge} or more."),
    "less_than": msgid("Enter a number below {lt}."),
    "less_than_equal": msgid("Enter {le} or less."),
    "decimal_max_places": msgid("Enter at most {decimal_places} decimals."),
    "decimal_max_digits": msgid("Enter at most {max_digits} digits."),
    "too_long": msgid("Choose at most {max_length}."),
    "too_short": msgid("Choose at least {min_length}."),
    "literal_error": msgid("Choose one of the options."),
    "enum": msgid("Choose one of the options."),
    "extra_forbidden": msgid("This field does not belong here."),
    "uuid_parsing": msgid("Choose one of the options."),
    "amount_not_decimal": msgid("Enter a number."),
    "text_invisible": msgid("Character {place} is {sign}, which cannot be seen; type it instead of pasting it."),
    "text_not_storable": msgid("The text holds a character that cannot be stored."),
    "string_pattern_mismatch": msgid("This is not in the form that is asked for."),
}
_KINDS = (
    (("int", "float", "decimal"), msgid("Enter a number.")),
    (("date", "datetime", "time"), msgid("Enter a valid date.")),
    (("bool",), msgid("Choose yes or no.")),
    (("url",), msgid("Enter a complete web address.")),
    (("string",), msgid("Enter some text.")),
)
_OTHERWISE = msgid("This value cannot be accepted.")
_PRESENT_EMPTY = frozenset({"string_too_short"})


@dataclass(slots=True)
class FormState:
    """Values and errors of one form, by field name.

    Attributes:
        values: what the fields show.
        errors: what is wrong, one sentence for each field, in the reader's language; ``FORM`` is the form itself.
        typed: what was typed before a session ended, every text under each name; it wins over the values.
        labels: filled by the field macros while the form is rendered, for the error summary.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, Sequence[str]] | None = None
    labels: dict[str, str] = field(default_factory=dict)

    @classmethod
    def refused(
        cls, values: Mapping[str, Any], error: GuerdonError | ValidationError, translator: Translator
    ) -> "FormState":
        """The form as it was sent, with what was wrong with it."""
        return cls(values, form_errors(error, translator))

    def value(self, name: str, default: Any = "") -> Any:
        """What the field shows; None counts as empty."""
        if self.typed is not None and name in self.typed:
            return next(iter(self.typed[name]), "")
        found = self.values.get(name)
        return default if found is None else found

    def chosen(self, name: str, option: Any, default: Any = None) -> bool:
        """Whether an option of a select, radio group or list of checkboxes is the chosen one, or among them."""
        if self.typed is not None:
            return str(option) in self.typed.get(name, ())
        found = self.values.get(name, default)
        if isinstance(found, Sequence | set | frozenset) and not isinstance(found, str):
            return str(option) in {str(one) for one in found}
        return found is not None and str(found) == str(option)

    def let_go(self) -> str:
        """Forget what was typed, for another form that has the same state; gives the empty string."""
        self.typed = None
        return ""

    def error(self, name: str) -> str:
        """What is wrong with the field, or the empty string."""
        return self.errors.get(name, "")

    def label(self, name: str, text: str) -> str:
        """Remember the label of a field; gives the empty string, so that a template can say it in place."""
        self.labels[name] = text
        return ""


def form_errors(error: GuerdonError | ValidationError, translator: Translator) -> dict[str, str]:
    """Field → sentence, in the reader's language; an error of no field stands under ``FORM``.

    A field's sentence says what is wrong and, for our own errors, what to do about it.
    """
    if isinstance(error, ValidationError):
        return validation_errors(error.errors(include_input=False, include_url=False), translator)
    if isinstance(error, FieldErrors):
        return {one.field or FORM: " ".join(translator.translate_error(one)) for one in error.errors}
    return {error.field or FORM: " ".join(translator.translate_error(error))}


def validation_errors(
    errors: Iterable[Mapping[str, Any]], translator: Translator, *, skip: Iterable[str] = ("body", "query", "path")
) -> dict[str, str]:
    """The same for the error list of pydantic, or of FastAPI's ``RequestValidationError.errors()``.

    Args:
        errors: the list.
        translator: the reader's.
        skip: leading parts of a location that are not part of the field's name.
    """
    left_out = frozenset(skip)
    found: dict[str, str] = {}
    for one in errors:
        place = [str(part) for part in one["loc"]]
        name = ".".join(place[1:] if place and place[0] in left_out else place)
        found.setdefault(name, _sentence(one, translator))
    return found


def _sentence(error: Mapping[str, Any], translator: Translator) -> str:
    kind = error_kind(error)
    context = error_limits(error)
    if kind in _PRESENT_EMPTY and context.get("min_length") == 1:
        kind = "missing"
    if kind in _PYDANTIC:
        return translator.gettext(_PYDANTIC[kind], **context)
    if kind == "value_error" and context.get("error"):
        return translator.gettext(str(context["error"]))
    family = kind.partition("_")[0]
    text = next((text for families, text in _KINDS if family in families), _OTHERWISE)
    return translator.gettext(text)
