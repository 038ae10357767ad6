"""Events that belong to no unit: how many, and which, with the unit that may have been meant.

A mistyped key is accepted, for its unit may be registered later; until then the event counts for
nobody, so whoever sent it has to be able to find it. The list asks for the subjects that the
ledger has, which are few, and reads the events of those that no unit holds.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.envelope import CITY
from services.chassis.auth.credentials import READS_ALL, Credential
from services.chassis.database.engine import Database, select_among
from services.chassis.telemetry.instruments import meter
from services.scoring.fold.books import Part
from services.scoring.fold.registry import NEVER, Registry
from services.scoring.fold.verdict import UNIT_UNKNOWN
from services.scoring.queries import books
from services.scoring.ratings.reasons import told
from services.scoring.store import position

ROWS_MAX = 10_000
NEAREST_MAX = 50
LIKENESS_LEAST = 0.75
NARROWED_BY_SOURCE = ("emitter", "registrar")
PARTS = f"{int(Part.PRACTICE)}, {int(Part.REGISTRY)}, {int(Part.SAID)}"
OPEN = f"part IN ({PARTS}) AND NOT retracted"
SUBJECTS = """
WITH RECURSIVE subjects(subject) AS (
    SELECT min(subject) FROM ledger
    UNION ALL
    SELECT (SELECT min(ledger.subject) FROM ledger WHERE ledger.subject > subjects.subject)
    FROM subjects WHERE subjects.subject IS NOT NULL
)
SELECT subject FROM subjects WHERE subject IS NOT NULL"""
COUNTED = f"SELECT count(*) FROM ledger WHERE {OPEN} AND subject"
EARLY = (
    f"SELECT count(*) FROM ledger WHERE {OPEN} AND subject = :subject AND year <= :year "
    "AND time < :until"
)
EVENTS = (
    "SELECT year, time, identity, receipt, raw FROM ledger "
    f"WHERE {OPEN} AND subject = :subject AND time < :until "
    "AND (year, time, identity) > (:year, :time, :identity) "
    "ORDER BY year, time, identity LIMIT :limit"
)
_gauge = meter("danchu.scoring").create_gauge(
    "danchu.scoring.unowned", "events", "events that belong to no unit"
)


class Unheld(NamedTuple):
    """A subject that no unit holds before an instant, NEVER where none ever does."""

    subject: str
    until: int


class Place(NamedTuple):
    """Where a page begins: behind this event."""

    subject: str
    year: int
    time: int
    identity: bytes


class Page(NamedTuple):
    """Events of a page, and where the next begins; None at the end."""

    items: list[dict[str, Any]]
    next: Place | None


@dataclass
class Unowned:
    """The events of the ledger that no unit owns, as of the last commit."""

    db: Database
    _registry: Registry = field(default_factory=lambda: Registry(()))
    _registry_stamp: int = -1
    _counted: tuple[int, int] = (-1, 0)

    async def count(self) -> int:
        """How many there are; looked for again only where something was folded."""
        async with self.db.read() as conn:
            stamp = (await position.load(conn)).stamp
            if self._counted[0] != stamp:
                unheld = await self._unheld(conn)
                self._counted = (stamp, await _count(conn, unheld))
        _gauge.set(self._counted[1])
        return self._counted[1]

    async def page(self, reader: Credential, after: Place | None, limit: int) -> Page:
        """Those that the reader may see, by subject and time.

        A page may hold fewer than `limit`, where most of what was looked through is another's.
        """
        items: list[dict[str, Any]] = []
        nearest: dict[str, str | None] = {}
        room, last = ROWS_MAX, after
        async with self.db.read() as conn:
            for one in await self._unheld(conn):
                if not _covers(reader, one.subject) or (after and one.subject < after.subject):
                    continue
                async for row in _rows(conn, one, after, limit + 1):
                    if len(items) == limit or room == 0:
                        return Page(items, last)
                    room, last = room - 1, Place(one.subject, row[0], row[1], bytes(row[2]))
                    event = json.loads(row[4])
                    if _may_see(reader, event["source"]):
                        items.append(_shown(event, row[3], self._nearest(one.subject, nearest)))
        return Page(items, None)

    async def _unheld(self, conn: AsyncConnection) -> Sequence[Unheld]:
        place = await position.load(conn)
        if place.registry_stamp != self._registry_stamp:
            self._registry = await books.registry(conn)
            self._registry_stamp = place.registry_stamp
        rows = await conn.execute(text(SUBJECTS))
        return unheld((row[0] for row in rows), self._registry)

    def _nearest(self, subject: str, known: dict[str, str | None]) -> str | None:
        if subject not in known and len(known) < NEAREST_MAX:
            known[subject] = nearest_unit(subject, self._registry)
        return known.get(subject)


def unheld(subjects: Iterable[str], registry: Registry) -> list[Unheld]:
    """Those subjects that are at some time nobody's, in order."""
    found = []
    for subject in sorted(subjects):
        until = registry.unheld_until(subject)
        if until is not None and subject != CITY:
            found.append(Unheld(subject, until))
    return found


def nearest_unit(subject: str, registry: Registry) -> str | None:
    """The key of the unit one of whose keys and codes is most like the subject."""
    names = {name for key in registry.units for name in registry.subjects(key)} - {subject}
    like = difflib.get_close_matches(subject, sorted(names), 1, LIKENESS_LEAST)
    unit = registry.find(like[0]) if like else None
    return None if unit is None else unit.key


async def _count(conn: AsyncConnection, subjects: Sequence[Unheld]) -> int:
    never = [one.subject for one in subjects if one.until == NEVER]
    total = sum(int(row[0]) for row in await select_among(conn, COUNTED, never, "text"))
    for one in subjects:
        if one.until != NEVER:
            given = {"year": moments.local_year(one.until) + 1, **one._asdict()}
            total += int((await conn.execute(text(EARLY), given)).scalar() or 0)
    return total


async def _rows(conn: AsyncConnection, one: Unheld, after: Place | None, chunk: int) -> Any:
    """The events of a subject behind a place, a chunk at a time."""
    place = after if after and after.subject == one.subject else Place(one.subject, 0, 0, b"")
    while True:
        given = {**place._asdict(), "until": one.until, "limit": chunk}
        rows = (await conn.execute(text(EVENTS), given)).all()
        for row in rows:
            yield row
        if len(rows) < chunk:
            return
        place = Place(one.subject, rows[-1][0], rows[-1][1], bytes(rows[-1][2]))


def _covers(reader: Credential, subject: str) -> bool:
    return reader.role in READS_ALL or reader.speaks_for(subject)


def _may_see(reader: Credential, source: str) -> bool:
    return reader.role not in NARROWED_BY_SOURCE or reader.may_use_source(source)


def _shown(event: Mapping[str, Any], receipt: bytes, nearest: str | None) -> dict[str, Any]:
    reason = told(UNIT_UNKNOWN)
    return {
        **event, "counted": False, **reason, "receipt": bytes(receipt).hex(), "nearest": nearest,
    }  # fmt: skip
