"""The audit: checks that facts and tallies follow from the ledger, and that outboxes, stream and
ledger agree.

This is the only module of scoring that reads the databases of other services, namely their
outboxes (DESIGN.md section 5, invariant 3).
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import decode
from services.chassis import door, outbox
from services.chassis.broker.connection import Broker
from services.chassis.clock import Clock, now_us
from services.chassis.database.engine import Database, rows_of
from services.chassis.database.limits import PATIENT
from services.chassis.door import Door
from services.chassis.errors import DatabaseAway
from services.scoring.fold.books import Book
from services.scoring.fold.registry import Registry
from services.scoring.fold.verdict import names_own_source, retraction_target
from services.scoring.messages import message
from services.scoring.operations.door_audit import DoorAudit
from services.scoring.operations.proof import SUBJECTS, Proof
from services.scoring.operations.quarantine_audit import QuarantineAudit
from services.scoring.operations.seal_audit import seal_differences
from services.scoring.operations.session import log, open_database
from services.scoring.queries import books, events
from services.scoring.readmodel.snapshots import require_same_rubrics
from services.scoring.rebuild import inputs
from services.scoring.rebuild.refold import BookProgress, years
from services.scoring.rubrics import loader
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing import keyring
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.store import audit_results, position
from services.scoring.stream import ack_floor, compare_stream


@dataclass
class _Counter:
    """Counts the compared units and outbox messages, and reports the progress."""

    total: int
    progress: BookProgress
    number: int = 0

    def add(self, number: int) -> None:
        self.number += number
        self.progress(self.number, self.total)


async def audit(
    settings: ScoringSettings,
    producers: Sequence[str],
    progress: BookProgress = lambda number, total: None,
    clock: Clock = now_us,
) -> list[str]:
    """The differences, one sentence each; empty if everything agrees.

    `producers` are the services whose outboxes feed EVENTS. `progress` is called with the number of
    compared units and messages, and their total. The result is saved for those who look at it
    later; where it cannot be saved, it is answered nevertheless.
    """
    started = clock()
    lines = await _differences(settings, producers, progress)
    result = audit_results.audit_result(started, clock(), lines)
    try:
        async with open_database(settings) as db, db.write() as conn:
            await audit_results.save(conn, result)
    except DatabaseAway as error:
        log.warning("the result of the audit is not saved", extra={"error": error.message})
    return lines


async def _differences(
    settings: ScoringSettings, producers: Sequence[str], progress: BookProgress
) -> list[str]:
    rubrics = loader.load_directory(settings.rubrics_folder)
    async with contextlib.AsyncExitStack() as stack:
        broker = Broker(settings.nats(SERVICE), "danchu audit")
        stack.push_async_callback(broker.close)
        floor = await ack_floor(broker)  # read first: all below it is committed already
        db = await stack.enter_async_context(open_database(settings))
        conn = await stack.enter_async_context(db.read())
        require_same_rubrics(await position.load(conn), rubrics)
        # before the stream is read: the comparison waits for a leader that has applied all of it
        lines = [line async for line in position_differences(conn, broker)]
        outboxes = {
            name: await stack.enter_async_context(_producer(settings, name)) for name in producers
        }
        sizes = {name: await _outbox_size(theirs) for name, theirs in outboxes.items()}
        booked = await books.booked_units(conn)
        counter = _Counter(len(booked) + sum(sizes.values()), progress)
        proof = Proof(conn, floor)
        await proof.read_stream(broker)
        recording = {name: await _door(theirs) for name, theirs in outboxes.items()}
        proof.evidence.doors |= {door.name for door in recording.values()}
        for name, theirs in outboxes.items():
            await _read_outbox(proof, name, theirs, sizes[name], counter)
        await proof.read_ledger()
        await _compare_quarantine(conn, proof)
        lines += proof.differences.all()
        lines += [line async for line in DoorAudit(conn, broker, recording).differences()]
        if proof.is_readable:
            lines += [line async for line in _books(conn, rubrics, booked, counter)]
            lines += [line async for line in _retractions(conn)]
            lines += await seal_differences(db, keyring.load(settings))
    return lines


async def _compare_quarantine(conn: AsyncConnection, proof: Proof) -> None:
    for id_, reason in await QuarantineAudit(conn, proof.evidence).differences():
        proof.differences.add("differs-quarantine", id=id_, reason=reason)


async def _read_outbox(proof: Proof, name: str, db: Database, size: int, counter: _Counter) -> None:
    before = counter.number
    async for number in proof.read_outbox(name, db):
        counter.add(number)
    # the outbox may have grown or shrunk since it was counted
    counter.add(before + size - counter.number)


@contextlib.asynccontextmanager
async def _producer(settings: ScoringSettings, name: str) -> AsyncIterator[Database]:
    db = Database(settings.database(name), name, PATIENT)
    try:
        yield db
    finally:
        await db.close()


async def _door(db: Database) -> Door:
    async with db.read() as conn:
        return await door.load(conn)


async def _outbox_size(db: Database) -> int:
    async with db.read() as conn:
        return await outbox.count(conn, SUBJECTS)


async def _books(
    conn: AsyncConnection, rubrics: Rubrics, booked: set[str], counter: _Counter
) -> AsyncIterator[str]:
    registry = await books.registry(conn)
    units = sorted(registry.units.keys() | booked)
    counter.total += len(units) - len(booked)
    for unit in units:
        for year in sorted(await years(conn, registry, unit)):
            if not await _agrees(conn, registry, rubrics, Book(unit, year)):
                yield message("differs-books", unit=unit, year=year)
        counter.add(1)


async def _agrees(conn: AsyncConnection, registry: Registry, rubrics: Rubrics, book: Book) -> bool:
    """Whether the stored facts and tallies of a book equal those recomputed from the ledger."""
    tally = await books.tally(conn, book)
    results = inputs.recompute_books(await rows_of(conn), registry, rubrics, [book])
    (difference,) = [result.difference async for result in results]
    equal = (difference.tallies or "{}") == (tally or "{}")
    return equal and not difference.stale and not difference.missing


async def position_differences(conn: AsyncConnection, broker: Broker) -> AsyncIterator[str]:
    """Whether the fold is where its ledger and the stream say, and why it is halted."""
    place, size = await position.load(conn), await events.ledger_size(conn)
    if size != place.folded:
        yield message("differs-folded", ledger=size, folded=place.folded)
    # read after the position: the stream of that position can only have grown
    halt = place.halted or (await compare_stream(broker, place, now_us)).reason
    if halt is not None:
        yield message("differs-halted", why=halt)


async def _retractions(conn: AsyncConnection) -> AsyncIterator[str]:
    retractions = [decode(raw) for raw in await events.retractions(conn)]
    targets = {retraction_target(event) for event in retractions if names_own_source(event)}
    if await events.retraction_targets(conn) != targets:
        yield message("differs-retracted")
    if number := await events.count_wrong_marks(conn):
        yield message("differs-marked", number=number)
