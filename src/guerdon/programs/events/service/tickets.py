"""Ticket codes: signed, so that nobody can make one, and short enough for a small QR code.

A code names its event and its registration, holds the number of the ticket and 160 bits of HMAC-SHA256 under a key of
this installation. The number alone, twelve characters, is for typing where there is no camera; it is looked up, and so
worth something only at a door where staff are signed in.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from guerdon.programs.events.evening_errors import (
    TicketForgedError,
)

VERSION = 1
NUMBER_LENGTH = 12
_TAG_BYTES = 20
_NUMBER_BYTES = 8
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 characters: none looks like another."""
_SEPARATORS = dict.fromkeys(" -\t\r\n\u00a0\u2013")
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"} | _SEPARATORS)
_SPACE = str.maketrans(_SEPARATORS)


@dataclass(frozen=True, slots=True)
class TicketContent:
    """What a ticket's code says.

    Attributes:
        number: as it is stored, without separators.
    """

    event_id: UUID
    registration_id: UUID
    number: str


class TicketSigner:
    """Makes ticket codes and reads them.

    Args:
        key: of this installation, for this purpose alone (``guerdon.http.keys.derive_key``).
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def code(self, content: TicketContent) -> str:
        """The code that the QR shows: letters and digits, which a QR code holds in its alphanumeric mode."""
        number = _value(content.number).to_bytes(_NUMBER_BYTES, "big")
        body = bytes([VERSION]) + content.event_id.bytes + content.registration_id.bytes + number
        tag = hmac.digest(self._key, b"ticket" + body, sha256)[:_TAG_BYTES]
        return base64.b32encode(body + tag).decode().rstrip("=")

    def read(self, code: str) -> TicketContent:
        """What a code stands for; letter case and spaces do not matter.

        Raises:
            TicketForgedError: this installation did not make it, or not for tickets.
        """
        sent = code.translate(_SPACE).upper()
        try:
            body = base64.b32decode(sent + "=" * (-len(sent) % 8))
            number = _digits(int.from_bytes(body[33 : 33 + _NUMBER_BYTES], "big"))
            content = TicketContent(UUID(bytes=body[1:17]), UUID(bytes=body[17:33]), number)
        except ValueError as exc:
            raise TicketForgedError(field="code") from exc
        # Made anew and compared, so that a ticket has one code only; other versions and purposes fail here too.
        if not hmac.compare_digest(self.code(content), sent):
            raise TicketForgedError(field="code")
        return content


def new_number() -> str:
    """Twelve characters at random, 60 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(NUMBER_LENGTH))


def shown_number(number: str) -> str:
    """A number in groups of four: ``4T7K-09WM-QX3D``."""
    return "-".join(number[start : start + 4] for start in range(0, len(number), 4))


def plain_number(typed: str) -> str:
    """A number as it is stored: capitals, no separators, and O, I and L as the digits that they look like."""
    return typed.upper().translate(_READ_AS)


def looks_like_number(typed: str) -> bool:
    """Whether something typed is to be taken for a ticket's number rather than its code."""
    return len(plain_number(typed)) == NUMBER_LENGTH


def _value(number: str) -> int:
    value = 0
    for character in number:
        value = value << 5 | _ALPHABET.index(character)
    return value


def _digits(value: int) -> str:
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(5 * NUMBER_LENGTH - 5, -1, -5))


def code_of_digest(digest: bytes, length: int) -> str:
    """The beginning of a digest as a short code to be typed."""
    value = int.from_bytes(digest[:8], "big")
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(59, 59 - 5 * length, -5))
