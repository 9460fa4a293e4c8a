"""CloudEvents 1.0 as they come in: structured (one JSON document) or binary (attributes in ``ce-`` headers).

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, …/formats/json-format.md and
…/bindings/http-protocol-binding.md. Extension attributes are allowed, as the specification wants it, and not kept.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Literal
from urllib.parse import unquote
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError, from_json

from guerdon.core.errors import FieldErrors
from guerdon.http.errors import UnsupportedMediaTypeError, ValidationProblemError
from guerdon.http.schemas import KeyText, Moment, legible, storable
from guerdon.http.validation import MESSAGES, field_errors

STRUCTURED = ("application/cloudevents+json", "application/json")
TYPE_PREFIX = "guerdon."
"""May stand before a kind: CloudEvents likes types to say whose they are."""
ID_LENGTH_MAX = 200
KEY_LENGTH_MAX = 255
SOURCE_LENGTH_MAX = 255
_QUOTED_SIGN = re.compile(r"\\(.)")
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,40}")
_HEADER_PREFIX = "ce-"


def _one_word(value: str) -> str:
    if value and value.split() != [value]:
        raise PydanticCustomError("string_pattern_mismatch", MESSAGES["string_pattern_mismatch"])
    return legible(value)


def _member(value: str) -> UUID | str:
    """An account's id, or an e-mail address."""
    if "@" in value:
        return value.strip().lower()
    try:
        return UUID(value)
    except ValueError:
        raise PydanticCustomError("member_unknown", MESSAGES["member_unknown"]) from None


class CloudEvent(BaseModel):
    """One fact from outside."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    specversion: Literal["1.0"]
    id: KeyText = Field(min_length=1, max_length=ID_LENGTH_MAX)
    source: Annotated[str, AfterValidator(_one_word)] = Field(min_length=1, max_length=SOURCE_LENGTH_MAX)
    type: Annotated[str, AfterValidator(_one_word)] = Field(min_length=1, max_length=200)
    subject: Annotated[str, AfterValidator(storable), AfterValidator(_member)] = Field(max_length=320)
    time: Moment | None = None
    datacontenttype: str | None = None
    data: dict[str, Any] = Field(default_factory=dict, max_length=100)

    @property
    def kind(self) -> str:
        """What kind of activity it is."""
        return self.type.removeprefix(TYPE_PREFIX)

    @property
    def key(self) -> str:
        """What makes it the same event when it comes again: source and id together, as the specification says.

        A source holds no blank, so that no two pairs make the same key. What is too long for one is kept by its digest.
        """
        key = f"{self.source} {self.id}"
        return key if len(key) <= KEY_LENGTH_MAX else f"sha256 {sha256(key.encode()).hexdigest()}"

    @property
    def member(self) -> UUID | str:
        """The member's account id, or their e-mail address in lower case."""
        return self.subject  # a validator has made it one of the two


def read_event(body: bytes, headers: Mapping[str, str]) -> CloudEvent:
    """The event of a request.

    Args:
        headers: of the request, names in lower case.

    Raises:
        FieldErrors: what is wrong with it, by attribute.
        UnsupportedMediaTypeError: the body is no JSON.
    """
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    # A structured event may repeat its attributes as headers; then the body counts.
    if "ce-specversion" in headers and media_type != STRUCTURED[0]:
        if body and media_type != "application/json":
            raise UnsupportedMediaTypeError
        return _validated(_from_headers(body, headers))
    if media_type not in STRUCTURED:
        raise UnsupportedMediaTypeError
    return parse_event(body)


def parse_event(text: bytes) -> CloudEvent:
    """The event of one structured document.

    Raises:
        FieldErrors: what is wrong with it, by attribute.
    """
    return _validated(_json(text))


def _json(text: bytes) -> Any:
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        raise _problem("body", "json_invalid") from None


def _problem(field: str, kind: str) -> FieldErrors:
    error = ValidationProblemError(field=field, code=kind.replace("_", "-"), message=MESSAGES[kind])
    return FieldErrors([error])


def _validated(document: Any) -> CloudEvent:
    if not isinstance(document, dict):
        raise _problem("body", "model_type")
    if not all(map(_ATTRIBUTE.fullmatch, document)):
        strange = sorted(name for name in document if not _ATTRIBUTE.fullmatch(name) and name != "data_base64")
        if strange:
            raise _problem(ascii(strange[0][:100])[1:-1], "extra_forbidden")
        raise _problem("data_base64", "extra_forbidden")
    try:
        return CloudEvent.model_validate(document)
    except ValidationError as exc:
        raise field_errors(exc.errors(include_url=False, include_input=False)) from None


def _from_headers(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = {
        name.removeprefix(_HEADER_PREFIX): _header_value(name, value)
        for name, value in headers.items()
        if name.startswith(_HEADER_PREFIX) and name != "ce-data"
    }
    if body:
        document["data"] = _json(body)
    return document


def _header_value(name: str, value: str) -> str:
    """What a header means: free of the quotes that may stand around it, then of percent signs."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = _QUOTED_SIGN.sub(r"\1", value[1:-1])
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise _problem(name.removeprefix(_HEADER_PREFIX), "string_pattern_mismatch") from None
