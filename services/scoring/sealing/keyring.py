"""The keys of the seals as a process has them: the secret, the key file, and private keys.

What no setting names is in the home, where the first start with SQLite creates it. Private keys of
the home sign only while the key file lists them; a key that a setting names must be listed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from services.chassis.clock import Clock, now_us
from services.chassis.errors import SettingWrong
from services.chassis.keys import on_server
from services.chassis.private_files import write_private_once
from services.scoring.messages import message
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.year.keys import (
    KEY_BYTES,
    KeyRefused,
    ListedKey,
    Role,
    SigningKey,
    is_name,
    key_name,
    parse_file,
    parse_signer,
)

FOLDER = "keys"
SECRET_FILE = "seal.secret"
KEYS_FILE = "seal-keys.txt"
ORIGIN_MAX = 200
FILE_BYTES_MAX = 2**20
SETTINGS = {Role.OPERATOR: "DANCHU_SEAL_OPERATOR_KEY", Role.AUDITOR: f"{FOLDER}/seal-auditor.key"}


@dataclass(frozen=True)
class Keyring:
    """The origin of the seals, their secret, the file of verifier keys, and private keys by role.

    `secret` and `file` are None where there are none: then nothing can be signed here.
    """

    origin: str
    secret: bytes | None
    file: Path | None
    signers: dict[Role, SigningKey] = field(default_factory=dict, repr=False)

    def listed(self) -> tuple[ListedKey, ...]:
        """The keys of the file, read again, so that keys can be added to it; raises KeyRefused."""
        if self.file is None:
            return ()
        try:
            with self.file.open("rb") as file:
                raw = file.read(FILE_BYTES_MAX + 1)
            text = raw.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise KeyRefused(message("seal-keys-unread", file=self.file)) from None
        if len(raw) > FILE_BYTES_MAX:
            raise KeyRefused(message("seal-keys-long", file=self.file, most=FILE_BYTES_MAX))
        return parse_file(text, self.file.name)

    def of_role(self, role: Role, instant: int) -> list[ListedKey]:
        """The keys of this origin that may sign for a role at an instant."""
        return [
            each for each in self.listed()
            if each.role == role and each.key.origin == self.origin and each.signs_at(instant)
        ]  # fmt: skip

    def signer(self, role: Role, instant: int) -> SigningKey | None:
        """The private key of a role that may sign here at an instant; None without one."""
        key = self.signers.get(role)
        if key is None or key.verifier not in [each.key for each in self.of_role(role, instant)]:
            return None
        return key


def private_file(settings: ScoringSettings, role: Role) -> Path:
    """The file of a private key in the home."""
    return settings.home / FOLDER / f"seal-{role}.key"


def load(settings: ScoringSettings) -> Keyring:
    """The keys of a process; raises SettingWrong for one that cannot be used."""
    origin = settings.seal_origin
    if not is_name(origin) or len(origin) > ORIGIN_MAX or origin.strip("/") != origin:
        raise SettingWrong("DANCHU_SEAL_ORIGIN", message("seal-origin-form", most=ORIGIN_MAX))
    folder = settings.home / FOLDER
    secret = settings.seal_secret or _content(folder / SECRET_FILE)
    file = settings.seal_keys or _existing(folder / KEYS_FILE)
    keyring = Keyring(origin, None if secret is None else secret.encode(), file)
    for role in Role:
        text = _content(private_file(settings, role))
        if role == Role.OPERATOR and settings.seal_operator_key is not None:
            text = settings.seal_operator_key
        if text is not None:
            keyring.signers[role] = _signer(role, text)
    _check(settings, keyring)
    return keyring


def _check(settings: ScoringSettings, keyring: Keyring) -> None:
    """Refuses a key file with faults, and a key of a setting that the file does not list."""
    try:
        listed = {each.key for each in keyring.listed()}
    except KeyRefused as error:
        raise SettingWrong("DANCHU_SEAL_KEYS", error.message) from None
    if settings.seal_operator_key is not None:
        key = keyring.signers[Role.OPERATOR].verifier
        if key not in listed or key.role != Role.OPERATOR:
            why = message("seal-key-unlisted", name=key.name)
            raise SettingWrong(SETTINGS[Role.OPERATOR], why)


def _signer(role: Role, text: str) -> SigningKey:
    try:
        return parse_signer(text)
    except KeyRefused as error:
        raise SettingWrong(SETTINGS[role], error.message) from None


def _existing(file: Path) -> Path | None:
    return file if file.exists() else None


def _content(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError):
        raise SettingWrong(str(file), message("seal-keys-unread", file=file)) from None


def missing_files(settings: ScoringSettings) -> list[Path]:
    """The files that the home lacks, of those that no setting replaces."""
    folder = settings.home / FOLDER
    files = [] if settings.seal_secret is not None else [folder / SECRET_FILE]
    if settings.seal_keys is None and settings.seal_operator_key is None:
        files += [private_file(settings, role) for role in Role]
        files.append(folder / KEYS_FILE)
    return [file for file in files if not file.exists()]


def ensure(settings: ScoringSettings, clock: Clock = now_us) -> None:
    """Creates what the home lacks, unless the data is on a server: it may have other keys."""
    if not on_server(settings, SERVICE):
        make(settings, clock)


def make(settings: ScoringSettings, clock: Clock = now_us) -> list[Path]:
    """Creates what the home lacks, readable by its owner alone; returns the new files."""
    absent = missing_files(settings)
    folder = settings.home / FOLDER
    if folder / SECRET_FILE in absent:
        write_private_once(folder / SECRET_FILE, secrets.token_hex(KEY_BYTES).encode() + b"\n")
    if folder / KEYS_FILE not in absent:
        return absent
    lines = b""
    for role in Role:
        file = private_file(settings, role)
        if not file.exists():
            key = new_key(settings.seal_origin, role)
            write_private_once(file, key.encode().encode() + b"\n")
        key = _signer(role, file.read_text(encoding="utf-8").strip())
        lines += ListedKey(key.verifier, role, clock()).encode().encode() + b"\n"
    write_private_once(folder / KEYS_FILE, lines)
    return absent


def new_key(origin: str, role: Role, number: int = 1) -> SigningKey:
    """A new private key of an origin."""
    return SigningKey(key_name(origin, role, number), secrets.token_bytes(KEY_BYTES))
