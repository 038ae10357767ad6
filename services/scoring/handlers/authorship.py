"""Whether a message of EVENTS can come from who its event names as source. Pure.

NATS lets a user publish to some subjects alone; so what the body says must be what its subject
says: the unit, the type, and where a system of record of ours speaks, that it speaks of its own.
Otherwise the password of one service could speak for all.
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
    """Why the event was not to be published under this subject; None where it was."""
    unit, source = event.event.subject, event.event.source
    short = event.kind.short
    author = source.removeprefix(RECORDS_SOURCE) if source.startswith(RECORDS_SOURCE) else ""
    if subject != stream_subject(unit, short) and not (
        short == RETRACTION and author and subject == stream_subject(unit, short, author)
    ):
        return message("misfit-subject", subject=subject, type=event.kind.type, unit=unit)
    if event.kind.stream != "EVENTS" or (unit == CITY) != (event.kind.domain == "year"):
        return message("misfit-stream", type=event.kind.type, unit=unit)
    if not _speaks(author, event.kind, source):
        return message("misfit-source", source=source, type=event.kind.type)
    return None


def _speaks(author: str, kind: EventType, source: str) -> bool:
    """Whether the source may say such a thing: a service of ours its own, others the rest."""
    if not source.startswith(RECORDS_SOURCE):
        return kind.producer != SCORING
    if author not in AUTHORS:
        return False
    return kind.producer == author or (kind.short == RETRACTION and author != SCORING)
