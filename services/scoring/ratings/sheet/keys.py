"""Duties that were done and never announced, beside those that were announced and not done. Pure.

The commonest mistake: a thing is reported under another key than its duty, so that neither counts.
"""

from __future__ import annotations

from typing import Any

from services.scoring.fold.cells import Cell, coverage, is_on
from services.scoring.messages import message
from services.scoring.ratings.labels import in_both
from services.scoring.ratings.sheet.near import Near, Neighbours
from services.scoring.ratings.sheet.trials import Field
from services.scoring.rubrics.model import Kind, Side

UNANNOUNCED_MAX = 100


class Keys:
    """The keys of a unit's duties in the view that is shown, and which are near which."""

    def __init__(self, field: Field) -> None:
        duties = {i.id for i in field.rubric.indicators if i.kind is Kind.COVERAGE}
        cells = {
            cell: said for cell, said in field.cells.items()
            if cell.view == field.view and cell.indicator in duties
        }  # fmt: skip
        announced = {
            (cell.field, cell.key) for cell, said in cells.items()
            if any(posting.side == Side.OBLIGED for posting in said)
        }  # fmt: skip
        self.unannounced: dict[str, list[str]] = {}
        self._missing: dict[str, list[str]] = {}
        for cell, said in sorted(cells.items()):
            state = coverage(field.rubric.by_id[cell.indicator], said, field.until)
            if state.status in ("missing", "left_out"):
                self._missing.setdefault(cell.indicator, []).append(cell.key)
            elif (cell.field, cell.key) not in announced and is_on(said, Side.FULFILLED):
                self.unannounced.setdefault(cell.indicator, []).append(cell.key)
        self._near_missing = {name: Neighbours(keys) for name, keys in self._missing.items()}
        self._near_done = {name: Neighbours(keys) for name, keys in self.unannounced.items()}

    def near_missing(self, cell: Cell) -> list[dict[str, Any]]:
        """What was done without a duty under a key near this one, which is missing."""
        found = self._near_done.get(cell.indicator)
        return [] if found is None else [_members(near) for near in found.of(cell.key)]

    def near_done(self, indicator: str, key: str) -> list[dict[str, Any]]:
        """The duties that are missing under a key near this one, which was done."""
        found = self._near_missing.get(indicator)
        return [] if found is None else [_members(near) for near in found.of(key)]


def _members(near: Near) -> dict[str, Any]:
    match near.differs:
        case "blanks":
            text = message("near-blanks")
        case "case":
            text = message("near-case")
        case "accents":
            text = message("near-accents")
        case "signs":
            text = message("near-signs")
        case _:
            text = message("near-slip")
    return {"key": near.key, "differs": near.differs, **in_both(text)}


def unannounced_members(keys: Keys, indicator: str) -> dict[str, Any]:
    """What was done under keys that nobody announced, of one indicator, with near duties."""
    found = keys.unannounced.get(indicator, [])
    shown = []
    for key in found[:UNANNOUNCED_MAX]:
        near = keys.near_done(indicator, key)
        text = message("unannounced-near", key=near[0]["key"]) if near else message("unannounced")
        shown.append({"key": key, "near": near, **in_both(text)})
    return {"unannounced": shown, "unannounced_total": len(found)}
