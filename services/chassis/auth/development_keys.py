"""The development keys of a home, and the tokens that are signed with the newest one.

The first start creates a key. The file may hold several, the one that signs first: tokens of the
others are still believed, so that a key can be replaced without a break.
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.auth.bearer_tokens import ALGORITHM, AUDIENCE
from services.chassis.auth.permissions import ANY, ROLES
from services.chassis.auth.public_keys import KEYS_MAX, UNREADABLE, read_private_keys
from services.chassis.clock import Clock, now_us
from services.chassis.errors import SettingWrong
from services.chassis.identifiers import new_id
from services.chassis.keys import TOKENS, Keys, KeysFull, fingerprint
from services.chassis.messages import message
from services.chassis.private_files import write_private
from services.chassis.settings import Settings

KEY_FILE = "keys/tokens.pem"
TOKENS_FILE = "tokens.json"
DEVELOPMENT_DAYS = 366


@dataclass
class Issuer:
    """Signs development tokens with the first key of `<home>/keys/tokens.pem`."""

    key: Ed25519PrivateKey
    clock: Clock = now_us

    def mint(
        self,
        role: str,
        units: Sequence[str] = ANY,
        sources: Sequence[str] = ANY,
        types: Sequence[str] = ANY,
        days: int = DEVELOPMENT_DAYS,
        name: str = "",
    ) -> str:
        """A token for the bearer `name`; ValueError for an unknown role."""
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}")
        now = self.clock() // 1_000_000
        claims = {
            "aud": AUDIENCE, "iat": now, "exp": now + days * 86_400, "role": role,
            "units": list(units), "sources": list(sources), "types": list(types),
            "sub": name or role, "jti": new_id(self.clock()),
        }  # fmt: skip
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)


def development_issuer(home: Path, clock: Clock = now_us) -> Issuer:
    """The issuer of the home, whose key is created at the first start."""
    path = home / KEY_FILE
    if not path.exists():
        write_private(path, new_key())
    return Issuer(private_keys(path)[0], clock)


def new_key() -> bytes:
    """A new private key, as PEM."""
    return _pem(Ed25519PrivateKey.generate())


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def private_keys(path: Path) -> tuple[Ed25519PrivateKey, ...]:
    """The keys of a file, the one that signs first; SettingWrong for a faulty one."""
    with refuse_invalid_key(str(path), "private"):
        return read_private_keys(path.read_bytes())


@contextlib.contextmanager
def refuse_invalid_key(where: str, what: str) -> Iterator[None]:
    """Raises SettingWrong for an invalid key file."""
    try:
        yield
    except UNREADABLE as error:
        raise SettingWrong(where, message(f"key-{what}")) from error


def write_tokens(home: Path, clock: Clock = now_us) -> dict[str, str]:
    """Writes a development token of every role to `<home>/tokens.json`, and returns them."""
    issuer = development_issuer(home, clock)
    tokens = {role: issuer.mint(role) for role in ROLES}
    write_private(home / TOKENS_FILE, json.dumps(tokens, indent=1))
    return tokens


def make_key(settings: Settings) -> bool:
    """Creates the development key if the home has none; whether it did."""
    path = settings.home / KEY_FILE
    if settings.token_public_key is not None or path.exists():
        return False
    development_issuer(settings.home)
    return True


def add_key(settings: Settings) -> str:
    """Puts a new key above those of the file: it signs from now on; its fingerprint.

    The tokens of the home are signed anew, so that the former key can be retired. SettingWrong for
    a file that cannot be read; KeysFull.
    """
    path = settings.home / KEY_FILE
    if len(private_keys(path)) == KEYS_MAX:
        raise KeysFull(path, KEYS_MAX)
    write_private(path, new_key() + path.read_bytes())
    if (settings.home / TOKENS_FILE).exists():
        write_tokens(settings.home)
    return _mark(private_keys(path)[0])


def remove_key(settings: Settings, mark: str) -> None:
    """Removes a key, with which the tokens that it signed end; not the one that signs."""
    path = settings.home / KEY_FILE
    signing, *others = private_keys(path)
    kept = (signing, *(key for key in others if _mark(key) != mark))
    write_private(path, b"".join(map(_pem, kept)))


def _mark(key: Ed25519PrivateKey) -> str:
    return fingerprint(key.public_key().public_bytes_raw())


def token_keys(settings: Settings) -> list[Keys]:
    """The development keys, whose fingerprints databases record; none with an issuer of the office.

    The office may replace its own public key at any time.
    """
    if settings.token_public_key is not None:
        return []
    path = settings.home / KEY_FILE
    development_issuer(settings.home)
    return [Keys(TOKENS, path, tuple(map(_mark, private_keys(path))))]
