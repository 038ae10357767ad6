"""The state of an event, by its receipt: for the door, which answers its sender."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.envelope import Recorded, decode
from contracts.messages import Message
from contracts.questions import ReceiptFate
from services.chassis.database.engine import Database
from services.scoring.fold.books import POSTING
from services.scoring.fold.verdict import Verdict
from services.scoring.messages import message
from services.scoring.queries import events
from services.scoring.ratings.labels import label
from services.scoring.ratings.reasons import aside_members, uncounted_members
from services.scoring.readmodel.verdicts import verdicts
from services.scoring.readmodel.versions import YearVersions
from services.scoring.store import quarantine


@dataclass
class Receipts:
    """The fates of events, as of the last commit."""

    db: Database
    versions: YearVersions

    async def fate(self, receipt: bytes) -> ReceiptFate:
        """Whether the event counts, and why not; `waiting` where it has not arrived."""
        async with self.db.read() as conn:
            raw = await events.body_of(conn, receipt)
            entry = None if raw is not None else await quarantine.reason_of(conn, receipt)
        if raw is not None:
            event = decode(raw)
            reason = uncounted_members((await self._verdict(event)).reason)
            counted = reason["reason"] is None
            return ReceiptFate("counted" if counted else "not counted", **reason)
        if entry is None:
            return _fate("waiting", "not folded yet", message("receipt-waiting"))
        if entry.aside:
            return ReceiptFate("quarantined", **aside_members(entry.reason))
        sentence = message("receipt-quarantined", reason=label("quarantine", entry.reason))
        return _fate("quarantined", entry.reason, sentence)

    async def event(self, receipt: bytes) -> Recorded | None:
        """The event of a receipt; None where the ledger does not have it."""
        async with self.db.read() as conn:
            raw = await events.body_of(conn, receipt)
        return None if raw is None else decode(raw)

    async def _verdict(self, event: Recorded) -> Verdict:
        if event.kind.short in POSTING:
            snapshot = await self.versions.of(event.year)
        else:  # a late event of the registry still moves open years
            snapshot = await self.versions.snapshots.of(event.year)
        async with self.db.read() as conn:
            return (await verdicts(conn, snapshot, [event]))[event.identity]


def _fate(state: str, reason: str, sentence: Message) -> ReceiptFate:
    return ReceiptFate(state, reason, sentence.vi, sentence.en)  # type: ignore[arg-type]
