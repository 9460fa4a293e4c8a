"""Reference pages that are written from the code, so that they cannot say anything else than it does."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

import guerdon
from guerdon import boot
from guerdon.core.errors import GuerdonError
from guerdon.core.settings import ENV_PREFIX, Settings
from guerdon.db.schema_docs import render_reference as render_schema

WRITTEN = "This page is written by `make docs` from the code and checked by a test; change the code, not the page.\n"
OF_THE_MACHINE = {"data_dir": "a directory of its own", "web_processes": "1 to 4"}
"""Defaults that are not the same everywhere."""


def pages(command: typer.Typer) -> dict[str, Callable[[], str]]:
    """Every generated page of ``docs/reference``, by file name.

    Args:
        command: the root of the command line.
    """
    return {
        "schema.md": lambda: render_schema(boot.modules()),
        "settings.md": settings_page,
        "errors.md": errors_page,
        "permissions.md": permissions_page,
        "commands.md": lambda: commands_page(command),
    }


def write(directory: Path, command: typer.Typer) -> list[Path]:
    """Write every page and return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, render in pages(command).items():
        file = directory / name
        file.write_text(render(), encoding="utf-8")
        written.append(file)
    return written


def settings_page() -> str:
    """Every setting: variable, default, meaning."""
    rows = []
    for name, field in Settings.model_fields.items():
        shown = OF_THE_MACHINE.get(name) or _shown(field.get_default())
        rows.append((f"`{ENV_PREFIX}{name.upper()}`", shown, field.description or ""))
    return (
        "# Settings\n\n" + WRITTEN + "\nFrom the environment, and below it from the TOML file that"
        " `GUERDON_CONFIG_FILE` names; its keys are the names without `GUERDON_`, in lower case. They are checked at"
        " start; an error names the setting, and a variable beginning with `GUERDON_` that is no setting is refused."
        " `guerdon settings` shows what is in force.\n\n" + _table(("Variable", "Default", "Meaning"), rows)
    )


def errors_page() -> str:
    """Every typed error: code, status, what it says."""
    rows = [
        (f"`{error.code}`", str(error.status), error.message, error.remedy)
        for error in sorted(_errors(), key=lambda each: each.code)
    ]
    return (
        "# Errors\n\n" + WRITTEN + "\nErrors come as `application/problem+json` (RFC 9457). `type` is"
        " `urn:guerdon:problem:<code>`; codes are stable. `field` names the input at fault, `errors` several of them,"
        " `remedy` says what to do.\n\n" + _table(("Code", "Status", "Says", "What to do"), rows)
    )


def permissions_page() -> str:
    """Every permission and the lowest roles that hold it."""
    rows = [
        (f"`{each.code}`", ", ".join(sorted(role.value for role in each.roles)), each.description)
        for each in sorted(boot.permissions(), key=lambda each: each.code)
    ]
    return (
        "# Permissions\n\n" + WRITTEN + "\nThe roles form a ladder, `user`, `staff`, `admin`, `super_admin`: each"
        " holds what those before it hold.\n\n" + _table(("Permission", "From role", "Allows to"), rows)
    )


def commands_page(command: typer.Typer) -> str:
    """Every command with its arguments and options."""
    parts = ["# Commands\n", WRITTEN]
    for path, each in _commands(typer.main.get_command(command), ("guerdon",)):
        options = [param for param in each.params if param.param_type_name == "option" and not param.hidden]
        arguments = [param for param in each.params if param.param_type_name == "argument"]
        named = [(param.name or "").upper() for param in arguments]
        usage = " ".join([*path, *(["[OPTIONS]"] if options else []), *named])
        parts += [f"## {' '.join(path)}\n", f"`{usage}`\n", f"{_sentence(each.help)}\n"]
        rows = [(f"`{'`, `'.join([*param.opts, *param.secondary_opts])}`", _sentence(param.help)) for param in options]
        if rows:
            parts.append(_table(("Option", "Meaning"), rows))
    return "\n".join(parts)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    # Typer brings its own copy of click, under a private name: a group is known by what it has.
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name in sorted(command.commands):
        yield from _commands(command.commands[name], (*path, name))


def _errors() -> set[type[GuerdonError]]:
    for module in pkgutil.walk_packages(guerdon.__path__, "guerdon."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)

    def below(kind: type[GuerdonError]) -> Iterator[type[GuerdonError]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    return {error for error in below(GuerdonError) if error.__module__.startswith("guerdon.")}


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return "not set" if value is None or not text else f"`{text}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
