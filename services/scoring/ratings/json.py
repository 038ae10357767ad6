"""A rating as the members of its JSON (DESIGN section 4): the one place that spells it. Pure.

Points become strings of two decimals, fractions their exact text.
"""

from __future__ import annotations

from typing import Any, assert_never

from contracts import moments
from services.scoring.ratings.class_reasons import sentence
from services.scoring.ratings.labels import in_both, label
from services.scoring.ratings.model import (
    CeilingReason,
    GateReason,
    Labels,
    Miss,
    Rating,
    Reason,
    ShareReason,
)
from services.scoring.ratings.scores import points_text

Members = dict[str, Any]


def rating_members(rating: Rating) -> Members:
    """A rating as the interface has it; a deduction's score is negative."""
    return {
        "unit": rating.unit,
        "name": rating.name,
        "kind": rating.kind,
        "year": rating.year,
        "rubric": rating.rubric,
        "stage": rating.stage,
        "version": rating.version,
        "basic": points_text(rating.basic),
        "bonus": points_text(rating.bonus),
        "deduction": points_text(rating.deduction),
        "adjustment": points_text(rating.adjustment),
        "total": points_text(rating.total),
        "class": rating.class_name,
        "rank": rating.rank,
        "part_year": rating.part_year,
        "scores": {indicator: points_text(score) for indicator, score in rating.scores.items()},
        "empty": dict(rating.empty),
        "reasons": [reason_members(reason) for reason in rating.reasons],
        "head_ceiling": rating.head_ceiling,
        "heads": [{"head": head, "from": since} for head, since in rating.heads],
        "results": [result._asdict() for result in rating.results],
        "until": None if rating.until is None else rating.until.isoformat(),
        "successors": list(rating.successors),
        "predecessors": list(rating.predecessors),
        "labels": _labels(rating.labels),
        "as_of": None if rating.as_of is None else moments.rfc3339(rating.as_of),
    }


def _labels(labels: Labels) -> Members:
    return {
        "kind": in_both(labels.kind),
        "stage": in_both(labels.stage),
        "class": in_both(labels.class_name),
        "empty": {word: in_both(term) for word, term in labels.empty.items()},
    }


def reason_members(reason: Reason) -> Members:
    """A reason as the interface has it; `text` is the Vietnamese sentence."""
    kind, text = reason_kind(reason), sentence(reason)
    return {
        "kind": kind,
        "from": reason.from_class,
        "to": reason.to_class,
        "text": text.vi,
        "text_vi": text.vi,
        "text_en": text.en,
        "code": text.code,
        "label": in_both(label("reason", kind)),
        **_subject(reason),
        "cases": list(reason.cases) if isinstance(reason, CeilingReason) else [],
        "figures": _figures(reason),
    }


def miss_members(miss: Miss) -> Members:
    """What falls short, in figures: the value, the threshold, and the difference."""
    return {"indicator": miss.indicator, "group": miss.group, **_miss_figures(miss)}


def reason_kind(reason: Reason) -> str:
    """The word of the interface for the kind of a reason."""
    match reason:
        case GateReason():
            return "gate"
        case CeilingReason():
            return "ceiling"
        case ShareReason():
            return "share"
        case _:
            assert_never(reason)


def _subject(reason: Reason) -> Members:
    """The indicator or the groups that a reason is about, with the clause."""
    match reason:
        case GateReason(misses=(miss, *_) as misses):
            groups = [each.group for each in misses if each.group is not None]
            return {"clause": miss.subject.clause, "indicator": miss.indicator, "groups": groups}
        case CeilingReason(indicator=indicator):
            return {"clause": indicator.clause, "indicator": indicator.id, "groups": []}
        case _:
            return {"clause": None, "indicator": None, "groups": []}


def _miss_figures(miss: Miss) -> Members:
    return {
        "value": str(miss.value),
        "at_least": str(miss.at_least),
        "missed_by": str(miss.at_least - miss.value),
    }


def _figures(reason: Reason) -> Members:
    match reason:
        case GateReason(misses=misses):
            missed = [miss_members(miss) for miss in misses]
            return {**_miss_figures(misses[0]), "missed": missed}
        case CeilingReason(cases=cases, ceiling=ceiling):
            return {
                "count": len(cases),
                "at_least": ceiling.at_least,
                "class_at_most": ceiling.class_at_most,
            }
        case ShareReason(share=share):
            return {
                "at_most": str(share.at_most),
                "of": share.of,
                "limit": reason.places,
                "place": reason.place,
                "candidates": reason.candidates,
                "behind": points_text(reason.behind),
            }
        case _:
            assert_never(reason)
