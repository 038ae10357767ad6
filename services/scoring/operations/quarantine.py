"""The operator's work on the quarantine: list, replay, settle."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import envelope
from services.chassis.clock import Clock, now_us
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.errors import NotQuarantined, ReplacedAlready
from services.scoring.handlers.batch import Delivery, faulty_event
from services.scoring.handlers.folder import Folder
from services.scoring.operations.session import log, open_database
from services.scoring.queries import quarantine as quarantine_queries
from services.scoring.rubrics import loader
from services.scoring.settings import ScoringSettings
from services.scoring.store import doors, quarantine


async def entries(settings: ScoringSettings, state: str | None, limit: int) -> list[dict[str, Any]]:
    """The entries of the quarantine, newest first."""
    async with open_database(settings) as db, db.read() as conn:
        return await quarantine_queries.entries(conn, state, limit)


async def entry(settings: ScoringSettings, id_: str) -> dict[str, Any]:
    """An entry with its original bytes; raises NotQuarantined if there is none."""
    async with open_database(settings) as db, db.read() as conn:
        return await _entry(conn, id_)


async def _entry(conn: AsyncConnection, id_: str) -> dict[str, Any]:
    try:
        entry = await quarantine_queries.entry(conn, bytes.fromhex(id_))
    except ValueError:
        entry = None
    if entry is None:
        raise NotQuarantined(id_)
    return entry


async def replay(settings: ScoringSettings, id_: str, clock: Clock = now_us) -> bool:
    """Folds the original bytes again, for example after an update of the software.

    Returns whether the event is now in the ledger. Raises NotQuarantined.
    """
    rubrics = loader.load_directory(settings.rubrics_folder)
    async with open_database(settings) as db:
        async with db.read() as conn:
            entry = await _entry(conn, id_)
        folder = Folder(db, rubrics, clock)
        delivery = Delivery(await _body_to_fold(db, entry, clock()), entry["subject"], 0)
        was_set_aside = entry["reason"] == quarantine.ASIDE
        readmitted = faulty_event(delivery, ValueError()).identity if was_set_aside else None
        try:
            outcome = await folder.fold([delivery], readmitted)
        except DanchuError:
            raise
        except Exception as fault:  # the fault for which it was set aside is still there
            log.error("it cannot be folded", exc_info=fault)
            return False
        if not outcome.new and not outcome.duplicates:
            return False
        await _settle(db, id_, quarantine.REPLAYED, entry["receipt"])
        return True


async def _body_to_fold(db: Database, entry: dict[str, Any], now: int) -> bytes:
    """The bytes to fold; an event below a mark gets a `recordedtime` after every mark that held."""
    raw = bytes(entry["raw"])
    if entry["reason"] != doors.BELOW_MARK:
        return raw
    async with db.read() as conn:
        marks = [door.held_until for door in await doors.load(conn)]
    return envelope.with_recordedtime(raw, max([now, *(until + 1 for until in marks)]))


async def settle(
    settings: ScoringSettings, id_: str, state: str, receipt: str | None = None
) -> None:
    """Marks an entry as dropped, or as replayed by the event with this receipt.

    Raises ReplacedAlready if another event replaced it: that link is not overwritten.
    """
    async with open_database(settings) as db:
        await _settle(db, id_, state, None if receipt is None else bytes.fromhex(receipt))


async def check_unreplaced(settings: ScoringSettings, id_: str) -> None:
    """Raises ReplacedAlready if an event replaced the entry, NotQuarantined without an entry."""
    async with open_database(settings) as db, db.read() as conn:
        _check_link(await _entry(conn, id_), id_, None)


def _check_link(entry: dict[str, Any], id_: str, receipt: bytes | None) -> None:
    replacement = entry["replaced_by"]
    if replacement is not None and bytes(replacement) != receipt:
        raise ReplacedAlready(id_, bytes(replacement).hex())


async def _settle(db: Database, id_: str, state: str, receipt: bytes | None) -> None:
    async with db.write() as conn:
        _check_link(await _entry(conn, id_), id_, receipt)
        await quarantine.settle(conn, bytes.fromhex(id_), state, receipt)
