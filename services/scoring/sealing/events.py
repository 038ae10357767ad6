"""The events of scoring: the stages of a year for the stream, sealed ratings for the feed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from contracts import door, moments
from contracts.catalog import CANONICAL
from contracts.envelope import CITY, stream_subject
from contracts.faults import join_faults
from services.chassis.door import Stamps
from services.chassis.errors import DanchuError
from services.chassis.identifiers import new_id
from services.chassis.outbox import Draft, Outgoing
from services.scoring.fold.books import Book
from services.scoring.messages import message
from services.scoring.ratings.feed import SOURCE, event_of, subject_of
from services.scoring.store.rating_feed import Announced, Message
from services.scoring.store.seals import RatingLine


class EventRefused(DanchuError):
    """An event that breaks the contract, so that it cannot be announced."""

    def __init__(self, short: str, why: str) -> None:
        super().__init__(message("seal-event-refused", short=short, why=why))


def year_event(short: str, year: int, data: dict[str, Any], now: int) -> tuple[bytes, Draft]:
    """The identity of an event on a year, and its draft for the outbox."""
    emitted = _emitted(short, CITY, {**data, "year": year}, now)
    return emitted.identity, Draft(emitted.receipt, stream_subject(CITY, short), emitted.body)


def stamped_event(
    short: str, year: int, data: dict[str, Any], stamps: Stamps
) -> tuple[bytes, Outgoing]:
    """The same with the stamp of the door that the transaction has taken already.

    So the data can name the instant at which the event is recorded.
    """
    emitted = _emitted(short, CITY, {**data, "year": year}, stamps.first)
    event = Outgoing(
        emitted.receipt, stream_subject(CITY, short), emitted.body(stamps.first), stamps.first,
        None, stamps.door, stamps.ordinal,
    )  # fmt: skip
    return emitted.identity, event


def sealed_messages(year: int, lines: Iterable[RatingLine], now: int) -> list[Message]:
    """The messages of the feed that the ratings of a version are final."""
    return [_sealed_message(year, _RATING.decode(each.line).rating, now) for each in lines]


class _SealedRating(msgspec.Struct):
    """What the feed tells of a sealed rating."""

    unit: str
    total: str
    stage: str
    version: int
    class_name: str = msgspec.field(name="class")
    rank: int | None


class _RatingEntry(msgspec.Struct):
    rating: _SealedRating


_RATING = msgspec.json.Decoder(_RatingEntry)


def _sealed_message(year: int, rating: _SealedRating, now: int) -> Message:
    book = Book(rating.unit, year)
    data = {
        "total": rating.total, "version": rating.version, "stage": rating.stage,
        "class": rating.class_name, "rank": rating.rank,
    }  # fmt: skip
    announced = Announced(_hundredths(rating.total), rating.version, rating.stage, True)
    members = {name: value for name, value in data.items() if value is not None}
    attributes = event_of(book, "rating.sealed", members, new_id(now), now)
    return Message(book, subject_of(book), attributes, announced)


def _hundredths(points: str) -> int:
    return int(points.replace(".", ""))


def _emitted(short: str, subject: str, data: dict[str, Any], now: int) -> door.Emitted:
    event = {
        "specversion": "1.0", "id": new_id(now), "source": SOURCE, "subject": subject,
        "type": CANONICAL[short].type, "time": moments.rfc3339(now), "data": data,
    }  # fmt: skip
    emitted = door.read_item(event, now)
    if isinstance(emitted, door.Refusal):
        raise EventRefused(short, join_faults(emitted.faults))
    return emitted
