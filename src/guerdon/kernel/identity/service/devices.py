"""Names for devices, from what browsers say of themselves."""

from collections.abc import Mapping
from typing import Any

# What others claim to be too stands first.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
NAME_MAX = 60


def device_name(info: Mapping[str, Any] | None) -> str:
    """A short name, such as ``Firefox, Android``; what is no browser is called as it calls itself, or not at all."""
    agent = str((info or {}).get("user_agent") or "")
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    if browser is None:
        return agent.split(" ", maxsplit=1)[0][:NAME_MAX]
    return f"{browser}, {system}" if system else browser
