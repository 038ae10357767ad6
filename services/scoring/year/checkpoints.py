"""Checkpoints: signed heads of an open year's events, so that its past stays as it was. Pure.

Source: SEAL.md section 3. One is due as soon as every door's mark has passed the first of a month.
"""

from __future__ import annotations

from contracts import moments
from services.scoring.year.merkle import Tree
from services.scoring.year.notes import Head


def log_name(origin: str, year: int) -> str:
    """The first line of a checkpoint's note."""
    return f"{origin}/{year}/events"


def head(origin: str, year: int, tree: Tree) -> Head:
    """What the note of a checkpoint signs."""
    return Head(log_name(origin, year), tree.size, tree.root())


def month_start(instant: int) -> int:
    """The last first day of a month, 00:00+07:00, at or before an instant."""
    return moments.day_start(f"{moments.month(instant)}-01")


def due_until(mark: int, last_until: int | None, first_recorded: int | None) -> int | None:
    """Until when a checkpoint is due, or None.

    `mark` is the instant that every door's mark has reached, `last_until` that of the checkpoint
    before, and `first_recorded` when the first event of the year was recorded. Months that passed
    while nobody could sign get none of their own: a later checkpoint says as much of the past.
    """
    until = month_start(mark)
    if first_recorded is None or first_recorded > until:
        return None
    return until if last_until is None or until > last_until else None
