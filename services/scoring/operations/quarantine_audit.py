"""The audit of the quarantine: each entry as it was made, and for a reason that holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import envelope
from services.scoring.handlers import authorship
from services.scoring.handlers.batch import signed_until
from services.scoring.operations.evidence import Evidence, event_of
from services.scoring.queries import quarantine as quarantine_queries
from services.scoring.queries.quarantine import StoredEntry
from services.scoring.store import doors, ledger, quarantine, seals
from services.scoring.store.quarantine import ASIDE, FaultyEvent, Rejection

CHUNK = 1000


@dataclass
class QuarantineAudit:
    """One comparison of the quarantine, and of the events that were set aside."""

    conn: AsyncConnection
    evidence: Evidence
    _marks: dict[int, int] = field(default_factory=dict)
    _signatures: dict[int, int] = field(default_factory=dict)
    _aside: dict[bytes, FaultyEvent] = field(default_factory=dict)

    async def differences(self) -> list[tuple[str, str]]:
        """The id and the reason of each entry that is not as it was made."""
        self._marks = {door.id: door.held_until for door in await doors.load(self.conn)}
        self._signatures = await seals.covered_until(self.conn)
        self._aside = await quarantine.aside(self.conn)
        counted = await ledger.receipts(self.conn, self._aside)
        lines = [
            (event.identity.hex(), ASIDE) for event in self._aside.values()
            if event.identity in counted or not self._is_own(event)
        ]  # fmt: skip
        after = b""
        while entries := await quarantine_queries.entries_after(self.conn, after, CHUNK):
            identities = {each.identity for entry in entries if (each := event_of(entry.raw))}
            receipts = await ledger.receipts(self.conn, identities)
            lines += [
                (entry.id.hex(), entry.reason) for entry in entries
                if not _is_as_made(entry) or not self._has_reason(entry, receipts)
            ]  # fmt: skip
            after = entries[-1].id
        return lines

    def _is_own(self, event: FaultyEvent) -> bool:
        """Whether the row of an event that was set aside follows from an event that came."""
        read = event_of(event.raw)
        return read is None or (bool(self.evidence.copies(read)) and (
            event.identity, event.receipt, event.subject, event.year, event.time
        ) == (read.identity, read.receipt, read.event.subject, read.year, read.time))  # fmt: skip

    def _has_reason(self, entry: StoredEntry, receipts: Mapping[bytes, bytes]) -> bool:
        """Whether the event of an entry may not count for the reason that the entry has.

        One that was replayed is in the ledger. An event that this version of the software can read
        waits for somebody who replays it.
        """
        event = event_of(entry.raw)
        if event is None or receipts.get(event.identity) == event.receipt:
            return True
        if entry.reason == authorship.REASON:
            return authorship.misfit(event, entry.subject) is not None
        if entry.reason == ASIDE:
            return event.identity in self._aside or entry.state == quarantine.REPLAYED
        if entry.reason == doors.BELOW_MARK:
            mark = -1 if entry.door is None else self._marks.get(entry.door, -1)
            return event.recorded <= max(mark, signed_until(event, self._signatures))
        return entry.reason == "conflict" and event.identity in receipts


def _is_as_made(entry: StoredEntry) -> bool:
    """Whether id, receipt and instant of an entry follow from its reason and bytes."""
    event = event_of(entry.raw)
    made = Rejection(entry.reason, "", entry.subject, entry.raw, None)
    instants = (None, envelope.recordedtime_of(entry.raw))
    receipts = (None,) if event is None else (None, event.receipt)
    return made.id == entry.id and entry.receipt in receipts and entry.recorded in instants
