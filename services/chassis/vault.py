"""Personal data at rest: encrypted, and known outside by keyed hashes alone.

Fernet (AES-128-CBC with HMAC-SHA-256). The keys stand in a file, one a line; the first encrypts,
all decrypt, so that a key can be replaced. It is made at the first start where there is none.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.chassis.errors import SettingWrong
from services.chassis.files import write_private_once
from services.chassis.settings import Settings

KEY_FILE = "keys/records.keys"
SECRET_BYTES = 32


@dataclass(frozen=True)
class Vault:
    """Hides and shows texts, and finds them again without showing them."""

    keys: tuple[bytes, ...]

    def hide(self, text: str) -> bytes:
        """The text encrypted; another ciphertext each time."""
        return self._fernet().encrypt(text.encode())

    def show(self, hidden: bytes) -> str:
        """The text again; SettingWrong where none of the keys fits."""
        try:
            return self._fernet().decrypt(hidden).decode()
        except InvalidToken:
            raise SettingWrong(
                "DANCHU_RECORDS_KEYS", "none of its keys opens what is stored"
            ) from None

    def index(self, text: str) -> bytes:
        """A digest by which an equal text is found; useless without the last, oldest key."""
        return hmac.new(self.keys[-1], text.encode(), hashlib.sha256).digest()

    def _fernet(self) -> MultiFernet:
        return MultiFernet([Fernet(key) for key in self.keys])


def opened(settings: Settings) -> Vault:
    """The vault of a process; makes its key at the first start in a home."""
    path = settings.records_keys or settings.home / KEY_FILE
    if not path.exists():
        if settings.records_keys is not None:
            raise SettingWrong("DANCHU_RECORDS_KEYS", f"there is no file {path}")
        write_private_once(path, Fernet.generate_key() + b"\n")
    keys = tuple(line.strip() for line in path.read_bytes().splitlines() if line.strip())
    try:
        for key in keys:
            Fernet(key)
    except ValueError as wrong:
        raise SettingWrong("DANCHU_RECORDS_KEYS", f"{path} holds no key: {wrong}") from None
    if not keys:
        raise SettingWrong("DANCHU_RECORDS_KEYS", f"{path} is empty")
    return Vault(keys)


def new_secret() -> str:
    """A secret of one person's own; to erase it erases the link to what was said of the person."""
    return secrets.token_hex(SECRET_BYTES)


def opaque(secret: str, number: str) -> str:
    """How a person is known outside: HMAC-SHA-256 of the staff number with the own secret."""
    return hmac.new(bytes.fromhex(secret), number.encode(), hashlib.sha256).hexdigest()
