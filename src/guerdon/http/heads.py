"""HEAD: whatever answers GET answers it too, with the same headers and no body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadsAsGets:
    """ASGI middleware that has routes, which know GET alone, answer HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # The server's own scope goes on saying HEAD: it would miss the body of a GET.
        as_get = {**scope, "method": "GET"}
        try:
            await self._app(as_get, receive, send_without_body)
        finally:
            scope["guerdon.route"] = as_get.get("guerdon.route")
