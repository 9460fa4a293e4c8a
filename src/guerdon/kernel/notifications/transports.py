"""How messages leave the house: mail by SMTP, SMS through a gateway over HTTP."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx2
from email_validator import validate_email

from guerdon.core.clock import Clock
from guerdon.core.settings import Settings
from guerdon.core.tls import authorities

TIMEOUT_S = 20
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class DeliveryFailedError(Exception):
    """It did not get through.

    Args:
        reason: what the other side said, without address and text.
        permanent: whether trying again is pointless.
    """

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, ready to leave.

    Attributes:
        id: the same at each try, so that the other side can recognise a repetition.
    """

    id: UUID
    to: str
    subject: str
    body: str


class Transport(Protocol):
    """Carries letters of one channel."""

    def carry(self, letter: Letter, clock: Clock) -> None:
        """Hand a letter over.

        Raises:
            DeliveryFailedError: it was not taken.
        """
        ...


class SmtpTransport:
    """Hands mails to an SMTP server.

    Credentials go over an encrypted connection only, or to this machine.

    Args:
        url: ``smtp://[user:password@]host[:port]`` or ``smtps://…``.
        sender: ``no-reply@example.org``, or with a name.
    """

    def __init__(self, url: str, sender: str, sender_name: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("an SMTP URL begins with smtp:// or smtps:// and names a host")
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender
        self._sender_name = sender_name

    def carry(self, letter: Letter, clock: Clock) -> None:
        """Hand a mail over.

        Raises:
            DeliveryFailedError: it was not taken; permanent where the server says 5xx about it.
        """
        to = _plain(letter.to)
        mail = self._mail(letter, to, clock)
        try:
            with self._connect() as server:
                server.send_message(mail, self._sender, [to])
        except smtplib.SMTPNotSupportedError as exc:
            lacking = "a way to sign in" if to.isascii() else "addresses beyond ASCII"
            raise DeliveryFailedError(f"the mail server does not offer {lacking}", permanent=not to.isascii()) from exc
        except smtplib.SMTPRecipientsRefused as exc:
            code = max(code for code, _ in exc.recipients.values())
            raise DeliveryFailedError(f"SMTP {code}: recipient refused", permanent=code >= 500) from exc
        except smtplib.SMTPResponseException as exc:
            refused = isinstance(exc, smtplib.SMTPDataError | smtplib.SMTPSenderRefused)
            raise DeliveryFailedError(
                f"SMTP {exc.smtp_code}: {type(exc).__name__}", permanent=refused and exc.smtp_code >= 500
            ) from exc
        except (smtplib.SMTPException, OSError) as exc:
            raise DeliveryFailedError(f"{type(exc).__name__}: mail server not reached") from exc

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
        try:
            encrypted = self._tls
            server.ehlo()
            if not encrypted and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
                encrypted = True
            if self._user:
                self._log_in(server, encrypted=encrypted)
        except BaseException:
            server.close()
            raise
        return server

    def _log_in(self, server: smtplib.SMTP, *, encrypted: bool) -> None:
        if not encrypted and self._host not in LOOPBACK:
            raise DeliveryFailedError("the mail server offers no encryption; the password stays here")
        server.login(self._user, self._password)

    def _mail(self, letter: Letter, to: str, clock: Clock) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = formataddr((self._sender_name, self._sender))
        mail["To"] = to
        mail["Subject"] = " ".join(letter.subject.split())
        mail["Date"] = format_datetime(clock.now())
        mail["Message-ID"] = f"<{letter.id}@{self._sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.body)
        return mail


def _plain(address: str) -> str:
    """An address with its host in the form that every mail server takes; as it is where there is no such form."""
    checked = validate_email(address, check_deliverability=False, test_environment=True)
    return checked.ascii_email or address


class SmsGateway:
    """Hands SMS to a gateway: ``POST url`` with ``{"id", "to", "text"}`` and, if there is one, a bearer token.

    2xx means taken. 408, 429 and 5xx are tried again, any other answer is final.
    """

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def carry(self, letter: Letter, clock: Clock) -> None:  # noqa: ARG002 - the gateway dates it
        """Hand an SMS over.

        Raises:
            DeliveryFailedError: it was not taken.
        """
        body = {"id": str(letter.id), "to": letter.to, "text": letter.body}
        try:
            answer = httpx2.post(self._url, json=body, headers=self._headers, timeout=TIMEOUT_S, verify=authorities())
        except httpx2.HTTPError as exc:
            raise DeliveryFailedError(f"{type(exc).__name__}: SMS gateway not reached") from exc
        if not answer.is_success:
            passing = answer.status_code in {408, 429} or answer.status_code >= 500
            raise DeliveryFailedError(f"SMS gateway answered {answer.status_code}", permanent=not passing)


def transports(settings: Settings) -> dict[str, Transport]:
    """The channels that the settings open, by name.

    Raises:
        ValueError: for an SMTP URL that is none.
    """
    found: dict[str, Transport] = {}
    if settings.smtp_url is not None and settings.smtp_url.get_secret_value():
        sender = settings.mail_from or f"no-reply@{urlsplit(settings.base_url).hostname}"
        found["email"] = SmtpTransport(settings.smtp_url.get_secret_value(), sender, settings.community_name)
    if settings.sms_url:
        token = settings.sms_token.get_secret_value() if settings.sms_token is not None else None
        found["sms"] = SmsGateway(settings.sms_url, token)
    return found
