"""The data directory, and the secrets in it that Guerdon makes for itself: a file each, for its own user alone."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from guerdon.db.errors import DataDirectoryError


def make_data_dir(data_dir: Path) -> None:
    """Make the data directory, or take over an empty one.

    Root's must let PostgreSQL's own user pass, but nobody list it; an ordinary user's stays private. A directory
    that already holds something keeps its permissions.

    Raises:
        DataDirectoryError: it cannot be made or written.
    """
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        data_dir.mkdir(mode=mode, parents=True, exist_ok=True)
        if not any(data_dir.iterdir()):
            data_dir.chmod(mode)
    except OSError as exc:
        raise DataDirectoryError(problem=str(exc), user=str(os.geteuid())) from exc


def random_secret() -> str:
    """256 random bits as text that needs no quoting in URLs and configuration."""
    return secrets.token_urlsafe(32)


def stored_secret(data_dir: Path, name: str, make: Callable[[], str] = random_secret) -> str:
    """Read the secret ``name`` of a data directory, making it the first time.

    Two processes that ask at once get the same answer, and a file is never seen half-written.

    Raises:
        DataDirectoryError: the directory or the file cannot be read or written.
    """
    file = data_dir / "secrets" / name
    make_data_dir(data_dir)
    try:
        if not file.exists():
            file.parent.mkdir(mode=0o700, exist_ok=True)
            draft = file.with_name(f".{name}.{secrets.token_hex(8)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(make())
                stream.flush()
                os.fsync(stream.fileno())
            try:
                os.link(draft, file)  # fails where another process was faster, whose secret then counts
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return file.read_text(encoding="utf-8")
    except OSError as exc:
        raise DataDirectoryError(problem=str(exc), user=str(os.geteuid())) from exc
