"""Settings of a process, read from the environment (prefix DANCHU_) when it is composed.

Nothing is read at import; a test passes its own settings. Every setting but a folder can be read
from a file named by `DANCHU_<SETTING>_FILE`, for secrets.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from services.chassis.database.limits import LIMITED, Limits
from services.chassis.database.url import file_of, nats_url, normal_url
from services.chassis.errors import SettingWrong
from services.chassis.messages import message
from services.chassis.setting_files import FOLDER, EnvironmentSource, SettingFileSource, environment
from services.chassis.tls_files import NO_FILES, TlsFiles

PREFIX = "DANCHU_"
USERS_FILE = "nats-users.json"
SERVICE_SETTINGS = ("{}_DATABASE_URL", "NATS_{}_USER", "NATS_{}_PASSWORD")
"""The settings that contain the name of a service."""


@dataclass(frozen=True)
class NatsAccess:
    """How one service connects to NATS; its inbox prefix is its own, so nobody else may read it."""

    url: str
    user: str | None
    password: str | None
    inbox_prefix: str
    replicas: int = 1
    tls: TlsFiles = NO_FILES
    open_accepted: bool = False

    @property
    def servers(self) -> list[str]:
        """The servers of the URL."""
        return servers_of(self.url)


def servers_of(url: str) -> list[str]:
    """The servers of a NATS URL, which may be several separated by commas."""
    return [server.strip() for server in url.split(",")]


SECONDS_MAX = 24 * 3600
PUBLIC_URL = r"^https?://[!-~]+$"
SCOPE = r"^([!-~]+ )*openid( [!-~]+)*$"
"""Names between single blanks, `openid` among them."""


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value in ("1", "3") else value


class Settings(BaseSettings):
    """The settings of every service; a service adds its own fields in its `settings.py`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True
    )

    home: Annotated[Path, FOLDER] = Path(".danchu")
    database_url: str | None = None
    database_statement_seconds: int = Field(default=LIMITED.statement, ge=0, le=SECONDS_MAX)
    database_lock_seconds: int = Field(default=LIMITED.lock, ge=0, le=SECONDS_MAX)
    database_idle_seconds: int = Field(default=LIMITED.idle, ge=0, le=SECONDS_MAX)
    database_peer_seconds: int = Field(default=LIMITED.peer, ge=0, le=SECONDS_MAX)
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    http_requests_max: int = Field(default=512, ge=1)
    http_address_requests_max: int | None = Field(default=None, ge=1)
    http_credential_requests_max: int | None = Field(default=None, ge=1)
    http_connections_max: int = Field(default=4096, ge=1)
    http_address_connections_max: int | None = Field(default=None, ge=1)
    http_credential_rate: int | None = Field(default=None, ge=1)
    http_credential_burst: int | None = Field(default=None, ge=1)
    http_replicas: int = Field(default=1, ge=1, le=1000)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    trusted_proxies: str | None = Field(default=None, min_length=1)
    proxy_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    health_port: int | None = Field(default=None, ge=1, le=65535)
    start_waits: bool = False
    drain_seconds: int = Field(default=0, ge=0, le=300)
    heartbeat_seconds: int = Field(default=60, ge=2, le=3600)
    nats_url: str | None = None
    nats_port: int = Field(default=4222, ge=1, le=65535)
    nats_monitor: str | None = None
    nats_sync_always_vouched: bool = False
    nats_open_accepted: bool = False
    nats_replicas: Annotated[Literal[1, 3], BeforeValidator(_number)] = 1
    nats_ca: Path | None = None
    nats_certificate: Path | None = None
    nats_key: Path | None = None
    otlp_endpoint: str | None = None
    metrics_port: int | None = Field(default=None, ge=1, le=65534)
    metrics_host: str | None = Field(default=None, min_length=1)
    token_public_key: Path | None = None
    token_issuer: str | None = Field(default=None, min_length=1)
    oidc_issuer: str | None = Field(default=None, min_length=1)
    oidc_audience: str | None = Field(default=None, min_length=1)
    oidc_role_claim: str = Field(default="roles", min_length=1)
    oidc_units_claim: str = Field(default="units", min_length=1)
    oidc_roles: dict[str, str] = Field(default_factory=dict)
    oidc_client_id: str | None = Field(default=None, min_length=1, max_length=500)
    oidc_client_secret: Path | None = None
    oidc_scope: str = Field(default="openid profile", pattern=SCOPE)
    records_keys: Path | None = None
    public_url: str | None = Field(default=None, pattern=PUBLIC_URL, max_length=500)
    session_keys: Path | None = None
    accounts: Path | None = None
    session_idle_minutes: int = Field(default=30, ge=1, le=24 * 60)
    session_hours: int = Field(default=8, ge=1, le=7 * 24)
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        BeforeValidator(lambda level: level.upper() if isinstance(level, str) else level),
    ] = "INFO"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The arguments, the environment, and the files that the environment names."""
        return init_settings, EnvironmentSource(settings_cls), SettingFileSource(settings_cls)

    def database(self, service: str) -> str:
        """The database URL of `service`: its own, else the common one, else a file in the home."""
        setting = f"{PREFIX}{service.upper()}_DATABASE_URL"
        own = environment(setting)
        if not own:
            setting = f"{PREFIX}DATABASE_URL"
            own = self.database_url or f"sqlite:///{self.home / service}.db"
        return normal_url(own, setting)

    @property
    def exports_telemetry(self) -> bool:
        """Whether this process exports metrics: it sends them, or has them read."""
        return bool(self.otlp_endpoint or self.metrics_port)

    @property
    def database_limits(self) -> Limits:
        """How long PostgreSQL may take for a request, an event or a batch of the fold."""
        return Limits(
            self.database_statement_seconds, self.database_lock_seconds,
            self.database_idle_seconds, self.database_peer_seconds,
        )  # fmt: skip

    def database_file(self, service: str) -> Path | None:
        """The file of the service's database; None where it is on a server."""
        return file_of(self.database(service))

    def nats(self, service: str) -> NatsAccess:
        """URL, user and password of `service`: from the environment, else from the home."""
        if self.nats_url:
            nats_url(self.nats_url, f"{PREFIX}NATS_URL")
        embedded = {} if self.nats_url else self.embedded_nats()
        user = environment(f"{PREFIX}NATS_{service.upper()}_USER") or service
        password = environment(f"{PREFIX}NATS_{service.upper()}_PASSWORD")
        if password is None:
            password = embedded.get("users", {}).get(user)
        return NatsAccess(
            url=self.nats_url or embedded.get("url") or f"nats://127.0.0.1:{self.nats_port}",
            user=user if password is not None else None,
            password=password,
            inbox_prefix=f"_INBOX.{user}",
            replicas=self.nats_replicas,
            tls=TlsFiles(self.nats_ca, self.nats_certificate, self.nats_key),
            open_accepted=self.nats_open_accepted,
        )

    def monitor(self) -> str | None:
        """The HTTP monitoring addresses of NATS, separated by commas, where durability is read."""
        if self.nats_monitor or self.nats_url:
            return self.nats_monitor
        monitor = self.embedded_nats().get("monitor")
        return str(monitor) if monitor else None

    def embedded_nats(self) -> dict[str, Any]:
        """Addresses and passwords of the embedded NATS, from the home; empty without one."""
        path = self.home / USERS_FILE
        if not path.exists():
            return {}
        embedded = read_object(path)
        users = embedded.get("users", {})
        if not isinstance(users, dict) or not isinstance(embedded.get("monitor", ""), str):
            raise SettingWrong(str(path), message("users-shape"))
        return embedded


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object of a file in the home; SettingWrong for any other content."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise SettingWrong(str(path), message("file-no-json")) from None
    if not isinstance(content, dict):
        raise SettingWrong(str(path), message("file-no-object"))
    return content


def environment_settings() -> Mapping[str, str]:
    """Every non-empty variable of the environment that begins with the prefix of settings."""
    return {name: value for name, value in os.environ.items() if name.startswith(PREFIX) and value}
