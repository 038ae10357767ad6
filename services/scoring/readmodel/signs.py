"""Signs of gaming of a year, as of a commit: read once, and answer until events have come.

A year with traffic is not read again for each request: an answer may be `FRESH_US` old then, and
says as of when it is. Of a very large year the first `EVENTS_MAX` events are read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.scoring.fold.registry import Registry
from services.scoring.queries import signs as queries
from services.scoring.queries.signs import PracticeRow
from services.scoring.ratings.signs import SignEvent, SignSearch, YearSigns
from services.scoring.readmodel.recent import Recent
from services.scoring.readmodel.snapshots import Snapshots

EVENTS_MAX = 500_000
FRESH_US = 60 * 1_000_000
YEARS_MAX = 4


class SignsAsOf(NamedTuple):
    """The signs of a year, and the commit and instant that they are of."""

    signs: YearSigns
    stamp: int
    at: int


class _Evidence(msgspec.Struct):
    sha256: str | None = None


class _Data(msgspec.Struct):
    evidence: list[_Evidence] = []


class _Event(msgspec.Struct):
    source: str
    data: _Data


_decoder = msgspec.json.Decoder(_Event)


@dataclass
class Signs:
    """The signs of the years that were asked for last; one year is read at a time."""

    db: Database
    snapshots: Snapshots
    clock: Clock
    _cache: Recent[int, SignsAsOf] = field(default_factory=lambda: Recent(YEARS_MAX))
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, year: int) -> SignsAsOf:
        """The signs of a year."""
        async with self._lock:
            snapshot = await self.snapshots.of(year)
            answer = self._cache.get(year)
            now = self.clock()
            if answer is None or (answer.stamp != snapshot.stamp and now - answer.at >= FRESH_US):
                signs = await self._read(year, snapshot.registry)
                answer = SignsAsOf(signs, snapshot.stamp, now)
            return self._cache.keep(year, answer)

    async def _read(self, year: int, registry: Registry) -> YearSigns:
        search, keys = SignSearch(year), dict[str, str]()
        async with self.db.read() as conn:
            async for rows in queries.practice(conn, year, EVENTS_MAX):
                await asyncio.to_thread(_add, search, rows, registry, keys)
        return await asyncio.to_thread(search.signs, search.events < EVENTS_MAX)


def _add(
    search: SignSearch, rows: Sequence[PracticeRow], registry: Registry, keys: dict[str, str]
) -> None:
    search.add([sign_event(row, registry, keys) for row in rows])


def sign_event(row: PracticeRow, registry: Registry, keys: dict[str, str]) -> SignEvent:
    """An event as the search takes it; `keys` remembers the units of subjects."""
    key = keys.get(row.subject)
    if key is None:
        unit = registry.find(row.subject)
        key = keys[row.subject] = row.subject if unit is None else unit.key
    event = _decoder.decode(row.raw)
    digests = [each.sha256 for each in event.data.evidence if each.sha256]
    return SignEvent(
        key, event.source, row.kind, row.time, row.recorded, row.identity,
        tuple(map(bytes.fromhex, digests)) if digests else (),
    )  # fmt: skip
