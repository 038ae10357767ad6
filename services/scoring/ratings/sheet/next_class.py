"""What stands between a unit and the next better class: points, gates, ceilings, the share. Pure.

Each obstacle is told with its key and by how much it is missed, and the steps in `sheet_plan` are
what the unit itself can still do; done as told, the class moves (SCORING.md section 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from contracts.messages import Message, join_messages
from services.scoring.fold.cells import OWN, coverage
from services.scoring.messages import message
from services.scoring.ratings.assessment import (
    Assessment,
    band_index,
    cases_of,
    class_at,
    failures,
)
from services.scoring.ratings.class_reasons import miss_sentence
from services.scoring.ratings.json import miss_members
from services.scoring.ratings.labels import class_label, in_both
from services.scoring.ratings.model import Cases, CeilingPlace, Miss
from services.scoring.ratings.scores import spelled
from services.scoring.ratings.sheet.numbers import figure
from services.scoring.ratings.sheet.plan import Plan, plan_for
from services.scoring.ratings.sheet.trials import Field, State, clearing
from services.scoring.ratings.standings import Rivals
from services.scoring.rubrics.model import Kind, Rubric

CASES_MAX = 50
KEYS_MAX, KEYS_TOLD = 100, 5


@dataclass(frozen=True)
class Target:
    """A class to be reached, 0 the best, among rivals where the share of the top class asks."""

    index: int
    rivals: Rivals | None

    def met(self, assessed: Assessment, total: int | None = None) -> bool:
        """Whether the unit has this class or a better one, with its total or another."""
        reached = assessed.class_index if total is None else class_at(assessed, total)
        if reached > self.index:
            return False
        if self.index or self.rivals is None:
            return True
        return self.rivals.admit(assessed if total is None else assessed.with_total(total))


def next_class(field: Field, current: str, rivals: Rivals | None) -> dict[str, Any] | None:
    """What lies between the class now and the next better one; None in the best.

    `rivals` is None where the unit is not ranked, or the view does not bind: then there is no
    share either.
    """
    rubric = field.rubric
    index = rubric.classes.index(current if rivals else field.base.assessed.class_name) - 1
    if index < 0:
        return None
    target = Target(index, rivals)
    blocking = [place for place in field.base.assessed.ceilings
                if rubric.classes.index(place.of(rubric).class_at_most) > index]  # fmt: skip
    cases = cases_of(rubric, blocking, field.cells)
    free = _without(field, cases)
    points = _points(rubric, index, field.base.total, free.total)
    gates = _gates(field, index, free)
    share = _share(rubric, target, free.assessed)
    ceilings = [_ceiling(rubric, place, cases[place], field, free) for place in blocking]
    plan = plan_for(field, free, target.met, _needed_total(rubric, target))
    parts: list[Message] = [points[1]] if points else []
    parts += [text for _, text in (*gates, *ceilings)] + ([share[1]] if share else [])
    band = rubric.bands[index]
    return {
        "class": band.name,
        "vi": band.vi,
        "en": class_label(rubric, band.name).en,
        "from": spelled((band.at_least * 100).__ceil__()),
        "lacking": points[0]["lacking"] if points else "0.00",
        "points": points[0] if points else None,
        "gates": [one for one, _ in gates],
        "share": share[0] if share else None,
        "ceilings": [one for one, _ in ceilings],
        **plan.members(field),
        **_text(field, parts, plan),
    }


def _without(field: Field, cases: Cases) -> State:
    """The facts as they are when the cases of these ceilings are overturned."""
    acts = []
    for place, keys in cases.items():
        indicator, counted = field.rubric.by_id[place.indicator], set(keys)
        for cell in field.cells:
            if (cell.view, cell.indicator) == (OWN, place.indicator) and cell.key in counted:
                acts.append(clearing(indicator, cell, field.at))
    return field.base.after(*(act for act in acts if act is not None))


def _points(
    rubric: Rubric, index: int, total: int, free: int
) -> tuple[dict[str, str], Message] | None:
    """How many points the total lacks to the band; also when what a ceiling rests on has gone."""
    least = (rubric.bands[index].at_least * 100).__ceil__()
    lacking = least - min(total, free)
    if lacking <= 0:
        return None
    members = {"from": spelled(least), "total": spelled(total), "lacking": spelled(lacking)}
    name = rubric.bands[index].name
    text = message("next-points", lacking=figure(spelled(lacking)), name=name,
                   least=figure(spelled(least)))  # fmt: skip
    return members, text


def _gates(field: Field, index: int, free: State) -> list[tuple[dict[str, Any], Message]]:
    """The gates of the class that are not passed; none where the points are above its band."""
    if band_index(field.rubric, free.total) < index:
        return []
    name, found = field.rubric.classes[index], []
    for misses in failures(field.rubric, name, free.assessed.lines):
        for miss in misses:
            keys = _keys(field, miss)
            text = _gate_text(miss_sentence((miss,)), keys)
            members = {"class": name, **miss_members(miss), **_lacking(free.assessed, miss), **keys}
            found.append(({**members, **in_both(text)}, text))
    return found


def _keys(field: Field, miss: Miss) -> dict[str, list[str]]:
    """Of a coverage, which duties keep the gate shut: those not done, and those done late."""
    found: dict[str, list[str]] = {"missing": [], "late": []}
    indicator = None if miss.indicator is None else field.rubric.by_id[miss.indicator]
    if indicator is not None and indicator.kind is Kind.COVERAGE:
        for cell, said in sorted(field.cells.items()):
            if cell.indicator == indicator.id and cell.view == field.view:
                status = coverage(indicator, said, field.until).status
                if status in found and len(found[status]) < KEYS_MAX:
                    found[status].append(cell.key)
    return found


def _gate_text(text: Message, keys: dict[str, list[str]]) -> Message:
    if not any(keys.values()):
        return message("next-gate", text=text)
    named = {
        name: ", ".join(found[:KEYS_TOLD]) + (", …" if len(found) > KEYS_TOLD else "")
        for name, found in keys.items()
    }
    none = message("no-keys")
    return message(
        "next-gate-keys", text=text, missing=named["missing"] or none, late=named["late"] or none
    )


def _lacking(assessed: Assessment, miss: Miss) -> dict[str, Any]:
    """What the gate is about in the rubric's words, and how many points a group lacks."""
    rubric = assessed.rubric
    if miss.indicator is not None:
        indicator = rubric.by_id[miss.indicator]
        return {"name": indicator.vi, "clause": indicator.clause, "points_lacking": None}
    group = next(one for one in rubric.groups if one.id == miss.group)
    members = [line for line in assessed.lines if line.indicator.group == group.id
               and line.counts and line.indicator.kind.basic]  # fmt: skip
    points = sum((line.indicator.points for line in members), Fraction(0))
    lacking = ((miss.at_least - miss.value) * points * 100).__ceil__()
    return {"name": group.vi, "clause": group.clause, "points_lacking": spelled(lacking)}


def _share(
    rubric: Rubric, target: Target, assessed: Assessment
) -> tuple[dict[str, Any], Message] | None:
    """The place that the unit lacks among those that may have the top class."""
    if target.index or target.rivals is None or target.rivals.places(rubric) is None:
        return None
    places, last = target.rivals.places(rubric), target.rivals.last(rubric)
    if places and (last is None or assessed.merit > last):
        return None
    place = 1 + sum(merit >= assessed.merit for merit in target.rivals.merits)
    members: dict[str, Any] = {
        "places": places, "place": place, "candidates": len(target.rivals.merits) + 1,
        "last": None, "behind": None,
    }  # fmt: skip
    if last is None:
        text = message("next-share-none")
        return {**members, **in_both(text)}, text
    needed = _needed_total(rubric, target)
    behind = spelled(max(0, needed - assessed.total))
    members |= {
        "last": {"total": spelled(last[0]), "basic": spelled(last[1]),
                 "deduction": spelled(-last[2])},
        "behind": behind,
    }  # fmt: skip
    text = message("next-share", places=places, place=place, behind=figure(behind),
                   last=figure(spelled(last[0])))  # fmt: skip
    return {**members, **in_both(text)}, text


def _needed_total(rubric: Rubric, target: Target) -> int:
    """The total that is enough for the band and, where the share asks, for a place."""
    least = (rubric.bands[target.index].at_least * 100).__ceil__()
    last = None if target.index or target.rivals is None else target.rivals.last(rubric)
    if last is None:
        return least
    maximum = (rubric.maximum * 100).__floor__()
    return max(least, min(maximum, last[0] + 1))


def _ceiling(
    rubric: Rubric, place: CeilingPlace, cases: Sequence[str], field: Field, free: State
) -> tuple[dict[str, Any], Message]:
    ceiling = place.of(rubric)
    text = message("next-ceiling", name=ceiling.vi, most=ceiling.class_at_most,
                   cases=", ".join(cases[:CASES_MAX]))  # fmt: skip
    members = {
        "indicator": place.indicator, "clause": rubric.by_id[place.indicator].clause,
        "name": ceiling.vi, "class_at_most": ceiling.class_at_most, "at_least": ceiling.at_least,
        "cases": list(cases[:CASES_MAX]), "cases_total": len(cases),
        "total_without": spelled(free.total),
    }  # fmt: skip
    return {**members, **in_both(text)}, text


def _text(field: Field, parts: Sequence[Message], plan: Plan) -> dict[str, str]:
    if field.ended:
        parts = [*parts, message("next-ended")]
    elif not plan.reached:
        parts = [*parts, message("next-unreached")]
    text = join_messages(list(parts))
    return {"text_vi": text.vi, "text_en": text.en}
