"""What the doors recorded: each event as outboxes and stream have it. Rows of the ledger are
compared with it.

An event may be there several times: a door that was restored records what it lost once more, at
another instant. The ledger has the one that came first.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts import moments
from contracts.envelope import ContractBroken, Recorded, decode
from services.scoring.messages import message

DIGEST_BYTES = 16


class Copy(NamedTuple):
    """An event as an outbox or the stream has it; `door` is None where nothing names it."""

    digest: bytes
    recorded: int
    door: str | None


@dataclass
class Evidence:
    """The copies of every event, and the names of the doors that record at present."""

    doors: set[str] = field(default_factory=set)
    _copies: dict[bytes, tuple[Copy, ...]] = field(default_factory=dict)

    def add(self, event: Recorded, door: str | None) -> None:
        """Adds a copy of an event."""
        copy = Copy(_digest(event.raw), event.recorded, door)
        copies = self._copies.get(event.receipt, ())
        if copy not in copies:
            self._copies[event.receipt] = (*copies, copy)

    def copies(self, event: Recorded) -> tuple[Copy, ...]:
        """The copies that have the receipt of an event."""
        return self._copies.get(event.receipt, ())

    def difference(self, event: Recorded, door: str | None) -> tuple[str, dict[str, str]] | None:
        """The code of what differs first between the ledger's event and all its copies.

        With the values of its sentence; None where one of them is the same, or none is there.
        """
        copies = self.copies(event)
        same = [copy for copy in copies if copy.digest == _digest(event.raw)]
        doors = sorted({copy.door for copy in same if copy.door is not None})
        if not copies or (same and (not doors or door in doors)):
            return None
        if same:
            stored = message("door-of-none") if door is None else door
            return "differs-ledger-door", {"stored": stored, "recorded": ", ".join(doors)}
        instants = sorted({copy.recorded for copy in copies})
        if event.recorded in instants:
            return "differs-ledger-content", {}
        return "differs-ledger-time", {
            "stored": moments.rfc3339(event.recorded), "recorded": moments.rfc3339(instants[0]),
        }  # fmt: skip


def event_of(body: bytes) -> Recorded | None:
    """The event in a body; None where it breaks the contract."""
    try:
        return decode(body)
    except ContractBroken:
        return None


def _digest(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=DIGEST_BYTES).digest()
