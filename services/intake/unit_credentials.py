"""The credentials of departments at the NATS door: the units and sources of each.

`danchu nats credentials` and `revoke` write the file; the door reads it again when it changes. The
file contains hashes of passwords, which the NATS server compares, and no password.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from contracts.envelope import EMIT_SUBJECT, UNIT_KEY
from services.chassis.auth.credentials import is_open
from services.chassis.changing_file import Stamp, file_stamp
from services.chassis.errors import SettingWrong
from services.chassis.private_files import write_private
from services.intake.messages import message

log = logging.getLogger(__name__)

FILE = "nats-credentials.json"
USER = re.compile(r"[A-Z0-9-]{1,64}_[0-9a-f]{8}", re.ASCII)
"""The user of a credential: its first unit and a random number; one token of a subject."""


class UnitCredential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A department system: the units that it sends for, and its prefixes of `source`."""

    user: str
    units: tuple[str, ...]
    sources: tuple[str, ...]
    created: str
    password_hash: str

    @property
    def is_valid(self) -> bool:
        """Whether user, units and sources have the form that the door relies on."""
        return bool(
            USER.fullmatch(self.user) and self.units and self.sources
            and all(map(UNIT_KEY.fullmatch, self.units)) and not any(map(is_open, self.sources))
        )  # fmt: skip


class _Listed(msgspec.Struct, forbid_unknown_fields=True):
    credentials: list[UnitCredential]


def emit_subject(unit: str) -> str:
    """The subject to which a client sends the events of a unit."""
    return f"{EMIT_SUBJECT}.{unit.replace('.', '-')}"


def load(file: Path) -> dict[str, UnitCredential]:
    """The credentials by user, none without the file; SettingWrong if it is damaged."""
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        listed = msgspec.json.decode(raw, type=_Listed).credentials
    except (msgspec.DecodeError, RecursionError):
        raise SettingWrong(str(file), message("credentials-shape")) from None
    if not all(credential.is_valid for credential in listed):
        raise SettingWrong(str(file), message("credentials-shape"))
    return {credential.user: credential for credential in listed}


def save(file: Path, credentials: Iterable[UnitCredential]) -> None:
    """Replaces the file, which its owner alone may read."""
    listed = _Listed(sorted(credentials, key=lambda each: (each.units, each.created, each.user)))
    write_private(file, msgspec.json.format(msgspec.json.encode(listed), indent=1) + b"\n")


@dataclass
class CredentialFile:
    """The credentials of a file that other processes replace."""

    file: Path
    _credentials: Mapping[str, UnitCredential] = field(default_factory=dict)
    _stamp: Stamp | None = None

    def get(self, user: str) -> UnitCredential | None:
        """The credential of a user; None if it has none, or no longer."""
        stamp = file_stamp(self.file)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._credentials = load(self.file)
            except SettingWrong as fault:
                log.error("the list of credentials is unusable", extra={"error": str(fault)})
        return self._credentials.get(user)
