"""Settings of a process, read from the environment (prefix DANCHU_) when it is composed.

Nothing here is read at import; a test builds the settings that it wants.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.errors import SettingWrong

USERS_FILE = "nats-users.json"
POSTGRES_SCHEMES = ("postgresql+asyncpg://", "postgresql://", "postgres://")


@dataclass(frozen=True)
class NatsAccess:
    """How one service reaches NATS; the inbox is its own, so that nobody else reads it."""

    url: str
    user: str | None
    password: str | None
    inbox_prefix: str


class Settings(BaseSettings):
    """What every service knows; a service adds its own fields in its `settings.py`."""

    model_config = SettingsConfigDict(env_prefix="DANCHU_", extra="ignore", frozen=True)

    home: Path = Path(".danchu")
    database_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    http_requests_max: int = Field(default=512, ge=1)
    http_address_requests_max: int | None = Field(default=None, ge=1)
    http_credential_requests_max: int | None = Field(default=None, ge=1)
    http_connections_max: int = Field(default=4096, ge=1)
    http_address_connections_max: int | None = Field(default=None, ge=1)
    health_port: int | None = Field(default=None, ge=1, le=65535)
    nats_url: str | None = None
    nats_port: int = Field(default=4222, ge=1, le=65535)
    nats_monitor: str | None = None
    nats_sync_always_vouched: bool = False
    otlp_endpoint: str | None = None
    token_public_key: Path | None = None
    token_issuer: str | None = Field(default=None, min_length=1)
    records_keys: Path | None = None
    log_level: str = "INFO"

    def database(self, service: str) -> str:
        """The database URL of `service`: its own, else the common one, else a file in the home."""
        own = os.environ.get(f"DANCHU_{service.upper()}_DATABASE_URL")
        return normal_url(own or self.database_url or f"sqlite:///{self.home / service}.db")

    def nats(self, service: str) -> NatsAccess:
        """URL, user and password of `service`: from the environment, else from the home."""
        kept = {} if self.nats_url else self.nats_kept()
        user = os.environ.get(f"DANCHU_NATS_{service.upper()}_USER", service)
        password = os.environ.get(f"DANCHU_NATS_{service.upper()}_PASSWORD")
        if password is None:
            password = kept.get("users", {}).get(user)
        return NatsAccess(
            url=self.nats_url or kept.get("url") or f"nats://127.0.0.1:{self.nats_port}",
            user=user if password is not None else None,
            password=password,
            inbox_prefix=f"_INBOX.{user}",
        )

    def monitor(self) -> str | None:
        """The HTTP monitoring address of NATS, where its durability is read back."""
        if self.nats_monitor or self.nats_url:
            return self.nats_monitor
        kept = self.nats_kept().get("monitor")
        return str(kept) if kept else None

    def nats_kept(self) -> dict[str, Any]:
        """What the embedded server's generator wrote down in the home; empty without it."""
        path = self.home / USERS_FILE
        if not path.exists():
            return {}
        kept = read_object(path)
        users = kept.get("users", {})
        if not isinstance(users, dict) or not isinstance(kept.get("monitor", ""), str):
            raise SettingWrong(str(path), "it does not say `users` and `monitor` as it should")
        return kept


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object of a file in the home; SettingWrong says what is wrong with the file."""
    try:
        kept = json.loads(path.read_bytes())
    except ValueError as wrong:
        raise SettingWrong(str(path), f"the file is no JSON ({wrong})") from None
    if not isinstance(kept, dict):
        raise SettingWrong(str(path), "the file holds no JSON object")
    return kept


def normal_url(url: str) -> str:
    """The URL with the asynchronous driver in its scheme; SettingWrong for other databases."""
    for scheme in POSTGRES_SCHEMES:
        if url.startswith(scheme):
            return "postgresql+asyncpg://" + url.removeprefix(scheme)
    for scheme in ("sqlite+aiosqlite://", "sqlite://"):
        if url.startswith(scheme):
            return "sqlite+aiosqlite://" + url.removeprefix(scheme)
    raise SettingWrong("DANCHU_DATABASE_URL", "it must begin with postgresql:// or sqlite://")
