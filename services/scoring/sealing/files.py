"""The files of a seal: its bundle, and the proof of one unit (SEAL.md section 3).

They are made again from the ledger and the stored ratings whenever somebody asks, and given out
only while they have the root that was signed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.fold.registry import Registry
from services.scoring.messages import message
from services.scoring.rubrics.loader import load_texts
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing.keyring import Keyring
from services.scoring.sealing.sets import SealQuestion, YearAsOf, event_entries, year_log
from services.scoring.store import seals, stages
from services.scoring.store.seals import DraftRow, RatingLine, SealRow
from services.scoring.year import seal
from services.scoring.year.notes import Note
from services.scoring.year.seal import DecisionEntry, EventEntry, GoverningRubric, Log, YearHead
from services.scoring.year.stages import REOPENED, RubricText, YearState

LOGS_MAX = 2
"""The number of logs in memory: one of 100,000 events takes about 100 MB."""


class SealUnknown(DanchuError):
    """A year has no seal, or none of this version."""

    def __init__(self, year: int, version: int | None) -> None:
        code = "seal-none" if version is None else "seal-version-none"
        super().__init__(message(code, year=year, version=version))


class SealPending(DanchuError):
    """The stream brought a seal or a checkpoint that is not restored yet."""

    def __init__(self, year: int) -> None:
        super().__init__(message("seal-pending", year=year))


class DraftUnknown(DanchuError):
    """A year has no draft."""

    def __init__(self, year: int) -> None:
        super().__init__(message("draft-none", year=year))


class SecretMissing(DanchuError):
    """There is no seal secret, so that no entry can be made."""

    def __init__(self) -> None:
        super().__init__(message("seal-secret-missing"))


class SealDiffers(DanchuError):
    """Ledger and stored ratings no longer lead to the root that was signed."""

    def __init__(self, year: int, version: int) -> None:
        super().__init__(message("seal-differs", year=year, version=version))


class SealedSet(NamedTuple):
    """All that the log of a version is made of."""

    head: YearHead
    ratings: Sequence[RatingLine]
    root: bytes
    note: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class SealedLog:
    """The log of a version with its event entries, and indexes that find those of a unit."""

    content: SealedSet
    entries: Sequence[EventEntry]
    log: Log

    @cached_property
    def by_subject(self) -> dict[str, list[int]]:
        """The places of the event entries by their subject."""
        return _places((entry.subject, place) for place, entry in enumerate(self.entries))

    @cached_property
    def by_target(self) -> dict[tuple[str, ...], list[int]]:
        """The places of the retractions by what they name."""
        return _places(
            (entry.target, place) for place, entry in enumerate(self.entries) if entry.target
        )

    def lines_of(self, unit: str, units: Iterable[str], registry: Registry) -> dict[int, bytes]:
        """The lines of a unit's proof by their index: `units` are itself and who is pooled in it.

        They are its rating, the year entry, the events of the units at their time, and the
        retractions that name one of those.
        """
        keys = set(units)
        places = {
            place
            for subject in {subject for key in keys for subject in registry.subjects(key)}
            for place in self.by_subject.get(subject, ())
            if _holder(registry, self.entries[place]) in keys
        }
        for place in tuple(places):
            entry = self.entries[place]
            places.update(self.by_target.get((entry.source, entry.id), ()))
        units_rated = [rating.unit for rating in self.content.ratings]
        places |= {self.log.events + units_rated.index(unit), len(self.log.lines) - 1}
        return {place: self.log.lines[place] for place in places}


def _holder(registry: Registry, entry: EventEntry) -> str | None:
    holder = registry.holder(entry.subject, moments.instant(entry.time))
    return None if holder is None else holder.key


def _places(pairs: Iterable[tuple[Any, int]]) -> dict[Any, list[int]]:
    places: dict[Any, list[int]] = {}
    for name, place in pairs:
        places.setdefault(name, []).append(place)
    return places


@dataclass
class SealFiles:
    """Makes the files; the logs of the last versions stay in memory."""

    db: Database
    keyring: Keyring
    year_as_of: YearAsOf
    _logs: OrderedDict[tuple[int, int, bytes], SealedLog] = field(default_factory=OrderedDict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def bundle(self, year: int, version: int | None = None) -> bytes:
        """The bundle of a version, by default of the newest; SealUnknown without."""
        async with self.db.read() as conn:
            content = await sealed_set(conn, year, version)
        return await self._bundle(content)

    async def version(self, year: int, version: int | None = None) -> int:
        """The number of a seal, by default of the newest; SealUnknown without."""
        async with self.db.read() as conn:
            return (await _seal_of(conn, year, version))[1].version

    async def draft_bundle(self, year: int) -> bytes:
        """What the draft of a year would seal; DraftUnknown without."""
        async with self.db.read() as conn:
            content = await draft_set(conn, year, self.keyring)
        return await self._bundle(content)

    async def _bundle(self, content: SealedSet) -> bytes:
        sealed = await self.log_of(content)
        return await asyncio.to_thread(
            lambda: seal.bundle(content.note, sealed.log.text, content.head.rubrics, content.keys)
        )

    async def proof(self, year: int, unit: str, version: int | None = None) -> dict[str, Any]:
        """The proof of a rated unit, by its key, in the newest seal or in one version."""
        async with self.db.read() as conn:
            state, row, _ = await _seal_of(conn, year, version)
            log = self._logs.get((year, row.version, row.root))
            content = None if log is None else log.content  # its note may be that of the draft
            if content is None or state.seal_of(row.version) is None:
                content = await sealed_set(conn, year, version)
        sealed = await self.log_of(content)
        past = await self.year_as_of(question(content.head))
        rated = past.unit(unit)
        pooled = past.views(rated).pooled_binds
        units = {rated.key, *(past.registry.pool(rated.key, year) if pooled else ())}
        lines = await asyncio.to_thread(sealed.lines_of, rated.key, units, past.registry)
        head = (rated.key, row.note, row.keys, sealed.log.tree)
        return await asyncio.to_thread(seal.unit_proof, *head, lines)

    async def log_of(self, content: SealedSet) -> SealedLog:
        """The log of a version; SealDiffers where it no longer has the root that was signed."""
        head = content.head
        place = (head.year, head.version, content.root)
        async with self._lock:
            sealed = self._logs.get(place)
            if sealed is None:
                sealed = self._logs[place] = await self._load(content)
                while len(self._logs) > LOGS_MAX:
                    self._logs.popitem(last=False)
            self._logs.move_to_end(place)
        return sealed

    async def _load(self, content: SealedSet) -> SealedLog:
        if self.keyring.secret is None:
            raise SecretMissing()
        head = content.head
        entries = await event_entries(self.db, self.keyring.secret, head.year, head.cut)
        log = await year_log(head, entries, content.ratings)
        if log.tree.root() != content.root:
            raise SealDiffers(head.year, head.version)
        return SealedLog(content, entries, log)


def question(head: YearHead) -> SealQuestion:
    """Which sealed year a head is about."""
    texts = {f"{each.id}.yaml": each.raw for each in head.rubrics}
    return SealQuestion(head.year, head.version, head.cut, load_texts(texts))


async def sealed_set(conn: AsyncConnection, year: int, version: int | None) -> SealedSet:
    """What a version is made of, by default the newest; SealUnknown without."""
    state, row, every = await _seal_of(conn, year, version)
    number, decision = row.version, state.seal_of(row.version)
    if decision is None:
        raise SealUnknown(year, version)
    sealed = DecisionEntry(decision.decision, decision.date or "", decision.reason or "")
    texts = await stages.rubrics(conn, year, number)
    head = head_of(state, number, row.cut, sealed, governing(texts), every)
    ratings = await seals.rating_lines(conn, year, number)
    return SealedSet(head, ratings, row.root, row.note, row.keys)


async def _seal_of(
    conn: AsyncConnection, year: int, version: int | None
) -> tuple[YearState, SealRow, list[SealRow]]:
    """The year, the seal of a version, by default of the newest, and all its seals.

    SealUnknown without, SealPending for one that the stream brought and nobody restored yet.
    """
    state, every = await stages.load(conn, year), await seals.seals(conn, year)
    sealed = {decision.version for decision in state.seals if decision.note}
    number = max(sealed, default=0) if version is None else version
    row = next((row for row in every if row.version == number), None)
    if row is None:
        raise SealPending(year) if number in sealed else SealUnknown(year, version)
    return state, row, every


async def draft_set(conn: AsyncConnection, year: int, keyring: Keyring) -> SealedSet:
    """What the draft of a year is made of; DraftUnknown without."""
    row = await seals.draft(conn, year)
    if row is None:
        raise DraftUnknown(year)
    state = await stages.load(conn, year)
    head = draft_head(state, row, await seals.seals(conn, year))
    ratings = await seals.rating_lines(conn, year, row.version)
    keys = tuple(each.key.encode() for each in keyring.listed() if _signs(row, each.key.name))
    return SealedSet(head, ratings, row.root, draft_note(row, keyring.origin), keys)


def _signs(row: DraftRow, name: str) -> bool:
    return row.signature is not None and row.signature.split(" ")[1] == name


def draft_note(row: DraftRow, origin: str, signed: bool = True) -> str:
    """The note of a draft, with the operator's signature where there is one."""
    name = seal.log_name(origin, row.year, row.version)
    note = Note(f"{name}\n{row.size}\n{seal.encode_root(row.root)}\n").encode()
    return note if row.signature is None or not signed else f"{note}{row.signature}\n"


def draft_head(state: YearState, row: DraftRow, earlier: Iterable[SealRow]) -> YearHead:
    """The head of a draft's log."""
    sealed = DecisionEntry(row.decision, row.date, row.reason)
    rubrics = governing(row.rubrics)
    return head_of(state, row.version, row.cut, sealed, rubrics, earlier)


def head_of(
    state: YearState, version: int, cut: int, sealed: DecisionEntry,
    rubrics: tuple[GoverningRubric, ...], seals_of_year: Iterable[SealRow],
) -> YearHead:  # fmt: skip
    """The head of a version's log: what reopened the year, and the root of the version before."""
    roots = {row.version: row.root for row in seals_of_year}
    reopened = next(
        (each for each in state.decisions if each.stage == REOPENED and each.version == version),
        None,
    )
    return YearHead(
        state.year, version, cut, sealed, rubrics, roots.get(version - 1),
        None if reopened is None
        else DecisionEntry(reopened.decision, reopened.date or "", reopened.reason or ""),
    )  # fmt: skip


def governing(texts: Iterable[RubricText]) -> tuple[GoverningRubric, ...]:
    """The rubrics of texts that a decision keeps."""
    return tuple(GoverningRubric(each.id, each.text.encode()) for each in texts)


def texts_of(rubrics: Rubrics, year: int) -> tuple[RubricText, ...]:
    """The texts of the rubrics that govern a year."""
    return tuple(RubricText(each.id, each.text) for each in rubrics.of_year(year))
