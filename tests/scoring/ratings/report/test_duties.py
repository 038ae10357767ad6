"""Duties beside those of last year and of the peers: nobody shrinks them unseen."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from services.scoring.ratings.report.duties import median, unit_duties
from services.scoring.ratings.report.model import UnitDuties
from tests.scoring.ratings.report.town import (
    BEFORE,
    NAMES,
    YEAR,
    both,
    due,
    published,
    registered,
    succeeded,
)


def rows(events: list[dict[str, Any]], **predecessors: str) -> dict[str, UnitDuties]:
    """The duties by unit, in their order."""
    now, before = both(events)
    kin = {f"H44.{heir[1:]}": (unit,) for heir, unit in predecessors.items()}
    return {row.unit: row for row in unit_duties(now, before, NAMES, kin)}


def test_a_unit_with_fewer_duties_than_last_year_comes_first_and_names_the_line() -> None:
    """Three items last year, one this year; its fulfilled ones are all in time, or late."""
    duties = rows([
        registered("H44.1"), registered("H44.2"),
        due("H44.1", BEFORE, "a"), due("H44.1", YEAR, "a"), due("H44.1", YEAR, "b"),
        published("H44.1", YEAR, "a"), published("H44.1", YEAR, "b", "09-01"),
        *(due("H44.2", BEFORE, item) for item in "abc"), due("H44.2", YEAR, "a"),
    ])  # fmt: skip
    assert list(duties) == ["H44.2", "H44.1"]
    shrunk, grown = duties.values()
    assert (shrunk.duties.obliged, shrunk.comparison.before) == (1, 3) and shrunk.comparison.shrank
    (line,) = shrunk.lines
    assert line.indicator.id == "disclosure"
    assert line.comparison == (1, 3, Fraction(3, 2))
    assert not grown.striking and not grown.lines
    assert (grown.duties.on_time, grown.duties.late, grown.duties.fulfilled) == (1, 1, 2)


def test_a_unit_far_below_its_peers_is_seen_even_if_it_always_was() -> None:
    """Fewer than half of the median of its kind; other kinds and equal halves do not matter."""
    duties = rows([
        *(registered(f"H44.{number}") for number in (1, 2, 3)), registered("H44.4", "agency"),
        *(due(unit, year, item) for unit in ("H44.1", "H44.2") for item in "abc"
          for year in (BEFORE, YEAR)),
        due("H44.3", BEFORE, "a"), due("H44.3", YEAR, "a"),
    ])  # fmt: skip
    assert [unit for unit, row in duties.items() if row.striking] == ["H44.3"]
    few = duties["H44.3"].comparison
    assert few.below_peers and not few.shrank and few.median == 3
    assert not duties["H44.4"].comparison.below_peers


def test_a_single_rare_duty_of_peers_makes_nobody_striking() -> None:
    """Half of the median is less than one: to have none is no sign of anything."""
    duties = rows([
        *(registered(f"H44.{number}") for number in (1, 2, 3)),
        *(due(unit, YEAR, "a") for unit in ("H44.1", "H44.2")),
    ])  # fmt: skip
    assert duties["H44.3"].comparison.median == 1
    assert not any(row.striking for row in duties.values())


def test_a_merger_is_held_against_its_predecessors_and_a_part_of_a_year_against_nothing() -> None:
    """Two units with two items each become one with one item; the ended one is no peer."""
    duties = rows([
        registered("H44.1"), registered("H44.5", valid_from="2026-01-01"),
        registered("H44.6"), succeeded("H44.6", "H44.5", "2026-01-01"),
        due("H44.6", BEFORE, "a"), due("H44.6", BEFORE, "b"), due("H44.5", YEAR, "a"),
        due("H44.1", BEFORE, "a"), due("H44.1", YEAR, "a"),
        registered("H44.7"), due("H44.7", BEFORE, "a"), succeeded("H44.7", "H44.1", "2026-06-01"),
    ], h5="H44.6")  # fmt: skip
    merged = duties["H44.5"]
    assert (merged.duties.obliged, merged.comparison.before) == (1, 2) and merged.striking
    assert merged.predecessors == ("H44.6",)
    ended = duties["H44.7"]
    assert ended.part_year and ended.comparison.shrank and not ended.striking and not ended.lines


def test_the_median_is_exact() -> None:
    """The middle one, or half way between the two in the middle."""
    assert median([]) is None
    assert [median(each) for each in ([7], [1, 2], [5, 1, 3])] == [7, Fraction(3, 2), 3]
