"""Personal data at rest: encrypted, and known outside by keyed hashes alone.

Fernet (AES-128-CBC with HMAC-SHA-256). The keys stand in a file, one a line; the first encrypts,
all decrypt, so that a key can be replaced. It is made at the first start where there is none and
the data is in files of this machine; for a database server `danchu keys make` makes it.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.chassis.errors import SettingWrong
from services.chassis.keys import (
    RECORDS,
    Keys,
    KeysClosed,
    Stored,
    check_may_make,
    fingerprint,
)
from services.chassis.private_files import write_private_once
from services.chassis.settings import Settings
from services.records.messages import message

KEY_FILE = "keys/records.keys"
SECRET_BYTES = 32


@dataclass(frozen=True)
class Vault:
    """Hides and shows texts, and finds them again without showing them."""

    keys: tuple[bytes, ...]
    file: Path = Path(KEY_FILE)

    def hide(self, text: str) -> bytes:
        """The text encrypted; another ciphertext each time."""
        return self._fernet().encrypt(text.encode())

    def show(self, hidden: bytes) -> str:
        """The text again; KeysClosed where none of the keys fits."""
        try:
            return self._fernet().decrypt(hidden).decode()
        except InvalidToken:
            raise KeysClosed(self.file) from None

    def opens(self, hidden: bytes) -> bool:
        """Whether one of the keys fits."""
        try:
            self._fernet().decrypt(hidden)
        except InvalidToken:
            return False
        return True

    def as_keys(self, stored: Stored) -> Keys:
        """These keys as a database remembers them; `stored` reads what it holds under them."""
        marks = tuple(fingerprint(key) for key in self.keys)
        return Keys(RECORDS, self.file, marks, stored, self.opens)

    def index(self, text: str) -> bytes:
        """A digest by which an equal text is found; useless without the last, oldest key."""
        return hmac.new(self.keys[-1], text.encode(), hashlib.sha256).digest()

    def _fernet(self) -> MultiFernet:
        return MultiFernet([Fernet(key) for key in self.keys])


def key_file(settings: Settings) -> Path:
    """Where the keys stand: by the setting, else in the home."""
    return settings.records_keys or settings.home / KEY_FILE


def make(settings: Settings) -> bool:
    """Makes a key where the home has none; whether it did."""
    path = key_file(settings)
    if path.exists():
        return False
    write_private_once(path, Fernet.generate_key() + b"\n")
    return True


def open_vault(settings: Settings, service: str = "") -> Vault:
    """The vault of a process of a service; makes its key at the first start in a home.

    KeysMissing where the data is on a server, which may be the data of another home.
    """
    path = key_file(settings)
    if not path.exists():
        if settings.records_keys is not None:
            raise SettingWrong("DANCHU_RECORDS_KEYS", message("keys-no-file", file=path))
        check_may_make(settings, service, RECORDS, path)
        make(settings)
    keys = tuple(line.strip() for line in path.read_bytes().splitlines() if line.strip())
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        keys = ()
    if not keys:
        raise SettingWrong("DANCHU_RECORDS_KEYS", message("keys-none"))
    return Vault(keys, path)


def new_secret() -> str:
    """A secret of one person's own; to erase it erases the link to what was said of the person."""
    return secrets.token_hex(SECRET_BYTES)


def person_key(secret: str, number: str) -> str:
    """How a person is known outside: HMAC-SHA-256 of the staff number with the own secret."""
    return hmac.new(bytes.fromhex(secret), number.encode(), hashlib.sha256).hexdigest()
