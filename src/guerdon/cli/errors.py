"""What can go wrong at the command line itself."""

from guerdon.core.errors import GuerdonError


class AlreadyRunningError(GuerdonError):
    """Another ``guerdon up`` has this data directory."""

    code = "already-running"
    status = 409
    message = "Guerdon already runs on {data_dir} (process {pid}) at {url}."
    remedy = "Use that one, stop it with: kill {pid}, or set GUERDON_DATA_DIR to another directory."


class PortUnavailableError(GuerdonError):
    """The web server cannot listen where it should."""

    code = "port-unavailable"
    status = 409
    message = "Cannot listen on {host}:{port}: {problem}."
    remedy = "Set GUERDON_PORT (or --port) to a free port, or stop what uses this one."


class PartFailedError(GuerdonError):
    """A process of the tree ended by itself."""

    code = "part-failed"
    status = 500
    message = "The {part} process stopped unexpectedly ({how}); everything else was stopped too."
    remedy = "Its last lines above say why."


class EmbeddedOnlyError(GuerdonError):
    """The command is about the embedded server, and the settings name another."""

    code = "embedded-only"
    status = 409
    message = "GUERDON_DATABASE_URL is set, so there is no embedded database to {action}."
    remedy = "Start and stop that server by its own means, or unset GUERDON_DATABASE_URL."


class BackupDirectoryError(GuerdonError):
    """With a database of the operator's own, nothing says where its backups are."""

    code = "backup-directory"
    status = 409
    message = "Nothing says where backups are to be put."
    remedy = "Set GUERDON_BACKUP_DIR; 'guerdon db backup' takes --to DIRECTORY too."


class BackupMissingError(GuerdonError):
    """The newest backup was asked for, and there is none."""

    code = "backup-missing"
    status = 404
    message = "There is no backup in {directory}."
    remedy = "Make one with: guerdon db backup"


class RotationUnderWayError(GuerdonError):
    """Another process brings keys into use or drops them."""

    code = "rotation-under-way"
    status = 409
    message = "The encryption keys in {data_dir} are being rotated by another process."
    remedy = "Wait until it is done, then do it again if it is still needed."


class StaleReferenceError(GuerdonError):
    """A generated page of the documentation is not what it would be made as today."""

    code = "stale-reference"
    status = 409
    message = "{file} is stale."
    remedy = "Write it anew with: guerdon db docs"
