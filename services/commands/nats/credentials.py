"""The passwords of the embedded NATS server, which are random and stay in files of the home.

`nats-users.json` has those of the services; `nats.json` has the one of the development emitter.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from services.chassis.private_files import write_private
from services.chassis.settings import USERS_FILE, Settings

EMITTER = "emitter"
EMITTER_FILE = "nats.json"
PASSWORD_BYTES = 24


def load_passwords(home: Path, users: Iterable[str]) -> dict[str, str]:
    """The passwords of an earlier start, and a new one for each user that has none."""
    earlier: dict[str, str] = Settings(home=home).embedded_nats().get("users", {})
    return {user: earlier.get(user) or secrets.token_urlsafe(PASSWORD_BYTES) for user in users}


def save_credentials(home: Path, url: str, monitor: str, passwords: Mapping[str, str]) -> None:
    """Writes the addresses and passwords for the services, and those for the emitter."""
    services = {"url": url, "monitor": monitor, "users": passwords}
    write_private(home / USERS_FILE, json.dumps(services, indent=1))
    emitter = {"url": url, "user": EMITTER, "password": passwords[EMITTER]}
    write_private(home / EMITTER_FILE, json.dumps(emitter, indent=1))
