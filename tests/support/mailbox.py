"""A real SMTP server and a real SMS gateway on this machine, in which tests read what was sent."""

import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from guerdon.kernel.notifications.sandbox import Gateway

from .processes import free_port


class Mailbox:
    """Takes mail, or refuses it with an answer of its own."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.answer = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        if self.answer:
            return self.answer
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    """An SMTP server that wants a password."""
    box = Mailbox()

    def log_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.login == b"awa" and data.password == b"p@ss")

    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=log_in,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield box, f"smtp://awa:p%40ss@127.0.0.1:{controller.port}"
    finally:
        controller.stop()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """An SMS gateway that wants a token."""
    server = Gateway(token="gateway token")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
