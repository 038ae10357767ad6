"""Announces what the records of persons and courses say now, and retracts what no longer holds.

It happens in the transaction of a command, with the persons and the course locked; which events
that takes is decided by `domain.reconciliation`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from services.records.record import Record
from services.records.state_machine import Step
from services.records.work import Work
from services.training import queries, store
from services.training.domain import announcements, reconciliation
from services.training.domain.reconciliation import AnnouncementPlan, Desired

S = TypeVar("S")
CORRECTED = "Hồ sơ được đính chính / the record was corrected."


async def desired_of_persons(
    conn: AsyncConnection, persons: Iterable[str], now: int
) -> dict[str, Desired]:
    """All facts to be announced of these persons, by person."""
    keys = sorted(set(persons))
    stints = await queries.stints(conn, keys)
    completions = await queries.completions(conn, keys)
    links = await queries.links(conn) if keys else []
    return {
        key: announcements.desired_of_person(
            key, stints.get(key, []), completions.get(key, []), links, now
        )
        for key in keys
    }


async def plan(conn: AsyncConnection, desired: Mapping[str, Desired]) -> AnnouncementPlan:
    """How to get from the announcements about these persons and courses to the desired facts."""
    announced = await queries.announced(conn, sorted(desired))
    return reconciliation.reconcile(announced, desired)


async def append(
    work: Work, record: Record[S], step: Step, state: S | None, plan: AnnouncementPlan,
    reason: str = CORRECTED,
) -> Record[S]:  # fmt: skip
    """Writes a step with the events of a plan, and saves the announcements; the record after it."""
    after = await work.append(record, step, state, plan.facts(work.source, work.now, reason))
    await _save(work.conn, plan, after)
    return after


async def _save(conn: AsyncConnection, plan: AnnouncementPlan, record: Record[Any]) -> None:
    events = [event.id for event in record.entries[-1].events]
    await store.delete_announcements(conn, plan.removed_names())
    await store.insert_announcements(conn, plan.added_rows(events))
