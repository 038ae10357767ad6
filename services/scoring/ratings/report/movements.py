"""Who rose and who fell against the year before, and what moved each most. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.contributions import PARTS, contributions
from services.scoring.ratings.report.model import (
    ClassCount,
    ClassCounts,
    Contribution,
    Movement,
    Movements,
    NamedUnit,
)
from services.scoring.ratings.standings import Standing
from services.scoring.rubrics.model import Rubric

CAUSES_MAX = 3
"""So many lines say why a total moved."""

Standings = Mapping[str, Standing]
Names = Mapping[str, str]


def movements(now: Standings, before: Standings, names: Names) -> Movements:
    """The movements of a year; `names` has those of the units of both years, by key."""
    differs = {kind: differ(now, before, kind) for kind in {each.kind for each in now.values()}}
    both = [
        _movement(now[key], before[key], names[key], differs[now[key].kind])
        for key in sorted(now.keys() & before.keys())
    ]
    return Movements(
        tuple(sorted((m for m in both if m.change > 0), key=lambda m: (-m.change, m.unit))),
        tuple(sorted((m for m in both if m.change < 0), key=lambda m: (m.change, m.unit))),
        sum(not m.change for m in both),
        tuple(_single_units(now, now.keys() - before.keys(), names)),
        tuple(_single_units(before, before.keys() - now.keys(), names)),
    )


def differ(now: Standings, before: Standings, kind: str) -> bool:
    """Whether the units of a kind are rated by another rubric than last year."""
    earlier, later = _rubric(before, kind), _rubric(now, kind)
    return earlier is not None and later is not None and earlier != later


def class_counts(now: Standings, before: Standings, kinds: Sequence[str]) -> list[ClassCounts]:
    """The classes of each kind that has units this year."""
    counts = []
    for kind in kinds:
        rubric, earlier = _rubric(now, kind), _rubric(before, kind)
        if rubric is None:
            continue
        numbers, numbers_before = _by_class(now, kind), _by_class(before, kind)
        known = () if earlier is None else earlier.classes
        names = dict.fromkeys((*rubric.classes, *known))
        classes = tuple(
            ClassCount(name, numbers.get(name, 0),
                       numbers_before.get(name, 0) if name in known else None)
            for name in names
        )  # fmt: skip
        total = sum(numbers.values())
        counts.append(ClassCounts(kind, rubric, total, sum(numbers_before.values()), classes))
    return counts


def _movement(now: Standing, before: Standing, name: str, differs: bool) -> Movement:
    later, earlier = now.assessment, before.assessment
    return Movement(
        now.unit, name, now.kind, earlier.total, later.total, earlier.class_name, later.class_name,
        causes(later, earlier), later.reasons, differs,
    )  # fmt: skip


def causes(now: Assessment, before: Assessment) -> tuple[Contribution, ...]:
    """What moved the total most, in the direction in which it moved; empty where it did not."""
    upward = now.total > before.total
    changes = [
        each for each in _contributions(now, before)
        if now.total != before.total and each.change and (each.change > 0) == upward
    ]  # fmt: skip
    return tuple(sorted(changes, key=lambda each: -abs(each.change))[:CAUSES_MAX])


def _contributions(now: Assessment, before: Assessment) -> Iterator[Contribution]:
    later, earlier = contributions(now), contributions(before)
    indicators = {line.indicator.id: line.indicator for line in (*before.lines, *now.lines)}
    for key, indicator in indicators.items():
        points = later.indicators.get(key, 0)
        yield Contribution(indicator, "", earlier.indicators.get(key, 0), points)
    for part in PARTS:
        yield Contribution(None, part, earlier.parts[part], later.parts[part])


def _rubric(standings: Standings, kind: str) -> Rubric | None:
    """The rubric of a kind, of which a year has one."""
    of_kind = (each for each in standings.values() if each.kind == kind)
    return next((each.assessment.rubric for each in of_kind), None)


def _by_class(standings: Standings, kind: str) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for standing in standings.values():
        if standing.kind == kind:
            name = standing.assessment.class_name
            numbers[name] = numbers.get(name, 0) + 1
    return numbers


def _single_units(standings: Standings, keys: Iterable[str], names: Names) -> Iterator[NamedUnit]:
    return (NamedUnit(key, names[key], standings[key].kind) for key in sorted(keys))
