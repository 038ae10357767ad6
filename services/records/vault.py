"""Encryption of personal data at rest, and the keyed hashes that identify persons outside.

Fernet (AES-128-CBC with HMAC-SHA-256). The key file has one key per line: the first encrypts, all
decrypt, so that keys can be rotated; it is read again once it changed. If the data is in local
files, the first start creates a missing key file; with a database server, `danchu keys make`
creates it.
"""

import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.chassis.changing_file import ChangingFile
from services.chassis.errors import SettingWrong
from services.chassis.keys import (
    RECORDS,
    Keys,
    KeysClosed,
    Stored,
    check_may_make,
    fingerprint,
)
from services.chassis.private_files import write_private, write_private_once
from services.chassis.settings import Settings
from services.records.messages import message

KEY_FILE = "keys/records.keys"
SECRET_BYTES = 32
log = logging.getLogger(__name__)


@dataclass
class Vault:
    """Encrypts and decrypts texts, and computes search digests of them."""

    keys: tuple[bytes, ...]
    file: ChangingFile

    def hide(self, text: str) -> bytes:
        """Encrypts a text; every call gives another ciphertext."""
        return self._fernet().encrypt(text.encode())

    def show(self, hidden: bytes) -> str:
        """Decrypts a text; KeysClosed if no key fits."""
        try:
            return self._fernet().decrypt(hidden).decode()
        except InvalidToken:
            raise KeysClosed(self.file.path) from None

    def opens(self, hidden: bytes) -> bool:
        """Whether one of the keys decrypts it."""
        try:
            self._fernet().decrypt(hidden)
        except InvalidToken:
            return False
        return True

    def as_keys(self, stored: Stored) -> Keys:
        """The keys as checked against a database; `stored` reads the texts encrypted with them."""
        marks = tuple(fingerprint(key) for key in self.keys)
        return Keys(RECORDS, self.file.path, marks, stored, self.opens)

    def index(self, text: str) -> bytes:
        """A keyed digest for equality search; it uses the last, oldest key, which never changes."""
        return hmac.new(self.keys[-1], text.encode(), hashlib.sha256).digest()

    def _refresh(self) -> None:
        """Takes new keys where the file changed; it must still have all, and the oldest last."""
        content = self.file.content()
        if content is None:
            return
        keys = read_keys(content)
        if not set(self.keys) <= set(keys) or keys[-1] != self.keys[-1]:
            log.error("a key of personal data is missing", extra={"file": str(self.file.path)})
            return
        self.keys = keys

    def _fernet(self) -> MultiFernet:
        self._refresh()
        return MultiFernet([Fernet(key) for key in self.keys])


def key_file(settings: Settings) -> Path:
    """The path of the key file: the setting, or the default in the home."""
    return settings.records_keys or settings.home / KEY_FILE


def make(settings: Settings) -> bool:
    """Creates a key file if there is none; True if it was created."""
    path = key_file(settings)
    if path.exists():
        return False
    write_private_once(path, Fernet.generate_key() + b"\n")
    return True


def add_key(settings: Settings) -> str:
    """Puts a new key above those of the file, which all stay; the fingerprint of the new one.

    From then on it encrypts; running processes notice. SettingWrong for a file that has no usable
    key: a new one alone would make it look whole.
    """
    path, key = key_file(settings), Fernet.generate_key()
    if not read_keys(path.read_bytes()):
        raise SettingWrong(str(path), message("keys-none"))
    write_private(path, key + b"\n" + path.read_bytes())
    return fingerprint(key)


def open_vault(settings: Settings, service: str = "") -> Vault:
    """Opens the vault of a service; the first start in a home creates the key file.

    KeysMissing if the file is missing and the data is on a database server, which may already
    hold data encrypted with the keys of another home.
    """
    path = key_file(settings)
    if not path.exists():
        if settings.records_keys is not None:
            raise SettingWrong("DANCHU_RECORDS_KEYS", message("keys-no-file", file=path))
        check_may_make(settings, service, RECORDS, path)
        make(settings)
    file = ChangingFile(path)
    keys = read_keys(file.content() or path.read_bytes())
    if not keys:
        raise SettingWrong("DANCHU_RECORDS_KEYS", message("keys-none"))
    return Vault(keys, file)


def read_keys(content: bytes) -> tuple[bytes, ...]:
    """The keys of a file, one a line; none where one of them is no Fernet key."""
    keys = tuple(line.strip() for line in content.splitlines() if line.strip())
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        return ()
    return keys


def new_secret() -> str:
    """A new secret of one person; erasing it erases the link from the person to their events."""
    return secrets.token_hex(SECRET_BYTES)


def person_key(secret: str, number: str) -> str:
    """The key of a person in events: HMAC-SHA-256 of the staff number with their secret."""
    return hmac.new(bytes.fromhex(secret), number.encode(), hashlib.sha256).hexdigest()
