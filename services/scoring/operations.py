"""What an operator does to scoring: rebuild, audit, lift a halt, settle the quarantine.

Each opens its own connection and takes the position's lock, so it may run beside the fold.
"""

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import envelope
from services.chassis import outbox
from services.chassis.broker import Broker
from services.chassis.clock import Clock, now_us
from services.chassis.database import Database
from services.chassis.database_limits import PATIENT
from services.chassis.errors import BrokerAway, DanchuError
from services.scoring import doors, proof, quarantine, queries, rubric_file, store
from services.scoring.app import MIGRATIONS
from services.scoring.batch import Message, faulty
from services.scoring.doors import DoorState
from services.scoring.errors import (
    DoorSpeaks,
    DoorUnknown,
    NotQuarantined,
    NotStandingOver,
    ReplacedAlready,
)
from services.scoring.fold import Book
from services.scoring.handlers import Folder, mended
from services.scoring.ledger import WRONG_PLANS
from services.scoring.messages import message
from services.scoring.refold import Progress, refold_by
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.snapshot import agree
from services.scoring.stream import stream_state
from services.scoring.workers import workers

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def opened(settings: ScoringSettings) -> AsyncIterator[Database]:
    """The database of scoring, checked as at a start."""
    db = Database(settings.database(SERVICE), SERVICE, PATIENT)
    try:
        await db.open(MIGRATIONS)
        yield db
    finally:
        await db.close()


async def rebuild(settings: ScoringSettings, year: int, progress: Progress) -> int:
    """Folds a year anew from the ledger, in one transaction; answers how many events it read."""
    async with contextlib.AsyncExitStack() as stack:
        team = await stack.enter_async_context(workers())
        # read while the workers load
        rubrics = rubric_file.load_directory(settings.rubrics_folder)
        db = await stack.enter_async_context(opened(settings))
        await mended(db)
        conn = await stack.enter_async_context(db.write())
        place = await store.lock(conn)
        agree(place, rubrics)
        registry, stamp = await queries.registry(conn), place.stamp + 1
        units = registry.units.keys() | await queries.booked_units(conn, year)
        wanted = [Book(unit, year) for unit in sorted(units)]
        team.know(db.source(*WRONG_PLANS), registry, rubrics)
        read = await refold_by(team, conn, registry, wanted, stamp, progress)
        await store.save(conn, place._replace(stamp=stamp, registry_stamp=stamp))
    return read


async def lift(settings: ScoringSettings) -> None:
    """Takes the stream as it is now for the one to fold, and lifts a halt."""
    broker = Broker(settings.nats(SERVICE), "danchu scoring lift")
    try:
        state = await stream_state(broker)
    finally:
        await broker.close()
    if state is None:
        raise BrokerAway(message("stream-unprovisioned"))
    async with opened(settings) as db, db.write() as conn:
        place = await store.lock(conn)
        same = place.stream_created == state.created
        healed = place._replace(
            halted=None, faulty=None, stream_created=state.created,
            stream_seq=min(place.stream_seq, state.last_seq),
            stream_floor=min(place.stream_floor, state.last_seq) if same else 0,
        )  # fmt: skip
        await store.save(conn, healed)


async def send_lacking(db: Database, producer: Database, until: int) -> int:
    """Has an outbox send again what it recorded before a moment and the ledger lacks; how much."""
    after, number = 0, 0
    while True:
        async with producer.read() as conn:
            rows = await outbox.messages(conn, proof.SUBJECTS, after, proof.CHUNK, until)
        if not rows:
            return number
        sent = {row.seq: row.body for row in rows if row.is_sent}
        async with db.read() as conn:
            seqs = await proof.lacking(conn, sent)
        if seqs:
            async with producer.write() as conn:
                await outbox.unsend(conn, seqs)
        number, after = number + len(seqs), rows[-1].seq


async def doors_known(settings: ScoringSettings) -> list[DoorState]:
    """Every door that announced marks or sent events."""
    async with opened(settings) as db, db.read() as conn:
        return await doors.load(conn)


async def retire(settings: ScoringSettings, name: str, clock: Clock = now_us) -> None:
    """Waits no longer for a door; DoorUnknown without it, DoorSpeaks where it is not gone."""
    now = clock()
    async with opened(settings) as db, db.write() as conn:
        await store.lock(conn)
        door = next((one for one in await doors.load(conn) if one.name == name), None)
        if door is None:
            raise DoorUnknown(name)
        if door.heard is not None and now - door.heard < doors.SILENT_US and not door.successor:
            raise DoorSpeaks(name)
        await doors.save(conn, door._replace(retired=now, differs_since=None))


async def quarantined(
    settings: ScoringSettings, state: str | None, limit: int
) -> list[dict[str, Any]]:
    """Entries of the quarantine, the newest first."""
    async with opened(settings) as db, db.read() as conn:
        return await queries.quarantined(conn, state, limit)


async def entry(settings: ScoringSettings, id_: str) -> dict[str, Any]:
    """One entry with its original bytes; NotQuarantined without."""
    async with opened(settings) as db, db.read() as conn:
        return await _entry(conn, id_)


async def _entry(conn: AsyncConnection, id_: str) -> dict[str, Any]:
    try:
        found = await queries.quarantined_one(conn, bytes.fromhex(id_))
    except ValueError:
        found = None
    if found is None:
        raise NotQuarantined(id_)
    return found


async def replay(settings: ScoringSettings, id_: str, clock: Clock = now_us) -> bool:
    """Folds the original bytes once more, as after an update; whether they are in the ledger."""
    rubrics = rubric_file.load_directory(settings.rubrics_folder)
    async with opened(settings) as db:
        async with db.read() as conn:
            found = await _entry(conn, id_)
        folder = Folder(db, rubrics, clock)
        one = Message(await _as_folded(db, found, clock()), found["subject"], 0)
        again = faulty(one, ValueError()).identity if found["reason"] == quarantine.ASIDE else None
        try:
            outcome = await folder.fold([one], again)
        except DanchuError:
            raise
        except Exception as fault:  # the fault over which it was set aside is there still
            log.error("it cannot be folded", exc_info=fault)
            return False
        if not outcome.new and not outcome.duplicates:
            return False
        await _settle(db, id_, quarantine.REPLAYED, found["receipt"])
        return True


async def _as_folded(db: Database, entry: dict[str, Any], now: int) -> bytes:
    """The bytes to fold: what came below a mark is accepted anew, behind every mark that holds."""
    raw = bytes(entry["raw"])
    if entry["reason"] != quarantine.BELOW_MARK:
        return raw
    async with db.read() as conn:
        held = [door.held_until for door in await doors.load(conn)]
    return envelope.recorded_at(raw, max([now, *(until + 1 for until in held)]))


async def settle(
    settings: ScoringSettings, id_: str, state: str, receipt: str | None = None
) -> None:
    """Marks an entry as dropped, or as replayed by the event with this receipt.

    ReplacedAlready where another event replaced it: that link is not overwritten.
    """
    async with opened(settings) as db:
        await _settle(db, id_, state, None if receipt is None else bytes.fromhex(receipt))


async def set_aside(settings: ScoringSettings, source: str, id_: str, reason: str) -> None:
    """Takes the event over which the fold stands still out of it, and lifts the halt.

    NotStandingOver where it stands still over another one, or not at all. Once the fold has read
    the event again it is in quarantine, with the reason.
    """
    named = envelope.identity(source, id_)
    async with opened(settings) as db, db.write() as conn:
        place = await store.lock(conn)
        if place.faulty != named or not await quarantine.set_aside(conn, named, reason):
            raise NotStandingOver(source, id_)
        await store.save(conn, place._replace(halted=None, faulty=None))


async def unreplaced(settings: ScoringSettings, id_: str) -> None:
    """ReplacedAlready where an event replaced the entry, NotQuarantined where there is none."""
    async with opened(settings) as db, db.read() as conn:
        _unlinked(await _entry(conn, id_), id_, None)


def _unlinked(entry: dict[str, Any], id_: str, receipt: bytes | None) -> None:
    linked = entry["replaced_by"]
    if linked is not None and bytes(linked) != receipt:
        raise ReplacedAlready(id_, bytes(linked).hex())


async def _settle(db: Database, id_: str, state: str, receipt: bytes | None) -> None:
    async with db.write() as conn:
        _unlinked(await _entry(conn, id_), id_, receipt)
        await quarantine.settle(conn, bytes.fromhex(id_), state, receipt)
