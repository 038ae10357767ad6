"""What outboxes, stream, ledger and quarantine say of each other, by identity.

Each knows an event by its receipt, the digest of source, id and content. Nothing is taken for
proved because of a position: what an outbox sent is looked for in the stream and in the ledger.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import ContractBroken, Recorded, decode
from services.chassis import outbox
from services.chassis.broker import streams
from services.chassis.broker.connection import Broker
from services.chassis.database.engine import Database
from services.scoring.messages import message
from services.scoring.queries import events as event_queries
from services.scoring.store import doors, ledger, quarantine
from services.scoring.stream import STREAM

CHUNK = 5000
DIFFERENCES_MAX = 100
SUBJECTS = "danchu.events."


@dataclass
class Differences:
    """Sentences by kind, each kind bounded: what is more is counted."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    more: dict[str, int] = field(default_factory=dict)

    def add(self, code: str, **values: object) -> None:
        """One more difference of a kind."""
        kind = self.lines.setdefault(code, [])
        if len(kind) < DIFFERENCES_MAX:
            kind.append(message(code, **values))
        else:
            self.more[code] = self.more.get(code, 0) + 1

    def all(self) -> list[str]:
        """Every sentence, and how many more there are of a kind."""
        found = []
        for code, kind in self.lines.items():
            found += kind
            if code in self.more:
                found.append(message("differs-more", number=self.more[code]))
        return found


async def unknown(conn: AsyncConnection, bodies: Iterable[bytes]) -> dict[bytes, Recorded | None]:
    """Those bodies that neither ledger nor quarantine has, with the event where it is one."""
    events: dict[bytes, Recorded] = {}
    found: dict[bytes, Recorded | None] = {}
    for body in bodies:
        try:
            event = decode(body)
        except ContractBroken:
            found[body] = None
        else:
            events[body] = event
    known = await ledger.receipts(conn, {event.identity for event in events.values()})
    left = {b: e for b, e in events.items() if known.get(e.identity) != e.receipt}
    elsewhere = await event_queries.arrived(conn, {event.receipt for event in left.values()})
    kept = await quarantine.bodies_known(conn, found)
    found = {body: None for body in found if body not in kept}
    return found | {b: e for b, e in left.items() if e.receipt not in elsewhere}


async def lacking(conn: AsyncConnection, bodies: Mapping[int, bytes]) -> list[int]:
    """The numbers of those bodies that neither ledger nor quarantine has."""
    missing = await unknown(conn, bodies.values())
    return [number for number, body in bodies.items() if body in missing]


def named(event: Recorded | None) -> dict[str, str]:
    """Source and id of an event for a sentence."""
    return (
        {"source": event.event.source, "id": event.event.id}
        if event
        else {"source": "?", "id": "?"}
    )


@dataclass
class Proof:
    """One comparison: `floor` is up to where the fold has acknowledged the stream."""

    conn: AsyncConnection
    floor: int
    differences: Differences = field(default_factory=Differences)
    _stream: dict[bytes, int] = field(default_factory=dict)
    _outboxes: set[bytes] = field(default_factory=set)

    async def read_stream(self, broker: Broker) -> None:
        """What the stream has, and of what was folded, what is in neither ledger nor quarantine."""
        async for messages in streams.messages(broker, STREAM):
            folded = [body for sequence, body in messages if sequence <= self.floor]
            for event in (await unknown(self.conn, folded)).values():
                self.differences.add("differs-stream-ledger", **named(event))
            for sequence, body in messages:
                try:
                    self._stream[decode(body).receipt] = sequence
                except ContractBroken:
                    continue

    async def read_outbox(self, name: str, db: Database) -> AsyncIterator[int]:
        """What an outbox sent and others lack; answers how much of it is proved, step by step."""
        after = 0
        while True:
            async with db.read() as conn:
                rows = await outbox.messages(conn, SUBJECTS, after, CHUNK)
            if not rows:
                return
            self._outboxes |= {row.receipt for row in rows}
            await self._sent(name, [row.body for row in rows if row.is_sent])
            after = rows[-1].seq
            yield len(rows)

    async def _sent(self, name: str, bodies: list[bytes]) -> None:
        for event in (await unknown(self.conn, bodies)).values():
            place = self._stream.get(event.receipt) if event is not None else None
            if place is None or place <= self.floor:
                self.differences.add("differs-outbox-ledger", service=name, **named(event))
        for body in bodies:
            try:
                event = decode(body)
            except ContractBroken:
                continue
            if event.receipt not in self._stream:
                self.differences.add("differs-outbox-stream", service=name, **named(event))

    async def read_ledger(self) -> None:
        """What the ledger has and no outbox ever had."""
        after = b""
        while True:
            rows = await doors.receipts_after(self.conn, after, CHUNK)
            if not rows:
                return
            strange = [row for row in rows if row.receipt not in self._outboxes]
            for row in strange:
                self.differences.add("differs-ledger-outbox", **named(decode(row.raw)))
            after = rows[-1].identity
