"""Events that belong to no unit: their number, and a list with the nearest unit of each.

A mistyped key is accepted, because its unit may be registered later; until then the event counts
for nobody, so its sender must be able to find it. The list reads the distinct subjects of the
ledger, which are few, and the events of the subjects without a unit.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import CITY
from services.chassis.auth.credentials import READS_ALL, Credential
from services.chassis.database.engine import Database
from services.scoring.fold.registry import Registry
from services.scoring.fold.verdict import UNIT_UNKNOWN
from services.scoring.queries import books
from services.scoring.queries import unowned as unowned_queries
from services.scoring.queries.unowned import Place, Unheld
from services.scoring.ratings.reasons import uncounted_members
from services.scoring.store import position

ROWS_MAX = 10_000
NEAREST_MAX = 50
LIKENESS_LEAST = 0.75
NARROWED_BY_SOURCE = ("emitter", "registrar")


class UnownedPage(NamedTuple):
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
        """Their number; counted again only after a commit of the fold."""
        async with self.db.read() as conn:
            stamp = (await position.load(conn)).stamp
            if self._counted[0] != stamp:
                unheld = await self._unheld(conn)
                self._counted = (stamp, await unowned_queries.count(conn, unheld))
        return self._counted[1]

    async def page(self, reader: Credential, after: Place | None, limit: int) -> UnownedPage:
        """The events that the reader may see, by subject and time.

        A page may hold fewer than `limit`, where most of the rows belong to others.
        """
        items: list[dict[str, Any]] = []
        nearest: dict[str, str | None] = {}
        room, last = ROWS_MAX, after
        async with self.db.read() as conn:
            for unheld in await self._unheld(conn):
                subject = unheld.subject
                if not _covers(reader, subject) or (after and subject < after.subject):
                    continue
                async for row in unowned_queries.events(conn, unheld, after, limit + 1):
                    if len(items) == limit or room == 0:
                        return UnownedPage(items, last)
                    room, last = room - 1, Place(subject, row.year, row.time, row.identity)
                    event = json.loads(row.raw)
                    if _may_see(reader, event["source"]):
                        items.append(_item(event, row.receipt, self._nearest(subject, nearest)))
        return UnownedPage(items, None)

    async def _unheld(self, conn: AsyncConnection) -> Sequence[Unheld]:
        place = await position.load(conn)
        if place.registry_stamp != self._registry_stamp:
            self._registry = await books.registry(conn)
            self._registry_stamp = place.registry_stamp
        return unheld_subjects(await unowned_queries.subjects(conn), self._registry)

    def _nearest(self, subject: str, cache: dict[str, str | None]) -> str | None:
        if subject not in cache and len(cache) < NEAREST_MAX:
            cache[subject] = nearest_unit(subject, self._registry)
        return cache.get(subject)


def unheld_subjects(subjects: Iterable[str], registry: Registry) -> list[Unheld]:
    """The subjects that belong to no unit at some time, in order."""
    unheld = []
    for subject in sorted(subjects):
        until = registry.unheld_until(subject)
        if until is not None and subject != CITY:
            unheld.append(Unheld(subject, until))
    return unheld


def nearest_unit(subject: str, registry: Registry) -> str | None:
    """The key of the unit whose key or code is most similar to the subject."""
    names = {name for key in registry.units for name in registry.subjects(key)} - {subject}
    like = difflib.get_close_matches(subject, sorted(names), 1, LIKENESS_LEAST)
    unit = registry.find(like[0]) if like else None
    return None if unit is None else unit.key


def _covers(reader: Credential, subject: str) -> bool:
    return reader.role in READS_ALL or reader.speaks_for(subject)


def _may_see(reader: Credential, source: str) -> bool:
    return reader.role not in NARROWED_BY_SOURCE or reader.may_use_source(source)


def _item(event: Mapping[str, Any], receipt: bytes, nearest: str | None) -> dict[str, Any]:
    reason = uncounted_members(UNIT_UNKNOWN)
    return {
        **event, "counted": False, **reason, "receipt": receipt.hex(), "nearest": nearest,
    }  # fmt: skip
