"""The operator's work on the quarantine: list, replay, repair, drop.

The commands open the database themselves; the pages work on one that is open (`QuarantineWork`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import envelope
from services.chassis.clock import Clock, now_us
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.errors import EntryMoved, NotQuarantined, ReplacedAlready
from services.scoring.handlers.batch import Delivery, faulty_event
from services.scoring.handlers.folder import Folder
from services.scoring.operations.session import log, open_database
from services.scoring.queries import quarantine as quarantine_queries
from services.scoring.rubrics import loader
from services.scoring.settings import ScoringSettings
from services.scoring.store import doors, quarantine
from services.scoring.store.quarantine import Settlement

Send = Callable[[bytes], Awaitable[str]]
"""Sends an event through the door, and returns its receipt in hexadecimal; raises if refused."""


def entry_mark(entry: Mapping[str, Any]) -> str:
    """What tells two states of an entry apart, for whoever acts on what a page showed."""
    return f"{entry['state']}.{entry['settled'] or ''}"


@dataclass(frozen=True)
class QuarantineWork:
    """The work on the entries of an open database; `by` is who does it, empty where unknown.

    `mark` is that of the entry as the person saw it: EntryMoved where it is another one.
    """

    db: Database
    clock: Clock = now_us
    by: str = ""

    async def entry(self, id_: str) -> dict[str, Any]:
        """An entry with its original bytes; raises NotQuarantined if there is none."""
        async with self.db.read() as conn:
            return await _entry(conn, id_)

    async def replay(self, id_: str, folder: Folder, mark: str | None = None) -> bool:
        """Folds the original bytes again, for example after an update of the software.

        Returns whether the event is now in the ledger. Raises NotQuarantined.
        """
        entry = await self.entry(id_)
        _check_mark(entry, id_, mark)
        body = await _body_to_fold(self.db, entry, self.clock())
        delivery = Delivery(body, entry["subject"], 0)
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
        await self.settle(id_, quarantine.REPLAYED, entry["receipt"], mark=mark)
        return True

    async def repair(self, id_: str, raw: bytes, send: Send, mark: str | None = None) -> str:
        """Sends a repaired event, links it to the original, and returns its receipt.

        Raises ReplacedAlready if an event replaced the entry, and what `send` raises.
        """
        entry = await self.entry(id_)
        _check_mark(entry, id_, mark)
        _check_link(entry, id_, None)
        receipt = await send(raw)
        await self.settle(id_, quarantine.REPLAYED, bytes.fromhex(receipt))
        return receipt

    async def drop(self, id_: str, reason: str = "", mark: str | None = None) -> None:
        """Marks an entry as useless; its bytes are kept. Raises ReplacedAlready."""
        await self.settle(id_, quarantine.DROPPED, reason=reason, mark=mark)

    async def settle(
        self, id_: str, state: str, receipt: bytes | None = None, reason: str = "",
        mark: str | None = None,
    ) -> None:  # fmt: skip
        """Marks an entry as dropped, or as replayed by the event with this receipt.

        Raises ReplacedAlready if another event replaced it: that link is not overwritten.
        """
        settlement = Settlement(self.clock(), self.by, reason)
        async with self.db.write() as conn:
            entry = await _entry(conn, id_)
            _check_mark(entry, id_, mark)
            _check_link(entry, id_, receipt)
            await quarantine.settle(conn, bytes.fromhex(id_), state, settlement, receipt)


async def entries(settings: ScoringSettings, state: str | None, limit: int) -> list[dict[str, Any]]:
    """The entries of the quarantine, newest first."""
    async with open_database(settings) as db, db.read() as conn:
        return await quarantine_queries.entries(conn, state, limit)


async def entry(settings: ScoringSettings, id_: str) -> dict[str, Any]:
    """As `QuarantineWork.entry`."""
    async with open_database(settings) as db:
        return await QuarantineWork(db).entry(id_)


async def replay(settings: ScoringSettings, id_: str, clock: Clock = now_us) -> bool:
    """As `QuarantineWork.replay`, by the rubrics of the settings."""
    rubrics = loader.load_directory(settings.rubrics_folder)
    async with open_database(settings) as db:
        return await QuarantineWork(db, clock).replay(id_, Folder(db, rubrics, clock))


async def repair(settings: ScoringSettings, id_: str, raw: bytes, send: Send) -> str:
    """As `QuarantineWork.repair`."""
    async with open_database(settings) as db:
        return await QuarantineWork(db).repair(id_, raw, send)


async def drop(settings: ScoringSettings, id_: str) -> None:
    """As `QuarantineWork.drop`."""
    async with open_database(settings) as db:
        await QuarantineWork(db).drop(id_)


async def _entry(conn: AsyncConnection, id_: str) -> dict[str, Any]:
    try:
        entry = await quarantine_queries.entry(conn, bytes.fromhex(id_))
    except ValueError:
        entry = None
    if entry is None:
        raise NotQuarantined(id_)
    return entry


async def _body_to_fold(db: Database, entry: dict[str, Any], now: int) -> bytes:
    """The bytes to fold; an event below a mark gets a `recordedtime` after every mark that held."""
    raw = bytes(entry["raw"])
    if entry["reason"] != doors.BELOW_MARK:
        return raw
    async with db.read() as conn:
        marks = [door.held_until for door in await doors.load(conn)]
    return envelope.with_recordedtime(raw, max([now, *(until + 1 for until in marks)]))


def _check_mark(entry: Mapping[str, Any], id_: str, mark: str | None) -> None:
    if mark is not None and entry_mark(entry) != mark:
        raise EntryMoved(id_)


def _check_link(entry: dict[str, Any], id_: str, receipt: bytes | None) -> None:
    replacement = entry["replaced_by"]
    if replacement is not None and bytes(replacement) != receipt:
        raise ReplacedAlready(id_, bytes(replacement).hex())
