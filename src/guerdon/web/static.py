"""Static files, read once at start: an address holds the digest of its content, so browsers may keep it for ever."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

MOUNT_PATH = "/static"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_IMMUTABLE = "public, max-age=31536000, immutable"
_COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(rb"\s+")
_NEEDLESS_SPACE = re.compile(rb"(?<=[{};:,]) | (?=[{}])")  # never the one before a colon: it may join selectors


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, ready to be sent."""

    body: bytes
    compressed: bytes
    media_type: str
    digest: str


class StaticFiles:
    """An ASGI application that serves ``/<digest>/<name>``.

    Only names that were read at start exist, so no path can lead out of the directory.

    Args:
        directory: whose files are served; the style sheets of its folder ``css`` become one, ``app.css``.
    """

    def __init__(self, directory: Path) -> None:
        self._assets = {
            file.name: _asset(file.read_bytes(), file.suffix)
            for file in sorted(directory.iterdir())
            if file.suffix in _TYPES
        }
        sheets = sorted((directory / "css").glob("*.css"))
        if sheets:
            self._assets["app.css"] = _asset(b"".join(_squeeze(sheet.read_bytes()) for sheet in sheets), ".css")

    def url(self, name: str) -> str:
        """The address of a file.

        Raises:
            KeyError: when there is no such file.
        """
        return f"{MOUNT_PATH}/{self._assets[name].digest}/{name}"

    def asset(self, name: str) -> Asset:
        """The file itself.

        Raises:
            KeyError: when there is no such file.
        """
        return self._assets[name]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Method Not Allowed", 405, {"allow": "GET, HEAD"})
        digest, _, name = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/").partition("/")
        asset = self._assets.get(name)
        if asset is None:
            return PlainTextResponse("Not Found", 404)
        # A page of the release before may still ask for a file under its old digest: it gets the new one, unkept.
        headers = {"cache-control": _IMMUTABLE if digest == asset.digest else "no-cache", "vary": "accept-encoding"}
        body = asset.body
        if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            body = asset.compressed
            headers["content-encoding"] = "gzip"
        return Response(body, headers=headers, media_type=asset.media_type)


def _asset(body: bytes, suffix: str) -> Asset:
    return Asset(body, gzip.compress(body, 9, mtime=0), _TYPES[suffix], hashlib.sha256(body).hexdigest()[:16])


def _squeeze(sheet: bytes) -> bytes:
    return _NEEDLESS_SPACE.sub(b"", _SPACE.sub(b" ", _COMMENT.sub(b"", sheet))).strip()


STATIC = StaticFiles(Path(__file__).parent / "static")
