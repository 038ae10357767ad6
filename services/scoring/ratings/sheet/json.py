"""A sheet as the members of its JSON (docs/sheet.md): the one place that spells it. Pure.

Points become strings of two decimals, fractions their exact text, days dates.
"""

from __future__ import annotations

from datetime import date
from typing import Any, assert_never

from contracts.catalog import CANONICAL
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.labels import in_both, label
from services.scoring.ratings.scores import points_text
from services.scoring.ratings.sheet.json_decisions import decision_members, self_score_members
from services.scoring.ratings.sheet.json_next_class import next_class_members
from services.scoring.ratings.sheet.model import (
    CoverageDetails,
    Cut,
    Doing,
    Duty,
    GroupScore,
    Item,
    Items,
    LateDuty,
    LineDetails,
    MeanDetails,
    NearKey,
    NilOffer,
    QuotaDetails,
    Rebase,
    Scale,
    ScaleAdvance,
    ShareDetails,
    Sheet,
    SheetLine,
    SumDetails,
    UnannouncedKey,
    Worth,
)
from services.scoring.ratings.sheet.model_next_class import ClassBand
from services.scoring.ratings.sheet.numbers import points, points_of
from services.scoring.rubrics.model import Rule, ScaleStep

Members = dict[str, Any]


def sheet_members(sheet: Sheet) -> Members:
    """A sheet as the interface has it."""
    rating, other = rating_members(sheet.rating), sheet.other_rating
    return {
        "rating": rating,
        "view": sheet.view,
        "view_label": in_both(label("view", sheet.view)),
        **{name: rating[name] for name in ("until", "successors", "predecessors", "head_ceiling")},
        "groups": [_group(group) for group in sheet.groups],
        "indicators": [line_members(line) for line in sheet.lines],
        "rebase": None if sheet.rebase is None else _rebase(sheet.rebase),
        "adjustments": [decision_members(entry) for entry in sheet.adjustments],
        "adjustment_limit": points(sheet.adjustment_limit),
        "adjustment_cut": cut_members(sheet.adjustment_cut),
        "total_cut": cut_members(sheet.total_cut),
        "exemptions": [decision_members(entry) for entry in sheet.exemptions],
        "declarations": [decision_members(entry) for entry in sheet.declarations],
        "self_scores": [decision_members(entry) for entry in sheet.self_scores],
        "appeals": [decision_members(entry) for entry in sheet.appeals],
        "reasons": rating["reasons"],
        "bands": [_band(band) for band in sheet.bands],
        "nil_declarations": [_nil(offer) for offer in sheet.nil_offers],
        "doing": _doing(sheet.doing),
        "next_class": None if sheet.next_class is None else next_class_members(sheet.next_class),
        "other_view": None if other is None else rating_members(other),
    }


def _group(group: GroupScore) -> Members:
    rule = group.group
    return {
        "id": rule.id, "vi": rule.vi, "clause": rule.clause, "score": points_text(group.score),
        "points": points(group.points),
    }  # fmt: skip


def _rebase(rebase: Rebase) -> Members:
    return {"from": points(rebase.counting), "to": points(rebase.all)}


def _band(entry: ClassBand) -> Members:
    band = entry.band
    return {
        "class": band.name, "vi": band.vi, "en": entry.label.en, "from": points(band.at_least),
    }  # fmt: skip


def _doing(doing: Doing) -> Members:
    return {
        "counts": doing.counts, "from": _day(doing.begins), "year": doing.year,
        **in_both(doing.text),
    }  # fmt: skip


def cut_members(cut: Cut | None) -> Members | None:
    """A cut, or None where nothing is cut."""
    if cut is None:
        return None
    return {"sum": points(cut.sum), "at": points(cut.limit), **in_both(cut.text)}


def line_members(sheet_line: SheetLine) -> Members:
    """One indicator; which of the later members it has depends on its kind."""
    line, indicator = sheet_line.line, sheet_line.line.indicator
    return {
        "id": indicator.id,
        "vi": indicator.vi,
        "clause": indicator.clause,
        "group": indicator.group,
        "kind": indicator.kind.value,
        "label": in_both(label("indicator", indicator.kind.value)),
        "points": points(indicator.points_max),
        "score": points_text(line.score) if line.counts else None,
        "quantity": None if line.quantity is None else str(line.quantity),
        "empty": line.empty,
        "empty_label": None if line.empty is None else in_both(label("empty", line.empty)),
        "scale": None if sheet_line.scale is None else scale_members(sheet_line.scale),
        "cut": cut_members(sheet_line.cut),
        "nil": None if sheet_line.nil is None else _nil(sheet_line.nil),
        "self_score": self_score_members(sheet_line.self_score),
        "done_by": [_rule(rule) for rule in indicator.fulfilled or indicator.rules],
        **_details(in_both(sheet_line.text), sheet_line.details),
    }


def _rule(rule: Rule) -> Members:
    """Which events do a thing of the indicator, and what their data must be."""
    return {
        "types": [CANONICAL[short].type for short in rule.sets],
        "key": rule.key,
        "where": {condition.field: list(condition.values) for condition in rule.where},
    }


def _details(state: Members, details: LineDetails) -> Members:
    """The state with its numbers, and what only this kind of indicator has."""
    match details:
        case CoverageDetails():
            return _coverage(state, details)
        case QuotaDetails():
            state |= {"n": details.count, "target": str(details.target)}
            following = {f"next_{name}": value for name, value in _worth(details.next).items()}
            members = {"state": state, "missing_total": details.missing_total, **following}
        case MeanDetails():
            state |= {"n": details.count}
            members = {"state": state, "missing_total": details.missing_total}
        case ShareDetails():
            members = {"state": state, "missing_total": details.missing_total}
        case SumDetails():
            members = {"state": state | {"n": details.count}, "sum": points_of(details.sum)}
        case _:
            assert_never(details)
    return {**members, **_items(details.items)}


def _coverage(state: Members, details: CoverageDetails) -> Members:
    step, completed = details.next_step, details.on_time_total + details.late_total
    return {
        "state": {
            **state,
            "obliged": completed + details.missing_total,
            "on_time": details.on_time_total,
            "late": details.late_total,
            "missing": details.missing_total,
            "left_out": details.left_out_total,
        },
        "missing": [_duty(duty) for duty in details.missing],
        "missing_total": details.missing_total,
        "left_out": [_duty(duty) for duty in details.left_out],
        "next_step": step and {"needed": step.needed, "worth": points_text(step.worth)},
        "late": [_late(duty) for duty in details.late],
        "unannounced": [_unannounced(entry) for entry in details.unannounced],
        "unannounced_total": details.unannounced_total,
    }


def _items(items: Items) -> Members:
    return {"items": [_item(item) for item in items.entries], "items_total": items.total}


def _item(item: Item) -> Members:
    return {"key": item.key} | ({} if item.points is None else {"points": points_of(item.points)})


def _duty(duty: Duty) -> Members:
    members = {
        "key": duty.key,
        "due": _day(duty.due),
        "overdue": duty.overdue,
        **in_both(duty.text),
        **_worth(duty.worth),
        "worth_late": points_text(duty.worth_late),
    }
    if duty.successors is not None:
        members["by_successors"] = [{"unit": s.unit, "key": s.key} for s in duty.successors]
    if duty.near is not None:
        members["near"] = [_near(near) for near in duty.near]
    return members


def _late(duty: LateDuty) -> Members:
    return {
        "key": duty.key, "due": _day(duty.due), **in_both(duty.text), "worth": points_text(0),
        "lost": points_text(duty.lost),
    }  # fmt: skip


def _unannounced(entry: UnannouncedKey) -> Members:
    return {"key": entry.key, "near": [_near(near) for near in entry.near], **in_both(entry.text)}


def _near(near: NearKey) -> Members:
    return {"key": near.key, "differs": near.difference, **in_both(near.text)}


def _worth(worth: Worth) -> Members:
    """What a thing is worth; its outcomes only where they differ."""
    if not worth.outcomes:
        return {"worth": points_text(worth.least)}
    return {
        "worth": points_text(worth.least),
        "worth_most": points_text(worth.most),
        "outcomes": [
            {
                "type": outcome.event.type,
                "data": dict(outcome.event.data),
                "worth": points_text(outcome.worth),
            }
            for outcome in worth.outcomes
        ],
    }


def _nil(offer: NilOffer) -> Members:
    return {
        "indicator": offer.indicator, "worth": points_text(offer.worth), "arose": offer.arose,
        **in_both(offer.text),
    }  # fmt: skip


def scale_members(scale: Scale) -> Members:
    """The steps of a scale, the one that is reached, and the next that brings more."""
    return {
        "steps": [_step(step) for step in scale.steps],
        "reached": None if scale.reached is None else _step(scale.reached),
        "next": None if scale.next is None else _advance(scale.next),
        **in_both(scale.text),
    }


def _step(step: ScaleStep) -> Members:
    return {"at_least": str(step.at_least), "points": points(step.points)}


def _advance(advance: ScaleAdvance) -> Members:
    return {
        **_step(advance.step),
        "needed": advance.needed,
        "needed_points": None if advance.lacking is None else points(advance.lacking),
        "score": points_text(advance.score),
        "worth": points_text(advance.worth),
    }


def _day(ordinal: int | None) -> str | None:
    return None if ordinal is None else date.fromordinal(ordinal).isoformat()
