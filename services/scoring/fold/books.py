"""What one accepted event posts to which book, and how a batch changes a book. Pure.

The one road of live folding, rebuild and recount (SCORING.md sections 2, 3 and 6). A book is a
unit's year; `apply` moves its tally by what is added to and taken from its cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from contracts import moments
from contracts.catalog import CANONICAL, EventType
from contracts.envelope import Recorded
from services.scoring.fold.cells import OWN, POOLED, Cell, Horizon, Posting, Tally, weigh
from services.scoring.fold.postings import Pool, decide, post
from services.scoring.fold.registry import Registry, Unit
from services.scoring.fold.verdict import UNIT_UNKNOWN, standing_of
from services.scoring.rubrics.model import Rubric, Rubrics

SPEAKS = frozenset(
    short
    for short, kind in CANONICAL.items()
    if kind.domain not in ("unit", "event", "year", "rating")
)


class Part(IntEnum):
    """What a ledger row is to the fold; registry and decisions have small indexes of their own."""

    PRACTICE = 0
    REGISTRY = 1
    RETRACTION = 2
    SAID = 3
    STAGE = 4


def part_of(kind: EventType) -> Part:
    """The part of an event type: SAID are decisions, declarations and what is only shown."""
    if kind.domain in ("year", "rating"):
        return Part.STAGE
    if kind.domain == "unit":
        return Part.REGISTRY
    if kind.domain == "event":
        return Part.RETRACTION
    return Part.PRACTICE if kind.practice and kind.short != "result.reported" else Part.SAID


class Book(NamedTuple):
    """A unit's year: what facts and tallies belong to."""

    unit: str
    year: int


def horizon(unit: Unit, year: int) -> Horizon:
    """Where the unit's part of the year ends, and what a closing rating leaves out."""
    end = unit.end_in(year)
    free = moments.local_day(end) if unit.ends_inside(year) else None
    return Horizon(end, free)


def postings(
    said: Recorded, registry: Registry, rubrics: Rubrics
) -> Iterator[tuple[Book, list[tuple[Cell, Posting]]]]:
    """What an event that is not retracted posts, by book; its own unit's book always comes."""
    if said.kind.short not in SPEAKS:
        return
    unit = standing_of(said, registry)
    if isinstance(unit, str):
        return
    year = said.year
    yield Book(unit.key, year), _own(said, unit, rubrics.governing(unit.kind, year))
    if not said.kind.practice:
        return
    for key in registry.pooling(unit.key, year):
        heir = registry.units.get(key)
        if heir is None:
            continue
        pool = registry.pool(key, year)
        rubric = rubrics.governing(heir.kind, year)
        if rubric is not None:
            yield Book(key, year), post(rubric, said, unit.key, key, Pool(POOLED, pool))


def _own(said: Recorded, unit: Unit, rubric: Rubric | None) -> list[tuple[Cell, Posting]]:
    if not said.kind.practice:
        return decide(said)
    return [] if rubric is None else post(rubric, said, unit.key, unit.key, _OWN_POOL)


_OWN_POOL = Pool(OWN, frozenset())


class Cells(defaultdict[Cell, list[Posting]]):
    """Postings by cell."""

    def __init__(self) -> None:
        super().__init__(list)

    def add(self, posted: list[tuple[Cell, Posting]]) -> None:
        """Puts postings to what was said of their cells before."""
        for cell, posting in posted:
            self[cell].append(posting)


@dataclass(slots=True)
class Change:
    """What a batch adds to and takes from the cells of one book."""

    added: Cells
    taken: Cells


def changes(
    new: Iterable[Recorded],
    withdrawn: Iterable[Recorded],
    registry: Registry,
    rubrics: Rubrics,
) -> dict[Book, Change]:
    """The changes of every book that some event speaks of, also where it posts nothing."""
    found: dict[Book, Change] = {}
    for events, gone in ((new, False), (withdrawn, True)):
        for said in events:
            for book, posted in postings(said, registry, rubrics):
                change = found.get(book)
                if change is None:
                    change = found[book] = Change(Cells(), Cells())
                (change.taken if gone else change.added).add(posted)
    return found


def gathered(
    events: Iterable[Recorded], book: Book, registry: Registry, rubrics: Rubrics
) -> dict[Cell, list[Posting]] | None:
    """The cells of one whole book, of all events that may speak of it; None where none does.

    The same as `changes` gives for the book, without looking what else an event speaks of.
    """
    unit, cells, spoken = registry.units[book.unit], Cells(), False
    rubric = rubrics.governing(unit.kind, book.year)
    inherited = registry.pool(book.unit, book.year)
    pool = Pool(POOLED, inherited) if inherited and rubric is not None else None
    for said in events:
        speaker = standing_of(said, registry) if said.kind.short in SPEAKS else UNIT_UNKNOWN
        if isinstance(speaker, str):
            continue
        if speaker.key == book.unit:
            spoken = True
            cells.add(_own(said, speaker, rubric))
        elif pool is None or speaker.key not in inherited:
            continue
        if pool is not None and rubric is not None and said.kind.practice:
            spoken = True
            cells.add(post(rubric, said, speaker.key, book.unit, pool))
    return cells if spoken else None


def apply(
    tally: Tally,
    rubric: Rubric,
    until: Horizon,
    before: Mapping[Cell, Sequence[Posting]],
    change: Change,
) -> None:
    """Moves the tally of one book; `before` holds the postings of every cell of the change."""
    for cell in change.added.keys() | change.taken.keys():
        held = before.get(cell, ())
        gone, after = change.taken.get(cell), list(held)
        if gone is not None:
            after = [posting for posting in held if posting not in gone]
        after += change.added.get(cell, ())
        earlier = weigh(rubric, cell, held, until) if held else ()
        tally.move(cell, earlier, weigh(rubric, cell, after, until))
