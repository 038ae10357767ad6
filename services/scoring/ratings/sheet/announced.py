"""Whether a fulfilled duty was ever announced: else its event counts and brings no points. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from contracts.envelope import Recorded
from services.scoring.fold import books
from services.scoring.fold.cells import Cell, Posting
from services.scoring.fold.registry import Registry
from services.scoring.messages import message
from services.scoring.rubrics.model import Rubric, Rubrics, Side

NOT_ANNOUNCED = "duty not announced"
Postings = Mapping[Cell, Sequence[Posting]]


def fulfilled_duties(
    event: Recorded, unit: str, view: str, registry: Registry, rubrics: Rubrics
) -> list[Cell]:
    """The duties of a unit that an event fulfils in a view.

    None where the event posts to other lines too: there it is seen to count.
    """
    for book, posted in books.postings(event, registry, rubrics):
        visible = [(cell, posting) for cell, posting in posted if cell.view == view]
        if book.unit == unit and visible:
            only = all(posting.side == Side.FULFILLED and posting.sets for _, posting in visible)
            return [cell for cell, _ in visible] if only else []
    return []


def cells_of_duty(rubric: Rubric, cell: Cell) -> list[Cell]:
    """The cells in which the duty may have been announced, of every indicator with such keys."""
    return [
        Cell(cell.view, indicator.id, cell.field, cell.key)
        for indicator in rubric.indicators
        if indicator.kind.has_duties and any(rule.key == cell.field for rule in indicator.obliged)
    ]


def is_announced(rubric: Rubric, cells: Iterable[Cell], postings: Postings) -> bool:
    """Whether one of these duties was ever announced."""
    places = (place for cell in cells for place in cells_of_duty(rubric, cell))
    return any(p.side == Side.OBLIGED for place in places for p in postings.get(place, ()))


def note_members(announced: bool) -> dict[str, str | None]:
    """The note of an event that counts, as the list of events has it."""
    if announced:
        return {"note": None, "note_vi": None, "note_en": None}
    text = message("note-unannounced")
    return {"note": NOT_ANNOUNCED, "note_vi": text.vi, "note_en": text.en}
