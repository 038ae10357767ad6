"""Duties that were fulfilled and never announced, beside those announced and not fulfilled. Pure.

The commonest mistake: a thing is reported under another key than its duty, so that neither counts.
"""

from __future__ import annotations

from services.scoring.fold.cells import Cell, coverage, is_on
from services.scoring.messages import message
from services.scoring.ratings.sheet.model import Difference, NearKey, UnannouncedKey
from services.scoring.ratings.sheet.near import Near, Neighbours
from services.scoring.ratings.sheet.trials import UnitYear
from services.scoring.rubrics.model import Side

UNANNOUNCED_MAX = 100
NEAR: dict[Difference, str] = {
    "blanks": "near-blanks", "case": "near-case", "accents": "near-accents",
    "signs": "near-signs", "slip": "near-slip",
}  # fmt: skip
"""By difference, the message that names it."""


class DutyKeys:
    """The keys of a unit's duties in the view of the sheet, and which of them are near others."""

    def __init__(self, unit_year: UnitYear) -> None:
        rubric = unit_year.rubric
        cells = [
            each for indicator in rubric.indicators if indicator.kind.has_duties
            for each in unit_year.cells_of(indicator)
        ]  # fmt: skip
        announced = {
            (cell.field, cell.key) for cell, postings in cells
            if any(posting.side == Side.OBLIGED for posting in postings)
        }  # fmt: skip
        self._unannounced: dict[str, list[str]] = {}
        missing: dict[str, list[str]] = {}
        for cell, postings in cells:
            state = coverage(rubric.by_id[cell.indicator], postings, unit_year.until)
            if state.status in ("missing", "left_out"):
                missing.setdefault(cell.indicator, []).append(cell.key)
            elif (cell.field, cell.key) not in announced and is_on(postings, Side.FULFILLED):
                self._unannounced.setdefault(cell.indicator, []).append(cell.key)
        self._near_missing = {name: Neighbours(keys) for name, keys in missing.items()}
        self._near_unannounced = {
            name: Neighbours(keys) for name, keys in self._unannounced.items()
        }

    def near_missing(self, cell: Cell) -> tuple[NearKey, ...]:
        """The unannounced keys near the key of a missing duty."""
        return _near_keys(self._near_unannounced.get(cell.indicator), cell.key)

    def unannounced(self, indicator: str) -> tuple[tuple[UnannouncedKey, ...], int]:
        """The first unannounced keys of an indicator, and the number of all."""
        keys = self._unannounced.get(indicator, [])
        missing = self._near_missing.get(indicator)
        return tuple(_unannounced(key, missing) for key in keys[:UNANNOUNCED_MAX]), len(keys)


def _unannounced(key: str, missing: Neighbours | None) -> UnannouncedKey:
    near = _near_keys(missing, key)
    text = message("unannounced-near", key=near[0].key) if near else message("unannounced")
    return UnannouncedKey(key, near, text)


def _near_keys(neighbours: Neighbours | None, key: str) -> tuple[NearKey, ...]:
    return () if neighbours is None else tuple(map(_near_key, neighbours.of(key)))


def _near_key(near: Near) -> NearKey:
    return NearKey(near.key, near.differs, message(NEAR[near.differs]))
