"""From tallies to a unit's points and class, before shares and ranks. Pure.

Source: SCORING.md section 5. Sums are taken over the rounded scores, so that the sheet a person
reads adds up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from msgspec import structs

from services.scoring.fold.cells import ADJUSTMENT, OWN, Cell, Horizon, Posting, Tally, weigh
from services.scoring.ratings.model import (
    Cases,
    CeilingPlace,
    CeilingReason,
    GateReason,
    Miss,
    Reason,
)
from services.scoring.ratings.scores import Line, hundredths, line_of
from services.scoring.rubrics.kinds import Section
from services.scoring.rubrics.model import Gate, Rubric


@dataclass(frozen=True, slots=True)
class Assessment:
    """A unit's year in one view, before shares and ranks. Points in hundredths.

    `decided` is the sum of the adjustments before the limit cuts it to `adjustment`; `ceilings`
    are those that hold, also where they do not lower the class.
    """

    rubric: Rubric
    lines: tuple[Line, ...]
    basic: int
    bonus: int
    deduction: int
    decided: int
    adjustment: int
    total: int
    class_name: str
    reasons: tuple[Reason, ...] = field(default=())
    ceilings: tuple[CeilingPlace, ...] = ()

    @property
    def class_index(self) -> int:
        """Where the class stands among those of the rubric; 0 is the best."""
        return self.rubric.classes.index(self.class_name)

    @property
    def merit(self) -> tuple[int, int, int]:
        """The order in which units take the places of the top class: greater is better."""
        return (self.total, self.basic, -self.deduction)

    def with_total(self, total: int) -> Assessment:
        """The same with another total, as other bonuses or decisions would give it."""
        return replace(self, total=total)

    def line(self, indicator: str) -> Line:
        """The line of an indicator of the rubric."""
        return next(line for line in self.lines if line.indicator.id == indicator)


def assess(rubric: Rubric, tally: Tally, view: str) -> Assessment:
    """The assessment of one view; ceilings, decisions and declarations are the unit's own."""
    lines = tuple(line_of(indicator, tally, view) for indicator in rubric.indicators)
    return assess_lines(rubric, tally, lines)


def assess_lines(rubric: Rubric, tally: Tally, lines: tuple[Line, ...]) -> Assessment:
    """The same of lines that are known: one for each indicator of the rubric, in its order."""
    basic = _basic(rubric, lines)
    bonus, deduction = _scored(lines, Section.BONUS), -_scored(lines, Section.DEDUCTION)
    limit = hundredths(rubric.adjustment_limit)
    decided = (tally.of(OWN, ADJUSTMENT) or [0, 0])[1]
    adjustment = max(-limit, min(limit, decided))
    total = max(0, min(hundredths(rubric.maximum), basic + bonus - deduction + adjustment))
    ceilings = tuple(active_ceilings(rubric, tally))
    class_name, reasons = _class(rubric, lines, total, ceilings)
    return Assessment(
        rubric, lines, basic, bonus, deduction, decided, adjustment, total, class_name, reasons,
        ceilings,
    )  # fmt: skip


def class_at(assessment: Assessment, total: int) -> int:
    """Which class the unit would have with another total and the same lines; 0 is the best."""
    rubric = assessment.rubric
    class_name, _ = _class(rubric, assessment.lines, total, assessment.ceilings)
    return rubric.classes.index(class_name)


def with_cases(assessment: Assessment, cases: Cases) -> Assessment:
    """The assessment with the keys of the cases behind each of its ceilings."""
    reasons = tuple(
        structs.replace(reason, cases=tuple(cases.get(reason.place, ())))
        if isinstance(reason, CeilingReason)
        else reason
        for reason in assessment.reasons
    )
    return replace(assessment, reasons=reasons)


def cases_of(
    rubric: Rubric, places: Iterable[CeilingPlace], cells: Mapping[Cell, Sequence[Posting]]
) -> Cases:
    """The keys that each of these ceilings counts, of the unit's own facts."""
    cases: dict[CeilingPlace, Sequence[str]] = {}
    for place in places:
        own = ((c, p) for c, p in cells.items() if c.indicator == place.indicator and c.view == OWN)
        weights = ((cell, weigh(rubric, cell, postings, _NEVER)) for cell, postings in own)
        counted = (cell.key for cell, sums in weights if sums and sums[2 + place.number])
        cases[place] = sorted(counted)
    return cases


_NEVER = Horizon(2**63 - 1, None)


def _scored(lines: Iterable[Line], section: Section) -> int:
    return sum(line.score for line in lines if line.indicator.kind.section is section)


def _basic(rubric: Rubric, lines: Sequence[Line]) -> int:
    counting = [line for line in lines if line.indicator.kind.basic and line.counts]
    scored = sum(line.score for line in counting)
    if len(counting) == len(rubric.basic):
        return scored
    points = sum((line.indicator.points for line in counting), Fraction(0))
    if not points:
        return 0
    every = sum((indicator.points for indicator in rubric.basic), Fraction(0))
    return hundredths(Fraction(scored, 100) * every / points)


def _class(
    rubric: Rubric, lines: Sequence[Line], total: int, ceilings: Sequence[CeilingPlace]
) -> tuple[str, tuple[Reason, ...]]:
    classes = rubric.classes
    index = band_index(rubric, total)
    reasons: list[Reason] = [
        GateReason(classes[index], classes[index + 1], misses)
        for misses in failures(rubric, classes[index], lines)
    ]
    if reasons:
        index += 1
    lowest = index
    for place in ceilings:
        limit = classes.index(place.of(rubric).class_at_most)
        if limit > index:
            indicator = rubric.by_id[place.indicator]
            reasons.append(CeilingReason(classes[index], classes[limit], indicator, place.number))
            lowest = max(lowest, limit)
    return classes[lowest], tuple(reasons)


def band_index(rubric: Rubric, total: int) -> int:
    """The best band that a total in hundredths reaches."""
    reached = (i for i, band in enumerate(rubric.bands) if band.at_least * 100 <= total)
    return next(reached, len(rubric.bands) - 1)


def active_ceilings(rubric: Rubric, tally: Tally) -> Iterable[CeilingPlace]:
    """The ceilings whose condition holds, in the order of the rubric."""
    for indicator in rubric.indicators:
        sums = tally.of(OWN, indicator.id) if indicator.ceilings else ()
        for number, counted in enumerate(sums[2:]):
            if counted >= indicator.ceilings[number].at_least:
                yield CeilingPlace(indicator.id, number)


def failures(rubric: Rubric, class_name: str, lines: Sequence[Line]) -> list[tuple[Miss, ...]]:
    """The failed gates of the class, each as what falls short of it."""
    gates = (gate for gate in rubric.gates if gate.class_name == class_name)
    missed = (_misses(rubric, gate, lines) for gate in gates)
    return [misses for misses in missed if misses]


def _misses(rubric: Rubric, gate: Gate, lines: Sequence[Line]) -> tuple[Miss, ...]:
    """What falls short of the gate; nothing where it is passed."""
    if gate.indicator is not None:
        line = next(line for line in lines if line.indicator.id == gate.indicator)
        if line.quantity is None or line.quantity >= gate.at_least:
            return ()
        return (Miss(line.indicator, line.quantity, gate.at_least),)
    shares = ((group, group_share(group.id, lines)) for group in rubric.groups)
    return tuple(
        Miss(group, share, gate.at_least)
        for group, share in shares
        if share is not None and share < gate.at_least
    )


def group_share(group: str, lines: Sequence[Line]) -> Fraction | None:
    """The share of its points that a group has; None where no basic indicator of it counts."""
    members = [x for x in lines if x.indicator.group == group and x.counts]
    members = [line for line in members if line.indicator.kind.basic]
    points = sum((line.indicator.points for line in members), Fraction(0))
    return Fraction(sum(line.score for line in members), 100) / points if points else None


def head_ceiling(rubric: Rubric, ceilings: Sequence[CeilingPlace]) -> str | None:
    """The class to which acts of the head limit the unit; None where no such ceiling holds."""
    limits = [
        place.of(rubric).class_at_most
        for place in ceilings
        if any(c.field == "by_head" and c.values == (True,) for c in place.of(rubric).where)
    ]
    return max(limits, key=rubric.classes.index, default=None)
