"""Reads the inputs of books from the database and recomputes them, in the fold or in a worker.

A worker of a rebuild reads committed rows, which are the same as those that its parent sees: the
parent holds the lock on the position, and writes a book only after a worker has read it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from services.chassis.driver_rows import Rows
from services.scoring.fold.books import Book
from services.scoring.fold.cells import Tally
from services.scoring.fold.recompute import BookDifference, BookInputs, count_tally, recompute
from services.scoring.fold.registry import Registry
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import book_inputs
from services.scoring.store.book_inputs import LedgerPast


class BookResult(NamedTuple):
    """A recomputed book: the id of its row (None without one), and how many events were read."""

    book: Book
    number: int | None
    events: int
    difference: BookDifference


class CountRequest(NamedTuple):
    """Books of one year whose tallies are to be counted from events of these types alone."""

    books: Sequence[Book]
    types: frozenset[str]


class BookCount(NamedTuple):
    """The tallies of a book as counted, and how many events were read."""

    book: Book
    tally: Tally
    events: int


async def recompute_books(
    rows: Rows, registry: Registry, rubrics: Rubrics, books: Sequence[Book]
) -> AsyncIterator[BookResult]:
    """Recomputes these books of one year, and compares each with its stored facts.

    The events of all books are read at once: the ledger lies in order of arrival, so that the
    events of one unit are far apart and those of many units are adjacent; and events that an
    heir's pooled view includes too are read once for both.
    """
    if not books:
        return
    subjects = {book: book_subjects(registry, book) for book in books}
    every = frozenset().union(*subjects.values())
    by_subject = await book_inputs.events(rows, every, books[0].year)
    numbers = await book_inputs.numbers(rows, books)
    for book in books:
        number = numbers.get(book.unit)
        stored = [] if number is None else await book_inputs.facts(rows, number)
        events = [e for subject in sorted(subjects[book]) for e in by_subject.get(subject, ())]
        inputs = BookInputs(book, events, stored)
        yield BookResult(book, number, len(events), recompute(inputs, registry, rubrics))


async def count_books(
    rows: Rows, registry: Registry, rubrics: Rubrics, request: CountRequest,
    past: LedgerPast | None = None,
) -> AsyncIterator[BookCount]:  # fmt: skip
    """Counts the tallies of books of registered units, which need not be stored anywhere."""
    subjects = {book: book_subjects(registry, book) for book in request.books}
    every = frozenset().union(*subjects.values())
    by_subject = await book_inputs.events(rows, every, request.books[0].year, request.types, past)
    for book in request.books:
        events = [e for subject in sorted(subjects[book]) for e in by_subject.get(subject, ())]
        yield BookCount(book, count_tally(book, events, registry, rubrics), len(events))


def book_subjects(registry: Registry, book: Book) -> frozenset[str]:
    """The subjects of all events that may belong to the book."""
    if book.unit not in registry.units:
        return frozenset()
    units = (book.unit, *registry.pool(book.unit, book.year))
    return frozenset().union(*(registry.subjects(unit) for unit in units))
