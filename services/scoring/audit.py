"""The audit: does the ledger prove the facts and tallies, and do the outboxes prove the ledger?

It is the operator's tool, and the one that reads the databases of other services: their outboxes,
up to what the fold has acknowledged (DESIGN.md section 5, invariant 3).
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import ContractBroken, decode
from services.chassis import outbox
from services.chassis.broker import Broker
from services.chassis.database import Database, rows_of
from services.scoring import ledger, queries, rubric_file, store
from services.scoring.fold import Book, names_own_source, target
from services.scoring.lag import ack_floor
from services.scoring.operations import opened
from services.scoring.refold import Progress, years
from services.scoring.registry import Registry
from services.scoring.rubric import Rubrics
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.snapshot import agree

CHUNK = 5000
SUBJECTS = "danchu.events."


@dataclass
class _Proved:
    """How much is proved of all there is to prove: units, and messages of the outboxes."""

    of: int
    progress: Progress
    done: int = 0

    def more(self, number: int) -> None:
        self.done += number
        self.progress(self.done, self.of)


async def audit(
    settings: ScoringSettings,
    producers: Sequence[str],
    progress: Progress = lambda done, of: None,
) -> list[str]:
    """What differs, a sentence each; empty where everything is proved.

    `producers` are the services whose outboxes feed EVENTS. `progress` hears how many units and
    messages are proved, of how many.
    """
    rubrics = rubric_file.load_directory(settings.rubrics_folder)
    broker = Broker(settings.nats(SERVICE), "danchu audit")
    try:
        floor = await ack_floor(broker)
    finally:
        await broker.close()
    async with contextlib.AsyncExitStack() as stack:
        db = await stack.enter_async_context(opened(settings))
        conn = await stack.enter_async_context(db.read())
        agree(await store.position(conn), rubrics)
        outboxes = {
            name: await stack.enter_async_context(_producer(settings, name)) for name in producers
        }
        ever = {name: await _ever(theirs) for name, theirs in outboxes.items()}
        registry = await queries.registry(conn)
        units = sorted(registry.units.keys() | await queries.booked_units(conn))
        proved = _Proved(len(units) + sum(ever.values()), progress)
        found = [line async for line in _books(conn, registry, rubrics, units, proved)]
        found += [line async for line in _position(conn)]
        found += [line async for line in _retractions(conn)]
        for name, theirs in outboxes.items():
            before = proved.done
            found += [line async for line in _sent(conn, theirs, name, floor, proved)]
            proved.more(before + ever[name] - proved.done)
        held = await queries.ledger_size(conn)
    if held > sum(ever.values()):
        found.append(f"the ledger holds {held - sum(ever.values())} events that no outbox ever had")
    return found


@contextlib.asynccontextmanager
async def _producer(settings: ScoringSettings, name: str) -> AsyncIterator[Database]:
    db = Database(settings.database(name), name)
    try:
        yield db
    finally:
        await db.close()


async def _ever(db: Database) -> int:
    async with db.read() as conn:
        return await outbox.count(conn, SUBJECTS)


async def _books(
    conn: AsyncConnection,
    registry: Registry,
    rubrics: Rubrics,
    units: Sequence[str],
    proved: _Proved,
) -> AsyncIterator[str]:
    for unit in units:
        for year in sorted(await years(conn, registry, unit)):
            if not await _agrees(conn, registry, rubrics, Book(unit, year)):
                yield f"facts or tallies of {unit} in {year} are not what the ledger gives"
        proved.more(1)


async def _agrees(conn: AsyncConnection, registry: Registry, rubrics: Rubrics, book: Book) -> bool:
    tally = await queries.tally(conn, book)
    rows = await rows_of(conn)
    return all(
        [
            not made.gone and not made.added and (made.tallies or "{}") == (tally or "{}")
            async for _, _, _, made in ledger.made(rows, registry, rubrics, [book])
        ]
    )


async def _position(conn: AsyncConnection) -> AsyncIterator[str]:
    place, held = await store.position(conn), await queries.ledger_size(conn)
    if held != place.folded:
        yield f"the ledger holds {held} events, and {place.folded} were folded"
    if place.halted is not None:
        yield f"the fold is halted: {place.halted}"


async def _retractions(conn: AsyncConnection) -> AsyncIterator[str]:
    said = [decode(raw) for raw in await queries.retracting(conn)]
    targets = {target(one) for one in said if names_own_source(one)}
    if await queries.targets(conn) != targets:
        yield "what is known as retracted is not what the retractions in the ledger name"
    if wrong := await queries.wrongly_marked(conn):
        yield f"{wrong} events of the ledger are marked as retracted or not against the retractions"


async def _sent(
    conn: AsyncConnection, theirs: Database, producer: str, floor: int, proved: _Proved
) -> AsyncIterator[str]:
    """What a producer has sent up to the floor, and neither ledger nor quarantine has."""
    after = 0
    while True:
        async with theirs.read() as reader:
            rows = await outbox.sent(reader, SUBJECTS, after, floor, CHUNK)
        if not rows:
            return
        async for line in _missing(conn, producer, [body for _, body in rows]):
            yield line
        proved.more(len(rows))
        after = rows[-1][0]


async def _missing(
    conn: AsyncConnection, producer: str, bodies: Sequence[bytes]
) -> AsyncIterator[str]:
    sent = {}
    for body in bodies:
        try:
            said = decode(body)
        except ContractBroken as broken:
            yield f"the outbox of {producer} sent what breaks the contract: {broken}"
        else:
            sent[said.identity] = said
    known = await store.receipts(conn, sent)
    lost = {i: s for i, s in sent.items() if known.get(i) != s.receipt}
    elsewhere = await queries.arrived(conn, {said.receipt for said in lost.values()})
    for said in lost.values():
        if said.receipt not in elsewhere:
            name = f"{said.event.source} {said.event.id}"
            yield f"the outbox of {producer} sent {name}, and the ledger does not have it"
