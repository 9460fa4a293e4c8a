"""``guerdon db`` and ``guerdon settings`` as an operator types them, on both kinds of database."""

import re
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from guerdon.core.settings import OTHER_VARIABLES, Settings, load_settings
from guerdon.db.embedded import EmbeddedServer
from guerdon.db.errors import AppRoleError
from guerdon.db.roles import APP_ROLE, OWNER_ROLE, ensure_app_role
from support.databases import DatabaseFactory, on_database
from support.operators import Run
from support.processes import guerdon, guerdon_environment, guerdon_here


def schemas(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        )
        return {name for (name,) in rows}


def test_embedded_database_is_started_for_a_command_and_stopped_again(short_dir: Path) -> None:
    environment = guerdon_environment(short_dir)
    migrated = guerdon("db", "migrate", environment=environment)
    assert migrated.returncode == 0, migrated.stderr
    assert not EmbeddedServer(short_dir).running
    status = guerdon_here("db", "status", environment=environment | {"COLUMNS": "300"}).stdout.splitlines()
    revisions = [line.split()[-1] for line in status if re.match(r"\w+ +([a-z]+_)?\d{4}", line)]
    assert len(revisions) >= 14
    assert set(revisions) == {"yes"}


def relations(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        return [name for (name,) in rows]


def test_url_is_alone_on_standard_output(short_dir: Path) -> None:
    environment = guerdon_environment(short_dir)
    url = guerdon_here("db", "url", environment=environment)
    assert url.returncode == 0
    assert "not running" in url.stderr
    started = guerdon("db", "start", environment=environment)
    assert started.returncode == 0, started.stderr
    try:
        for arguments, role in ((("db", "url"), "guerdon_owner"), (("db", "url", "--app"), "guerdon_app")):
            dsn = guerdon_here(*arguments, environment=environment).stdout
            assert dsn.count("\n") == 1
            with psycopg.connect(dsn.strip()) as connection:
                assert connection.execute("SELECT current_user").fetchone() == (role,)
        assert "already" in guerdon_here("db", "start", environment=environment).stdout
    finally:
        stopped = guerdon_here("db", "stop", environment=environment)
    assert stopped.returncode == 0
    assert not EmbeddedServer(short_dir).running


def test_rollback_to_empty_and_up_again(short_dir: Path) -> None:
    environment = guerdon_environment(short_dir)
    with EmbeddedServer(short_dir, durable=False) as server:
        empty = schemas(server.owner_dsn)
        for arguments in (("migrate",), ("rollback", "--to", "base"), ("migrate",)):
            done = guerdon_here("db", *arguments, environment=environment)
            assert done.returncode == 0, done.stderr
            if "base" in arguments:
                assert schemas(server.owner_dsn) == empty
                assert relations(server.owner_dsn) == []
        assert {"ledger", "identity", "worker"} <= schemas(server.owner_dsn)


def test_rollback_goes_one_step_at_a_time(short_dir: Path) -> None:
    environment = guerdon_environment(short_dir)
    with EmbeddedServer(short_dir, durable=False):
        guerdon_here("db", "migrate", environment=environment)
        applied = [guerdon_here("db", "status", environment=environment).stdout.count(" yes")]
        assert guerdon_here("db", "rollback", environment=environment).returncode == 0
        applied.append(guerdon_here("db", "status", environment=environment).stdout.count(" yes"))
        while applied[-1] > 0:
            assert guerdon_here("db", "rollback", environment=environment).returncode == 0
            applied.append(guerdon_here("db", "status", environment=environment).stdout.count(" yes"))
        assert applied == list(range(applied[0], -1, -1))
        assert applied[0] >= 3
        assert "nothing to roll back" in guerdon_here("db", "rollback", environment=environment).stdout


def test_unknown_revision_is_refused(short_dir: Path) -> None:
    refused = guerdon_here("db", "rollback", "--to", "nowhere", environment=guerdon_environment(short_dir))
    assert refused.returncode == 1
    assert "nowhere" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_database_of_the_operators_own(short_dir: Path, empty_owner_dsn: str) -> None:
    environment = guerdon_environment(short_dir, database_url=empty_owner_dsn)
    migrated = guerdon_here("db", "migrate", environment=environment)
    assert migrated.returncode != 0  # the owner may not take on the application's role, and is told what to do
    assert "GRANT guerdon_app" in migrated.stderr
    assert "Traceback" not in migrated.stderr
    assert not (short_dir / "database").exists()
    assert guerdon_here("db", "url", environment=environment).stdout.strip() == empty_owner_dsn
    refused = guerdon_here("db", "stop", environment=environment)
    assert refused.returncode == 1
    assert "GUERDON_DATABASE_URL" in refused.stderr


def test_app_role_is_made_where_the_owner_may(database_factory: DatabaseFactory) -> None:
    server = database_factory.server
    name = database_factory.create()
    dsn = on_database(server.superuser_dsn, name)
    ensure_app_role(dsn)
    with psycopg.connect(f"{dsn}&options=-c%20role%3D{APP_ROLE}") as connection:
        assert connection.execute("SELECT current_user").fetchone() == (APP_ROLE,)
    database_factory.drop(name)


def test_owner_without_the_right_changes_nothing(database_factory: DatabaseFactory) -> None:
    with psycopg.connect(database_factory.server.superuser_dsn) as connection:
        members = sql.SQL("SELECT count(*) FROM pg_auth_members WHERE roleid = {}::regrole").format(
            sql.Literal(APP_ROLE)
        )
        before = connection.execute(members).fetchone()
        with pytest.raises(AppRoleError, match=APP_ROLE) as refused:
            ensure_app_role(database_factory.server.owner_dsn)
        assert refused.value.params["statements"] == f'GRANT {APP_ROLE} TO "{OWNER_ROLE}";'  # it is there already
        assert connection.execute(members).fetchone() == before


def test_unreachable_database_is_one_clear_line(short_dir: Path) -> None:
    environment = guerdon_environment(short_dir, database_url="postgresql://nobody@127.0.0.1:1/none")
    for run, command in ((guerdon_here, "db migrate"), (guerdon, "web"), (guerdon, "worker"), (guerdon_here, "up")):
        refused = run(*command.split(), environment=environment)
        assert refused.returncode == 1
        assert "does not answer" in refused.stderr
        assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "mysql://root:secret@localhost/x"),
        ("database_app_url", "secret"),
        ("public_url", "rewards.example.org"),
        ("smtp_url", "secret.example.org:25"),
        ("trusted_proxies", "10.0.0.1, proxy"),
        ("trusted_proxies", '["10.0.0.1"'),
        ("port", "http"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_not_shown(short_dir: Path, name: str, value: str) -> None:
    refused = guerdon_here("db", "status", environment=guerdon_environment(short_dir, **{name: value}))
    assert refused.returncode == 1
    assert f"GUERDON_{name.upper()}: " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "secret" not in refused.stderr


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("GUERDON_PROT", "; is GUERDON_PORT meant?"),
        ("GUERDON_DATABASE_URI", "; is GUERDON_DATABASE_URL meant?"),
        ("GUERDON_CONFIG", "; is GUERDON_CONFIG_FILE meant?"),
        ("GUERDON_XYZ", ""),
    ],
)
def test_a_variable_that_is_no_setting_is_refused_before_anything_starts(
    short_dir: Path, name: str, nearest: str
) -> None:
    environment = guerdon_environment(short_dir, port="http") | {name: "secret"}
    refused = guerdon_here("up", environment=environment | {"COLUMNS": "300"})
    assert refused.returncode == 1
    assert f"{name}: there is no such setting{nearest}; GUERDON_PORT: " in refused.stderr
    assert "secret" not in refused.stderr
    assert not (short_dir / "up.lock").exists()
    del environment["GUERDON_PORT"]
    assert f"{name}: " in guerdon_here("up", environment=environment).stderr


def test_a_key_of_the_file_that_is_no_setting_is_refused_alike(short_dir: Path) -> None:
    file = short_dir / "guerdon.toml"
    file.write_text("prot = 8080\n", encoding="utf-8")
    refused = guerdon_here("settings", environment=guerdon_environment(short_dir, config_file=file))
    assert refused.returncode == 1
    assert "GUERDON_PROT: there is no such setting; is GUERDON_PORT meant?" in " ".join(refused.stderr.split())


def test_variables_that_are_read_though_they_are_no_settings_are_known() -> None:
    root = Path(__file__).parents[2]
    files = [file for part in ("src", "tests", "bench") for file in (root / part).rglob("*.py")]
    read = {
        name
        for file in files
        for name in re.findall(r"(?:envvar=|environ\.get\(|environ\[)\"(GUERDON_\w+)\"", file.read_text("utf-8"))
    }
    settings = {f"GUERDON_{name.upper()}" for name in Settings.model_fields}
    assert read - settings - OTHER_VARIABLES == set()
    assert {"GUERDON_NEW_PASSWORD", "GUERDON_DRAW_IMAGES"} <= read


def test_an_address_that_libpq_cannot_read_is_one_clear_line(short_dir: Path) -> None:
    refused = guerdon_here(
        "db", "status", environment=guerdon_environment(short_dir, database_url="postgresql://%zz/x")
    )
    assert refused.returncode == 1
    assert "GUERDON_DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_commands_on_an_empty_database_say_how_to_fill_it(short_dir: Path) -> None:
    environment = guerdon_environment(short_dir)
    with EmbeddedServer(short_dir, durable=False):
        for run, command in (
            (guerdon, "ledger verify"),
            (guerdon_here, "credits export"),
            (guerdon_here, "users list"),
        ):
            refused = run(*command.split(), environment=environment)
            assert refused.returncode == 1, command
            assert "guerdon db migrate" in refused.stderr
            assert "Traceback" not in refused.stderr


def test_settings_as_they_stand_in_an_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "SECRET_KEY", "PORT"):
        monkeypatch.setenv(f"GUERDON_{name}", "")  # as a compose file leaves it
    monkeypatch.setenv("GUERDON_TRUSTED_PROXIES", "10.0.0.1, 10.1.0.0/16")
    monkeypatch.setenv("GUERDON_APP_REDIRECT_URIS", '["org.example.app:/signed-in"]')
    settings = load_settings()
    assert (settings.database_url, settings.secret_key, settings.port) == (None, None, 8000)
    assert settings.trusted_proxies == ("10.0.0.1", "10.1.0.0/16")
    assert settings.app_redirect_uris == ("org.example.app:/signed-in",)
    assert load_settings(database_url="").database_url is None


def test_settings_are_listed_and_secrets_hidden(short_dir: Path) -> None:
    secret = "s" * 40
    environment = guerdon_environment(short_dir, secret_key=secret, port=4321) | {"COLUMNS": "300"}
    listed = guerdon_here("settings", environment=environment)
    assert listed.returncode == 0, listed.stderr
    assert "GUERDON_PORT" in listed.stdout
    assert "4321" in listed.stdout
    assert "8000" in listed.stdout
    assert "GUERDON_SECRET_KEY" in listed.stdout
    assert secret not in listed.stdout


def test_a_database_that_gives_up_is_told_in_two_lines(running: Run) -> None:
    environment, dsn = running
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ALTER DATABASE guerdon SET lock_timeout = '200ms'")
    with psycopg.connect(dsn) as holder:
        holder.execute("LOCK TABLE ledger.transfers IN ACCESS EXCLUSIVE MODE")
        told = guerdon("ledger", "verify", environment=environment)
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert "The database gave up: canceling statement due to lock timeout" in told.stderr
    assert "run the command again" in told.stderr
    assert guerdon("ledger", "verify", environment=environment).returncode == 0
