"""The audit: does the ledger prove the facts and tallies, and do the outboxes prove the ledger?

It is the operator's tool, and the one that reads the databases of other services: their outboxes,
up to what the fold has acknowledged (DESIGN.md section 5, invariant 3).
"""

import contextlib
from collections.abc import AsyncIterator, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import ContractBroken, decode
from services.chassis import outbox
from services.chassis.broker import Broker
from services.chassis.database import Database, rows_of
from services.scoring import ledger, queries, rubric_file, store
from services.scoring.fold import Book, own_source, target
from services.scoring.lag import ack_floor
from services.scoring.operations import agree, opened
from services.scoring.refold import years
from services.scoring.registry import Registry
from services.scoring.rubric import Rubrics
from services.scoring.settings import SERVICE, ScoringSettings

CHUNK = 5000
SUBJECTS = "danchu.events."


async def audit(settings: ScoringSettings, producers: Sequence[str]) -> list[str]:
    """What differs, a sentence each; empty where everything is proved.

    `producers` are the services whose outboxes feed EVENTS.
    """
    rubrics = rubric_file.load_directory(settings.rubrics_folder)
    broker = Broker(settings.nats(SERVICE), "danchu audit")
    try:
        floor = await ack_floor(broker)
    finally:
        await broker.close()
    async with opened(settings) as db, db.read() as conn:
        agree(await store.position(conn), rubrics)
        found = [line async for line in _books(conn, rubrics)]
        found += [line async for line in _position(conn)]
        found += [line async for line in _retractions(conn)]
        ever = 0
        for producer in producers:
            async with _producer(settings, producer) as theirs:
                found += [line async for line in _sent(conn, theirs, producer, floor)]
                ever += await _ever(theirs)
        held = await queries.ledger_size(conn)
        if held > ever:
            found.append(f"the ledger holds {held - ever} events that no outbox ever had")
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


async def _books(conn: AsyncConnection, rubrics: Rubrics) -> AsyncIterator[str]:
    registry = await queries.registry(conn)
    for unit in sorted(registry.units.keys() | await queries.booked_units(conn)):
        for year in sorted(await years(conn, registry, unit)):
            if not await _proved(conn, registry, rubrics, Book(unit, year)):
                yield f"facts or tallies of {unit} in {year} are not what the ledger gives"


async def _proved(conn: AsyncConnection, registry: Registry, rubrics: Rubrics, book: Book) -> bool:
    _, _, made = await ledger.made(await rows_of(conn), registry, rubrics, book)
    tally = await queries.tally(conn, book)
    return not made.gone and not made.added and (made.tallies or "{}") == (tally or "{}")


async def _position(conn: AsyncConnection) -> AsyncIterator[str]:
    place, held = await store.position(conn), await queries.ledger_size(conn)
    if held != place.folded:
        yield f"the ledger holds {held} events, and {place.folded} were folded"
    if place.halted is not None:
        yield f"the fold is halted: {place.halted}"


async def _retractions(conn: AsyncConnection) -> AsyncIterator[str]:
    said = [decode(raw) for raw in await queries.retracting(conn)]
    targets = {target(one) for one in said if own_source(one)}
    if await queries.targets(conn) != targets:
        yield "what is known as retracted is not what the retractions in the ledger name"
    if wrong := await queries.wrongly_marked(conn):
        yield f"{wrong} events of the ledger are marked as retracted or not against the retractions"


async def _sent(
    conn: AsyncConnection, theirs: Database, producer: str, floor: int
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
