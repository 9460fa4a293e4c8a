"""An SMS gateway for trying things out: ``python -m guerdon.kernel.notifications.sandbox`` takes what would be sent.

Set ``GUERDON_SMS_URL=http://127.0.0.1:8025/messages``. Each SMS is printed; ``GET /messages`` lists the last ones.
"""

import argparse
import json
import sys
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEPT = 100
BODY_MAX = 10_000


class Gateway(ThreadingHTTPServer):
    """Takes SMS and keeps the last hundred.

    Args:
        port: 0 for any free one.
        token: the bearer token to ask for, if any.
    """

    def __init__(self, port: int = 0, token: str | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.token = token
        self.received: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self.refuse_with: int | None = None

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.server_address[1]}/messages"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        """Take one SMS."""
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), BODY_MAX))
        if self.server.token and self.headers.get("authorization") != f"Bearer {self.server.token}":
            self._answer(401, {"error": "wrong token"})
            return
        if self.server.refuse_with is not None:
            self._answer(self.server.refuse_with, {"error": "refused"})
            return
        try:
            message = json.loads(body)
            sms = {name: str(message[name]) for name in ("id", "to", "text")}
        except (ValueError, KeyError, TypeError):
            self._answer(422, {"error": "expected id, to and text"})
            return
        self.server.received.append(sms)
        self._answer(202, {"id": sms["id"]})

    def do_GET(self) -> None:
        """The last messages."""
        self._answer(200, list(self.server.received))

    def _answer(self, status: int, document: object) -> None:
        data = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say what came, on the terminal only."""
        if sys.stdout.isatty():
            last = self.server.received[-1] if self.server.received else ""
            sys.stdout.write(f"{format % args} {last}\n")


def main() -> None:
    """Take messages until Ctrl-C."""
    parser = argparse.ArgumentParser(description="An SMS gateway for trying things out.")
    parser.add_argument("--port", type=int, default=8025)
    gateway = Gateway(parser.parse_args().port)
    sys.stdout.write(f"GUERDON_SMS_URL={gateway.url}\n")
    try:
        gateway.serve_forever()
    except KeyboardInterrupt:
        gateway.server_close()


if __name__ == "__main__":
    main()
