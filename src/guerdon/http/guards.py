"""What is refused before any route sees it: bodies above a size or compressed, and NUL characters in the address."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guerdon.core.errors import GuerdonError
from guerdon.http.context import header
from guerdon.http.errors import BodyTooLargeError, MalformedRequestError, UnsupportedEncodingError
from guerdon.http.problems import answer

BODY_LIMIT_BYTES = 1_048_576


class Guards:
    """ASGI middleware at the door.

    Args:
        app: what comes next.
        body_limit_bytes: for every path, unless a prefix in ``larger`` says otherwise.
        larger: limits by path prefix, such as those of uploads; the longest prefix that fits counts.
    """

    def __init__(
        self, app: ASGIApp, *, body_limit_bytes: int = BODY_LIMIT_BYTES, larger: dict[str, int] | None = None
    ) -> None:
        self._app = app
        self._limit_bytes = body_limit_bytes
        self._larger = larger or {}
        self._prefixes = tuple(self._larger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit_bytes = self._limit_for(scope["path"])
        refusal = self._refusal(scope, limit_bytes)
        if refusal is not None:
            headers = {"Accept-Encoding": "identity"} if refusal.status == 415 else None
            refused = await answer(Request(scope, receive), refusal, headers)
            await refused(scope, receive, send)
            return
        seen_bytes = 0

        async def receive_counted() -> Message:
            nonlocal seen_bytes
            message = await receive()
            seen_bytes += len(message.get("body", b""))
            if seen_bytes > limit_bytes:
                # The framework passes on its own exceptions only; the handler gives this one its words.
                scope["guerdon.body_limit_bytes"] = limit_bytes
                raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)

    def _limit_for(self, path: str) -> int:
        if not path.startswith(self._prefixes):
            return self._limit_bytes
        return self._larger[max(filter(path.startswith, self._prefixes), key=len)]

    @staticmethod
    def _refusal(scope: Scope, limit_bytes: int) -> GuerdonError | None:
        announced = header(scope, b"content-length") or "0"
        if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit_bytes):
            return BodyTooLargeError(limit_bytes=limit_bytes)
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            return MalformedRequestError()
        if (header(scope, b"content-encoding") or "identity").strip().lower() != "identity":
            return UnsupportedEncodingError()
        return None
