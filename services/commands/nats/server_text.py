"""The configuration file of a nats-server, as danchu needs it: always synced, least privilege."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

PAYLOAD_BYTES_MAX = 8 * 2**20


@dataclass(frozen=True)
class ServerText:
    """One server: its name, addresses, store and accounts.

    `tls` names the files of its block `tls`, with `verify` where clients show certificates.
    `jetstream` are more lines of that block, `more` more blocks.
    """

    name: str
    listen: str
    monitor: str
    store: str
    accounts: str
    tls: Mapping[str, str | bool] = field(default_factory=dict)
    jetstream: str = ""
    more: str = ""

    def text(self) -> str:
        """The content of the file."""
        return f"""server_name: {json.dumps(self.name)}
listen: {json.dumps(self.listen)}
http: {json.dumps(self.monitor)}
max_payload: {PAYLOAD_BYTES_MAX}
{tls_block(self.tls)}jetstream {{
  store_dir: {json.dumps(self.store)}
  sync_interval: always
{self.jetstream}}}
{self.more}{self.accounts}"""


def tls_block(files: Mapping[str, str | bool]) -> str:
    """The block `tls` with these files; nothing without any."""
    if not files:
        return ""
    lines = "".join(f"  {name}: {json.dumps(value)}\n" for name, value in files.items())
    return f'tls {{\n{lines}  min_version: "1.2"\n  timeout: 5\n}}\n'
