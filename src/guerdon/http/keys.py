"""The installation's secret and the keys derived from it.

One secret signs everything; each purpose gets a key of its own by HKDF, so that a token made for one purpose is
worthless for another.
"""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guerdon.core.settings import Settings
from guerdon.db.data_dir import stored_secret


def load_secret(settings: Settings) -> bytes:
    """The secret of this installation: from the settings, else from the data directory, made there when missing."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return stored_secret(settings.data_dir, "signing").encode()


def derive_key(secret: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose (``csrf``, ``access-token`` …); the same for the same secret and purpose."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"guerdon/{purpose}".encode()).derive(secret)
