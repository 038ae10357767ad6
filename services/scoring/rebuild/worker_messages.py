"""The messages between a rebuild or a what-if and its worker processes.

They are in a module of their own because a worker runs `workers` as its main program, where types
have other names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.scoring.fold.books import Book
from services.scoring.fold.registry import Registry
from services.scoring.rebuild.inputs import BookCount, BookResult, CountRequest
from services.scoring.rubrics.model import Rubrics
from services.scoring.store.book_inputs import LedgerPast


class Rules(NamedTuple):
    """The message with what books are recomputed by, before the first group of them.

    With `past` books are counted as of its instant.
    """

    registry: Registry
    rubrics: Rubrics
    past: LedgerPast | None = None


class Look(NamedTuple):
    """The message that asks to read everything from now on as of the last commit."""


Group = Sequence[Book] | CountRequest
"""The message with books of one year: to be compared with their stored facts, or only counted."""
WorkerAnswer = BookResult | BookCount | int | str
"""The result of a book, the stamp of the commit that is looked at, or the error by which the
database was lost."""
