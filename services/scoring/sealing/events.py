"""The events of scoring: the stages of a year for the stream, sealed ratings for the feed."""

from __future__ import annotations

from typing import Any

from contracts import door, moments
from contracts.catalog import CANONICAL
from contracts.envelope import CITY, RECORDS_SOURCE, stream_subject
from contracts.faults import join_faults
from services.chassis.door import Stamps
from services.chassis.errors import DanchuError
from services.chassis.identifiers import new_id
from services.chassis.outbox import Draft, Outgoing
from services.scoring.messages import message
from services.scoring.ratings.model import Rating
from services.scoring.ratings.scores import points_text
from services.scoring.settings import SERVICE

SOURCE = f"{RECORDS_SOURCE}{SERVICE}"
FEED_SUBJECT = "danchu.ratings"


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


def sealed_rating_event(rating: Rating, now: int) -> Outgoing:
    """The message of the feed that a unit's rating is final."""
    data = {
        "total": points_text(rating.total), "version": rating.version, "stage": rating.stage,
        "class": rating.class_name, "rank": rating.rank, "year": rating.year,
    }  # fmt: skip
    emitted = _emitted("rating.sealed", rating.unit, data, now)
    unit = rating.unit.replace(".", "-")
    subject = f"{FEED_SUBJECT}.{rating.year}.{unit}"
    return Outgoing(emitted.receipt, subject, emitted.body(now), now)


def _emitted(short: str, subject: str, data: dict[str, Any], now: int) -> door.Emitted:
    event = {
        "specversion": "1.0", "id": new_id(now), "source": SOURCE, "subject": subject,
        "type": CANONICAL[short].type, "time": moments.rfc3339(now), "data": data,
    }  # fmt: skip
    emitted = door.read_item(event, now)
    if isinstance(emitted, door.Refusal):
        raise EventRefused(short, join_faults(emitted.faults))
    return emitted
