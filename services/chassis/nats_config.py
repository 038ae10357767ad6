"""The configuration of the embedded nats-server: loopback, always synced, least privilege.

Passwords are random and stay in `<home>/nats-users.json`; `<home>/nats.json` holds the one of the
development emitter, who can do nothing but ask the doors.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from services.chassis.files import write_private
from services.chassis.settings import USERS_FILE, Settings

EMITTER = "emitter"
EMITTER_FILE = "nats.json"
CONFIG_FILE = "nats/server.conf"
PAYLOAD_BYTES_MAX = 8 * 2**20


@dataclass(frozen=True)
class Grant:
    """What one user may publish and hear; `replies` lets it answer requests that it got."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...] = ()
    replies: bool = False


def _door(name: str) -> Grant:
    """A door announces its own marks, reads the last one, and hears what scoring demands of it."""
    return Grant(
        (f"danchu.marks.{name}.*", "$JS.API.INFO", "$JS.API.STREAM.INFO.*",
         "$JS.API.STREAM.MSG.GET.MARKS"),
        (f"danchu.doors.{name}.*",),
    )  # fmt: skip


def _record(name: str, *domains: str) -> Grant:
    """A system of record publishes the events of its own domains, and retracts its own."""
    events = tuple(f"danchu.events.*.{domain}.*" for domain in (*domains, "event"))
    door = _door(name)
    return Grant((*events, *door.publish), door.subscribe)


USERS: dict[str, Grant] = {
    "provision": Grant(("$JS.API.>",)),
    "intake": Grant(
        ("danchu.events.>", "$JS.API.STREAM.MSG.GET.EVENTS", *_door("intake").publish),
        ("danchu.emit.*", "danchu.emit.* intake", *_door("intake").subscribe),
        replies=True,
    ),
    "training": _record("training", "roster", "course", "training"),
    "awards": _record("awards", "model", "award"),
    "violations": _record("violations", "violation"),
    "scoring": Grant(
        (
            "danchu.quarantine.>", "danchu.ratings.>", "danchu.events.CITY.year.*",
            "danchu.doors.*.*", *_door("scoring").publish,
            "$JS.API.STREAM.MSG.GET.*", "$JS.API.DIRECT.GET.>",
            "$JS.API.CONSUMER.INFO.EVENTS.scoring", "$JS.API.CONSUMER.CREATE.EVENTS.scoring",
            "$JS.API.CONSUMER.MSG.NEXT.EVENTS.scoring", "$JS.API.CONSUMER.RESET.EVENTS.scoring",
            "$JS.ACK.EVENTS.scoring.>",
        ),
        _door("scoring").subscribe,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Embedded:
    """An embedded server to start: `nats-server -c <config>`."""

    config: Path
    url: str
    monitor: str


def generate(home: Path, port: int, monitor_port: int) -> Embedded:
    """Writes configuration and passwords (kept from an earlier start) below `home`."""
    folder = (home / CONFIG_FILE).parent
    folder.mkdir(parents=True, exist_ok=True)
    url, monitor = f"nats://127.0.0.1:{port}", f"http://127.0.0.1:{monitor_port}"
    passwords = _passwords(home)
    kept = {"url": url, "monitor": monitor, "users": passwords}
    write_private(home / USERS_FILE, json.dumps(kept, indent=1))
    emitter = {"url": url, "user": EMITTER, "password": passwords[EMITTER]}
    write_private(home / EMITTER_FILE, json.dumps(emitter, indent=1))
    store = folder.absolute() / "jetstream"
    write_private(home / CONFIG_FILE, config_text(store, port, monitor_port, passwords))
    return Embedded(home / CONFIG_FILE, url, monitor)


def _passwords(home: Path) -> dict[str, str]:
    kept: dict[str, str] = Settings(home=home).nats_kept().get("users", {})
    return {user: kept.get(user) or secrets.token_urlsafe(24) for user in (*USERS, EMITTER)}


def config_text(store: Path, port: int, monitor_port: int, passwords: dict[str, str]) -> str:
    """The text of the server's configuration file."""
    users = "\n".join(_user(name, grant, passwords[name]) for name, grant in USERS.items())
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
    return f"""      {{ user: {name}, password: {json.dumps(password)}, permissions: {{
        publish: {{ allow: {json.dumps(grant.publish)} }}
        subscribe: {{ allow: {heard} }}{replies}
      }} }}"""
