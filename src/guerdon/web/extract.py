"""Finds every text that a reader can meet, and holds the catalogues against it.

``python -m guerdon.web.extract guerdon.programs.credits`` adds what is missing to the package's catalogues with an
empty translation; packages named after it are those without catalogues whose texts stand there too.
``problems`` is what a test asks.
"""

import ast
import io
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from guerdon.web.i18n import LANGUAGES, SOURCE_LANGUAGE

MessageId = str | tuple[str, str]
"""One text, or singular and plural."""

_KEYWORDS: dict[str, tuple[int, ...]] = {
    "_": (1,),
    "gettext": (1,),
    "ngettext": (1, 2),
    "msgid": (1,),
    "flash": (2,),
    "NavItem": (1,),
    "permission": (2,),
}
_HEAD = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: {locale}\\n"
"Plural-Forms: {plurals}\\n"

"""
_PLACEHOLDER = re.compile(r"\{([^{}!:]*)")


def extract(packages: Sequence[str]) -> dict[MessageId, list[str]]:
    """Every message id in the Python files and templates of ``packages``.

    Found are ``_("…")``, ``ngettext("…", "…", n)``, ``msgid("…")``, ``flash(request, "…")``, ``NavItem("…")``,
    ``permission("…", "…")``, the ``message`` and ``remedy`` of error classes, ``what="…"`` of errors that are raised,
    and tables called ``MESSAGES``.

    Returns:
        Where each one stands, as ``file:line``.
    """
    found: dict[MessageId, list[str]] = {}
    for package in packages:
        with as_file(files(package)) as root:
            for file in sorted(root.rglob("*")):
                if any((folder / "locale").is_dir() for folder in file.parents if root in folder.parents):
                    continue  # a package inside this one, with catalogues of its own
                for line, message in _messages(file):
                    found.setdefault(message, []).append(f"{package}/{file.relative_to(root)}:{line}")
    return found


def _messages(file: Path) -> Iterator[tuple[int, MessageId]]:
    if file.suffix == ".html":
        stream = io.BytesIO(file.read_bytes())
        for line, function, texts, _ in babel_extract(stream, list(_KEYWORDS), (), {"silent": "false"}):
            yield from _picked(line, function, texts)
    elif file.suffix == ".py":
        source = file.read_bytes()
        for line, called, arguments, _ in extract_python(io.BytesIO(source), dict(_KEYWORDS), (), {}):
            yield from _picked(line, called, arguments)
        tree = ast.parse(source)
        yield from _error_texts(tree)
        yield from _kinds(tree)
        yield from _tables(tree)


def _picked(line: int, function: object, message: object) -> Iterator[tuple[int, MessageId]]:
    texts = tuple(message) if isinstance(message, tuple | list) else (message,)
    wanted = [texts[place - 1] for place in _KEYWORDS[str(function)] if place <= len(texts)]
    match wanted:
        case [str(text)] if text:
            yield line, text
        case [str(singular), str(plural)]:
            yield line, (singular, plural)
        case _:
            return  # a call with a variable: its texts are marked where they are written


def _error_texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or not node.name.endswith(("Error", "Errors")):
            continue
        for statement in node.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                    pass
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text))):
                    pass
                case _:
                    continue
            # a template that is nothing but a placeholder has nothing to translate
            if name in ("message", "remedy") and re.sub(r"\{\w+\}", "", text).strip():
                yield statement.lineno, text


def _kinds(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), keywords=keywords) if name.endswith("Error"):
                for keyword in keywords:
                    if keyword.arg == "what" and isinstance(keyword.value, ast.Constant):
                        yield node.lineno, str(keyword.value.value)


def _tables(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The texts of a table ``MESSAGES`` and of ``OTHERWISE``, for packages below this one, which cannot mark them."""
    found: list[ast.expr] = []
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id="MESSAGES"), value=ast.Dict(values=texts)):
                found += texts
            case ast.Assign(targets=[ast.Name(id="OTHERWISE")], value=text):
                found.append(text)
    for each in found:
        match each:
            case ast.Constant(value=str(message)):
                yield each.lineno, message


def problems(packages: Sequence[str], locale: str, *, catalogues: Sequence[str] = ()) -> list[str]:
    """What is wrong with the translation of ``packages`` into ``locale``; empty when all is well.

    Args:
        packages: whose texts have to be translated.
        locale: the language.
        catalogues: packages whose catalogues count too, for texts that they share.

    Returns:
        One line for each text without translation, with other placeholders than the original, or no longer used.
    """
    found = extract(packages)
    known = _translations([*packages, *catalogues], locale)
    faults = []
    for message, places in found.items():
        forms = known.get(message) or known.get(message[0] if isinstance(message, tuple) else message)
        if not forms or not all(forms):
            faults.append(f"{places[0]}: no {locale} text for {message!r}")
        elif any(not _same_placeholders(message, form) for form in forms):
            faults.append(f"{places[0]}: the {locale} text for {message!r} has other placeholders")
    if not catalogues:
        faults += [f"{locale}: nothing says {message!r} any more" for message in known if message not in found]
    return faults


def _same_placeholders(message: MessageId, form: str) -> bool:
    texts = (message,) if isinstance(message, str) else message
    allowed = {name for text in texts for name in _PLACEHOLDER.findall(text)}
    needed = set.intersection(*({*_PLACEHOLDER.findall(text)} for text in texts)) - {"number"}
    names = set(_PLACEHOLDER.findall(form))
    return needed <= names <= allowed


def _translations(packages: Sequence[str], locale: str) -> Mapping[MessageId, tuple[str, ...]]:
    known: dict[MessageId, tuple[str, ...]] = {}
    for package in packages:
        file = files(package) / "locale" / f"{locale}.po"
        if not file.is_file():
            continue
        for message in read_po(io.BytesIO(file.read_bytes()), locale=locale, abort_invalid=True):
            if message.id and not message.fuzzy:
                key = message.id if isinstance(message.id, str) else (message.id[0], message.id[1])
                text = message.string
                known[key] = (text,) if isinstance(text, str) else tuple(text or ())
    return known


def update(package: str, shared: Sequence[str] = ()) -> None:
    """Bring ``<package>/locale/<language>.po`` up to date; translations are kept, new texts come without one.

    Args:
        package: whose catalogues are written.
        shared: packages without catalogues of their own whose texts stand in them too.
    """
    found = extract([package, *shared])
    with as_file(files(package)) as root:
        for locale in LANGUAGES:
            if locale == SOURCE_LANGUAGE:
                continue
            known = _translations([package], locale)
            catalogue = Catalog(locale=locale)
            for message in sorted(found, key=str):
                texts = known.get(message, ())
                catalogue.add(message, texts if isinstance(message, tuple) else "".join(texts[:1]))
            target = root / "locale" / f"{locale}.po"
            target.parent.mkdir(exist_ok=True)
            head = _HEAD.format(locale=locale, plurals=catalogue.plural_forms)
            with target.open("wb") as out:
                out.write(head.encode())
                write_po(out, catalogue, width=110, omit_header=True, no_location=True)


if __name__ == "__main__":
    update(sys.argv[1], sys.argv[2:])
