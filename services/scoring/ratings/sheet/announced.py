"""Whether what was done had been announced as a duty: else it counts and brings no points. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from contracts.envelope import Recorded
from services.scoring.fold import books
from services.scoring.fold.cells import Cell, Posting
from services.scoring.fold.registry import Registry
from services.scoring.messages import message
from services.scoring.rubrics.model import Kind, Rubric, Rubrics, Side

NOT_ANNOUNCED = "duty not announced"
Postings = Mapping[Cell, Sequence[Posting]]


def duties_done(
    event: Recorded, unit: str, view: str, registry: Registry, rubrics: Rubrics
) -> list[Cell]:
    """The duties of a unit that an event fulfils in a view; none where it speaks on other lines
    too, which show it."""
    for book, posted in books.postings(event, registry, rubrics):
        shown = [(cell, p) for cell, p in posted if cell.view == view]
        if book.unit == unit and shown:
            only = all(posting.side == Side.FULFILLED and posting.sets for _, posting in shown)
            return [cell for cell, _ in shown] if only else []
    return []


def cells_of_duty(rubric: Rubric, cell: Cell) -> list[Cell]:
    """Where the duty may have been announced: in any indicator of the rubric with such keys."""
    return [
        Cell(cell.view, indicator.id, cell.field, cell.key)
        for indicator in rubric.indicators
        if indicator.kind is Kind.COVERAGE
        and any(rule.key == cell.field for rule in indicator.obliged)
    ]


def is_announced(rubric: Rubric, cells: Iterable[Cell], known: Postings) -> bool:
    """Whether one of these duties was ever announced."""
    places = (place for cell in cells for place in cells_of_duty(rubric, cell))
    return any(p.side == Side.OBLIGED for place in places for p in known.get(place, ()))


def note_members(announced: bool) -> dict[str, str | None]:
    """What the list of events says of an event that counts."""
    if announced:
        return {"note": None, "note_vi": None, "note_en": None}
    text = message("note-unannounced")
    return {"note": NOT_ANNOUNCED, "note_vi": text.vi, "note_en": text.en}
