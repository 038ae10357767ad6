"""The quarantine as the operator works through it: look, replay, settle."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import envelope
from services.chassis.clock import Clock, now_us
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.errors import (
    NotQuarantined,
    ReplacedAlready,
)
from services.scoring.handlers.batch import Message, faulty
from services.scoring.handlers.folder import Folder
from services.scoring.operations.session import log, opened
from services.scoring.queries import quarantine as quarantine_queries
from services.scoring.rubrics import loader
from services.scoring.settings import ScoringSettings
from services.scoring.store import doors, quarantine


async def entries(settings: ScoringSettings, state: str | None, limit: int) -> list[dict[str, Any]]:
    """Entries of the quarantine, the newest first."""
    async with opened(settings) as db, db.read() as conn:
        return await quarantine_queries.entries(conn, state, limit)


async def entry(settings: ScoringSettings, id_: str) -> dict[str, Any]:
    """One entry with its original bytes; NotQuarantined without."""
    async with opened(settings) as db, db.read() as conn:
        return await _entry(conn, id_)


async def _entry(conn: AsyncConnection, id_: str) -> dict[str, Any]:
    try:
        found = await quarantine_queries.entry(conn, bytes.fromhex(id_))
    except ValueError:
        found = None
    if found is None:
        raise NotQuarantined(id_)
    return found


async def replay(settings: ScoringSettings, id_: str, clock: Clock = now_us) -> bool:
    """Folds the original bytes once more, as after an update; whether they are in the ledger."""
    rubrics = loader.load_directory(settings.rubrics_folder)
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
