"""The configuration of the embedded nats-server: loopback, always synced, least privilege.

Passwords are random and stay in `<home>/nats-users.json`; `<home>/nats.json` holds the one of the
development emitter, who can do nothing but ask the doors.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.chassis.private_files import write_private
from services.chassis.settings import USERS_FILE, Settings

EMITTER = "emitter"
EMITTER_FILE = "nats.json"
CONFIG_FILE = "nats/server.conf"
PAYLOAD_BYTES_MAX = 8 * 2**20


@dataclass(frozen=True)
class Grant:
    """What one user may publish, but what it is denied, and hear.

    `replies` lets it answer requests that it got.
    """

    publish: tuple[str, ...]
    subscribe: tuple[str, ...] = ()
    replies: bool = False
    deny: tuple[str, ...] = ()


@dataclass(frozen=True)
class Embedded:
    """An embedded server to start: `nats-server -c <config>`."""

    config: Path
    url: str
    monitor: str


def generate(home: Path, port: int, monitor_port: int, grants: Mapping[str, Grant]) -> Embedded:
    """Writes configuration and passwords (kept from an earlier start) below `home`.

    `grants` say what each service's user may do.
    """
    folder = (home / CONFIG_FILE).parent
    folder.mkdir(parents=True, exist_ok=True)
    url, monitor = f"nats://127.0.0.1:{port}", f"http://127.0.0.1:{monitor_port}"
    passwords = _passwords(home, grants)
    kept = {"url": url, "monitor": monitor, "users": passwords}
    write_private(home / USERS_FILE, json.dumps(kept, indent=1))
    emitter = {"url": url, "user": EMITTER, "password": passwords[EMITTER]}
    write_private(home / EMITTER_FILE, json.dumps(emitter, indent=1))
    store = folder.absolute() / "jetstream"
    write_private(home / CONFIG_FILE, config_text(store, port, monitor_port, grants, passwords))
    return Embedded(home / CONFIG_FILE, url, monitor)


def _passwords(home: Path, grants: Mapping[str, Grant]) -> dict[str, str]:
    kept: dict[str, str] = Settings(home=home).nats_kept().get("users", {})
    return {user: kept.get(user) or secrets.token_urlsafe(24) for user in (*grants, EMITTER)}


def config_text(
    store: Path, port: int, monitor_port: int, grants: Mapping[str, Grant],
    passwords: Mapping[str, str],
) -> str:  # fmt: skip
    """The text of the server's configuration file."""
    users = "\n".join(_user(name, grant, passwords[name]) for name, grant in grants.items())
    return f"""server_name: danchu
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor_port}"
max_payload: {PAYLOAD_BYTES_MAX}
jetstream {{
  store_dir: {json.dumps(str(store))}
  sync_interval: always
}}
accounts {{
  DANCHU {{
    jetstream: enabled
    users: [
{users}
    ]
    exports: [ {{ service: "danchu.emit.*", accounts: [DEPARTMENTS] }} ]
  }}
  DEPARTMENTS {{
    users: [
      {{ user: {EMITTER}, password: {json.dumps(passwords[EMITTER])}, permissions: {{
        publish: {{ allow: ["danchu.emit.*"] }}
        subscribe: {{ allow: ["_INBOX.>"] }}
      }} }}
    ]
    imports: [ {{ service: {{ account: DANCHU, subject: "danchu.emit.*" }} }} ]
  }}
}}
"""


def _user(name: str, grant: Grant, password: str) -> str:
    heard = json.dumps([*grant.subscribe, f"_INBOX.{name}.>"])
    replies = '\n        allow_responses: { max: 1, expires: "1m" }' if grant.replies else ""
    denied = f", deny: {json.dumps(grant.deny)}" if grant.deny else ""
    return f"""      {{ user: {name}, password: {json.dumps(password)}, permissions: {{
        publish: {{ allow: {json.dumps(grant.publish)}{denied} }}
        subscribe: {{ allow: {heard} }}{replies}
      }} }}"""
