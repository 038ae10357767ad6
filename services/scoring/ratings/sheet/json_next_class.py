"""The next class of a sheet as the members of its JSON; for `json` alone. Pure."""

from __future__ import annotations

from typing import Any

from services.scoring.ratings.json import miss_members
from services.scoring.ratings.labels import in_both
from services.scoring.ratings.scores import points_text
from services.scoring.ratings.sheet.model_next_class import (
    CeilingGap,
    EventTemplate,
    GateGap,
    LastPlace,
    NextClass,
    PlanStep,
    PointsGap,
    ShareGap,
)

Members = dict[str, Any]


def next_class_members(following: NextClass) -> Members:
    """What stands between a unit and a better class, and the steps to it."""
    band, gap = following.target.band, following.points
    return {
        "class": band.name,
        "vi": band.vi,
        "en": following.target.label.en,
        "from": points_text((band.at_least * 100).__ceil__()),
        "lacking": points_text(0 if gap is None else gap.lacking),
        "points": None if gap is None else _points(gap),
        "gates": [_gate(gate) for gate in following.gates],
        "share": None if following.share is None else _share(following.share),
        "ceilings": [_ceiling(ceiling) for ceiling in following.ceilings],
        "reachable": following.reachable,
        "steps": [_step(step) for step in following.steps],
        "points_more": points_text(following.points_more),
        "text_vi": following.text.vi,
        "text_en": following.text.en,
    }


def _points(gap: PointsGap) -> Members:
    return {
        "from": points_text(gap.least),
        "total": points_text(gap.total),
        "lacking": points_text(gap.lacking),
    }


def _gate(gap: GateGap) -> Members:
    subject, lacking = gap.miss.subject, gap.points_lacking
    return {
        "class": gap.class_name,
        **miss_members(gap.miss),
        "name": subject.vi,
        "clause": subject.clause,
        "points_lacking": None if lacking is None else points_text(lacking),
        "missing": list(gap.missing),
        "late": list(gap.late),
        **in_both(gap.text),
    }


def _share(gap: ShareGap) -> Members:
    return {
        "places": gap.places,
        "place": gap.place,
        "candidates": gap.candidates,
        "last": None if gap.last is None else _last(gap.last),
        "behind": None if gap.behind is None else points_text(gap.behind),
        **in_both(gap.text),
    }


def _last(last: LastPlace) -> Members:
    return {
        "total": points_text(last.total), "basic": points_text(last.basic),
        "deduction": points_text(last.deduction),
    }  # fmt: skip


def _ceiling(gap: CeilingGap) -> Members:
    return {
        "indicator": gap.indicator.id,
        "clause": gap.indicator.clause,
        "name": gap.ceiling.vi,
        "class_at_most": gap.ceiling.class_at_most,
        "at_least": gap.ceiling.at_least,
        "cases": list(gap.cases),
        "cases_total": gap.cases_total,
        "total_without": points_text(gap.total_without),
        **in_both(gap.text),
    }


def _step(step: PlanStep) -> Members:
    return {
        "indicator": step.indicator.id,
        "clause": step.indicator.clause,
        "do": step.action,
        "count": step.count,
        "events": [_event(event) for event in step.events],
        **in_both(step.text),
    }


def _event(event: EventTemplate) -> Members:
    return {"type": event.type, "data": dict(event.data)}
