"""Recomputes one book from its events, and compares it with the stored facts. Pure.

Used by the rebuild, by a change of registry or rubric, and by the audit. Every fact and tally is
computed from events alone; the comparison only saves the database from rewriting equal rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from contracts.envelope import Recorded
from services.scoring.fold import books
from services.scoring.fold.books import Book
from services.scoring.fold.cells import Cell, Posting, Tally, weigh
from services.scoring.fold.encoding import checksum, encode_tally
from services.scoring.fold.registry import Registry, Unit
from services.scoring.rubrics.model import Rubrics

_encode_lines = msgspec.json.Encoder().encode_lines

StoredFact = Sequence[Any]
"""A row of a stored fact: its id, the checksum of its cell, and its text (int, int, str)."""


class BookInputs(NamedTuple):
    """A book, the events that may belong to it, and its stored facts."""

    book: Book
    events: Sequence[Recorded]
    stored: Sequence[StoredFact]


class BookDifference(NamedTuple):
    """The tallies that a book must have, and how its stored facts differ from the right ones.

    `tallies` is None where no event belongs to the book. `stale` are ids of stored facts that must
    be deleted, `missing` the facts that must be added, each after the checksum of its cell.
    """

    tallies: str | None
    stale: list[int]
    missing: list[tuple[int, str]]


def recompute(inputs: BookInputs, registry: Registry, rubrics: Rubrics) -> BookDifference:
    """Recomputes a book from its events alone, and compares it with the stored facts."""
    book, events, stored = inputs
    unit = registry.units.get(book.unit)
    cells = None if unit is None else books.collect_cells(events, book, registry, rubrics)
    if unit is None or cells is None:
        return BookDifference(None, [id_ for id_, _, _ in stored], [])
    tally = _tally(unit, book.year, cells, rubrics)
    return BookDifference(encode_tally(tally), *_compare(encode_facts(cells), stored))


def count_tally(
    book: Book, events: Sequence[Recorded], registry: Registry, rubrics: Rubrics
) -> Tally:
    """The tallies of a book of a registered unit from events alone."""
    cells = books.collect_cells(events, book, registry, rubrics)
    return _tally(registry.units[book.unit], book.year, cells or {}, rubrics)


def _tally(
    unit: Unit, year: int, cells: Mapping[Cell, Sequence[Posting]], rubrics: Rubrics
) -> Tally:
    rubric = rubrics.governing(unit.kind, year)
    if rubric is None:
        return Tally()
    until = books.horizon(unit, year)
    return Tally.of_cells((c, weigh(rubric, c, p, until)) for c, p in cells.items())


def encode_facts(cells: Mapping[Cell, Sequence[Posting]]) -> dict[str, int]:
    """The facts of cells as stored: the text of each, and the checksum of its cell."""
    facts, numbers = [], []
    for cell, postings in cells.items():
        number = checksum(cell)
        for posting in postings:
            facts.append((cell, posting))
            numbers.append(number)
    # JSON escapes line breaks within texts, so each line of the output is one fact
    texts = _encode_lines(facts).decode().split("\n")[:-1]
    return dict(zip(texts, numbers, strict=True))


def _compare(
    missing: dict[str, int], stored: Sequence[StoredFact]
) -> tuple[list[int], list[tuple[int, str]]]:
    """Stale and missing facts; of a fact that is stored twice, the second row is stale."""
    stale = []
    for id_, number, text in stored:
        if missing.get(text) == number:
            del missing[text]
        else:
            stale.append(id_)
    return stale, [(number, text) for text, number in missing.items()]
