"""What a seal covers, put together: the entries of the ledger, the ratings and the year entry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.fold.registry import Registry, Unit
from services.scoring.messages import message
from services.scoring.queries import seal_sets
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.model import Rating
from services.scoring.ratings.views import Views
from services.scoring.rubrics.model import Rubrics
from services.scoring.store.seals import RatingLine
from services.scoring.year import seal
from services.scoring.year.seal import EventEntry, Log, YearHead
from services.scoring.year.verify.tree import root_of


class SealedYear(Protocol):
    """A year as of the cut of a version, in memory, as the read model computes it."""

    @property
    def registry(self) -> Registry:
        """The units as of the cut."""

    @property
    def standings(self) -> Mapping[str, Any]:
        """The rated units, by key."""

    def unit(self, code: str) -> Unit:
        """The rated unit of a key or code; UnitNotRated without."""

    def views(self, unit: Unit) -> Views:
        """Which view of a rated unit binds."""

    def rating(self, key: str) -> Rating:
        """The rating of a unit, with the stage and version of the seal."""


class SealQuestion(NamedTuple):
    """Which sealed year to compute: its version, its cut, and the rubrics kept in the seal."""

    year: int
    version: int
    cut: int
    rubrics: Rubrics


YearAsOf = Callable[[SealQuestion], Awaitable[SealedYear]]
"""Computes a year as it is answered once it is sealed."""


class RootsDiffer(DanchuError):
    """Two programs that share no code came to different roots: nothing may be signed."""

    def __init__(self, year: int, version: int) -> None:
        super().__init__(message("seal-roots-differ", year=year, version=version))


async def event_entries(db: Database, secret: bytes, year: int, until: int) -> list[EventEntry]:
    """The event entries of a year recorded up to an instant, in the order of the log."""
    async with db.patient() as patient, patient.read() as conn:
        bodies = await seal_sets.bodies(conn, year, until)
    return await asyncio.to_thread(seal.event_entries, bodies, seal.salt_key(secret, year))


def rating_lines(sealed: SealedYear, key: bytes) -> list[RatingLine]:
    """The rating entries of a year as of its cut, by unit key; `key` is that of the salts."""
    return [
        RatingLine(unit, seal.rating_entry(rating_members(sealed.rating(unit)), key).decode())
        for unit in sorted(sealed.standings)
    ]


async def year_log(
    head: YearHead, entries: Sequence[EventEntry], ratings: Iterable[RatingLine]
) -> Log:
    """The log of a version; RootsDiffer where the second program comes to another root."""
    lines = [rating.line.encode() for rating in ratings]
    log, second = await asyncio.to_thread(_log_and_root, head, entries, lines)
    if log.tree.root() != second:
        raise RootsDiffer(head.year, head.version)
    return log


def _log_and_root(
    head: YearHead, entries: Sequence[EventEntry], ratings: Sequence[bytes]
) -> tuple[Log, bytes]:
    log = seal.year_log(head, entries, ratings)
    return log, root_of(log.lines)
