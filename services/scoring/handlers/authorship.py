"""Whether the publisher of a message may publish its event. Pure.

NATS lets each user publish to certain subjects only. So unit and type in the body must agree with
the subject of the message, and a system of record may only publish its own types of events.
Otherwise the password of one service would be enough to publish events in the name of all.
"""

from __future__ import annotations

from contracts.catalog import CATALOG, EventType
from contracts.envelope import CITY, RECORDS_SOURCE, Recorded, stream_subject
from contracts.messages import Message
from services.scoring.messages import message

REASON = "authorship"
RETRACTION = "event.retracted"
SCORING = "scoring"
AUTHORS = frozenset(kind.producer for kind in CATALOG.values()) - {"intake"}


def misfit(event: Recorded, subject: str) -> Message | None:
    """Why the event may not be published under this subject; None where it may."""
    unit, source = event.event.subject, event.event.source
    short = event.kind.short
    author = source.removeprefix(RECORDS_SOURCE) if source.startswith(RECORDS_SOURCE) else ""
    if subject != stream_subject(unit, short) and not (
        short == RETRACTION and author and subject == stream_subject(unit, short, author)
    ):
        return message("misfit-subject", subject=subject, type=event.kind.type, unit=unit)
    if event.kind.stream != "EVENTS" or (unit == CITY) != (event.kind.domain == "year"):
        return message("misfit-stream", type=event.kind.type, unit=unit)
    if not _may_publish(author, event.kind, source):
        return message("misfit-source", source=source, type=event.kind.type)
    return None


def _may_publish(author: str, kind: EventType, source: str) -> bool:
    """Whether a source may publish a type: each of our services its own types, others the rest."""
    if not source.startswith(RECORDS_SOURCE):
        return kind.producer != SCORING
    if author not in AUTHORS:
        return False
    return kind.producer == author or (kind.short == RETRACTION and author != SCORING)
