"""Where a browser may be sent after a form: to a page of ours, and nowhere else."""

from urllib.parse import urlsplit

_LENGTH_MAX = 2000


def local_path(target: str | None, default: str = "/") -> str:
    """``target`` when it is a path on this site, else ``default``.

    Browsers read ``//host`` and ``/\\host`` as another site, and drop tabs and line ends before they look.
    """
    if not target or len(target) > _LENGTH_MAX or not target.startswith("/") or target.startswith("//"):
        return default
    if "\\" in target or any(ord(sign) < 33 or ord(sign) == 127 for sign in target):
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else target
