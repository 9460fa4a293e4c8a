"""What can be wrong with the database server itself; each says what to do about it."""

from guerdon.core.errors import GuerdonError


class ServerStartError(GuerdonError):
    """The embedded PostgreSQL did not start; ``log`` holds the last lines that it wrote."""

    code = "database-not-started"
    status = 503
    message = "The embedded database did not start ({reason}).\n{log}"
    remedy = "See the lines above and {log_file}; a full disk and missing permissions are the usual causes."


class ServerStopError(GuerdonError):
    """The embedded PostgreSQL did not stop in time."""

    code = "database-not-stopped"
    status = 500
    message = "The embedded database (process {pid}) did not stop within {timeout_s} s."
    remedy = "Look for clients that hold it: ps and {log_file} tell more."


class ServerVersionError(GuerdonError):
    """The data directory was made by another major version of PostgreSQL."""

    code = "database-version"
    status = 500
    message = "{data_dir} holds data of PostgreSQL {found}; this Guerdon runs PostgreSQL {expected}."
    remedy = "Dump it with the Guerdon that made it and load that here, or set GUERDON_DATA_DIR to another directory."


class DataDirectoryError(GuerdonError):
    """The data directory cannot be used by whom it has to be used."""

    code = "data-directory"
    status = 500
    message = "The data directory cannot be used: {problem}."
    remedy = "Set GUERDON_DATA_DIR to a directory that the user '{user}' can reach, or correct owner and permissions."


class ServerUserError(GuerdonError):
    """Guerdon runs as root, PostgreSQL must not, and there is no user to run it as."""

    code = "database-user"
    status = 500
    message = "PostgreSQL does not run as root, and the system user '{user}' could not be made: {problem}."
    remedy = "Create it (useradd --system {user}), or run Guerdon as an ordinary user."


class DatabaseUnreachableError(GuerdonError):
    """No PostgreSQL answers where the settings say that one is."""

    code = "database-unreachable"
    status = 503
    message = "The database does not answer: {problem}"
    remedy = "Start it ('guerdon db start' for the embedded one), or correct GUERDON_DATABASE_URL."


class DatabaseGaveUpError(GuerdonError):
    """PostgreSQL could not go on: it was stopped, had no room or no memory left, or was kept waiting for too long."""

    code = "database-gave-up"
    status = 503
    message = "The database gave up: {problem}"
    remedy = "What was under way was not kept. Look at its log and at the disk, then run the command again."


class ServerTooOldError(GuerdonError):
    """The operator's own PostgreSQL lacks what Guerdon is built on."""

    code = "database-too-old"
    status = 500
    message = "The database server is PostgreSQL {found}; Guerdon needs {needed} or newer."
    remedy = "Upgrade it, or leave GUERDON_DATABASE_URL out: a PostgreSQL {needed} comes along."


class AppRoleError(GuerdonError):
    """The owner role may not take on the role that the application runs as, nor make it so; ``statements`` would."""

    code = "database-app-role"
    status = 500
    message = "The application runs as the role '{role}', which '{owner}' may not take on: {problem}"
    remedy = "As a superuser, run: {statements}"


class NotMigratedError(GuerdonError):
    """The database is empty, or of another Guerdon: what a command reads or writes is not there."""

    code = "database-not-migrated"
    status = 500
    message = "The database is not up to date: {problem}"
    remedy = "Run: guerdon db migrate; set GUERDON_DATA_DIR or GUERDON_DATABASE_URL if it is the wrong one."


class BackupFailedError(GuerdonError):
    """A backup could not be written; nothing is left of it."""

    code = "backup-failed"
    status = 500
    message = "The backup was not made: {problem}"
    remedy = "Nothing is left of it in {directory}. Put right what it names, then run: guerdon db backup"


class BackupRoomError(GuerdonError):
    """The disk has so little room that a backup might fill it; nothing was begun."""

    code = "backup-no-room"
    status = 507
    message = "The backup was not made: {directory} has {free_mib} MiB free, and {needed_mib} should be."
    remedy = "Make room there, or say with GUERDON_BACKUP_DIR where else backups are to be put."


class BackupUnreadableError(GuerdonError):
    """A file is no backup, or a broken one."""

    code = "backup-unreadable"
    status = 422
    message = "{file} is no backup that can be read: {problem}"
    remedy = "'guerdon db backups' lists those that there are. What 'pg_dump' wrote as SQL is restored by psql."


class BackupTooNewError(GuerdonError):
    """A backup was made by a newer Guerdon, whose tables this one does not know."""

    code = "backup-too-new"
    status = 409
    message = "{file} was made by a newer Guerdon: it has the migrations {revisions}, which this one does not know."
    remedy = "Install that version, then restore. Nothing was changed."


class DatabaseNotEmptyError(GuerdonError):
    """A backup is restored into an empty database, and this one is not."""

    code = "database-not-empty"
    status = 409
    message = "The database is not empty; a backup is restored into an empty one."
    remedy = "Set GUERDON_DATA_DIR to a new directory, or empty this one: guerdon db rollback --to base"


class RestoreFailedError(GuerdonError):
    """PostgreSQL refused what is in a backup; nothing was changed."""

    code = "restore-failed"
    status = 500
    message = "{file} was not restored, and nothing was changed: {problem}"
    remedy = "Put right what it names, or take an earlier backup, then restore again."


class ScratchDatabaseError(GuerdonError):
    """A backup cannot be tried out, because there can be no database beside the real one."""

    code = "scratch-database"
    status = 409
    message = "The database '{name}', in which the backup would be looked at, cannot be made: {problem}"
    remedy = "Let no second check run at the same time; on a server of your own, the owner has to have CREATEDB."
