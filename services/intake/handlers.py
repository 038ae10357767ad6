"""The handler of a batch: parse, authorise, claim identities, write the outbox, commit."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contracts.door import EVENTS_MAX, Emitted, Refusal, read
from contracts.envelope import stream_subject
from services.chassis import outbox, read_log
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.http.peer import peer_address
from services.chassis.outbox import Draft
from services.chassis.read_log import Read
from services.chassis.telemetry.instruments import message_span, meter, trace_headers, tracer
from services.intake import domain, store
from services.intake.body_threads import BodyThreads, Place
from services.intake.domain import EventReceipt, Sender

_tracer = tracer("danchu.intake")
_meter = meter("danchu.intake")
_answered = _meter.create_counter(
    "danchu.intake.events", "{event}", "events that were answered, by door and status"
)
_refused = _meter.create_counter(
    "danchu.intake.refusals", "{fault}", "faults of events that were refused, by door and reason"
)
HTTP, NATS = "http", "nats"
"""The names of the doors in metrics."""


@dataclass(frozen=True)
class Intake:
    """The handler of both doors; `committed` is called after each commit of new events."""

    db: Database
    clock: Clock
    committed: Callable[[], None]
    bodies: BodyThreads = field(default_factory=BodyThreads)

    async def read(
        self, place: Place, raw: bytes, content_type: str,
        headers: Mapping[str, str] | None = None, events_max: int = EVENTS_MAX,
    ) -> tuple[bool, list[Emitted | Refusal]]:  # fmt: skip
        """Parses a body by `contracts.door.read` in its place; raises BodyRefused like that."""
        return await place.parse(read, raw, content_type, self.clock(), headers, events_max)

    def close(self) -> None:
        """Closes the threads that parse bodies and encode answers."""
        self.bodies.close()

    async def accept(
        self,
        batch: Sequence[Emitted | Refusal],
        sender: Sender,
        subject: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> list[EventReceipt]:
        """A receipt for each event, in order; accepted events are committed when it returns.

        The span continues the trace of the request's headers or, if they have none, that of the
        events.
        """
        with message_span(_tracer, "accept", _carried(batch, headers)) as span:
            span.set_attribute("events", len(batch))
            subjects = await self._subjects(batch)
            items = [domain.authorise(item, sender, subject, subjects) for item in batch]
            firsts = domain.first_by_identity(items)
            receipts = {identity: item.receipt for identity, item in firsts.items()}
            before = await self._store(firsts, receipts, sender)
            answers = domain.receipts(items, receipts | before, receipts.keys() - before.keys())
        _count(answers, HTTP if subject is None else NATS)
        return answers

    async def _subjects(self, batch: Sequence[Emitted | Refusal]) -> dict[bytes, str]:
        """The subjects of the events that the batch retracts: events accepted before, else events
        of the batch itself."""
        targets = {target for item in batch if (target := domain.target(item)) is not None}
        if not targets:
            return {}
        async with self.db.read() as conn:
            subjects = await store.subjects(conn, targets)
        here = domain.first_by_identity(batch)
        both = targets & here.keys()
        return {identity: here[identity].event.subject for identity in both} | subjects

    async def _store(
        self, firsts: dict[bytes, Emitted], receipts: dict[bytes, bytes], sender: Sender
    ) -> dict[bytes, bytes]:
        if not firsts:
            return {}
        async with self.db.write() as conn:
            before = await store.claim(conn, receipts)
            new = [item for identity, item in firsts.items() if identity not in before]
            headers = trace_headers() or None
            lines = [line for item in new for line in self._author_lines(item, sender)]
            if lines:
                await read_log.insert(conn, lines)
            await outbox.record(conn, [_draft(item, headers) for item in new], self.clock())
        if new:
            self.committed()
        return before

    def _author_lines(self, item: Emitted, sender: Sender) -> Iterator[Read]:
        """Who decided or replied, which no event says, and from where: in its transaction."""
        if item.kind.short in domain.LOGGED:
            by, unit = sender.name or sender.role, item.event.subject
            at, address = self.clock(), peer_address()
            yield Read(at, sender.role, by, item.kind.short, 1, address, item.year, unit)


def _carried(
    batch: Sequence[Emitted | Refusal], headers: Mapping[str, str] | None
) -> Iterable[Mapping[str, str] | None]:
    if headers and "traceparent" in headers:
        return [headers]
    return (item.attributes for item in batch if isinstance(item, Emitted))


def _draft(item: Emitted, headers: dict[str, str] | None) -> Draft:
    subject = stream_subject(item.event.subject, item.kind.short)
    return Draft(item.receipt, subject, item.body, headers)


def _count(receipts: Sequence[EventReceipt], door: str) -> None:
    for status, number in Counter(receipt.status for receipt in receipts).items():
        _answered.add(number, {"status": status, "door": door})
    faults = (fault for receipt in receipts if receipt.receipt is None for fault in receipt.faults)
    for reason, number in Counter(fault.message.code for fault in faults).items():
        _refused.add(number, {"reason": reason, "door": door})
