"""``guerdon settings``: every setting, what it does and what it is."""

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from rich.table import Table

from guerdon.cli.console import show_table
from guerdon.core.settings import ENV_PREFIX, Settings, load_settings


def settings() -> None:
    """List every setting with its environment variable, default, present value and meaning."""
    current = load_settings()
    table = Table("Variable", "Value", "Default", "Meaning", box=None, pad_edge=False)
    for name, field in Settings.model_fields.items():
        value = getattr(current, name)
        table.add_row(f"{ENV_PREFIX}{name.upper()}", _shown(value), _default(field), field.description or "")
    show_table(table)


def _default(field: FieldInfo) -> str:
    return _shown(field.get_default(call_default_factory=True, validated_data={}))


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(hidden)"
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return "(not set)" if value is None or not text else text
