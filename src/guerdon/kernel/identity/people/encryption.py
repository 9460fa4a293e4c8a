"""Encryption at rest of what only few may see: numbers and pictures of identity papers, copies of personal data.

AES-256-GCM under a ring of keys. Everything encrypted names its key, so that a new key can come into use at once and
the old ones be taken away when nothing needs them any more (``guerdon users rotate-encryption``). What a value belongs
to is bound to it, so that a value moved to another row does not open.

The ring stands in the file ``encryption`` of the secrets, made at first use, or in ``GUERDON_ENCRYPTION_KEYS``.
"""

import hmac
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guerdon.core.settings import Settings
from guerdon.db.data_dir import stored_secret
from guerdon.http.keys import derive_key, load_secret
from guerdon.kernel.identity.people.errors import EncryptionKeyMissingError

KEY_BYTES = 32
NONCE_BYTES = 12
MAGIC = b"GE1"
FILE = "encryption"


class KeyRing:
    """Keys by id; the first one encrypts.

    Args:
        keys: id to 32 bytes, the one in use first.
        hash_key: for keyed hashes; it stays when keys rotate.
    """

    def __init__(self, keys: dict[str, bytes], hash_key: bytes) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError("a key ring needs keys of 32 bytes")
        if any(not 0 < len(key_id) <= 32 or not key_id.isascii() for key_id in keys):
            raise ValueError("the id of a key has 1 to 32 ASCII letters")
        self._keys = keys
        self._hash_key = hash_key

    @property
    def key_id(self) -> str:
        """The id of the key in use."""
        return next(iter(self._keys))

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Every id, the one in use first."""
        return tuple(self._keys)

    @property
    def head(self) -> bytes:
        """What everything begins with that is encrypted under the key in use."""
        key_id = self.key_id.encode()
        return MAGIC + bytes([len(key_id)]) + key_id

    def encrypt(self, content: bytes, *, purpose: str) -> bytes:
        """Encrypt under the key in use.

        Args:
            purpose: what it belongs to (``number:<row id>``); has to be said again to decrypt.
        """
        head = self.head
        nonce = os.urandom(NONCE_BYTES)
        return head + nonce + AESGCM(self._keys[self.key_id]).encrypt(nonce, content, head + purpose.encode())

    def decrypt(self, sealed: bytes, *, purpose: str) -> bytes:
        """Open what ``encrypt`` gave.

        Raises:
            EncryptionKeyMissingError: its key is not in the ring.
            ValueError: it was changed, or belongs to something else.
        """
        key_id = self.key_id_of(sealed)
        key = self._keys.get(key_id)
        if key is None:
            raise EncryptionKeyMissingError(key_id=key_id)
        head_bytes = len(MAGIC) + 1 + len(key_id)
        head, nonce = sealed[:head_bytes], sealed[head_bytes : head_bytes + NONCE_BYTES]
        try:
            return AESGCM(key).decrypt(nonce, sealed[head_bytes + NONCE_BYTES :], head + purpose.encode())
        except InvalidTag as exc:
            raise ValueError("this was changed, or belongs to something else") from exc

    def encrypt_anew(self, sealed: bytes, *, purpose: str) -> bytes:
        """The same content under the key in use.

        Raises:
            EncryptionKeyMissingError, ValueError: as ``decrypt``.
        """
        return self.encrypt(self.decrypt(sealed, purpose=purpose), purpose=purpose)

    @staticmethod
    def key_id_of(sealed: bytes) -> str:
        """The id of the key with which something was encrypted.

        Raises:
            ValueError: nothing here encrypted it.
        """
        if not sealed.startswith(MAGIC) or len(sealed) < len(MAGIC) + 1:
            raise ValueError("this was not encrypted here")
        start = len(MAGIC) + 1
        return sealed[start : start + sealed[start - 1]].decode("ascii", "replace")

    def encrypt_text(self, text: str, *, purpose: str) -> str:
        """``encrypt`` for a text column."""
        return urlsafe_b64encode(self.encrypt(text.encode(), purpose=purpose)).decode()

    def decrypt_text(self, sealed: str, *, purpose: str) -> str:
        """``decrypt`` for a text column."""
        return self.decrypt(urlsafe_b64decode(sealed), purpose=purpose).decode()

    def keyed_hash(self, text: str) -> str:
        """64 hexadecimal digits that equal texts share, and from which nobody without the key learns the text."""
        return hmac.new(self._hash_key, text.encode(), sha256).hexdigest()


def load_ring(settings: Settings) -> KeyRing:
    """The ring of this installation; made in the data directory where there is none.

    Raises:
        ValueError: it is malformed.
    """
    hash_key = derive_key(load_secret(settings), "document-number")
    if settings.encryption_keys is not None:
        return KeyRing(_parse(settings.encryption_keys.get_secret_value()), hash_key)
    stored = json.loads(stored_secret(settings.data_dir, FILE, _first))
    return KeyRing({key_id: urlsafe_b64decode(key) for key_id, key in stored.items()}, hash_key)


def _parse(value: str) -> dict[str, bytes]:
    pairs = (part.strip().partition(":") for part in value.split(",") if part.strip())
    return {key_id: urlsafe_b64decode(key + "=" * (-len(key) % 4)) for key_id, _, key in pairs}


def _new_key() -> tuple[str, str]:
    return secrets.token_hex(4), urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def _first() -> str:
    return json.dumps(dict([_new_key()]))


@contextmanager
def rotation(data_dir: Path) -> Iterator[None]:
    """Keep the ring of a data directory to oneself while keys come and go.

    Two rotations at once could each write the ring without the other's key, and what it had encrypted would be lost.

    Raises:
        BlockingIOError: somebody else rotates.
    """
    stored_secret(data_dir, FILE, _first)  # makes the directory too
    with (data_dir / "secrets" / f".{FILE}.lock").open("a") as lock:
        flock(lock, LOCK_EX | LOCK_NB)
        yield


def add_key(data_dir: Path) -> str:
    """Put a fresh key at the front of the ring in a data directory. Returns its id; restart what runs to use it."""
    return _rewrite(data_dir, lambda stored: dict([_new_key(), *stored.items()]))


def keep_first_key(data_dir: Path) -> str:
    """Drop every key but the one in use: once nothing is encrypted with the others."""
    return _rewrite(data_dir, lambda stored: dict([next(iter(stored.items()))]))


def _rewrite(data_dir: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> str:
    changed = change(json.loads(stored_secret(data_dir, FILE, _first)))
    file = data_dir / "secrets" / FILE
    draft = file.with_name(f".{FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(changed))
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
    return next(iter(changed))


_rings: list[Callable[[], KeyRing]] = []


def install(settings: Settings) -> None:
    """Let this process encrypt with the ring of an installation; read at first use, and again when a key is unknown."""
    _rings[:] = [lambda: load_ring(settings)]


def ring() -> KeyRing:
    """The ring of this process, as it stands in the file or the setting now.

    Raises:
        RuntimeError: the composition root installed none.
    """
    if not _rings:
        raise RuntimeError("no key ring is installed in this process")
    return _rings[0]()
