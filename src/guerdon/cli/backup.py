"""``guerdon db backup``, ``backups``, ``check-backup`` and ``restore``."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from guerdon import boot
from guerdon.cli.console import err, note, out, show_table, step
from guerdon.cli.errors import BackupDirectoryError, BackupMissingError
from guerdon.core.clock import SystemClock
from guerdon.core.settings import Settings, load_settings
from guerdon.db import backup as backups_of
from guerdon.db.backup import Backup
from guerdon.db.database import Database
from guerdon.db.errors import BackupTooNewError
from guerdon.db.location import Location, running_database
from guerdon.db.migrate import Expected, Migrator
from guerdon.kernel.ledger import service as ledger

CHECK_DATABASE = "guerdon_backup_check"
"""Where a backup is restored to be looked at, beside the real one."""

File = Annotated[Path, typer.Argument(help="A backup.")]
To = Annotated[Path | None, typer.Option(help="Directory to write it into; default: GUERDON_BACKUP_DIR.")]


def make(to: To = None) -> None:
    """Make a backup now, while Guerdon runs or not."""
    settings = load_settings()
    directory = to or _directory(settings)
    with running_database(settings) as location, _bytes("Writing") as told:
        made = backups_of.make(location.owner_dsn, directory, SystemClock().now(), told)
    out.print(Text(f"{made.file}  {decimal(made.size_bytes)}"), soft_wrap=True)
    note(f"Keep {settings.data_dir / 'secrets'} too, apart from it: without its keys some of it cannot be read.")


def show() -> None:
    """List the backups that there are, newest first."""
    found = backups_of.backups_in(_directory(load_settings()))
    if not found:
        out.print("There is no backup yet; make one with: guerdon db backup")
        return
    table = Table("Made (UTC)", "Size", "File", box=None, pad_edge=False)
    for each in found:
        table.add_row(f"{each.made_at:%Y-%m-%d %H:%M:%S}", decimal(each.size_bytes), str(each.file))
    show_table(table)


def check(
    file: Annotated[Path | None, typer.Argument(help="A backup; default: the newest.")] = None,
) -> None:
    """Restore a backup into a database beside the real one, verify its ledger, and remove it again."""
    settings = load_settings()
    chosen = file or _newest(settings).file
    _check_known(chosen)
    with running_database(settings) as location, _beside(location) as dsn:
        with _parts("Restoring", chosen) as told:
            backups_of.restore(dsn, chosen, told)
        with step("Migrating …", "Its tables are up to date"):
            Migrator(dsn, boot.modules()).upgrade()
        with step("Verifying its ledger …", "Its ledger is verified"):
            transfers, faults = _verify(dsn)
    if faults:
        err.print(Text(f"The ledger of {chosen} breaks its promises: {faults} faults.", style="red"), soft_wrap=True)
        raise typer.Exit(1)
    out.print(
        Text(f"{chosen} can be restored: {transfers} transfers, and the ledger keeps all its promises."), soft_wrap=True
    )


def restore(file: File) -> None:
    """Restore a backup into an empty database, and bring it up to date."""
    settings = load_settings()
    _check_known(file)
    with running_database(settings) as location:
        with _parts("Restoring", file) as told:
            backups_of.restore(location.owner_dsn, file, told)
        with step("Migrating …", "The database is up to date"):
            Migrator(location.owner_dsn, boot.modules()).upgrade()
    out.print(Text(f"{file} is restored. Next: guerdon ledger verify"), soft_wrap=True)
    note(f"The secrets that belong to it have to lie in {settings.data_dir / 'secrets'} before Guerdon starts.")


def _directory(settings: Settings) -> Path:
    found = backups_of.directory_of(settings)
    if found is None:
        raise BackupDirectoryError
    return found


def _newest(settings: Settings) -> Backup:
    directory = _directory(settings)
    found = backups_of.backups_in(directory)
    if not found:
        raise BackupMissingError(directory=directory)
    return found[0]


def _check_known(file: Path) -> None:
    """Refuse a backup with migrations that this code does not have."""
    unknown = Expected(boot.modules()).unknown(backups_of.revisions_in(file))
    if unknown:
        raise BackupTooNewError(file=file, revisions=", ".join(sorted(unknown)))


def _beside(location: Location) -> AbstractContextManager[str]:
    """An empty database beside the real one."""
    admin_dsn = location.owner_dsn if location.server is None else location.server.superuser_dsn
    return backups_of.scratch_database(admin_dsn, location.owner_dsn, CHECK_DATABASE)


def _verify(dsn: str) -> tuple[int, int]:
    """How many transfers a ledger has, and how many faults."""
    database = Database(dsn, application_name="guerdon db check-backup")
    try:
        with database.transaction() as session:
            faults = ledger.verify(session)
            return ledger.count_transfers(session), len(faults)
    finally:
        database.dispose()


@contextmanager
def _bytes(doing: str) -> Iterator[Callable[[int], None]]:
    """Show how much is written."""
    with Progress(TextColumn(doing), DownloadColumn(), TimeElapsedColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def _parts(doing: str, file: Path) -> Iterator[Callable[[int], None]]:
    """Show how many parts of a backup are done."""
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=backups_of.count_parts(file))
        yield lambda done: bar.update(task, completed=done)
