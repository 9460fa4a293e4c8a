"""Guerdon's own icons: 24 units wide, drawn with one stroke; and the mark."""

from markupsafe import Markup

_PATHS = {
    "home": "M4 11 12 4l8 7v8a1 1 0 0 1-1 1h-5v-6h-4v6H5a1 1 0 0 1-1-1Z",
    "gift": "M4 11h16v9H4ZM3 7h18v4H3Zm9 0v13M12 7C9 7 7 6 7 4.5S10 2.5 12 7c2-4.5 5-4 5-2.5S15 7 12 7",
    "list": "M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01",
    "inbox": "M4 13 6.5 5h11L20 13v6H4Zm0 0h5l1 2.5h4l1-2.5h5",
    "chart": "M4 20h16M7 16v-4m5 4V6m5 10V9",
    "trophy": ("M8 4h8v6a4 4 0 0 1-8 0ZM8 6H4.5c0 3 1.2 5 3.7 5.2M16 6h3.5c0 3-1.2 5-3.7 5.2M12 14v3m-4 3h8m-6-3h4"),
    "person": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8c.8-3.6 3.8-5 7.5-5s6.7 1.4 7.5 5",
    "people": (
        "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6.5 9c.5-3.7 3-5.5 6.5-5.5s6 1.8 6.5 5.5"
        "M15.5 4.3a3.5 3.5 0 0 1 0 6.4M18 15c2 .8 3.2 2.5 3.5 5"
    ),
    "ledger": "M6 3h12a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1ZM9 3v18m3-13h4m-4 4h4",
    "clock": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-14v5l3.5 2",
    "check": "m5 12.5 4.5 4.5L19 7.5",
    "cross": "M6 6l12 12M18 6 6 18",
    "plus": "M12 5v14M5 12h14",
    "undo": "M8 5 4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3",
    "search": "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm5-1.5L21 21",
    "info": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-10v6m0-9.5v.01",
    "warning": "M12 4 2.5 20h19ZM12 10v4.5m0 2.7v.01",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "down": "m6 9.5 6 6 6-6",
    "left": "m14.5 6-6 6 6 6",
    "right": "m9.5 6 6 6-6 6",
    "upload": "M12 16V5m-4.5 4L12 4.5 16.5 9M4 16v4h16v-4",
    "download": "M12 4v11m-4.5-4 4.5 4.5 4.5-4.5M4 16v4h16v-4",
    "edit": "m4 20 1-4.5L16 4.5 19.5 8 8.5 19Z",
    "bin": "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
    "calendar": "M4 6h16v14H4Zm0 4h16M8 3v4m8-4v4",
    "money": "M3 6h18v12H3Zm9 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM6 9v.01M18 15v.01",
    "box": "m12 3 8 4.5v9L12 21l-8-4.5v-9Zm0 9 8-4.5M12 12 4 7.5m8 4.5v9",
    "settings": (
        "M4 7h9m5 0h2M4 17h2m5 0h9"
        "M15.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Zm-7 10a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z"
    ),
    "lock": "M6 11h12v9H6Zm2.5 0V8a3.5 3.5 0 0 1 7 0v3",
    "out": "M10 4H5v16h5m4-12 4 4-4 4m4-4H10",
    "sun": (
        "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-13.5v2m0 15v2M2.5 12h2m15 0h2"
        "M5.3 5.3l1.4 1.4m10.6 10.6 1.4 1.4m0-13.4-1.4 1.4M6.7 17.3l-1.4 1.4"
    ),
    "moon": "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z",
    "screen": "M3 5h18v11H3Zm6 15h6m-3-4v4",
    "star": "m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1 5.9L12 16.9l-5.2 2.8 1-5.9-4.3-4.1 5.9-.8Z",
    "medal": "M12 21a6 6 0 1 0 0-12 6 6 0 0 0 0 12ZM9.5 9.4 6.5 3h3.6L12 6.8 13.9 3h3.6l-3 6.4M12 13v4",
    "steps": "M3 20h4.5v-5H12v-5h4.5V5H21",
    "megaphone": "M4 10v4h3l8 4V6l-8 4Zm3 4 1.5 5.5h3L10.2 15.6M18 9.5a3.5 3.5 0 0 1 0 5",
    "flame": (
        "M12 21c-4 0-6.5-2.6-6.5-6.2 0-4.3 4.2-5.8 4-11.3 3.6 1.4 5 4.4 4.6 7.1.9-.4 1.5-1.2 1.7-2.2"
        " 1.8 1.9 2.7 4.1 2.7 6.4 0 3.6-2.5 6.2-6.5 6.2Z"
    ),
    "compass": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm3.5-12.5-2 5-5 2 2-5Z",
    "ticket": "M3 7h18v3.5a1.5 1.5 0 0 0 0 3V17H3v-3.5a1.5 1.5 0 0 0 0-3Zm11 0v10",
    "scan": "M4 8V4h4m8 0h4v4m0 8v4h-4m-8 0H4v-4M4 12h16",
    "dot": "M12 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z",
}

ICONS = frozenset(_PATHS)

_SVG = Markup(
    '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" '
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d="{}"/></svg>'
)

MARK = Markup(
    '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">'
    '<path d="M22.9 7.1A11.5 11.5 0 1 0 27.5 16H19" fill="none" stroke="currentColor" stroke-width="4.5" '
    'stroke-linecap="round" stroke-linejoin="round"/>'
    '<path class="mark__gem" d="M27 4.2 30.3 7.5 27 10.8 23.7 7.5Z"/></svg>'
)
"""Guerdon's mark: a G that closes into a ring, with the stone that it was made for."""


def icon(name: str) -> Markup:
    """The SVG of an icon, hidden from screen readers: the words beside it say what it means.

    Raises:
        KeyError: when there is no such icon.
    """
    return _SVG.format(_PATHS[name])
