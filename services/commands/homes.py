"""The home of a stack: whether it exists, and at which address its stack runs.

`danchu up` writes its address into the home, where every other command finds it. The lock of the
home tells whether that stack still runs, since the system releases it when the process dies.
"""

import fcntl
import json
import os
from pathlib import Path

from services.chassis.errors import DanchuError, StateNotMigrated
from services.chassis.private_files import write_private
from services.chassis.settings import Settings, read_object
from services.commands.messages import message

ADDRESS_FILE = "address.json"
LOCK_FILE = "up.lock"
MARKS = (
    LOCK_FILE, "tokens.json", "keys", "nats-users.json", "nats-credentials.json", "intake.db",
    "scoring.db",
)  # fmt: skip
"""Files that exist in a home of danchu, and in no other folder."""
LOOPBACKS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""The local address of a server that listens on all addresses."""


class NoHome(DanchuError):
    """The folder is not a home of danchu, and this command does not create one."""

    def __init__(self, home: Path) -> None:
        super().__init__(message("no-home", home=home.absolute()))


class NotRunning(DanchuError):
    """The stack of the home has ended."""

    def __init__(self, home: Path, url: str) -> None:
        super().__init__(message("not-running", home=home.absolute(), url=url))


class ForeignIssuer(DanchuError):
    """The office's own issuer signs the tokens; a token of the development key would be refused."""

    def __init__(self, key: str) -> None:
        super().__init__(message("foreign-issuer", key=key))


def is_home(folder: Path) -> bool:
    """Whether danchu has stored something in the folder."""
    return any((folder / mark).exists() for mark in MARKS)


def require_home(settings: Settings) -> None:
    """NoHome unless danchu has stored something in the home."""
    if not is_home(settings.home):
        raise NoHome(settings.home)


def require_databases(settings: Settings, services: tuple[str, ...]) -> None:
    """NoHome or StateNotMigrated if the file of a database is missing."""
    for service in services:
        file = settings.database_file(service)
        if file is not None and not file.exists():
            require_home(settings)
            raise StateNotMigrated(str(file))


def http_url(settings: Settings) -> str:
    """The address at which a local client reaches the server of the settings."""
    scheme = "http" if settings.tls_certificate is None else "https"
    return f"{scheme}://{reachable(settings.host)}:{settings.port}"


def reachable(host: str) -> str:
    """How a local client names the host that a server listens on, in a URL."""
    return bracketed(LOOPBACKS.get(host, host))


def bracketed(host: str) -> str:
    """A host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def write_address(home: Path, url: str) -> None:
    """Writes the address of the running stack into the home."""
    write_private(home / ADDRESS_FILE, json.dumps({"url": url, "pid": os.getpid()}))


def erase_address(home: Path) -> None:
    """Deletes the address when the stack ends."""
    (home / ADDRESS_FILE).unlink(missing_ok=True)


def is_up(home: Path) -> bool:
    """Whether a stack runs on the home, that is whether a process holds its lock."""
    try:
        handle = os.open(home / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def stack_url(settings: Settings) -> str:
    """The address of the stack that runs on the home, else that of the settings.

    NotRunning if the home's stack has ended and no setting names an address.
    """
    from_settings = http_url(settings)
    path = settings.home / ADDRESS_FILE
    if not path.exists():
        return from_settings
    url = str(read_object(path).get("url", from_settings))
    if is_up(settings.home):
        return url
    if settings.model_fields_set & {"host", "port"}:
        return from_settings
    raise NotRunning(settings.home, url)
