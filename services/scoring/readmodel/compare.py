"""A unit's year beside another: how much of the difference is work, and how much is method."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from services.chassis.database.engine import Database, rows_of
from services.chassis.http.problems import Problem
from services.scoring.fold.books import Book
from services.scoring.fold.cells import Tally
from services.scoring.fold.recompute import count_tally
from services.scoring.fold.registry import Unit
from services.scoring.fold.tally_reuse import TallyReuse, plan_reuse, reuse_tally
from services.scoring.messages import message
from services.scoring.queries import as_of as ledger_queries
from services.scoring.queries import books as book_queries
from services.scoring.ratings.method import Comparison, compare
from services.scoring.ratings.standings import unit_standing
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.versions import YearVersions
from services.scoring.rebuild.inputs import book_subjects
from services.scoring.rubrics.loader import FIRST_YEAR
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import book_inputs
from services.scoring.store.book_inputs import LedgerPast

TRIES = 20


async def compare_years(
    versions: YearVersions, year: int, other_year: int, code: str
) -> Comparison:
    """The unit's totals of two years; UnitNotRated where it is not rated in one of them.

    A sealed year is its set, by the rubrics that its seal keeps. Problem 503 where each of TRIES
    reads finds the unit changed after the snapshot.
    """
    for _ in range(TRIES):
        snapshot, other = await versions.of(year), await versions.of(other_year)
        unit = snapshot.unit(code)
        other_unit = other.unit(unit.key)
        rubric = replace(other.rubric(other_unit), kinds=(unit.kind,), first_year=FIRST_YEAR,
                         last_year=None)  # fmt: skip
        reuse = plan_reuse(unit.kind, snapshot.rubric(unit), rubric)
        counted = await _count(versions.db, snapshot, unit, reuse)
        if counted is None:
            continue
        sums = reuse_tally(reuse, snapshot.tallies.get(unit.key) or Tally(), counted)
        reckoned = unit_standing(unit, rubric, snapshot.registry, year, sums).assessment
        return compare(
            unit.key, unit.name_in(year), (year, other_year), snapshot.standing(unit).assessment,
            reckoned, other.standing(other_unit).assessment,
        )  # fmt: skip
    raise Problem(503, message("sheet-moving"), headers={"Retry-After": "2"})


async def _count(db: Database, snapshot: Snapshot, unit: Unit, reuse: TallyReuse) -> Tally | None:
    """The tallies that the unit's book does not have; None where it changed after the snapshot."""
    if reuse.complete:
        return Tally()
    book, registry = Book(unit.key, snapshot.year), snapshot.registry
    subjects = book_subjects(registry, book)
    async with db.read() as conn:
        past = None
        if snapshot.until is not None:
            targets = await ledger_queries.retraction_targets(conn, snapshot.until, subjects)
            past = LedgerPast(snapshot.until, targets)
        elif await book_queries.stamp(conn, book) > snapshot.stamp:
            return None
        rows = await rows_of(conn)
        by_subject = await book_inputs.events(rows, subjects, book.year, reuse.types, past)
    events = [event for subject in sorted(by_subject) for event in by_subject[subject]]
    rubrics = Rubrics((reuse.counted,))
    return await asyncio.to_thread(count_tally, book, events, registry, rubrics)
