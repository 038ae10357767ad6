"""The duties of each unit beside its own of last year and those of its peers. Pure.

A unit that announces fewer duties has less to fulfil, and so a better share. It is never scored
for that; the council sees it and asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from services.scoring.ratings.report.model import (
    DutyComparison,
    DutyCount,
    LineDuties,
    UnitDuties,
)
from services.scoring.ratings.standings import Standing
from services.scoring.rubrics.model import Indicator

Counts = dict[str, DutyCount]
"""The duties of a unit by the id of the indicator."""

NONE = DutyCount(0, 0, 0)


def unit_duties(
    now: Mapping[str, Standing], before: Mapping[str, Standing], names: Mapping[str, str],
    predecessors: Mapping[str, Sequence[str]],
) -> list[UnitDuties]:  # fmt: skip
    """The duties of each unit, those that strikingly shrank first.

    `predecessors` are those of the units that have any, by key.
    """
    counts = {key: duty_counts(standing) for key, standing in now.items()}
    earlier = {key: duty_counts(standing) for key, standing in before.items()}
    medians = _medians(now, counts)
    rows = []
    for key, standing in now.items():
        heirs_of = () if key in earlier else tuple(predecessors.get(key, ()))
        last = _last_year(key, heirs_of, earlier)
        of_kind = medians.get(standing.kind, {})
        total = _sum(counts[key].values())
        whole = DutyComparison(
            total.obliged, None if last is None else _sum(last.values()).obliged, of_kind.get("")
        )
        lines = () if standing.part_year else _few_lines(standing, counts[key], last, of_kind)
        rows.append(
            UnitDuties(
                key, names[key], standing.kind, standing.part_year, total, whole,
                heirs_of if last is not None else (), lines,
            )
        )  # fmt: skip
    return sorted(rows, key=_strikingness)


def duty_counts(standing: Standing) -> Counts:
    """The duties of each line that has duties, in the order of the rubric."""
    return {
        line.indicator.id: DutyCount(*line.tally[:3]) if line.tally else NONE
        for line in standing.assessment.lines
        if line.indicator.kind.has_duties
    }


def median(numbers: Iterable[int]) -> Fraction | None:
    """The middle one, or the mean of the two in the middle; None of none."""
    ordered = sorted(numbers)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return Fraction(ordered[middle] + ordered[-middle - 1], 2)


def _strikingness(row: UnitDuties) -> tuple[bool, int, str]:
    shrank = row.comparison.obliged - row.comparison.before if row.comparison.before else 0
    return (not row.striking, shrank, row.unit)


def _few_lines(
    standing: Standing, counts: Counts, last: Counts | None, medians: Mapping[str, Fraction]
) -> tuple[LineDuties, ...]:
    indicators: dict[str, Indicator] = {
        line.indicator.id: line.indicator for line in standing.assessment.lines
    }
    lines = (
        LineDuties(
            indicators[id_],
            DutyComparison(
                count.obliged,
                None if last is None or id_ not in last else last[id_].obliged,
                medians.get(id_),
            ),
        )
        for id_, count in counts.items()
    )
    return tuple(each for each in lines if each.comparison.shrank or each.comparison.below_peers)


def _last_year(
    key: str, predecessors: Sequence[str], earlier: Mapping[str, Counts]
) -> Counts | None:
    """The unit's own duties of last year, or those of its predecessors together."""
    if key in earlier:
        return earlier[key]
    pooled = [earlier[each] for each in predecessors if each in earlier]
    if not pooled:
        return None
    ids = dict.fromkeys(id_ for counts in pooled for id_ in counts)
    return {id_: _sum(counts.get(id_, NONE) for counts in pooled) for id_ in ids}


def _medians(
    now: Mapping[str, Standing], counts: Mapping[str, Counts]
) -> dict[str, dict[str, Fraction]]:
    """By kind the medians of each line, and of all lines together under the empty id."""
    by_kind: dict[str, list[Counts]] = {}
    for key, standing in now.items():
        if not standing.part_year:
            by_kind.setdefault(standing.kind, []).append(counts[key])
    medians = {}
    for kind, rows in by_kind.items():
        columns = {id_: [row[id_].obliged for row in rows] for id_ in rows[0]}
        columns[""] = [_sum(row.values()).obliged for row in rows]
        of_kind = {id_: median(column) for id_, column in columns.items()}
        medians[kind] = {id_: value for id_, value in of_kind.items() if value is not None}
    return medians


def _sum(counts: Iterable[DutyCount]) -> DutyCount:
    obliged = on_time = late = 0
    for count in counts:
        obliged, on_time, late = obliged + count[0], on_time + count[1], late + count[2]
    return DutyCount(obliged, on_time, late)
