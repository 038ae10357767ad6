"""The configuration of the embedded nats-server: loopback, always synced, least privilege."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.chassis.private_files import write_private
from services.commands.nats.credentials import load_passwords, save_credentials
from services.commands.nats.grants import GRANTS, IMPORTS, SERVICES_ACCOUNT, Grant

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
    write_private(server.config, config_text(store, port, monitor_port, passwords))
    return server


def config_text(store: Path, port: int, monitor_port: int, passwords: Mapping[str, str]) -> str:
    """The text of the server's configuration file."""
    return f"""server_name: danchu
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor_port}"
max_payload: {PAYLOAD_BYTES_MAX}
jetstream {{
  store_dir: {json.dumps(str(store))}
  sync_interval: always
}}
{accounts_text(passwords)}"""


def accounts_text(passwords: Mapping[str, str]) -> str:
    """The accounts and users of a server's configuration, of those users who have a password."""
    imports = "\n".join(_importer(account, passwords) for account in IMPORTS)
    return f"""accounts {{
  {SERVICES_ACCOUNT} {{
    jetstream: enabled
    users: [
{_users(SERVICES_ACCOUNT, passwords)}
    ]
    exports: [
{_exports()}
    ]
  }}
{imports}
}}
"""


def _exports() -> str:
    """The services that other accounts import, each open to those accounts alone."""
    lines = []
    for account, imports in IMPORTS.items():
        for each in imports:
            kind = ", response_type: Stream" if each.replies else ""
            subject = json.dumps(each.subject)
            lines.append(f"      {{ service: {subject}, accounts: [{account}]{kind} }}")
    return "\n".join(lines)


def _importer(account: str, passwords: Mapping[str, str]) -> str:
    subjects = (json.dumps(each.subject) for each in IMPORTS[account])
    imports = "\n".join(
        f"      {{ service: {{ account: {SERVICES_ACCOUNT}, subject: {subject} }} }}"
        for subject in subjects
    )
    return f"""  {account} {{
    users: [
{_users(account, passwords)}
    ]
    imports: [
{imports}
    ]
  }}"""


def _users(account: str, passwords: Mapping[str, str]) -> str:
    users = (
        _user(name, grant, passwords[name])
        for name, grant in GRANTS.items()
        if grant.account == account and name in passwords
    )
    return "\n".join(users)


def _user(name: str, grant: Grant, password: str) -> str:
    subscriptions = json.dumps(grant.subscriptions(name))
    replies = '\n        allow_responses: { max: 1, expires: "1m" }' if grant.replies else ""
    denied = f", deny: {json.dumps(grant.deny)}" if grant.deny else ""
    return f"""      {{ user: {name}, password: {json.dumps(password)}, permissions: {{
        publish: {{ allow: {json.dumps(grant.publish)}{denied} }}
        subscribe: {{ allow: {subscriptions} }}{replies}
      }} }}"""
