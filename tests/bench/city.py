"""The events of a run, as the door reads them and as they stand on the stream."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts import door
from contracts.door import Emitted
from contracts.envelope import stream_subject
from services.chassis.clock import now_us
from services.chassis.relay.publisher import Publisher
from services.chassis.relay.turn import BATCH_MAX, Row
from services.simulation.city import simulate
from tests.support.servers import NatsServer

YEAR = 2025
DUPLICATES = 0.02


@dataclass(frozen=True)
class City:
    """Which events: the same for the same numbers."""

    units: int = 100
    events: int = 200_000
    seed: int = 1

    def lines(self) -> Iterator[bytes]:
        """CloudEvents as departments send them, 2 % of them a second time."""
        return simulate(self.units, self.events, YEAR, self.seed, duplicates=DUPLICATES)

    def emitted(self) -> Iterator[Emitted]:
        """The same as the door reads them; nothing of a simulated city is refused."""
        now = now_us()
        for line in self.lines():
            _, (read,) = door.read(line, door.SINGLE, now)
            if not isinstance(read, Emitted):
                raise ValueError(f"the door refuses an event of the city: {read}")
            yield read

    def rows(self) -> Iterator[Row]:
        """Rows of an outbox: a receipt that comes again is of another generation.

        So it gets another message id, and the stream does not take it away before the fold sees it.
        """
        again: Counter[bytes] = Counter()
        recorded = now_us()
        for seq, read in enumerate(self.emitted(), start=1):
            subject = stream_subject(read.event.subject, read.kind.short)
            generation = again[read.receipt]
            again[read.receipt] += 1
            yield Row(seq, read.receipt, subject, read.body(recorded + seq), None, generation)


async def fill(server: NatsServer, rows: Iterable[Row]) -> list[bytes]:
    """Publishes rows as the relay does, in atomic batches; answers the bodies in their order."""
    broker = server.broker("intake")
    publisher = Publisher(broker)
    bodies: list[bytes] = []
    while batch := list(itertools.islice(rows, BATCH_MAX)):
        await publisher.publish(batch)
        bodies += [row.body for row in batch]
    await broker.close()
    return bodies


@dataclass(frozen=True)
class Batches:
    """A file of JSON arrays, one a line: how many events it holds, and how many distinct ones."""

    file: Path
    sent: int
    distinct: int


def write_batches(city: City, events: int, size: int, file: Path) -> Batches:
    """The first events of the city that the role `emitter` may send, in batches.

    A registrar sends the registrations and a council the decisions: they are left out.
    """
    pairs = zip(city.lines(), city.emitted(), strict=True)
    mine = ((line, read.identity) for line, read in pairs if "emitter" in read.kind.roles)
    some = list(itertools.islice(mine, events))
    with file.open("wb") as out:
        for first in range(0, len(some), size):
            batch = [line.strip() for line, _ in some[first : first + size]]
            out.write(b"[" + b",".join(batch) + b"]\n")
    return Batches(file, len(some), len({identity for _, identity in some}))


def distinct(bodies: Sequence[bytes]) -> int:
    """How many events there are among the bodies, by source and id."""
    read = (json.loads(body) for body in bodies)
    return len({(event["source"], event["id"]) for event in read})
