"""What became of an event, by its receipt: for the door, which answers its sender."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.envelope import Recorded, decode
from contracts.messages import Message
from contracts.questions import ReceiptFate
from services.chassis.database.engine import Database
from services.scoring.fold import verdict
from services.scoring.fold.verdict import Verdict
from services.scoring.messages import message
from services.scoring.queries import events
from services.scoring.ratings.reasons import told, told_aside
from services.scoring.readmodel.snapshot import Snapshots
from services.scoring.store import ledger, quarantine


@dataclass
class Receipts:
    """The fates of events, as of the last commit."""

    db: Database
    snapshots: Snapshots

    async def fate(self, receipt: bytes) -> ReceiptFate:
        """Whether the event counts, and why not; `waiting` where it has not arrived."""
        async with self.db.read() as conn:
            raw = await events.body_of(conn, receipt)
            kept = None if raw is not None else await quarantine.reason_of(conn, receipt)
        if raw is not None:
            event = decode(raw)
            reason = told((await self._verdict(event)).reason)
            counted = reason["reason"] is None
            return ReceiptFate("counted" if counted else "not counted", **reason)
        if kept is None:
            return _fate("waiting", "not folded yet", message("receipt-waiting"))
        if kept.aside:
            return ReceiptFate("quarantined", **told_aside(kept.reason))
        return _fate("quarantined", kept.reason, message("receipt-quarantined", reason=kept.reason))

    async def _verdict(self, event: Recorded) -> Verdict:
        snapshot = await self.snapshots.of(event.year)
        async with self.db.read() as conn:
            retracted = await ledger.retracted(conn, [event.identity])
            named = (
                {verdict.retraction_target(event).identity}
                if event.kind.short == verdict.RETRACTION
                else set()
            )
            heads = await events.heads(conn, named)
        return verdict.verdict(event, snapshot.registry, snapshot.rubrics, retracted, heads)


def _fate(state: str, reason: str, sentence: Message) -> ReceiptFate:
    return ReceiptFate(state, reason, sentence.vi, sentence.en)  # type: ignore[arg-type]
