"""Makes the secrets of deploy/compose.yaml at its first start; later starts change nothing.

Each file belongs to the one user that reads it. The configuration of NATS has the users and the
permissions that `danchu up` gives its embedded server.
"""

import os
import secrets
from pathlib import Path

from services.commands.nats.configuration import accounts_text
from services.commands.nats.credentials import PASSWORD_BYTES
from services.commands.nats.grants import GRANTS
from services.commands.nats.server_text import ServerText

FOLDER = Path("/secrets")
DANCHU, NATS, POSTGRES = 10001, 10002, 999
SERVICES = ("provision", "intake", "training", "awards", "violations", "scoring")


def main() -> None:
    """Writes everything, and last the file that says so."""
    marker = FOLDER / "danchu" / "complete"
    if marker.exists():
        return
    passwords = {user: secrets.token_urlsafe(PASSWORD_BYTES) for user in GRANTS}
    database = secrets.token_urlsafe(PASSWORD_BYTES)
    url = f"postgresql://danchu:{database}@postgres:5432/danchu"
    write("postgres/password", database, POSTGRES)
    write("nats/server.conf", server_config(passwords), NATS)
    write("danchu/database-url", url, DANCHU)
    for service in SERVICES:
        write(f"danchu/nats-{service}", passwords[service], DANCHU)
    store = FOLDER / "nats-data" / "store"  # not empty, the volume keeps its owner in NATS too
    store.mkdir(mode=0o700, exist_ok=True)
    os.chown(store, NATS, NATS)
    write("danchu/complete", "", DANCHU)


def server_config(passwords: dict[str, str]) -> str:
    """The configuration of NATS, which listens on the inner network alone."""
    return ServerText(
        "danchu", "0.0.0.0:4222", "0.0.0.0:8222", "/data/store", accounts_text(passwords)
    ).text()


def write(name: str, content: str, reader: int) -> None:
    """One file, new even where an earlier start was ended half-way."""
    file = FOLDER / name
    file.unlink(missing_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(content)
    os.chown(file, reader, reader)


if __name__ == "__main__":
    main()
