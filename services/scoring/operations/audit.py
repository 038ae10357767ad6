"""The audit: does the ledger prove the facts and tallies, and do outboxes, stream and ledger agree?

It is the operator's tool, and the one that reads the databases of other services: their outboxes
(DESIGN.md section 5, invariant 3).
"""

import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import decode
from services.chassis import outbox
from services.chassis.broker.connection import Broker
from services.chassis.database.engine import Database, rows_of
from services.chassis.database.limits import PATIENT
from services.scoring.fold.books import Book
from services.scoring.fold.registry import Registry
from services.scoring.fold.verdict import names_own_source, target
from services.scoring.messages import message
from services.scoring.operations.proof import SUBJECTS, Proof
from services.scoring.operations.session import opened
from services.scoring.queries import books, events
from services.scoring.readmodel.snapshot import require_same_rubrics
from services.scoring.rebuild import inputs
from services.scoring.rebuild.refold import Progress, years
from services.scoring.rubrics import loader
from services.scoring.rubrics.model import Rubrics
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.store import doors, position
from services.scoring.stream import ack_floor


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
    rubrics = loader.load_directory(settings.rubrics_folder)
    async with contextlib.AsyncExitStack() as stack:
        broker = Broker(settings.nats(SERVICE), "danchu audit")
        stack.push_async_callback(broker.close)
        floor = await ack_floor(broker)
        db = await stack.enter_async_context(opened(settings))
        conn = await stack.enter_async_context(db.read())
        require_same_rubrics(await position.load(conn), rubrics)
        outboxes = {
            name: await stack.enter_async_context(_producer(settings, name)) for name in producers
        }
        ever = {name: await _ever(theirs) for name, theirs in outboxes.items()}
        registry = await books.registry(conn)
        units = sorted(registry.units.keys() | await books.booked_units(conn))
        proved = _Proved(len(units) + sum(ever.values()), progress)
        found = [line async for line in _books(conn, registry, rubrics, units, proved)]
        found += [line async for line in _position(conn)]
        found += [line async for line in _retractions(conn)]
        proof = Proof(conn, floor)
        await proof.read_stream(broker)
        for name, theirs in outboxes.items():
            before = proved.done
            async for number in proof.read_outbox(name, theirs):
                proved.more(number)
            proved.more(before + ever[name] - proved.done)
        await proof.read_ledger()
        found += proof.differences.all()
        found += await _marks(conn)
    return found


async def _marks(conn: AsyncConnection) -> list[str]:
    """Every mark that does not hold, also before it is an alarm."""
    known = await doors.load(conn)
    return [why for door in known if (why := door.alarm(sys.maxsize)) is not None]


@contextlib.asynccontextmanager
async def _producer(settings: ScoringSettings, name: str) -> AsyncIterator[Database]:
    db = Database(settings.database(name), name, PATIENT)
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
                yield message("differs-books", unit=unit, year=year)
        proved.more(1)


async def _agrees(conn: AsyncConnection, registry: Registry, rubrics: Rubrics, book: Book) -> bool:
    tally = await books.tally(conn, book)
    rows = await rows_of(conn)
    return all(
        [
            not made.gone and not made.added and (made.tallies or "{}") == (tally or "{}")
            async for _, _, _, made in inputs.made(rows, registry, rubrics, [book])
        ]
    )


async def _position(conn: AsyncConnection) -> AsyncIterator[str]:
    place, held = await position.load(conn), await events.ledger_size(conn)
    if held != place.folded:
        yield message("differs-folded", ledger=held, folded=place.folded)
    if place.halted is not None:
        yield message("differs-halted", why=place.halted)


async def _retractions(conn: AsyncConnection) -> AsyncIterator[str]:
    said = [decode(raw) for raw in await events.retracting(conn)]
    targets = {target(one) for one in said if names_own_source(one)}
    if await events.targets(conn) != targets:
        yield message("differs-retracted")
    if wrong := await events.wrongly_marked(conn):
        yield message("differs-marked", number=wrong)
