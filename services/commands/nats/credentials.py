"""The passwords of the embedded NATS server, which are random and stay in files of the home.

`nats-users.json` has those of the services. Each development user has a file of its own:
`nats.json` the emitter, `nats-reader.json` who asks for ratings, `nats-feed.json` an HR system.
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from services.chassis.private_files import write_private
from services.chassis.settings import USERS_FILE, Settings

FILES = {"emitter": "nats.json", "reader": "nats-reader.json", "hr": "nats-feed.json"}
"""The file of each development user."""
PASSWORD_BYTES = 24


def addresses(servers: Sequence[str]) -> dict[str, str | Sequence[str]]:
    """How a file names the servers: a client library takes one URL, or a list of them."""
    return {"url": servers[0], "servers": servers}


def load_passwords(home: Path, users: Iterable[str]) -> dict[str, str]:
    """The passwords of an earlier start, and a new one for each user that has none."""
    earlier: dict[str, str] = Settings(home=home).embedded_nats().get("users", {})
    return {user: earlier.get(user) or secrets.token_urlsafe(PASSWORD_BYTES) for user in users}


def save_credentials(home: Path, url: str, monitor: str, passwords: Mapping[str, str]) -> None:
    """Writes addresses and passwords: of the services, and of each development user."""
    services = {"url": url, "monitor": monitor, "users": passwords}
    write_private(home / USERS_FILE, json.dumps(services, indent=1))
    for user, file in FILES.items():
        access = {**addresses([url]), "user": user, "password": passwords[user]}
        write_private(home / file, json.dumps(access, indent=1))
