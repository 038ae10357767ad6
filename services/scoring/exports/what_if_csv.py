"""A what-if as CSV for programs: one line a unit, now and then, and what each indicator brings.

As a list of ratings: UTF-8 with BOM, RFC 4180, points as texts with two decimals, and an apostrophe
before a text that begins like a formula. Pure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from services.scoring.exports.csv import BOM, LINE_END
from services.scoring.exports.texts import neutralise
from services.scoring.ratings.class_reasons import sentence
from services.scoring.ratings.contributions import PARTS
from services.scoring.ratings.scores import points_text
from services.scoring.ratings.standings import Standing
from services.scoring.ratings.what_if import UnitChange, WhatIf

COLUMNS = (
    "unit", "name", "kind", "move", "total_now", "total_then", "difference", "class_now",
    "class_then", "rank_now", "rank_then",
)  # fmt: skip


def write_what_if(answer: WhatIf) -> bytes:
    """Every unit; after its columns the difference of each indicator that changes any total."""
    indicators = [each.indicator.id for each in answer.indicators]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=LINE_END)
    writer.writerow(
        [*COLUMNS, *(f"indicator.{each}" for each in indicators),
         *(f"part.{each}" for each in PARTS), "reasons_vi", "reasons_en"]
    )  # fmt: skip
    writer.writerows([*_values(change, indicators)] for change in answer.units)
    return (BOM + out.getvalue()).encode()


def _values(change: UnitChange, indicators: list[str]) -> Iterator[str]:
    now, then = change.now, change.then
    yield from (neutralise(each) for each in (change.unit.key, change.name, change.unit.kind))
    yield change.move
    yield from (_total(now), _total(then))
    yield "" if now is None else points_text(then.assessment.total - now.assessment.total)
    for standing in (now, then):
        yield "" if standing is None else neutralise(standing.assessment.class_name)
    for standing in (now, then):
        yield "" if standing is None or standing.rank is None else str(standing.rank)
    by_indicator = {each.indicator.id: each.points.difference for each in change.indicators}
    by_part = {each.part: each.points.difference for each in change.parts}
    yield from (points_text(by_indicator.get(each, 0)) for each in indicators)
    yield from (points_text(by_part.get(each, 0)) for each in PARTS)
    reasons = [sentence(reason) for reason in then.assessment.reasons]
    yield "; ".join(neutralise(reason.vi) for reason in reasons)
    yield "; ".join(neutralise(reason.en) for reason in reasons)


def _total(standing: Standing | None) -> str:
    return "" if standing is None else points_text(standing.assessment.total)
