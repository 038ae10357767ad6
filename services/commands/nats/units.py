"""Makes, revokes and lists the NATS credentials of departments, and has the server take them up."""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import bcrypt

from contracts import moments
from services.chassis.errors import DanchuError
from services.chassis.private_files import private_folder, write_private
from services.chassis.settings import USERS_FILE, servers_of
from services.commands.homes import is_up
from services.commands.messages import message
from services.commands.nats.credentials import PASSWORD_BYTES, addresses
from services.commands.nats.embedded import CONFIG_FILE, regenerate
from services.commands.nats.reload import reload_servers
from services.intake.settings import IntakeSettings
from services.intake.unit_credentials import UnitCredential, emit_subject, load, save

FOLDER = "nats-credentials"
"""The folder of a home where the files for departments are written."""
LOCK_FILE = "nats-credentials.lock"
KEY_BYTES = 4
UNITS_MAX = 1000
HASH_ROUNDS = 4
"""The least: a password of 24 random bytes needs no slow hash, and each connection costs one."""


class CredentialExists(DanchuError):
    """A file for a department would overwrite another."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("nats-file-exists", file=file))


class NoCredential(DanchuError):
    """No credential has this unit or user."""

    def __init__(self, what: str) -> None:
        super().__init__(message("nats-no-credential", what=what))


@dataclass(frozen=True)
class Issued:
    """A new credential, and the file that its department receives."""

    credential: UnitCredential
    file: Path


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One change of the list at a time."""
    private_folder(home)
    handle = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def issue(
    settings: IntakeSettings, units: list[str], sources: list[str], now: int,
    url: str | None = None, file: Path | None = None,
) -> Issued:  # fmt: skip
    """Adds a credential to the list, and writes the file for the department (mode 0600)."""
    user = f"{units[0].replace('.', '-')}_{secrets.token_hex(KEY_BYTES)}"
    target = file or settings.home / FOLDER / f"{user}.json"
    if target.exists():
        raise CredentialExists(target)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(HASH_ROUNDS)).decode()
    credential = UnitCredential(user, tuple(units), tuple(sources), moments.rfc3339(now), hashed)
    servers = settings.nats(user).servers if url is None else servers_of(url)
    access = {
        **addresses(servers), "user": user, "password": password, "units": units,
        "sources": sources, "subjects": [emit_subject(unit) for unit in units],
    }  # fmt: skip
    with _locked(settings.home):
        credentials = load(settings.credential_file)
        write_private(target, json.dumps(access, indent=1) + "\n")
        save(settings.credential_file, [*credentials.values(), credential])
        _rewrite(settings)
    return Issued(credential, target)


def revoke(settings: IntakeSettings, unit: str | None, user: str | None) -> list[UnitCredential]:
    """Removes a credential, or all that may send for a unit; NoCredential if there is none."""
    with _locked(settings.home):
        credentials = load(settings.credential_file)
        ended = [
            each for each in credentials.values()
            if (unit is None or unit in each.units) and (user is None or user == each.user)
        ]  # fmt: skip
        if not ended:
            raise NoCredential(user or unit or "")
        save(settings.credential_file, _without(credentials.values(), ended))
        _rewrite(settings)
    return ended


def listed(settings: IntakeSettings) -> list[UnitCredential]:
    """Every credential, by unit."""
    return list(load(settings.credential_file).values())


def _without(
    credentials: Iterable[UnitCredential], ended: list[UnitCredential]
) -> list[UnitCredential]:
    return [each for each in credentials if each not in ended]


def _rewrite(settings: IntakeSettings) -> None:
    """Writes the list into the configuration of the embedded server, if there is one."""
    if (settings.home / CONFIG_FILE).exists() and (settings.home / USERS_FILE).exists():
        regenerate(settings.home)


async def take_up(settings: IntakeSettings) -> list[str]:
    """The servers that took up the list; none where it takes effect at the next start.

    An outside NATS is asked if the settings have the password of `system`.
    """
    outside = settings.nats_url is not None
    reachable = settings.nats("system").password is not None if outside else is_up(settings.home)
    return await reload_servers(settings) if reachable else []
