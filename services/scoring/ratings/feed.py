"""What the feed tells of a rating, and which ratings it has to tell. Pure.

A message of the feed is a state, not a difference, so only the last one matters (YEAR.md,
section 5).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from contracts import envelope, moments
from contracts.catalog import CANONICAL
from services.scoring.fold.books import Book
from services.scoring.ratings.scores import points_text

CHANGED = "rating.changed"
SOURCE = f"{envelope.RECORDS_SOURCE}scoring"


class FeedState(NamedTuple):
    """What the feed says about a unit's year; points in hundredths.

    `rated` is false once a unit that was rated is no longer, as after the retraction of its
    registration.
    """

    total: int
    version: int
    stage: str
    rated: bool = True

    def data(self) -> dict[str, Any]:
        """The data of `rating.changed`, without the year."""
        members = {
            "total": points_text(self.total), "version": self.version, "stage": self.stage,
        }  # fmt: skip
        return members if self.rated else {**members, "rated": False}


def unannounced(
    current: Mapping[Book, FeedState], announced: Mapping[Book, FeedState], closed: Collection[int]
) -> dict[Book, FeedState]:
    """The states that differ from the announced ones, in the years that are not `closed`.

    A unit's year that was announced and is no longer current is told as not rated.
    """
    changes = {
        book: state for book, state in current.items()
        if book.year not in closed and announced.get(book) != state
    }  # fmt: skip
    for book, state in announced.items():
        if state.rated and book not in current and book.year not in closed:
            changes[book] = state._replace(total=0, rated=False)
    return changes


def subject_of(book: Book) -> str:
    """The NATS subject of a unit's year: `danchu.ratings.<year>.<unit>`."""
    return f"danchu.ratings.{book.year}.{book.unit.replace('.', '-')}"


def event_of(book: Book, short: str, data: Mapping[str, Any], id_: str, now: int) -> dict[str, Any]:
    """The attributes of an event of the feed about a unit's year."""
    return {
        "specversion": "1.0", "id": id_, "source": SOURCE, "type": CANONICAL[short].type,
        "subject": book.unit, "time": moments.rfc3339(now), "data": {**data, "year": book.year},
    }  # fmt: skip
