"""What-ifs and comparisons of years as the members of their JSON: the one place that spells them.

Pure. Points become strings of two decimals; what a rubric does not have is null.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.ratings.json import reason_members
from services.scoring.ratings.labels import class_label, in_both, label
from services.scoring.ratings.method import Comparison, Effect, IndicatorEffect
from services.scoring.ratings.model import CeilingReason
from services.scoring.ratings.scores import points_text
from services.scoring.ratings.sheet.numbers import figure
from services.scoring.ratings.standings import Standing
from services.scoring.ratings.what_if import (
    IndicatorChange,
    IndicatorSum,
    PartChange,
    PointsChange,
    UnitChange,
    WhatIf,
)
from services.scoring.rubrics.model import Indicator, Rubric

Members = dict[str, Any]


def what_if_members(answer: WhatIf) -> Members:
    """A what-if as the interface has it."""
    return {
        "year": answer.year,
        "rubrics": [_rubric(rubric) for rubric in answer.rubrics],
        "events": answer.events,
        "rises": answer.moving("rises"),
        "falls": answer.moving("falls"),
        "indicators": [_sum(each) for each in answer.indicators],
        "items": [_unit(change) for change in answer.units],
    }


def _rubric(rubric: Rubric) -> Members:
    return {"id": rubric.id, "sha256": rubric.digest, "kinds": list(rubric.kinds)}


def _unit(change: UnitChange) -> Members:
    now, then = change.now, change.then
    total = None if now is None else then.assessment.total - now.assessment.total
    names = {"now": _class_name(now), "then": _class_name(then)}
    same = names["now"] == names["then"]
    return {
        "unit": change.unit.key,
        "name": change.name,
        "kind": change.unit.kind,
        "part_year": then.part_year,
        "total": {"now": _total(now), "then": _total(then)},
        "class": names,
        "rank": {"now": None if now is None else now.rank, "then": then.rank},
        "difference": None if total is None else points_text(total),
        "move": change.move,
        "indicators": [_indicator_change(each) for each in change.indicators],
        "parts": [_part_change(each) for each in change.parts],
        "reasons": {
            "now": [] if same else _reasons(now),
            "then": [] if same else _reasons(then),
        },
        "labels": {
            "kind": in_both(label("kind", change.unit.kind)),
            "class": {"now": _class_label(now), "then": _class_label(then)},
            "move": in_both(label("move", change.move)),
        },
    }


def _total(standing: Standing | None) -> str | None:
    return None if standing is None else points_text(standing.assessment.total)


def _class_name(standing: Standing | None) -> str | None:
    return None if standing is None else standing.assessment.class_name


def _class_label(standing: Standing | None) -> Members | None:
    if standing is None:
        return None
    return in_both(class_label(standing.assessment.rubric, standing.assessment.class_name))


def _reasons(standing: Standing | None) -> list[Members]:
    """Without the cases behind ceilings, which a what-if does not look for."""
    reasons = () if standing is None else standing.assessment.reasons
    return [
        reason_members(structs.replace(r, cases=()) if isinstance(r, CeilingReason) else r)
        for r in reasons
    ]


def _indicator(indicator: Indicator) -> Members:
    return {"indicator": indicator.id, "vi": indicator.vi, "clause": indicator.clause}


def _change(points: PointsChange) -> Members:
    return {
        "now": points_text(points.now),
        "then": points_text(points.then),
        "difference": points_text(points.difference),
    }


def _indicator_change(change: IndicatorChange) -> Members:
    return {**_indicator(change.indicator), **_change(change.points)}


def _part_change(change: PartChange) -> Members:
    return {**_part(change.part), **_change(change.points)}


def _part(part: str) -> Members:
    return {"part": part, "label": in_both(label("part", part))}


def _sum(of_all: IndicatorSum) -> Members:
    return {**_indicator(of_all.indicator), "units": of_all.units, **_change(of_all.points)}


def comparison_members(comparison: Comparison) -> Members:
    """A comparison of two years as the interface has it."""
    text = comparison_sentence(comparison)
    return {
        "unit": comparison.unit,
        "name": comparison.name,
        "year": comparison.year,
        "with": comparison.other_year,
        "rubric": comparison.rubric,
        "with_rubric": comparison.other_rubric,
        "total": points_text(comparison.total),
        "with_total": points_text(comparison.other_total),
        "reckoned_total": points_text(comparison.reckoned_total),
        **_effect(comparison.effect),
        "indicators": [_indicator_effect(each) for each in comparison.indicators],
        "parts": [{**_part(part), **_effect(effect)} for part, effect in comparison.parts],
        "text": text.vi,
        "text_vi": text.vi,
        "text_en": text.en,
    }


def _effect(effect: Effect) -> Members:
    return {
        "difference": points_text(effect.work + effect.method),
        "work": points_text(effect.work),
        "method": points_text(effect.method),
    }


def _indicator_effect(effect: IndicatorEffect) -> Members:
    return {
        **_indicator(effect.indicator),
        **_effect(effect.effect),
        "score": _optional(effect.points),
        "with_score": _optional(effect.other),
        "reckoned_score": _optional(effect.reckoned),
    }


def _optional(amount: int | None) -> str | None:
    return None if amount is None else points_text(amount)


def comparison_sentence(comparison: Comparison) -> Message:
    """The comparison in a sentence."""
    work, method = comparison.effect
    return message(
        "comparison", year=comparison.year, other=comparison.other_year,
        total=figure(points_text(comparison.total)),
        other_total=figure(points_text(comparison.other_total)),
        difference=_signed(work + method), work=_signed(work), method=_signed(method),
    )  # fmt: skip


def _signed(amount: int) -> Message:
    return figure(f"+{points_text(amount)}" if amount > 0 else points_text(amount))
