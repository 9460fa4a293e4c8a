"""The nightly backup: made by the worker, kept for a while, and told of to whoever watches."""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.settings import Settings
from guerdon.db import backup
from guerdon.db.location import locate

log = structlog.get_logger("guerdon.backup")

_settings: list[Settings] = []


def install(settings: Settings) -> None:
    """Say where the database is and where its backups go; the composition root does so in every process."""
    _settings[:] = [settings]


def make_nightly(_session: Session, clock: Clock) -> None:
    """Make a backup, then remove those that are too old; nothing where none are wanted.

    Raises:
        BackupRoomError, BackupFailedError: none was made, and none was removed.
    """
    (settings,) = _settings
    directory = backup.directory_of(settings)
    if directory is None or settings.backup_keep_days == 0:
        return
    made = backup.make(locate(settings).owner_dsn, directory, clock.now())
    removed = backup.thin_out(directory, clock.now() - timedelta(days=settings.backup_keep_days))
    log.info("a backup was made", bytes=made.size_bytes, removed=len(removed))


class BackupCollector(Collector):
    """When the newest backup was made, and how large it is; nothing where this machine keeps none."""

    def __init__(self, settings: Settings) -> None:
        self._directory = backup.directory_of(settings)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Look into the directory."""
        for newest in backup.backups_in(self._directory)[:1] if self._directory is not None else ():
            yield GaugeMetricFamily(
                "guerdon_backup_timestamp_seconds",
                "When the newest backup was made.",
                value=newest.made_at.timestamp(),
            )
            yield GaugeMetricFamily("guerdon_backup_bytes", "Size of the newest backup.", value=newest.size_bytes)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing in advance: there may be no backup."""
        return ()
