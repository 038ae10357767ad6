"""The sheet: one rating explained so that a clerk can check it and a person can contest it. Pure.

Every number on it is of the same commit as the rating, and adds up to it (SCORING.md section 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from contracts import moments
from contracts.envelope import Recorded
from services.scoring.fold.postings import order_of
from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.labels import class_label, in_both, label
from services.scoring.ratings.model import Rating
from services.scoring.ratings.scores import spelled
from services.scoring.ratings.sheet.cuts import adjustment_cut, total_cut
from services.scoring.ratings.sheet.keys import Keys
from services.scoring.ratings.sheet.lines import indicator_line
from services.scoring.ratings.sheet.next_class import next_class
from services.scoring.ratings.sheet.numbers import points
from services.scoring.ratings.sheet.trials import Field
from services.scoring.ratings.sheet.worth import doing
from services.scoring.ratings.standings import Rivals, Standing
from services.scoring.rubrics.model import Band, Rubric

DECIDED = {
    "exemptions": ("exemption.approved", "exemption.revoked"),
    "declarations": ("declaration.nil",),
    "self_scores": ("selfscore.submitted",),
    "appeals": ("appeal.filed", "appeal.decided"),
}


@dataclass(frozen=True)
class Beside:
    """What a sheet shows beside the rating: decisions and declarations of the unit that are not
    retracted, the rating in the view that does not bind, and the rivals for the top class."""

    said: Sequence[Recorded] = ()
    other: Rating | None = None
    rivals: Rivals | None = None


def sheet(rating: Rating, standing: Standing, field: Field, beside: Beside) -> dict[str, Any]:
    """The sheet of a rating, JSON-ready."""
    assessed, rubric, keys = standing.assessment, field.rubric, Keys(field)
    lines = [indicator_line(field, line, keys) for line in assessed.lines]
    ordered, members = sorted(beside.said, key=order_of), rating_members(rating)
    return {
        "rating": members,
        "view": field.view,
        "view_label": in_both(label("view", field.view)),
        **{name: members[name] for name in ("until", "successors", "predecessors", "head_ceiling")},
        "groups": _groups(rubric, assessed),
        "indicators": lines,
        "rebase": _rebase(assessed, rubric),
        "adjustments": [_told(one) for one in _of(ordered, ("adjustment.decided",))],
        "adjustment_limit": points(rubric.adjustment_limit),
        "adjustment_cut": adjustment_cut(assessed),
        "total_cut": total_cut(assessed),
        **{name: [_told(one) for one in _of(ordered, kinds)] for name, kinds in DECIDED.items()},
        "reasons": members["reasons"],
        "bands": [_band(rubric, band) for band in rubric.bands],
        "nil_declarations": [line["nil"] for line in lines if line["nil"] is not None],
        "doing": doing(field),
        "next_class": next_class(field, assessed.class_name, beside.rivals),
        "other_view": None if beside.other is None else rating_members(beside.other),
    }


def _band(rubric: Rubric, band: Band) -> dict[str, Any]:
    name = class_label(rubric, band.name).en
    return {"class": band.name, "vi": band.vi, "en": name, "from": points(band.at_least)}


def _groups(rubric: Rubric, assessed: Assessment) -> list[dict[str, Any]]:
    found = []
    for group in rubric.groups:
        lines = [line for line in assessed.lines if line.indicator.group == group.id]
        counting = [line for line in lines if line.indicator.kind.basic and line.counts]
        most = sum((line.indicator.points for line in counting), Fraction(0))
        score = sum(line.score for line in counting)
        named = {"id": group.id, "vi": group.vi, "clause": group.clause}
        found.append({**named, "score": spelled(score), "points": points(most)})
    return found


def _rebase(assessed: Assessment, rubric: Rubric) -> dict[str, str] | None:
    """From how many points the basic score is re-based to how many; None where nothing is out."""
    every = sum((indicator.points for indicator in rubric.basic), Fraction(0))
    lines = [line for line in assessed.lines if line.indicator.kind.basic and line.counts]
    counting = sum((line.indicator.points for line in lines), Fraction(0))
    return None if counting == every else {"from": points(counting), "to": points(every)}


def _of(said: Iterable[Recorded], kinds: Sequence[str]) -> list[Recorded]:
    return [one for one in said if one.kind.short in kinds]


def _told(said: Recorded) -> dict[str, Any]:
    """What was decided or declared, when, and by which document."""
    data = said.event.data
    told = {
        "type": said.kind.short,
        "time": moments.rfc3339(said.time),
        "source": said.event.source,
    }
    names = ("indicator", "decision", "points", "reason", "note", "appeal", "outcome")
    given = {name: getattr(data, name, None) for name in names}
    return {**told, **{n: v for n, v in given.items() if isinstance(v, (str, int))}}
