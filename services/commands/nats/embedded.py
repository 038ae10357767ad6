"""The configuration of the embedded nats-server: loopback, always synced, least privilege."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from services.chassis.private_files import write_private
from services.chassis.settings import Settings
from services.commands.nats.configuration import accounts_text
from services.commands.nats.credentials import load_passwords, save_credentials
from services.commands.nats.grants import GRANTS
from services.intake.settings import IntakeSettings
from services.intake.unit_credentials import UnitCredential, load

CONFIG_FILE = "nats/server.conf"
PAYLOAD_BYTES_MAX = 8 * 2**20


@dataclass(frozen=True)
class Embedded:
    """An embedded server to start: `nats-server -c <config>`."""

    config: Path
    url: str
    monitor: str


def generate(home: Path, port: int, monitor_port: int) -> Embedded:
    """Writes the configuration and the credentials below `home`; earlier passwords stay."""
    folder = (home / CONFIG_FILE).parent
    folder.mkdir(parents=True, exist_ok=True)
    server = Embedded(
        home / CONFIG_FILE, f"nats://127.0.0.1:{port}", f"http://127.0.0.1:{monitor_port}"
    )
    passwords = load_passwords(home, GRANTS)
    save_credentials(home, server.url, server.monitor, passwords)
    store = folder.absolute() / "jetstream"
    units = load(IntakeSettings(home=home).credential_file).values()
    write_private(server.config, config_text(store, port, monitor_port, passwords, units))
    return server


def regenerate(home: Path) -> None:
    """Writes the configuration again for the addresses of the last start."""
    earlier = Settings(home=home).embedded_nats()
    ports = [urlsplit(earlier[name]).port for name in ("url", "monitor")]
    generate(home, *(port or 0 for port in ports))


def config_text(
    store: Path, port: int, monitor_port: int, passwords: Mapping[str, str],
    units: Iterable[UnitCredential] = (),
) -> str:  # fmt: skip
    """The text of the server's configuration file."""
    return f"""server_name: danchu
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor_port}"
max_payload: {PAYLOAD_BYTES_MAX}
jetstream {{
  store_dir: {json.dumps(str(store))}
  sync_interval: always
}}
{accounts_text(passwords, units)}"""
