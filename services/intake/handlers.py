"""What happens to a batch at a door: judge, claim identities, put into the outbox, commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.door import Emitted, Refusal
from contracts.envelope import stream_subject
from services.chassis import outbox
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.outbox import Outgoing
from services.chassis.telemetry import meter, tracer
from services.intake import domain, store
from services.intake.domain import Receipt, Sender

_tracer = tracer("danchu.intake")
_answered = meter("danchu.intake").create_counter("danchu.intake.events", "events", "by status")


@dataclass(frozen=True)
class Intake:
    """The handler of both doors; `committed` is called after each commit."""

    db: Database
    clock: Clock
    committed: Callable[[], None]

    async def accept(
        self, batch: Sequence[Emitted | Refusal], sender: Sender, subject: str | None = None
    ) -> list[Receipt]:
        """A receipt for each event in order; what is accepted is on disk by then."""
        with _tracer.start_as_current_span("accept", attributes={"events": len(batch)}):
            items = [domain.judged(item, sender, subject) for item in batch]
            firsts = domain.firsts(items)
            wanted = {identity: item.receipt for identity, item in firsts.items()}
            before = await self._store(firsts, wanted)
            found = domain.receipts(items, wanted | before, wanted.keys() - before.keys())
        _count(found)
        return found

    async def _store(
        self, firsts: dict[bytes, Emitted], wanted: dict[bytes, bytes]
    ) -> dict[bytes, bytes]:
        if not firsts:
            return {}
        async with self.db.write() as conn:
            before = await store.claim(conn, wanted)
            recorded = self.clock()
            new = [item for identity, item in firsts.items() if identity not in before]
            await outbox.add(conn, [_outgoing(item, recorded) for item in new])
        if new:
            self.committed()
        return before


def _outgoing(item: Emitted, recorded: int) -> Outgoing:
    subject = stream_subject(item.event.subject, item.kind.short)
    return Outgoing(item.receipt, subject, item.body(recorded), recorded)


def _count(found: Sequence[Receipt]) -> None:
    by_status: dict[str, int] = {}
    for receipt in found:
        by_status[receipt.status] = by_status.get(receipt.status, 0) + 1
    for status, number in by_status.items():
        _answered.add(number, {"status": status})
