"""The configuration of the embedded nats-server: loopback, always synced, least privilege."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from services.chassis.private_files import write_private
from services.chassis.settings import Settings
from services.commands.homes import bracketed, reachable
from services.commands.nats.configuration import accounts_text
from services.commands.nats.credentials import load_passwords, save_credentials
from services.commands.nats.grants import GRANTS
from services.commands.nats.server_settings import LOOPBACK, NatsServerSettings
from services.commands.nats.server_text import ServerText
from services.intake.settings import IntakeSettings
from services.intake.unit_credentials import UnitCredential, load

CONFIG_FILE = "nats/server.conf"
STORE_KEY = "DANCHU_JETSTREAM_KEY"
"""The variable of the server that contains the key of its store."""


@dataclass(frozen=True)
class Embedded:
    """An embedded server to start: `nats-server -c <config>`."""

    config: Path
    url: str
    monitor: str


def generate(home: Path, port: int, monitor_port: int) -> Embedded:
    """Writes the configuration and the credentials below `home`; earlier passwords stay.

    SettingWrong for certificates that cannot be used.
    """
    settings = NatsServerSettings(home=home)
    settings.check()
    folder = (home / CONFIG_FILE).parent
    folder.mkdir(parents=True, exist_ok=True)
    scheme = "tls" if settings.is_encrypted else "nats"
    server = Embedded(
        home / CONFIG_FILE,
        f"{scheme}://{reachable(settings.nats_host)}:{port}",
        f"http://{LOOPBACK}:{monitor_port}",
    )
    passwords = load_passwords(home, GRANTS)
    save_credentials(home, server.url, server.monitor, passwords)
    units = load(IntakeSettings(home=home).credential_file).values()
    write_private(server.config, config_text(settings, port, monitor_port, passwords, units))
    return server


def regenerate(home: Path) -> None:
    """Writes the configuration again for the addresses of the last start."""
    earlier = Settings(home=home).embedded_nats()
    ports = [urlsplit(earlier[name]).port for name in ("url", "monitor")]
    generate(home, *(port or 0 for port in ports))


def config_text(
    settings: NatsServerSettings, port: int, monitor_port: int, passwords: Mapping[str, str],
    units: Iterable[UnitCredential] = (),
) -> str:  # fmt: skip
    """The text of the server's configuration file."""
    return ServerText(
        name="danchu",
        listen=f"{bracketed(settings.nats_host)}:{port}",
        monitor=f"{LOOPBACK}:{monitor_port}",
        store=str((settings.home / CONFIG_FILE).parent.absolute() / "jetstream"),
        accounts=accounts_text(passwords, units),
        tls=_tls(settings),
        jetstream=_cipher_text(settings),
    ).text()


def server_environment(home: Path) -> dict[str, str]:
    """The key of the store for the server's environment: it stands in no file beside the store.

    In quotes, since the server reads the value as a part of its configuration.
    """
    key = NatsServerSettings(home=home).nats_store_key
    return {} if key is None else {STORE_KEY: json.dumps(key)}


def _tls(settings: NatsServerSettings) -> dict[str, str | bool]:
    files = {
        "cert_file": settings.nats_server_certificate, "key_file": settings.nats_server_key,
        "ca_file": settings.nats_server_client_ca,
    }  # fmt: skip
    block: dict[str, str | bool] = {
        name: str(file.absolute()) for name, file in files.items() if file
    }
    return block | {"verify": True} if settings.nats_server_client_ca else block


def _cipher_text(settings: NatsServerSettings) -> str:
    return "" if settings.nats_store_key is None else f"  cipher: chacha\n  key: ${STORE_KEY}\n"
