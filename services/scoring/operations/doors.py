"""Lists and retires doors for the operator, and has outboxes send missing events again."""

from services.chassis import outbox
from services.chassis.clock import Clock, now_us
from services.chassis.database.engine import Database
from services.scoring.errors import DoorSpeaks, DoorUnknown
from services.scoring.operations import proof
from services.scoring.operations.session import open_database
from services.scoring.settings import ScoringSettings
from services.scoring.store import doors, position
from services.scoring.store.door_state import SILENT_US, DoorState


async def resend_missing(db: Database, producer: Database, until: int) -> int:
    """Marks sent events of an outbox that scoring lacks as unsent; returns their number.

    Only events recorded before `until` are compared; the relay then sends them again.
    """
    after, number = 0, 0
    while True:
        async with producer.read() as conn:
            rows = await outbox.messages(conn, proof.SUBJECTS, after, proof.CHUNK, until)
        if not rows:
            return number
        bodies = {row.seq: row.body for row in rows if row.is_sent}
        async with db.read() as conn:
            seqs = await proof.find_missing(conn, bodies)
        if seqs:
            async with producer.write() as conn:
                await outbox.unsend(conn, seqs)
        number, after = number + len(seqs), rows[-1].seq


async def list_doors(settings: ScoringSettings) -> list[DoorState]:
    """Every door that has announced marks or sent events."""
    async with open_database(settings) as db, db.read() as conn:
        return await doors.load(conn)


async def retire(settings: ScoringSettings, name: str, clock: Clock = now_us) -> None:
    """Retires a door that is gone for good, so that its last mark raises no alarm.

    Raises DoorUnknown if there is no such door, DoorSpeaks if it announced a mark recently and no
    other door is its successor.
    """
    now = clock()
    async with open_database(settings) as db, db.write() as conn:
        await position.lock(conn)
        door = next((each for each in await doors.load(conn) if each.name == name), None)
        if door is None:
            raise DoorUnknown(name)
        if door.heard is not None and now - door.heard < SILENT_US and not door.successor:
            raise DoorSpeaks(name)
        await doors.save(conn, door._replace(retired=now, differs_since=None))
