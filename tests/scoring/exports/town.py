"""The ratings and sheets of the sample city, for exports to write."""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec.structs import replace

from contracts import moments
from services.scoring.exports.head import ExportHead
from services.scoring.fold.books import horizon
from services.scoring.ratings.appeals import AppealState
from services.scoring.ratings.model import Rating
from services.scoring.ratings.recount import Accepted, facts, ratings, standings
from services.scoring.ratings.sheet.model import Decision, Sheet
from services.scoring.ratings.sheet.sheet import SheetContext, sheet_of
from services.scoring.ratings.sheet.trials import UnitYear
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.simulation.sample import sample_city
from tests.support.builders.cities import accepted

NOW = moments.instant("2025-12-01T00:00:00Z")
YEAR = 2025
HOSTILE = '=#strong[x] *a* _b_ \\ $x$ `raw` <l> @ref // c /* d */ #read("sheet.typ")'
RULED = load_directory(SHIPPED)
HEAD = ExportHead(
    year=YEAR, at=NOW,
    rubrics=tuple(sorted((r for r in RULED.items if r.first_year <= YEAR), key=lambda r: r.id)),
)  # fmt: skip


@cache
def city() -> Accepted:
    """The events of the sample city."""
    return Accepted(accepted(sample_city()))


@cache
def rated() -> tuple[Rating, ...]:
    """Every rating of the sample city."""
    return tuple(ratings(city(), RULED, YEAR).values())


def rating(unit: str = "H44.2.5", **changed: Any) -> Rating:
    """The rating of one unit, with changes."""
    return replace(next(each for each in rated() if each.unit == unit), **changed)


@cache
def plain_sheet(unit: str = "H44.2.5") -> Sheet:
    """The sheet of one unit."""
    standing = standings(city(), RULED, YEAR)[unit]
    registered = city().registry.units[unit]
    unit_year = UnitYear(
        registered, YEAR, standing.assessment.rubric, "pooled",
        city().registry.pool(unit, YEAR), facts(city(), RULED, YEAR)[unit],
        horizon(registered, YEAR), NOW,
    )  # fmt: skip
    return sheet_of(rating(unit), standing, unit_year, SheetContext())


def sheet(unit: str = "H44.2.5", adjusted: str = "", **changed: Any) -> Sheet:
    """The sheet of one unit, with changes of its rating; if `adjusted`, after a late appeal."""
    whole = replace(plain_sheet(unit), rating=rating(unit, **changed))
    if not adjusted:
        return whole
    values: dict[str, str | int] = {
        "decision": "12/QĐ-HĐ", "points": "-1.25", "reason": adjusted, "indicator": "disclosure",
    }  # fmt: skip
    made = Decision("adjustment.decided", NOW, "urn:danchu:council", values)
    made = replace(made, appeals=("KN-1",))
    state = AppealState(False, "upheld", "12/QĐ-HĐ", NOW)
    filing = Decision(
        "appeal.filed", NOW, "urn:danchu:unit", {"appeal": "KN-1", "reason": adjusted},
        appeal=state,
    )  # fmt: skip
    claim = Decision("selfscore.submitted", NOW, "urn:x", {"indicator": "disclosure", "points": 9})
    return replace(whole, adjustments=(made,), appeals=(filing,), self_scores=(claim,))
