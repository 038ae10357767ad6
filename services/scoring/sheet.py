"""The sheet: one rating explained so that a clerk can check it and a person can contest it. Pure.

Every number on it is of the same commit as the rating, and adds up to it (SCORING.md section 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from contracts import moments
from contracts.envelope import Recorded
from services.scoring.assess import Assessment
from services.scoring.cells import Horizon
from services.scoring.posting import order_of
from services.scoring.rubric import Rubric
from services.scoring.scores import spelled
from services.scoring.sheet_cuts import adjustment_cut, total_cut
from services.scoring.sheet_lines import Cells, indicator_line
from services.scoring.sheet_words import points
from services.scoring.standings import Standing

DECIDED = {
    "exemptions": ("exemption.approved", "exemption.revoked"),
    "declarations": ("declaration.nil",),
    "self_scores": ("selfscore.submitted",),
    "appeals": ("appeal.filed", "appeal.decided"),
}


def sheet(
    rating: dict[str, Any],
    standing: Standing,
    rubric: Rubric,
    cells: Cells,
    until: Horizon,
    view: str,
    said: Sequence[Recorded],
    other: dict[str, Any] | None,
) -> dict[str, Any]:
    """The sheet of a rating, JSON-ready.

    `cells` are the unit's facts of the year, `said` its decisions and declarations that are not
    retracted, `other` the rating in the view that does not bind.
    """
    assessed = standing.assessment
    lines = [indicator_line(rubric, line, cells, until, view) for line in assessed.lines]
    ordered = sorted(said, key=order_of)
    return {
        "rating": rating,
        "view": view,
        "groups": _groups(rubric, assessed),
        "indicators": lines,
        "rebase": _rebase(assessed, rubric),
        "adjustments": [_told(one) for one in _of(ordered, ("adjustment.decided",))],
        "adjustment_limit": points(rubric.adjustment_limit),
        "adjustment_cut": adjustment_cut(assessed),
        "total_cut": total_cut(assessed),
        **{name: [_told(one) for one in _of(ordered, kinds)] for name, kinds in DECIDED.items()},
        "reasons": rating["reasons"],
        "bands": [{"class": b.name, "vi": b.vi, "from": points(b.at_least)} for b in rubric.bands],
        "next_class": _next_class(rubric, assessed),
        "other_view": other,
    }


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
        "time": moments.spelled(said.time),
        "source": said.event.source,
    }
    names = ("indicator", "decision", "points", "reason", "note", "appeal", "outcome")
    given = {name: getattr(data, name, None) for name in names}
    return {**told, **{n: v for n, v in given.items() if isinstance(v, (str, int))}}


def _next_class(rubric: Rubric, assessed: Assessment) -> dict[str, str] | None:
    """The next better band and the points that are lacking to it.

    None in the best, and where a ceiling keeps the class below that band whatever the points.
    """
    above = [band for band in rubric.bands if band.at_least * 100 > assessed.total]
    held = [rubric.classes.index(one.to) for one in assessed.reasons if one.kind == "ceiling"]
    if not above or len(above) - 1 < max(held, default=0):
        return None
    band = above[-1]
    lacking = (band.at_least * 100 - assessed.total).__ceil__()
    return {"class": band.name, "vi": band.vi, "lacking": spelled(lacking)}
