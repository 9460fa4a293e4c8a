"""The OpenAPI description as a page shows it: operations by package, schemas as tables, examples ready to send."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

METHODS = ("get", "post", "put", "patch", "delete")
SCHEMAS = "#/components/schemas/"
EXAMPLE_DEPTH_MAX = 6

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a property of a schema.

    Attributes:
        place: ``path``, ``query``, ``header`` or empty for a property.
        kinds: what it is: ``(words, name of a schema or empty)``.
    """

    name: str
    place: str
    kinds: tuple[tuple[str, str], ...]
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation may answer.

    Attributes:
        kinds: of its body, as those of a field.
        example: JSON, or empty.
    """

    status: str
    description: str
    kinds: tuple[tuple[str, str], ...]
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        id: its anchor on the page.
        access: ``permission:name``, ``signed-in`` or ``public``.
        body: kinds of its body, as those of a field; empty without one.
        media_type: of the body.
        example: a body, as JSON.
        command: for a shell.
    """

    id: str
    method: str
    path: str
    summary: str
    description: str
    access: str
    fields: tuple[Field, ...]
    body: tuple[tuple[str, str], ...]
    media_type: str
    example: str
    command: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """A named shape of JSON."""

    name: str
    description: str
    fields: tuple[Field, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole description: operations by tag, and the schemas that they name."""

    groups: Mapping[str, tuple[Operation, ...]]
    schemas: tuple[Schema, ...]


def reference(document: Document, base_url: str) -> Reference:
    """Make the page's view of an OpenAPI document.

    Args:
        document: OpenAPI 3.1, as the application gives it.
        base_url: where the application answers, without a slash at the end; for the commands.
    """
    groups: dict[str, list[Operation]] = {}
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                tag = next(iter(item[method].get("tags", ())), "other")
                groups.setdefault(tag, []).append(_operation(document, base_url, path, method, item[method]))
    schemas = document.get("components", {}).get("schemas", {})
    return Reference(
        {tag: tuple(operations) for tag, operations in sorted(groups.items())},
        tuple(_schema(name, schema) for name, schema in sorted(schemas.items())),
    )


def coded(text: str) -> Markup:
    """A description for a page: what it sets off by backticks is code."""
    parts = re.split(r"`+([^`]+)`+", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def _operation(document: Document, base_url: str, path: str, method: str, found: Document) -> Operation:
    parameters = found.get("parameters", ())
    content = found.get("requestBody", {}).get("content", {})
    media_type = next(iter(content), "")
    body = content.get(media_type, {})
    example = _example_of(document, body) if "json" in media_type else None
    access = "public" if "security" not in found else found.get("x-permission", "signed-in")
    return Operation(
        id=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        method=method.upper(),
        path=path,
        summary=found.get("summary", ""),
        description=found.get("description", ""),
        access=access,
        fields=tuple(_parameter(each) for each in parameters),
        body=_kinds(body.get("schema", {})) if content else (),
        media_type=media_type,
        example=_json(example),
        command=_command(base_url, path, method, _headers(parameters, access, media_type), _compact(example)),
        answers=tuple(_answer(document, status, each) for status, each in sorted(found.get("responses", {}).items())),
    )


def _parameter(found: Document) -> Field:
    return Field(
        found["name"],
        found["in"],
        _kinds(found.get("schema", {})),
        found.get("required", False),
        found.get("description", found.get("schema", {}).get("description", "")),
    )


def _answer(document: Document, status: str, found: Document) -> Answer:
    content: Document = next(iter(found.get("content", {}).values()), {})
    good = status.startswith("2")
    return Answer(
        status,
        found.get("description", ""),
        _kinds(content.get("schema", {})) if content else (),
        _json(_example_of(document, content)) if good and content.get("schema") else "",
    )


def _schema(name: str, found: Document) -> Schema:
    required = set(found.get("required", ()))
    fields = tuple(
        Field(key, "", _kinds(each), key in required, each.get("description", ""))
        for key, each in found.get("properties", {}).items()
    )
    return Schema(name, found.get("description", ""), fields, tuple(str(value) for value in found.get("enum", ())))


def _kinds(schema: Document) -> tuple[tuple[str, str], ...]:
    """What a schema is, in words, each with the named schema that it refers to."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(SCHEMAS)
        return ((name, name),)
    alternatives = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if alternatives:
        return tuple(kind for each in alternatives for kind in _kinds(each))
    if "enum" in schema or "const" in schema:
        return tuple((json.dumps(value), "") for value in schema.get("enum", [schema.get("const")]))
    return _plain_kinds(schema)


def _plain_kinds(schema: Document) -> tuple[tuple[str, str], ...]:
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return tuple((str(each), "") for each in kind)
    if kind == "array":
        return tuple((f"list of {words}", name) for words, name in _kinds(schema.get("items", {})))
    details = [str(kind), *([schema["format"]] if "format" in schema else [])]
    return ((", ".join(details) + _bounds(schema), ""),)


def _bounds(schema: Document) -> str:
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    if low is None and high is None:
        return ""
    return f" ({'' if low is None else low}…{'' if high is None else high})"


def _example_of(document: Document, content: Document) -> Any:
    if "example" in content:
        return content["example"]
    examples = content.get("examples") or {}
    if examples:
        return next(iter(examples.values())).get("value")
    return example(document, content.get("schema", {}))


def example(document: Document, schema: Document, depth: int = 0) -> Any:
    """A value of a schema: its own example where it has one, else one that is put together."""
    if "$ref" in schema:
        named = document["components"]["schemas"].get(schema["$ref"].removeprefix(SCHEMAS), {})
        return example(document, named, depth + 1) if depth < EXAMPLE_DEPTH_MAX else None
    stated = [*schema.get("examples", ()), *schema.get("enum", ())]
    stated += [schema[name] for name in ("const", "default") if schema.get(name) is not None]
    if stated:
        return stated[0]
    alternatives = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    return example(document, alternatives[0], depth) if alternatives else _made_up(document, schema, depth)


def _made_up(document: Document, schema: Document, depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example(document, each, depth + 1) for name, each in properties.items()}
    if kind == "array":
        return [example(document, schema.get("items", {}), depth + 1)] if depth < EXAMPLE_DEPTH_MAX else []
    return _SAMPLES.get(schema.get("format", ""), _SAMPLES.get(str(kind)))


_SAMPLES: Mapping[str, Any] = {
    "string": "text",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "uuid": "0198c0de-0000-7000-8000-000000000000",
    "date": "2026-03-31",
    "date-time": "2026-03-31T12:00:00Z",
    "email": "member@example.org",
}


def _compact(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)


def _command(base_url: str, path: str, method: str, headers: Sequence[str], body: str) -> str:
    """A command for a shell, in which a path's parameters are variables."""
    address = base_url + path.replace("{", "$").replace("}", "")
    begin = f'curl "{address}"' if method == "get" else f'curl -X {method.upper()} "{address}"'
    parts = [begin, *(f'-H "{header}"' for header in headers), *([f"-d {shlex.quote(body)}"] if body else [])]
    return " \\\n  ".join(parts)


def _headers(parameters: Iterable[Document], access: str, media_type: str) -> list[str]:
    found = [] if access == "public" else ["Authorization: Bearer $TOKEN"]
    if any(each["in"] == "header" and each["name"].lower() == "idempotency-key" for each in parameters):
        found.append("Idempotency-Key: $(uuidgen)")
    return [*found, f"Content-Type: {media_type}"] if media_type else found
