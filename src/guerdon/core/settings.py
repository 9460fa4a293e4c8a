"""Settings: from the environment (``GUERDON_…``) and, below it, from a TOML file; checked once, at start.

The file is the one that ``GUERDON_CONFIG_FILE`` names; its keys are the settings' names without the prefix. A name that
is no setting is refused in both: a typing error would leave a default in force without a word.
"""

import ipaddress
import json
import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from guerdon.core.errors import GuerdonError

ENV_PREFIX = "GUERDON_"
WEB_PROCESSES_DEFAULT_MAX = 4

OTHER_VARIABLES = frozenset({"GUERDON_CONFIG_FILE", "GUERDON_NEW_PASSWORD", "GUERDON_DRAW_IMAGES"})
"""Variables with the prefix that are no settings: where the file is, and what a command or ``make images`` reads."""

Listed = Annotated[tuple[str, ...], NoDecode]
"""Several values: in the environment with commas between, or as a JSON list."""


class SettingsError(GuerdonError):
    """A setting is missing or has a value that cannot be used."""

    code = "invalid-settings"
    message = "{problems}"
    remedy = "Correct the setting in the environment or in the file that GUERDON_CONFIG_FILE names."


def default_data_dir() -> Path:
    """Where the embedded database and uploads live unless a setting says otherwise.

    As root it is a system directory, because the database then runs as a user of its own that cannot enter
    root's home.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/guerdon")
    return Path(platformdirs.user_data_dir("guerdon"))


def default_web_processes() -> int:
    """As many as there are processors, as far as the connections of the embedded database last."""
    return min(os.cpu_count() or 1, WEB_PROCESSES_DEFAULT_MAX)


class Settings(BaseSettings):
    """Everything that an operator can set. Each field is read from ``GUERDON_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address that the web server listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that the web server listens on.")
    web_processes: int = Field(
        default_factory=default_web_processes,
        ge=1,
        le=64,
        description="Processes of the web server that guerdon up starts; default: one for each processor, at most 4.",
    )
    public_url: str = Field(
        "",
        description="The address that people use, such as https://rewards.example.org; default http://HOST:PORT.",
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Directory of the embedded database, uploads and secrets.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="DSN of the owner role of a PostgreSQL 18 of your own; empty means the embedded one.",
    )
    database_app_url: SecretStr | None = Field(
        None,
        description="DSN of the application's role on that server; default: database_url with SET ROLE guerdon_app.",
    )
    database_pool_size: int = Field(5, ge=1, le=200, description="Connections that a process keeps open.")
    database_pool_overflow: int = Field(
        10, ge=0, le=200, description="Connections that it opens beyond that while others are busy for long."
    )
    database_pool_timeout_s: float = Field(30, gt=0, description="How long a request waits for a connection.")
    database_pool_recycle_s: int = Field(1800, gt=0, description="Age at which a connection is replaced.")
    backup_dir: Path | None = Field(
        None,
        description="Where backups are put, one each night; default: 'backups' in data_dir, or nowhere with a"
        " database of your own.",
    )
    backup_keep_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="How long nightly backups are kept, but for the newest; 0: none is made by itself.",
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Signs sessions and tokens; default: made once and kept in the data directory.",
    )
    encryption_keys: SecretStr | None = Field(
        None,
        description="Keys that encrypt identity papers, as id:base64 of 32 bytes, commas between, the one in use first;"
        " default: made once and kept in the data directory.",
    )
    time_zone: str = Field("UTC", description="The community's time zone (IANA name).")
    default_locale: str = Field(
        "en",
        pattern="^(en|fr)(-[A-Z]{2})?$",
        description="Language for who has not chosen one, with a region if wanted: fr-SN.",
    )
    community_name: str = Field("Guerdon", min_length=1, max_length=80, description="Name shown on every page.")
    access_token_ttl_s: int = Field(900, ge=60, le=86400, description="Life of an API access token.")
    session_ttl_s: int = Field(14 * 86400, ge=300, description="Life of a signed-in browser session.")
    staff_session_ttl_s: int = Field(12 * 3600, ge=300, description="Life of a browser session of partners and staff.")
    staff_idle_timeout_s: int = Field(3600, ge=60, description="How long such a session may lie idle before it ends.")
    refresh_token_ttl_s: int = Field(30 * 86400, ge=3600, description="Life of a refresh token of an API client.")
    phone_region: str = Field(
        "SN", pattern="^[A-Z]{2}$", description="Country (ISO 3166) whose telephone numbers need no country code."
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="Mail server: smtp://user:password@host:587 (STARTTLS where offered) or smtps://…; without one,"
        " mails wait in the outbox, where administrators can read them.",
    )
    mail_from: str = Field("", description="Sender of mails; default: no-reply at the host of public_url.")
    sms_url: str | None = Field(
        None, pattern="^https?://", description="SMS gateway: gets a POST with JSON for each message, see the guide."
    )
    sms_token: SecretStr | None = Field(None, description="Sent to the SMS gateway as a bearer token.")
    google_client_id: str = Field("", description="Sign-in with Google: the OAuth client's id; empty: not offered.")
    google_client_secret: SecretStr | None = Field(None, description="The OAuth client's secret.")
    google_issuer: str = Field("https://accounts.google.com", description="Where Google's OpenID discovery is found.")
    apple_client_id: str = Field("", description="Sign-in with Apple: the services id; empty: not offered.")
    apple_team_id: str = Field("", description="The team's id at Apple.")
    apple_key_id: str = Field("", description="The id of the key that signs the client secret.")
    apple_private_key: SecretStr | None = Field(None, description="That key, as PEM (the content of the .p8 file).")
    apple_issuer: str = Field("https://appleid.apple.com", description="Where Apple's OpenID discovery is found.")
    facebook_client_id: str = Field("", description="Sign-in with Facebook: the app's id; empty: not offered.")
    facebook_client_secret: SecretStr | None = Field(None, description="The app's secret.")
    facebook_dialog_url: str = Field(
        "https://www.facebook.com/v23.0/dialog/oauth", description="Facebook's sign-in dialog."
    )
    facebook_graph_url: str = Field("https://graph.facebook.com/v23.0", description="Facebook's Graph API.")
    trusted_proxies: Listed = Field(
        (), description="Addresses of reverse proxies whose X-Forwarded-For is believed, commas between."
    )
    app_redirect_uris: Listed = Field(
        (),
        description="Addresses, commas between, of programs to which sign-in providers may send their answer, such as"
        " org.example.app:/linked; each has to be entered at the provider too.",
    )
    metrics_public: bool = Field(False, description="Answer /metrics to other machines too, not only to this one.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least severe line logged.")
    log_format: str = Field("console", pattern="^(console|json)$", description="Lines for people or for machines.")

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception as exc:
            raise ValueError(f"'{value}' is not an IANA time zone, such as Africa/Dakar") from exc
        return value

    @field_validator("database_url", "database_app_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        if urlsplit(value.get_secret_value()).scheme not in {"postgresql", "postgres"}:
            raise ValueError("a database URL begins with postgresql://")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("an address such as https://rewards.example.org")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and value.get_secret_value():
            parts = urlsplit(value.get_secret_value())
            if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
                raise ValueError("an SMTP URL begins with smtp:// or smtps:// and names a host")
        return value

    @field_validator("trusted_proxies", "app_redirect_uris", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return json.loads(value)
        return [each.strip() for each in value.split(",") if each.strip()]

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ipaddress.ip_network(each, strict=False)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file."""
        file = os.environ.get(f"{ENV_PREFIX}CONFIG_FILE")
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, Path(file))) if file else sources

    @property
    def base_url(self) -> str:
        """The address that links and QR codes start with, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def load_settings(**overrides: Any) -> Settings:
    """Read and check the settings.

    Args:
        overrides: values that win over environment and file, by field name.

    Raises:
        SettingsError: names each setting at fault, what is wrong, and never its secret value.
    """
    file = os.environ.get(f"{ENV_PREFIX}CONFIG_FILE")
    if file and not Path(file).is_file():
        raise SettingsError(problems=f"GUERDON_CONFIG_FILE: there is no file {file}")
    problems = [f"{name}: {_unknown(name)}" for name in _unknown_variables()]
    try:
        settings = Settings(**overrides)
    except ValidationError as exc:
        raise SettingsError(problems="; ".join([*problems, *_problems_of(exc)])) from exc
    except ValueError as exc:
        raise SettingsError(problems="; ".join([*problems, f"{file or 'the environment'}: {exc}"])) from exc
    if problems:
        raise SettingsError(problems="; ".join(problems))
    return settings


def _unknown_variables() -> list[str]:
    """Variables of the environment that have the prefix and that nothing reads; as for settings, case is no matter."""
    known = OTHER_VARIABLES.union(_variables())
    return sorted(name for name in os.environ if name.upper().startswith(ENV_PREFIX) and name.upper() not in known)


def _variables() -> Iterator[str]:
    return (f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields)


def _unknown(name: str) -> str:
    """What is wrong with a name that is no setting, and the setting that was probably meant."""
    # Compared without the prefix: it is the same in all, and would make any two names look alike.
    bare = {variable.removeprefix(ENV_PREFIX): variable for variable in (*_variables(), "GUERDON_CONFIG_FILE")}
    nearest = get_close_matches(name.upper().removeprefix(ENV_PREFIX), bare, n=1)
    return f"there is no such setting; is {bare[nearest[0]]} meant?" if nearest else "there is no such setting"


def _problems_of(exc: ValidationError) -> Iterator[str]:
    for error in exc.errors(include_input=False):
        name = f"{ENV_PREFIX}{'_'.join(str(part) for part in error['loc']).upper()}"
        yield f"{name}: {_unknown(name) if error['type'] == 'extra_forbidden' else error['msg']}"
