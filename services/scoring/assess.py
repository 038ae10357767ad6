"""From tallies to a rating: points, class, and, over all units of a kind, shares and ranks. Pure.

Source: SCORING.md sections 4 and 5. Each score is rounded once, half up, to hundredths; sums are
taken over the rounded scores, so that the sheet a person reads adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from services.scoring.cells import ADJUSTMENT, EXEMPT, NIL, OWN, POOLED, Tally
from services.scoring.rubric import Gate, Indicator, Kind, Rubric


def hundredths(number: Fraction) -> int:
    """The number in hundredths, rounded half up."""
    return (number * 200 + 1).__floor__() // 2


def spelled(amount: int) -> str:
    """Hundredths as the interface spells points: two decimals."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator of a unit: q (None where empty or not basic), score in hundredths.

    `empty` is exempt, nil, full, zero, exclude, or None where the indicator is not empty;
    `counts` is whether the indicator takes part in the basic score.
    """

    indicator: Indicator
    tally: tuple[int, ...]
    quantity: Fraction | None
    score: int
    empty: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it is not left out."""
        return self.empty not in ("exempt", "exclude")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the class is not the band's: gate, ceiling or share."""

    kind: str
    origin: str
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """A unit's year in one view, before what depends on other units. Points in hundredths.

    `decided` is the sum of the adjustments before the limit cuts it to `adjustment`.
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


def assess(rubric: Rubric, tally: Tally, view: str) -> Assessment:
    """The assessment of one view; ceilings, decisions and declarations are the unit's own."""
    lines = tuple(_line(indicator, tally, view) for indicator in rubric.indicators)
    basic = _basic(rubric, lines)
    bonus = sum(line.score for line in lines if line.indicator.kind is Kind.BONUS)
    deduction = -sum(line.score for line in lines if line.indicator.kind is Kind.DEDUCTION)
    limit = hundredths(rubric.adjustment_limit)
    decided = (tally.of(OWN, ADJUSTMENT) or [0, 0])[1]
    adjustment = max(-limit, min(limit, decided))
    total = max(0, min(hundredths(rubric.maximum), basic + bonus - deduction + adjustment))
    class_name, reasons = _class(rubric, lines, total, tally)
    return Assessment(
        rubric, lines, basic, bonus, deduction, decided, adjustment, total, class_name, reasons
    )


def _basic(rubric: Rubric, lines: Sequence[Line]) -> int:
    counting = [line for line in lines if line.indicator.kind.basic and line.counts]
    points = sum((line.indicator.points for line in counting), Fraction(0))
    if not points:
        return 0
    every = sum((indicator.points for indicator in rubric.basic), Fraction(0))
    scored = sum(line.score for line in counting)
    return hundredths(Fraction(scored, 100) * every / points)


def _line(indicator: Indicator, tally: Tally, view: str) -> Line:
    sums = tuple(tally.of(view, indicator.id))
    if not indicator.kind.basic:
        raw = Fraction(sums[1] if sums else 0, indicator.denominator)
        points = hundredths(min(indicator.cap, raw))
        return Line(indicator, sums, None, points if indicator.kind is Kind.BONUS else -points)
    if tally.of(OWN, indicator.id, EXEMPT):
        return Line(indicator, sums, None, 0, "exempt")
    quantity = _quantity(indicator, sums)
    if quantity is not None:
        return Line(indicator, sums, quantity, hundredths(_points(indicator, quantity)))
    empty = "nil" if tally.of(OWN, indicator.id, NIL) else indicator.when_empty
    if empty in ("nil", "full"):
        return Line(indicator, sums, Fraction(1), hundredths(indicator.points), empty)
    return Line(indicator, sums, Fraction(0) if empty == "zero" else None, 0, empty)


def basic_score(indicator: Indicator, sums: Sequence[int]) -> int:
    """The score in hundredths that these sums give a basic indicator; 0 where it is empty."""
    quantity = _quantity(indicator, sums)
    return 0 if quantity is None else hundredths(_points(indicator, quantity))


def _quantity(indicator: Indicator, sums: Sequence[int]) -> Fraction | None:
    """q of a basic indicator, None where it is empty (SCORING.md section 4)."""
    if indicator.kind is Kind.QUOTA:
        return min(Fraction(1), Fraction(sums[0] if sums else 0) / indicator.target)
    if indicator.kind is Kind.MERIT:
        earned = Fraction(sums[1] if sums else 0, indicator.denominator)
        return min(Fraction(1), earned / indicator.points)
    if not sums:
        return None
    if indicator.kind is Kind.COVERAGE:
        obliged, on_time, late = sums[:3]
        return (on_time + indicator.late_credit * late) / obliged if obliged else None
    if indicator.kind is Kind.MEAN:
        if sums[0] < indicator.minimum:
            return None
        mean = Fraction(sums[1], 10_000 * sums[0])
        spread = (mean - indicator.low) / (indicator.high - indicator.low)
        return max(Fraction(0), min(Fraction(1), spread))
    return min(Fraction(1), Fraction(sums[0], sums[1])) if sums[1] else None


def _points(indicator: Indicator, quantity: Fraction) -> Fraction:
    if not indicator.scale:
        return indicator.points * quantity
    reached = [step.points for step in indicator.scale if quantity >= step.at_least]
    return max(reached, default=Fraction(0))


def _class(
    rubric: Rubric, lines: Sequence[Line], total: int, tally: Tally
) -> tuple[str, tuple[Reason, ...]]:
    classes = rubric.classes
    index = next(
        (i for i, band in enumerate(rubric.bands) if band.at_least * 100 <= total),
        len(classes) - 1,
    )
    reasons: list[Reason] = []
    failed = [
        text
        for gate in rubric.gates
        if gate.class_name == classes[index] and (text := _failure(rubric, gate, lines))
    ]
    if failed:
        reasons += [Reason("gate", classes[index], classes[index + 1], text) for text in failed]
        index += 1
    lowest = index
    for indicator in rubric.indicators:
        sums = tally.of(OWN, indicator.id)
        for number, ceiling in zip(sums[2:], indicator.ceilings, strict=False):
            limit = classes.index(ceiling.class_at_most)
            if number >= ceiling.at_least and limit > index:
                reasons.append(Reason("ceiling", classes[index], classes[limit], ceiling.vi))
                lowest = max(lowest, limit)
    return classes[lowest], tuple(reasons)


def _failure(rubric: Rubric, gate: Gate, lines: Sequence[Line]) -> str | None:
    """Why the gate is failed, in words; None where it is passed."""
    if gate.indicator is not None:
        line = next(line for line in lines if line.indicator.id == gate.indicator)
        if line.quantity is None or line.quantity >= gate.at_least:
            return None
        return f"{line.indicator.vi}: {_percent(line.quantity)} < {_percent(gate.at_least)}"
    missed = []
    for group in rubric.groups:
        members = [x for x in lines if x.indicator.group == group.id and x.counts]
        members = [line for line in members if line.indicator.kind.basic]
        points = sum((line.indicator.points for line in members), Fraction(0))
        if not points:
            continue
        share = Fraction(sum(line.score for line in members), 100) / points
        if share < gate.at_least:
            missed.append(f"{group.vi}: {_percent(share)} < {_percent(gate.at_least)}")
    return "; ".join(missed) or None


def _percent(number: Fraction) -> str:
    return f"{spelled(hundredths(number * 100))} %".replace(".", ",")


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit among the units of its kind and year."""

    unit: str
    kind: str
    assessment: Assessment
    part_year: bool
    rank: int | None = None


def stand(rubric: Rubric, standings: Sequence[Standing]) -> list[Standing]:
    """Top-class share and ranks over all units of one kind and year (SCORING.md section 5)."""
    ranked = [s for s in standings if not s.part_year]
    losers = _losers(rubric, ranked)
    totals = sorted((s.assessment.total for s in ranked), reverse=True)
    places: dict[int, int] = {}
    for place, total in enumerate(totals, start=1):
        places.setdefault(total, place)
    placed = []
    for standing in standings:
        rank = None if standing.part_year else places[standing.assessment.total]
        assessment = standing.assessment
        if standing.unit in losers:
            assessment = _dropped(rubric, assessment)
        placed.append(replace(standing, rank=rank, assessment=assessment))
    return placed


def _dropped(rubric: Rubric, assessment: Assessment) -> Assessment:
    top, second = rubric.classes[:2]
    share = rubric.top_class_share
    assert share is not None
    of = {
        "rated": "số đơn vị được xếp hạng",
        "top_two": f"số đơn vị loại {top} và {second}",
        "next": f"số đơn vị loại {second}",
    }[share.of]
    text = f"Số đơn vị loại {top} không quá {share.at_most} {of}"
    reasons = (*assessment.reasons, Reason("share", top, second, text))
    return replace(assessment, class_name=second, reasons=reasons)


def share_limit(rubric: Rubric, classes: Sequence[str]) -> int | None:
    """How many units may keep the top class, given the class of every ranked unit."""
    share = rubric.top_class_share
    if share is None or len(rubric.classes) < 2:
        return None
    if share.of == "rated":
        return (share.at_most * len(classes)).__floor__()
    best = sum(1 for name in classes if name in rubric.classes[:2])
    if share.of == "top_two":
        return (share.at_most * best).__floor__()
    return (share.at_most * best / (1 + share.at_most)).__floor__()


def _losers(rubric: Rubric, ranked: Sequence[Standing]) -> frozenset[str]:
    limit = share_limit(rubric, [s.assessment.class_name for s in ranked])
    top = [s for s in ranked if s.assessment.class_name == rubric.classes[0]]
    if limit is None or len(top) <= limit:
        return frozenset()

    def merit(standing: Standing) -> tuple[int, int, int]:
        got = standing.assessment
        return (got.total, got.basic, -got.deduction)

    first_out = sorted((merit(s) for s in top), reverse=True)[limit]
    return frozenset(s.unit for s in top if merit(s) <= first_out)


def binding_view(rubric: Rubric, has_predecessors: bool) -> str:
    """The view that binds and ranks: pooled only where the rubric says so and there is a pool."""
    return POOLED if rubric.pooled and has_predecessors else OWN
