"""Why a class is not that of the band: codes, figures and sentences of gates, ceilings, shares.

Pure. Figures are exact: quantities as fractions, points as strings of two decimals.
"""

from __future__ import annotations

from typing import Any, assert_never

from contracts.messages import Message, joined
from services.scoring.messages import message
from services.scoring.ratings.assessment import Miss, Reason, indicator_of
from services.scoring.ratings.labels import label
from services.scoring.ratings.scores import spelled
from services.scoring.ratings.sheet.numbers import figure, percent_of
from services.scoring.rubrics.model import Rubric


def reason_members(rubric: Rubric, reason: Reason) -> dict[str, Any]:
    """A reason as the interface gives it; `text` is the Vietnamese sentence."""
    text = sentence(rubric, reason)
    indicator = indicator_of(rubric, reason)
    groups = [miss.group for miss in reason.misses if miss.group is not None]
    group = next((one for one in rubric.groups if [one.id] == groups[:1]), None)
    clause = indicator.clause if indicator is not None else None if group is None else group.clause
    return {
        "kind": reason.kind,
        "from": reason.origin,
        "to": reason.to,
        "text": text.vi,
        "text_vi": text.vi,
        "text_en": text.en,
        "code": text.code,
        "label": label("reason", reason.kind),
        "clause": clause,
        "indicator": None if indicator is None else indicator.id,
        "groups": groups,
        "cases": list(reason.cases),
        "figures": _figures(rubric, reason),
    }


def sentence(rubric: Rubric, reason: Reason) -> Message:
    """The reason in words."""
    if reason.kind == "gate":
        return miss_sentence(rubric, reason.misses)
    if reason.ceiling is not None:
        ceiling = reason.ceiling.of(rubric)
        name, cases = ceiling.vi, ", ".join(reason.cases)
        if not cases:
            return message("ceiling-applies", name=name, most=ceiling.class_at_most)
        return message("ceiling-applies-cases", name=name, most=ceiling.class_at_most, cases=cases)
    share, figures = rubric.top_class_share, reason.share
    assert share is not None and figures is not None
    if not figures.places:
        top = rubric.classes[0]
        return message("share-none", top=top, at_most=share.at_most, of=share_base(rubric))
    return message(
        "share-exceeded", top=rubric.classes[0], at_most=share.at_most, of=share_base(rubric),
        places=figures.places, place=figures.place, candidates=figures.candidates,
        behind=figure(spelled(figures.behind)),
    )  # fmt: skip


def share_base(rubric: Rubric) -> Message:
    """Of which units the share of the top class is taken."""
    assert rubric.top_class_share is not None
    top, second = rubric.classes[:2]
    match rubric.top_class_share.of:
        case "rated":
            return message("share-of-rated")
        case "top_two":
            return message("share-of-top-two", top=top, second=second)
        case "next":
            return message("share-of-next", second=second)
        case base:
            assert_never(base)


def miss_sentence(rubric: Rubric, misses: tuple[Miss, ...]) -> Message:
    """What falls short of one gate, in words: by indicator, or by group."""
    return joined([_miss(rubric, miss) for miss in misses])


def _miss(rubric: Rubric, miss: Miss) -> Message:
    values = {"value": percent_of(miss.value), "at_least": percent_of(miss.at_least)}
    if miss.indicator is not None:
        return message("gate-indicator-missed", name=rubric.by_id[miss.indicator].vi, **values)
    group = next(one for one in rubric.groups if one.id == miss.group)
    return message("gate-group-missed", name=group.vi, **values)


def miss_members(miss: Miss) -> dict[str, str | None]:
    """What falls short, in figures: the value, the threshold, and the difference."""
    return {
        "indicator": miss.indicator,
        "group": miss.group,
        "value": str(miss.value),
        "at_least": str(miss.at_least),
        "missed_by": str(miss.at_least - miss.value),
    }


def _figures(rubric: Rubric, reason: Reason) -> dict[str, Any]:
    if reason.kind == "gate":
        first = miss_members(reason.misses[0])
        figures = {name: first[name] for name in ("value", "at_least", "missed_by")}
        return {**figures, "missed": [miss_members(miss) for miss in reason.misses]}
    if reason.ceiling is not None:
        ceiling = reason.ceiling.of(rubric)
        return {
            "count": len(reason.cases),
            "at_least": ceiling.at_least,
            "class_at_most": ceiling.class_at_most,
        }
    assert reason.share is not None and rubric.top_class_share is not None
    shared = rubric.top_class_share
    return {
        "at_most": str(shared.at_most),
        "of": shared.of,
        "limit": reason.share.places,
        "place": reason.share.place,
        "candidates": reason.share.candidates,
        "behind": spelled(reason.share.behind),
    }
