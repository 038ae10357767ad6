"""What stands between a unit and the next better class: points, gates, ceilings, the share. Pure.

Each obstacle is listed with its key and by how much it is missed, and the steps of `plan` are
what the unit itself can still do; once they are done, the class moves (SCORING.md section 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from contracts.messages import Message, join_messages
from services.scoring.fold.cells import OWN, Status, coverage
from services.scoring.messages import message
from services.scoring.ratings.assessment import (
    Assessment,
    band_index,
    cases_of,
    class_at,
    failures,
)
from services.scoring.ratings.class_reasons import miss_sentence
from services.scoring.ratings.labels import class_label
from services.scoring.ratings.model import Cases, CeilingPlace, Miss
from services.scoring.ratings.scores import hundredths, points_text
from services.scoring.ratings.sheet.model_next_class import (
    CeilingGap,
    ClassBand,
    GateGap,
    LastPlace,
    NextClass,
    PointsGap,
    ShareGap,
)
from services.scoring.ratings.sheet.numbers import figure
from services.scoring.ratings.sheet.plan import Plan, plan_for
from services.scoring.ratings.sheet.trial_events import clearing_event
from services.scoring.ratings.sheet.trials import TrialState, UnitYear
from services.scoring.ratings.standings import Rivals
from services.scoring.rubrics.model import Indicator, Rubric

CASES_MAX = 50
KEYS_MAX, KEYS_NAMED = 100, 5
Gap = PointsGap | GateGap | CeilingGap | ShareGap


@dataclass(frozen=True)
class ClassTarget:
    """A class to be reached, 0 the best, among rivals where the share of the top class asks."""

    index: int
    rivals: Rivals | None

    def reached(self, assessed: Assessment, total: int | None = None) -> bool:
        """Whether the unit has this class or a better one, with its total or another."""
        index = assessed.class_index if total is None else class_at(assessed, total)
        if index > self.index:
            return False
        if self.index or self.rivals is None:
            return True
        return self.rivals.admit(assessed if total is None else assessed.with_total(total))

    def needed_total(self, rubric: Rubric) -> int:
        """The total that is enough for the band and, where the share asks, for a place."""
        least = (rubric.bands[self.index].at_least * 100).__ceil__()
        last = None if self.index or self.rivals is None else self.rivals.last(rubric)
        if last is None:
            return least
        maximum = (rubric.maximum * 100).__floor__()
        return max(least, min(maximum, last[0] + 1))


def next_class(unit_year: UnitYear, current: str, rivals: Rivals | None) -> NextClass | None:
    """Everything between the class now and the next better one; None in the best.

    `rivals` is None where the unit is not ranked, or the view does not bind: then there is no
    share either.
    """
    rubric, base = unit_year.rubric, unit_year.base
    index = rubric.classes.index(current if rivals else base.assessed.class_name) - 1
    if index < 0:
        return None
    target = ClassTarget(index, rivals)
    blocking = [place for place in base.assessed.ceilings
                if rubric.classes.index(place.of(rubric).class_at_most) > index]  # fmt: skip
    cases = cases_of(rubric, blocking, unit_year.cells)
    free = _without(unit_year, cases)
    points = _points_gap(rubric, index, base.total, free.total)
    gates = _gate_gaps(unit_year, index, free)
    share = share_gap(rubric, target, free.assessed)
    ceilings = tuple(_ceiling_gap(rubric, place, cases[place], free) for place in blocking)
    plan = plan_for(unit_year, free, target.reached, target.needed_total(rubric))
    gaps = [gap for gap in (points, *gates, *ceilings, share) if gap is not None]
    band = rubric.bands[index]
    return NextClass(
        target=ClassBand(band, class_label(rubric, band.name)),
        points=points,
        gates=gates,
        share=share,
        ceilings=ceilings,
        reachable=plan.reachable,
        steps=plan.steps(unit_year),
        points_more=plan.more,
        text=_text(unit_year, gaps, plan),
    )


def _without(unit_year: UnitYear, cases: Cases) -> TrialState:
    """The facts as they are when the cases of these ceilings are overturned."""
    events = []
    for place, keys in cases.items():
        indicator, counted = unit_year.rubric.by_id[place.indicator], set(keys)
        for cell in unit_year.cells:
            if (cell.view, cell.indicator) == (OWN, place.indicator) and cell.key in counted:
                events.append(clearing_event(indicator, cell, unit_year.at))
    return unit_year.base.after(*(event for event in events if event is not None))


def _points_gap(rubric: Rubric, index: int, total: int, free: int) -> PointsGap | None:
    """How many points the total lacks to the band, with and without the cases of ceilings."""
    band = rubric.bands[index]
    least = (band.at_least * 100).__ceil__()
    lacking = least - min(total, free)
    if lacking <= 0:
        return None
    text = message("next-points", lacking=figure(points_text(lacking)), name=band.name,
                   least=figure(points_text(least)))  # fmt: skip
    return PointsGap(least, total, lacking, text)


def _gate_gaps(unit_year: UnitYear, index: int, free: TrialState) -> tuple[GateGap, ...]:
    """The gates of the class that are not passed; none where the points are above its band."""
    rubric = unit_year.rubric
    if band_index(rubric, free.total) < index:
        return ()
    name = rubric.classes[index]
    return tuple(
        _gate_gap(unit_year, name, miss, free.assessed)
        for misses in failures(rubric, name, free.assessed.lines)
        for miss in misses
    )


def _gate_gap(unit_year: UnitYear, name: str, miss: Miss, assessed: Assessment) -> GateGap:
    keys = _keys(unit_year, miss)
    missing, late = tuple(keys["missing"]), tuple(keys["late"])
    text = _gate_text(miss_sentence((miss,)), missing, late)
    return GateGap(name, miss, _points_lacking(assessed, miss), missing, late, text)


def _keys(unit_year: UnitYear, miss: Miss) -> dict[Status, list[str]]:
    """Of an indicator with duties, the keys that keep the gate shut: missing, and late."""
    keys: dict[Status, list[str]] = {"missing": [], "late": []}
    indicator = miss.subject
    if isinstance(indicator, Indicator) and indicator.kind.has_duties:
        for cell, postings in unit_year.cells_of(indicator):
            status = coverage(indicator, postings, unit_year.until).status
            if status in keys and len(keys[status]) < KEYS_MAX:
                keys[status].append(cell.key)
    return keys


def _gate_text(text: Message, missing: Sequence[str], late: Sequence[str]) -> Message:
    if not missing and not late:
        return message("next-gate", text=text)
    return message("next-gate-keys", text=text, missing=_listed(missing), late=_listed(late))


def _listed(keys: Sequence[str]) -> str:
    if not keys:
        return message("no-keys")
    return ", ".join(keys[:KEYS_NAMED]) + (", …" if len(keys) > KEYS_NAMED else "")


def _points_lacking(assessed: Assessment, miss: Miss) -> int | None:
    """How many hundredths a group lacks to its gate; None for an indicator."""
    if miss.group is None:
        return None
    members = [line for line in assessed.lines if line.indicator.group == miss.group
               and line.counts and line.indicator.kind.basic]  # fmt: skip
    points = sum((line.indicator.points for line in members), Fraction(0))
    return ((miss.at_least - miss.value) * points * 100).__ceil__()


def share_gap(rubric: Rubric, target: ClassTarget, assessed: Assessment) -> ShareGap | None:
    """The place that the unit lacks among those that may have the top class."""
    rivals = target.rivals
    if target.index or rivals is None or rivals.places(rubric) is None:
        return None
    places, last = rivals.places(rubric), rivals.last(rubric)
    if places and (last is None or assessed.merit > last):
        return None
    place = 1 + sum(merit >= assessed.merit for merit in rivals.merits)
    candidates = len(rivals.merits) + 1
    if last is None:
        return ShareGap(places, place, candidates, None, None, message("next-share-none"))
    behind = max(0, target.needed_total(rubric) - assessed.total)
    total, basic, deduction = last
    code = "next-share-level" if total >= hundredths(rubric.maximum) else "next-share"
    text = message(code, places=places, place=place, behind=figure(points_text(behind)),
                   last=figure(points_text(total)), basic=figure(points_text(basic)))  # fmt: skip
    if code == "next-share-level" and deduction:
        text = message("next-share-deducted", text=text, basic=figure(points_text(basic)),
                       deduction=figure(points_text(-deduction)))  # fmt: skip
    return ShareGap(places, place, candidates, LastPlace(total, basic, -deduction), behind, text)


def _ceiling_gap(
    rubric: Rubric, place: CeilingPlace, cases: Sequence[str], free: TrialState
) -> CeilingGap:
    ceiling, listed = place.of(rubric), tuple(cases[:CASES_MAX])
    text = message("next-ceiling", name=ceiling.vi, most=ceiling.class_at_most,
                   cases=", ".join(listed))  # fmt: skip
    indicator = rubric.by_id[place.indicator]
    return CeilingGap(indicator, ceiling, listed, len(cases), free.total, text)


def _text(unit_year: UnitYear, gaps: Sequence[Gap], plan: Plan) -> Message:
    texts = [gap.text for gap in gaps]
    if unit_year.ended:
        texts.append(message("next-ended"))
    elif not plan.reachable:
        texts.append(message("next-unreached"))
    return join_messages(texts)
