"""One book computed anew from its events, and what of the stored facts differs from it. Pure.

A rebuild, a changed registry or rubric, and the audit all come here. What they give is complete
by itself (every fact and tally is computed from events alone); comparing it with what is stored
only spares the database from writing what is there already.
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
from services.scoring.fold.registry import Registry
from services.scoring.rubrics.model import Rubrics

_encode_lines = msgspec.json.Encoder().encode_lines

StoredFact = Sequence[Any]
"""The number of a stored fact's row, the checksum of its cell, and what it says: int, int, str."""


class Task(NamedTuple):
    """A book, the events that may speak of it, and the facts that are stored of it."""

    book: Book
    events: Sequence[Recorded]
    stored: Sequence[StoredFact]


class Computed(NamedTuple):
    """What a book must hold: its tallies, None without any event of its unit, and what differs.

    `gone` are numbers of stored facts that must go, `added` the facts that are missing.
    """

    tallies: str | None
    gone: list[int]
    added: list[tuple[int, str]]


def computed(task: Task, registry: Registry, rubrics: Rubrics) -> Computed:
    """What the book must hold, from its events alone."""
    unit = registry.units.get(task.book.unit)
    cells = None if unit is None else books.gathered(task.events, task.book, registry, rubrics)
    if unit is None or cells is None:
        return Computed(None, [id_ for id_, _, _ in task.stored], [])
    tally, rubric = Tally(), rubrics.governing(unit.kind, task.book.year)
    if rubric is not None:
        until = books.horizon(unit, task.book.year)
        tally = Tally.of_cells((c, weigh(rubric, c, said, until)) for c, said in cells.items())
    return Computed(encode_tally(tally), *_differing(due_facts(cells), task.stored))


def due_facts(cells: Mapping[Cell, Sequence[Posting]]) -> dict[str, int]:
    """The facts of cells as they are to be stored: what each says, and the checksum of its cell."""
    facts, numbers = [], []
    for cell, postings in cells.items():
        number = checksum(cell)
        for posting in postings:
            facts.append((cell, posting))
            numbers.append(number)
    # JSON escapes a line break inside a text, so that each line is a fact
    said = _encode_lines(facts).decode().split("\n")[:-1]
    return dict(zip(said, numbers, strict=True))


def _differing(
    missing: dict[str, int], stored: Sequence[StoredFact]
) -> tuple[list[int], list[tuple[int, str]]]:
    """Which stored facts must go, and which are missing; of one stored twice, the second goes."""
    gone = []
    for fact in stored:
        said = fact[2]
        if missing.get(said) == fact[1]:
            del missing[said]
        else:
            gone.append(fact[0])
    return gone, [(number, said) for said, number in missing.items()]
