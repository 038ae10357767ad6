"""Whether events count for their unit and year, by a snapshot: of the last commit or of the past.

What was recorded after the cut of a sealed year is late: it is kept, and changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from services.scoring.fold import verdict
from services.scoring.fold.verdict import RetractionTarget, Verdict
from services.scoring.queries import as_of as past_queries
from services.scoring.queries import events as event_queries
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.store import ledger

LATE = Verdict(False, verdict.LATE)


async def verdicts(
    conn: AsyncConnection, snapshot: Snapshot, events: Sequence[Recorded]
) -> dict[bytes, Verdict]:
    """The verdict on each of these events, by identity."""
    until = snapshot.until
    judged = [event for event in events if until is None or event.recorded <= until]
    retracted = await _retracted(conn, judged, until)
    retractions = (event for event in judged if event.kind.short == verdict.RETRACTION)
    targets = {verdict.retraction_target(event).identity for event in retractions}
    heads = await event_queries.heads(conn, targets, until)
    registry, rubrics = snapshot.registry, snapshot.rubrics
    return dict.fromkeys((event.identity for event in events), LATE) | {
        event.identity: verdict.verdict(event, registry, rubrics, retracted, heads)
        for event in judged
    }


async def _retracted(
    conn: AsyncConnection, events: Collection[Recorded], until: int | None
) -> Container[RetractionTarget]:
    """The targets of retractions among these events, as of an instant or of the last commit."""
    if until is None:
        return await ledger.retracted(conn, {event.identity for event in events})
    subjects = {event.event.subject for event in events}
    return await past_queries.retraction_targets(conn, until, subjects)
