"""Compares outboxes, stream, ledger and quarantine, event by event.

All of them identify an event by its receipt, the digest of source, id and content. No position is
accepted as proof: every message that an outbox sent is looked up in the stream and the ledger.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import ContractBroken, Recorded, decode
from services.chassis import outbox
from services.chassis.broker import streams
from services.chassis.broker.connection import Broker
from services.chassis.database.engine import Database
from services.chassis.marks import HEADER
from services.scoring.messages import message
from services.scoring.operations.evidence import Evidence, event_of
from services.scoring.queries import events as event_queries
from services.scoring.queries import quarantine as quarantine_queries
from services.scoring.settings import SERVICE
from services.scoring.store import doors, ledger, quarantine, stages
from services.scoring.stream import STREAM
from services.scoring.year.stages import YearDecision, decision_of

CHUNK = 5000
DIFFERENCES_MAX = 100
SUBJECTS = "danchu.events."
Place = tuple[int, str, str]
"""The order of differences of a kind: time of recording, source and id of the event."""
FIRST: Place = (0, "", "")
Decisions = Mapping[bytes, tuple[int, YearDecision]]
"""Decisions with their years, by the identity of their event."""


@dataclass
class Differences:
    """Differences by kind, as sentences: a bounded number of each kind; the others are counted."""

    lines: dict[str, list[tuple[Place, str]]] = field(default_factory=dict)
    more: dict[str, int] = field(default_factory=dict)

    def add(self, code: str, place: Place = FIRST, /, **values: object) -> None:
        """Adds a difference of a kind; those of a kind are in the order of their places."""
        kind = self.lines.setdefault(code, [])
        kind.append((place, message(code, **values)))
        if len(kind) > 2 * DIFFERENCES_MAX:
            self._bound(code)

    def _bound(self, code: str) -> None:
        """Keeps the first ones of a kind, and counts the others."""
        kind = self.lines[code]
        kind.sort(key=itemgetter(0))
        self.more[code] = self.more.get(code, 0) + len(kind[DIFFERENCES_MAX:])
        del kind[DIFFERENCES_MAX:]

    def all(self) -> list[str]:
        """All sentences; those of each kind are followed by the number of omitted ones."""
        sentences = []
        for code, kind in self.lines.items():
            self._bound(code)
            sentences += [sentence for _, sentence in kind]
            if self.more[code]:
                sentences.append(message("differs-more", number=self.more[code]))
        return sentences


async def missing_bodies(
    conn: AsyncConnection, bodies: Iterable[bytes]
) -> dict[bytes, Recorded | None]:
    """The bodies that are in neither ledger nor quarantine, each with its event, or with None if it
    breaks the contract."""
    events: dict[bytes, Recorded] = {}
    broken: list[bytes] = []
    for body in bodies:
        try:
            events[body] = decode(body)
        except ContractBroken:
            broken.append(body)
    receipts = await ledger.receipts(conn, {event.identity for event in events.values()})
    left = {b: e for b, e in events.items() if receipts.get(e.identity) != e.receipt}
    quarantined = await event_queries.arrived(conn, {event.receipt for event in left.values()})
    stored = await quarantine.find_bodies(conn, broken)
    missing: dict[bytes, Recorded | None] = {body: None for body in broken if body not in stored}
    return missing | {b: e for b, e in left.items() if e.receipt not in quarantined}


async def find_missing(conn: AsyncConnection, bodies: Mapping[int, bytes]) -> list[int]:
    """The numbers of the bodies that are in neither ledger nor quarantine."""
    missing = await missing_bodies(conn, bodies.values())
    return [number for number, body in bodies.items() if body in missing]


def source_and_id(event: Recorded | None) -> dict[str, str]:
    """Source and id of an event, as values of a message."""
    if event is None:
        return {"source": "?", "id": "?"}
    return {"source": event.event.source, "id": event.event.id}


def _place(event: Recorded | None) -> Place:
    return FIRST if event is None else (event.recorded, event.event.source, event.event.id)


@dataclass
class Proof:
    """One comparison; the fold has acknowledged every message of the stream up to `floor`."""

    conn: AsyncConnection
    floor: int
    differences: Differences = field(default_factory=Differences)
    evidence: Evidence = field(default_factory=Evidence)
    _stream: dict[bytes, int] = field(default_factory=dict)
    _outboxes: set[bytes] = field(default_factory=set)
    _announced: set[bytes] = field(default_factory=set)
    is_readable: bool = True
    """Whether every event of the ledger can be read; without that nothing follows from it."""

    async def read_stream(self, broker: Broker) -> None:
        """Reads the stream; finds folded messages that are in neither ledger nor quarantine."""
        async for messages in streams.messages(broker, STREAM):
            folded = [each.body for each in messages if each.sequence <= self.floor]
            for event in (await missing_bodies(self.conn, folded)).values():
                self.differences.add("differs-stream-ledger", **source_and_id(event))
            for each in messages:
                event = event_of(each.body)
                if event is not None:
                    self._stream[event.receipt] = each.sequence
                    self.evidence.add(event, each.headers.get(HEADER))

    async def read_outbox(self, name: str, db: Database) -> AsyncIterator[int]:
        """Finds sent messages that are missing elsewhere; yields the size of each chunk."""
        after = 0
        while True:
            async with db.read() as conn:
                rows = await outbox.messages(conn, SUBJECTS, after, CHUNK)
            if not rows:
                return
            self._outboxes |= {row.receipt for row in rows}
            for row in rows:
                self._read_row(name, row)
            await self._compare_sent(name, [row.body for row in rows if row.is_sent])
            after = rows[-1].seq
            yield len(rows)

    def _read_row(self, name: str, row: outbox.Entry) -> None:
        event = event_of(row.body)
        if event is None:
            return
        if (event.receipt, event.recorded) != (row.receipt, row.recorded):
            self.differences.add("differs-outbox-row", service=name, **source_and_id(event))
        self.evidence.add(event, row.door)
        if name == SERVICE:
            self._announced.add(event.identity)

    async def _compare_sent(self, name: str, bodies: list[bytes]) -> None:
        for event in (await missing_bodies(self.conn, bodies)).values():
            # a message above the floor need not be folded yet
            place = self._stream.get(event.receipt) if event is not None else None
            if place is None or place <= self.floor:
                self.differences.add("differs-outbox-ledger", service=name, **source_and_id(event))
        for body in bodies:
            event = event_of(body)
            if event is not None and event.receipt not in self._stream:
                self.differences.add("differs-outbox-stream", service=name, **source_and_id(event))

    async def read_ledger(self) -> None:
        """Finds rows of the ledger that do not follow from their event or are not as it was
        recorded, and events that are in no outbox; then decisions that are not as announced."""
        after, decisions = b"", {}
        names = {door.id: door.name for door in await doors.load(self.conn)}
        while rows := await ledger.rows_after(self.conn, after, CHUNK):
            arrivals = await ledger.arrivals(self.conn, [row.identity for row in rows])
            for row in rows:
                event = event_of(row.raw)
                self.is_readable &= event is not None
                if event is None or ledger.row_of(event) != row:
                    name = row.receipt.hex() if event is None else event.event.id
                    self.differences.add(
                        "differs-ledger-row", _place(event), id=name, subject=row.subject
                    )
                else:
                    number = arrivals[row.identity].door
                    door = None if number is None else names.get(number, f"{number}")
                    await self._compare_copies(event, door)
                    if (decision := decision_of(event)) is not None:
                        decisions[row.identity] = (event.year, decision)
                if row.receipt not in self._outboxes:
                    self.differences.add(
                        "differs-ledger-outbox", _place(event), **source_and_id(event)
                    )
            after = rows[-1].identity
        self._compare_decisions(decisions, await stages.every(self.conn))

    async def _compare_copies(self, event: Recorded, door: str | None) -> None:
        difference = self.evidence.difference(event, door)
        if difference is not None and not await self._came_otherwise(event, door):
            code, values = difference
            self.differences.add(code, _place(event), **source_and_id(event), **values)

    async def _came_otherwise(self, event: Recorded, door: str | None) -> bool:
        """Whether the fold has an event that no outbox or stream has as it is in the ledger.

        It was replayed from the quarantine, or its door is gone and another one recorded it again.
        """
        if door is None:
            return await quarantine_queries.has_event(self.conn, event)
        if door in self.evidence.doors:
            return False
        for copy in self.evidence.copies(event):
            if copy.door and await doors.is_repeat(self.conn, copy.door, copy.recorded):
                return True
        return False

    def _compare_decisions(self, events: Decisions, stored: Decisions) -> None:
        """A decision that no event brought may only wait in the outbox."""
        differing = {key for key, decision in events.items() if stored.get(key) != decision}
        unknown = stored.keys() - events.keys() - self._announced
        for key in sorted(differing | unknown):
            year, decision = events.get(key) or stored[key]
            self.differences.add("differs-decision", year=year, decision=decision.decision)
