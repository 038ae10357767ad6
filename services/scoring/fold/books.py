"""What one accepted event posts to which book, and how a batch changes a book. Pure.

Live folding, rebuild and recount all go through here (SCORING.md sections 2, 3 and 6). A book is a
unit's year; `apply` moves its tally by the postings that are added to and removed from its cells.
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
from services.scoring.fold.postings import Pool, post, post_decision
from services.scoring.fold.registry import Registry, Unit
from services.scoring.fold.verdict import UNIT_UNKNOWN, resolve_unit
from services.scoring.rubrics.model import Rubric, Rubrics

POSTING = frozenset(
    short
    for short, kind in CANONICAL.items()
    if kind.domain not in ("unit", "event", "year", "rating")
)
"""The event types that can post to a book; those left out are about units, events or years."""


class LedgerPart(IntEnum):
    """The part of the ledger that a row belongs to; some parts have small indexes of their own.

    DECISION holds decisions, declarations, and results that are only displayed.
    """

    PRACTICE = 0
    REGISTRY = 1
    RETRACTION = 2
    DECISION = 3
    STAGE = 4


def part_of(kind: EventType) -> LedgerPart:
    """The part of the ledger that events of a type belong to."""
    if kind.domain in ("year", "rating"):
        return LedgerPart.STAGE
    if kind.domain == "unit":
        return LedgerPart.REGISTRY
    if kind.domain == "event":
        return LedgerPart.RETRACTION
    if kind.practice and kind.short != "result.reported":
        return LedgerPart.PRACTICE
    return LedgerPart.DECISION


class Book(NamedTuple):
    """A unit's year, to which facts and tallies belong."""

    unit: str
    year: int


def horizon(unit: Unit, year: int) -> Horizon:
    """The end of the unit's part of the year, and the duties that a closing rating leaves out."""
    end = unit.end_in(year)
    free = moments.local_day(end) if unit.ends_inside(year) else None
    return Horizon(end, free)


def postings(
    event: Recorded, registry: Registry, rubrics: Rubrics
) -> Iterator[tuple[Book, list[tuple[Cell, Posting]]]]:
    """The postings of an event that is not retracted, by book.

    The book of its own unit is always among them, even if the event posts nothing to it.
    """
    if event.kind.short not in POSTING:
        return
    unit = resolve_unit(event, registry)
    if isinstance(unit, str):
        return
    year = event.year
    yield Book(unit.key, year), _own(event, unit, rubrics.governing(unit.kind, year))
    if not event.kind.practice:
        return
    for key in registry.pooling(unit.key, year):
        heir = registry.units.get(key)
        if heir is None:
            continue
        pool = registry.pool(key, year)
        rubric = rubrics.governing(heir.kind, year)
        if rubric is not None:
            yield Book(key, year), post(rubric, event, unit.key, key, Pool(POOLED, pool))


def _own(event: Recorded, unit: Unit, rubric: Rubric | None) -> list[tuple[Cell, Posting]]:
    """The postings of an event to the own view of its unit."""
    if not event.kind.practice:
        return post_decision(event)
    return [] if rubric is None else post(rubric, event, unit.key, unit.key, _OWN_POOL)


_OWN_POOL = Pool(OWN, frozenset())


class PostingsByCell(defaultdict[Cell, list[Posting]]):
    """Postings by cell."""

    def __init__(self) -> None:
        super().__init__(list)

    def add(self, posted: list[tuple[Cell, Posting]]) -> None:
        """Appends postings to those of their cells."""
        for cell, posting in posted:
            self[cell].append(posting)


@dataclass(slots=True)
class Change:
    """The postings that a batch adds to and removes from the cells of one book."""

    added: PostingsByCell
    removed: PostingsByCell


def changes(
    new: Iterable[Recorded],
    withdrawn: Iterable[Recorded],
    registry: Registry,
    rubrics: Rubrics,
) -> dict[Book, Change]:
    """The changes of every book that some event belongs to, even where it posts nothing."""
    by_book: dict[Book, Change] = {}
    for events, removes in ((new, False), (withdrawn, True)):
        for event in events:
            for book, posted in postings(event, registry, rubrics):
                change = by_book.get(book)
                if change is None:
                    change = by_book[book] = Change(PostingsByCell(), PostingsByCell())
                (change.removed if removes else change.added).add(posted)
    return by_book


def collect_cells(
    events: Iterable[Recorded], book: Book, registry: Registry, rubrics: Rubrics
) -> dict[Cell, list[Posting]] | None:
    """The cells of one whole book, from all events that may belong to it; None where none does.

    Equal to what `changes` gives for the book, without the work for other books.
    """
    unit, cells, empty = registry.units[book.unit], PostingsByCell(), True
    rubric = rubrics.governing(unit.kind, book.year)
    inherited = registry.pool(book.unit, book.year)
    pool = Pool(POOLED, inherited) if inherited and rubric is not None else None
    for event in events:
        owner = resolve_unit(event, registry) if event.kind.short in POSTING else UNIT_UNKNOWN
        if isinstance(owner, str):
            continue
        if owner.key == book.unit:
            empty = False
            cells.add(_own(event, owner, rubric))
        elif pool is None or owner.key not in inherited:
            continue
        if pool is not None and rubric is not None and event.kind.practice:
            empty = False
            cells.add(post(rubric, event, owner.key, book.unit, pool))
    return None if empty else cells


def apply(
    tally: Tally,
    rubric: Rubric,
    until: Horizon,
    before: Mapping[Cell, Sequence[Posting]],
    change: Change,
) -> None:
    """Moves the tally of one book; `before` has the stored postings of every cell that changes."""
    for cell in change.added.keys() | change.removed.keys():
        stored = before.get(cell, ())
        removed, after = change.removed.get(cell), list(stored)
        if removed is not None:
            after = [posting for posting in stored if posting not in removed]
        after += change.added.get(cell, ())
        earlier = weigh(rubric, cell, stored, until) if stored else ()
        tally.move(cell, earlier, weigh(rubric, cell, after, until))
