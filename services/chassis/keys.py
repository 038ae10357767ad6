"""The keys of a home, and what they are known by in the databases; `key_marks` compares them.

Another home on the same data is refused at start. Each database remembers fingerprints of the
keys that it was written with. A key file that lacks one of them is not the file of this data:
what is stored could not be read, the tokens of everybody would be refused, and a person would be
taken in a second time. A new key may stand above the old ones; none that was used may be missing.
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
MAKE = "danchu keys make"
Stored = Callable[[Any], Awaitable[Iterable[bytes]]]
"""Reads from a connection what a database holds under a kind of key."""


class KeysMissing(DanchuError):
    """There is no key file, and none is made unasked."""

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
    """The oldest key, by which persons are found again, does not stand last in its file."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("keys-reordered", file=file))


class KeysClosed(DanchuError):
    """What is stored opens with none of the keys."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("keys-closed", file=file))


def _name(kind: str) -> Message:
    return message("keys-tokens" if kind == TOKENS else "keys-records")


@dataclass(frozen=True)
class Keys:
    """The keys of one kind as a home has them; `fingerprints` in the order of the file.

    `stored` reads what a database holds under them, and `opens` says whether they open it: asked
    once, where a database has no fingerprint yet.
    """

    kind: str
    file: Path
    fingerprints: tuple[str, ...]
    stored: Stored | None = None
    opens: Callable[[bytes], bool] = lambda hidden: True


def fingerprint(key: bytes) -> str:
    """What a key is known by, which tells nothing of it: 32 hexadecimal digits."""
    return hmac.new(key, b"danchu key", hashlib.sha256).hexdigest()[:32]


def on_server(settings: Settings, service: str = "") -> bool:
    """Whether the service's data is on a database server, and not in a file of this machine."""
    return not settings.database(service).startswith("sqlite")


def check_may_make(settings: Settings, service: str, kind: str, file: Path) -> None:
    """KeysMissing where the data is on a server: it may be that of another home."""
    if on_server(settings, service):
        raise KeysMissing(kind, file, without_password(settings.database(service)))
