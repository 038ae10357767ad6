"""The keys of a home, their fingerprints, and the errors of a home whose keys do not fit.

Each database records the fingerprints of the keys that it was written with; `key_marks` compares
them at start. A key file that lacks one of them belongs to other data: stored texts could not be
decrypted, all tokens would be refused, and a known person would be registered a second time. New
keys may be added above the old ones; a key that was used may never be removed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.messages import Message
from services.chassis.database.url import without_password
from services.chassis.errors import DanchuError
from services.chassis.messages import message
from services.chassis.settings import Settings

RECORDS, RECORDS_INDEX, TOKENS = "records", "records-index", "tokens"
SESSIONS = "sessions"
"""Keys of which no database records anything: nothing that is stored needs them."""
MAKE = "danchu keys make"
Stored = Callable[[Any], Awaitable[Iterable[bytes]]]
"""Reads some ciphertexts of one kind of key from a connection."""


class KeysMissing(DanchuError):
    """There is no key file, and none may be created implicitly."""

    def __init__(self, kind: str, file: Path, where: str) -> None:
        super().__init__(
            message("keys-missing", what=_name(kind), file=file, where=where, command=MAKE)
        )


class KeysForeign(DanchuError):
    """The data was written with a key that the home does not have."""

    def __init__(self, kind: str, file: Path, where: str, fingerprint: str) -> None:
        super().__init__(
            message(
                "keys-foreign", what=_name(kind), file=file, where=where, fingerprint=fingerprint
            )
        )


class KeysReordered(DanchuError):
    """The oldest key, which indexes persons, is not the last one in its file."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("keys-reordered", file=file))


class KeysFull(DanchuError):
    """A key file has as many keys as processes read."""

    def __init__(self, file: Path, most: int) -> None:
        super().__init__(message("keys-full", file=file, most=most))


class KeysClosed(DanchuError):
    """The stored ciphertexts cannot be decrypted with any of the keys."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("keys-closed", file=file))


def _name(kind: str) -> Message:
    return message(f"keys-{kind}")


@dataclass(frozen=True)
class Keys:
    """The keys of one kind as a home has them; `fingerprints` in the order of the file.

    `stored` reads ciphertexts from a database, and `opens` tries to decrypt one: needed once, for
    a database without fingerprints.
    """

    kind: str
    file: Path
    fingerprints: tuple[str, ...]
    stored: Stored | None = None
    opens: Callable[[bytes], bool] = lambda ciphertext: True


def fingerprint(key: bytes) -> str:
    """A one-way digest of a key: 32 hexadecimal digits."""
    return hmac.new(key, b"danchu key", hashlib.sha256).hexdigest()[:32]


def on_server(settings: Settings, service: str = "") -> bool:
    """Whether the service's data is on a database server rather than in a local file."""
    return not settings.database(service).startswith("sqlite")


def check_may_make(settings: Settings, service: str, kind: str, file: Path) -> None:
    """KeysMissing where the data is on a server: it may have been written with other keys."""
    if on_server(settings, service):
        raise KeysMissing(kind, file, without_password(settings.database(service)))
