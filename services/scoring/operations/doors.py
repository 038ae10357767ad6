"""The doors as the operator sees them, and what they have to send again."""

from services.chassis import outbox
from services.chassis.clock import Clock, now_us
from services.chassis.database.engine import Database
from services.scoring.errors import (
    DoorSpeaks,
    DoorUnknown,
)
from services.scoring.operations import proof
from services.scoring.operations.session import opened
from services.scoring.settings import ScoringSettings
from services.scoring.store import doors, position
from services.scoring.store.doors import DoorState


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
        await position.lock(conn)
        door = next((one for one in await doors.load(conn) if one.name == name), None)
        if door is None:
            raise DoorUnknown(name)
        if door.heard is not None and now - door.heard < doors.SILENT_US and not door.successor:
            raise DoorSpeaks(name)
        await doors.save(conn, door._replace(retired=now, differs_since=None))
