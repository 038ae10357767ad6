"""A book computed from the ledger: what is read for it, by the fold's connection or a worker's.

A worker reads what is committed, which is the same as what its parent sees: the parent holds the
position's lock, and writes of a book only after a worker has read it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from services.chassis.driver_rows import Rows
from services.scoring.fold.books import Book
from services.scoring.fold.recompute import Computed, Task, computed
from services.scoring.fold.registry import Registry
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import book_inputs


class Made(NamedTuple):
    """A book, its row, None without, how many events were read, and what it must hold."""

    book: Book
    number: int | None
    events: int
    computed: Computed


async def made(
    rows: Rows, registry: Registry, rubrics: Rubrics, books: Sequence[Book]
) -> AsyncIterator[Made]:
    """What each of these books of one year must hold, beside what is stored of it.

    Their events are read at once: the ledger lies in order of arrival, where one unit's events
    are far apart and those of many are beside each other; and what stands in the pooled view of
    an heir too is read once where both are asked for.
    """
    if not books:
        return
    subjects = {book: _subjects(registry, book) for book in books}
    every = frozenset().union(*subjects.values())
    by_subject = await book_inputs.events(rows, every, books[0].year)
    numbers = await book_inputs.numbers(rows, books)
    for book in books:
        number = numbers.get(book.unit)
        stored = [] if number is None else await book_inputs.facts(rows, number)
        events = [one for subject in sorted(subjects[book]) for one in by_subject.get(subject, ())]
        task = Task(book, events, stored)
        yield Made(book, number, len(events), computed(task, registry, rubrics))


def _subjects(registry: Registry, book: Book) -> frozenset[str]:
    """Under which subjects events may speak of the book."""
    if book.unit not in registry.units:
        return frozenset()
    units = (book.unit, *registry.pool(book.unit, book.year))
    return frozenset().union(*(registry.subjects(unit) for unit in units))
