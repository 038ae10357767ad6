"""Reads the quarantine."""

import itertools
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import envelope
from contracts.bounds import EVENT_BYTES_MAX
from contracts.envelope import Recorded
from services.scoring.store.quarantine import DROPPED, REASONS, REPLAYED, WAITING
from services.scoring.year.obstacles import WaitingEntry


async def entries(conn: AsyncConnection, state: str | None, limit: int) -> list[dict[str, Any]]:
    """The entries of the quarantine, newest first, without their bytes."""
    rows = await conn.execute(
        text(
            "SELECT id, reason, detail, subject, receipt, came, state, replaced_by FROM quarantine "
            "WHERE :state = '' OR state = :state ORDER BY came DESC, id LIMIT :limit"
        ),
        {"state": state or "", "limit": limit},
    )
    return [dict(row._mapping) for row in rows]


async def waiting(conn: AsyncConnection, until: int, limit: int) -> list[WaitingEntry]:
    """The entries that wait and were recorded up to an instant, oldest first.

    One whose bytes do not say when it was recorded may have been recorded at any time.
    """
    select = text(
        "SELECT id, reason, recorded, raw FROM quarantine WHERE state = 'waiting' "
        "AND (recorded IS NULL OR recorded <= :until) ORDER BY came, id LIMIT :limit OFFSET :offset"
    )
    entries_until: list[WaitingEntry] = []
    for offset in itertools.count(0, limit):
        values = {"until": until, "limit": limit, "offset": offset}
        rows = (await conn.execute(select, values)).all()
        entries_until += [
            WaitingEntry(bytes(id_).hex(), reason) for id_, reason, recorded, raw in rows
            if (recorded or envelope.recordedtime_of(bytes(raw)) or until) <= until
        ]  # fmt: skip
        if len(rows) < limit or len(entries_until) >= limit:
            break
    return entries_until[:limit]


async def waiting_by_reason(conn: AsyncConnection) -> dict[str, int]:
    """How many entries wait, by reason; 0 for a reason whose entries are all settled."""
    select = text(
        "SELECT reason, sum(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END) "
        "FROM quarantine GROUP BY reason"
    )
    numbers = {reason: int(number) for reason, number in await conn.execute(select)}
    return dict.fromkeys(REASONS, 0) | numbers


async def by_door(
    conn: AsyncConnection, since: int, until: int
) -> list[tuple[int | None, str, str, int]]:
    """Entries that came from one instant to another, by door, reason and state, the most first."""
    states = ", ".join(f"'{state}'" for state in (WAITING, REPLAYED, DROPPED))
    select = text(
        f"SELECT door, reason, state, count(*) AS number FROM quarantine WHERE state IN ({states}) "
        "AND came >= :since AND came < :until GROUP BY door, reason, state "
        "ORDER BY number DESC, reason, state, door"
    )
    rows = await conn.execute(select, {"since": since, "until": until})
    return [(row[0], row[1], row[2], int(row[3])) for row in rows]


class EntryPlace(NamedTuple):
    """Where an entry stands in the list; a page begins behind one."""

    since: int
    id: bytes


class EntryRow(NamedTuple):
    """An entry of a list."""

    id: bytes
    reason: str
    detail: str
    subject: str
    since: int
    raw: bytes

    @property
    def place(self) -> EntryPlace:
        """Where the entry stands."""
        return EntryPlace(self.since, self.id)


async def page(
    conn: AsyncConnection, state: str, reason: str | None, after: EntryPlace | None, limit: int
) -> list[EntryRow]:
    """The entries of a state, of one reason or all, newest first, behind a place.

    Bytes that are too many for an event are left out.
    """
    where = ["state = :state"]
    values: dict[str, Any] = {"state": state, "limit": limit}
    if reason is not None:
        where.append("reason = :reason")
        values["reason"] = reason
    if after is not None:
        where.append("(came, id) < (:since, :id)")
        values |= after._asdict()
    select = text(
        "SELECT id, reason, detail, subject, came, "
        f"CASE WHEN length(raw) <= {EVENT_BYTES_MAX} THEN raw ELSE substr(raw, 1, 0) END "
        f"FROM quarantine WHERE {' AND '.join(where)} ORDER BY came DESC, id DESC LIMIT :limit"
    )
    rows = await conn.execute(select, values)
    return [
        EntryRow(bytes(id_), reason, detail, subject, since, bytes(raw))
        for id_, reason, detail, subject, since, raw in rows
    ]


async def counts(conn: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many entries there are, by state and reason; none for a pair without entries."""
    select = text("SELECT state, reason, count(*) FROM quarantine GROUP BY state, reason")
    rows = await conn.execute(select)
    return {(state, reason): int(number) for state, reason, number in rows}


async def entry(conn: AsyncConnection, id_: bytes) -> dict[str, Any] | None:
    """An entry with its original bytes, or None."""
    row = (await conn.execute(text("SELECT * FROM quarantine WHERE id = :id"), {"id": id_})).first()
    return None if row is None else dict(row._mapping)


async def has_event(conn: AsyncConnection, event: Recorded) -> bool:
    """Whether an event was ever in quarantine, by its receipt or, where that is unknown, bytes."""
    select = text("SELECT 1 FROM quarantine WHERE receipt = :receipt OR raw = :raw LIMIT 1")
    row = await conn.execute(select, {"receipt": event.receipt, "raw": event.raw})
    return row.first() is not None


class StoredEntry(NamedTuple):
    """An entry as an audit reads it."""

    id: bytes
    reason: str
    subject: str
    receipt: bytes | None
    state: str
    raw: bytes
    door: int | None
    recorded: int | None


async def entries_after(conn: AsyncConnection, after: bytes, limit: int) -> list[StoredEntry]:
    """Entries after an id, in the order of ids."""
    select = text(
        f"SELECT {', '.join(StoredEntry._fields)} FROM quarantine WHERE id > :after "
        "ORDER BY id LIMIT :limit"
    )
    rows = await conn.execute(select, {"after": after, "limit": limit})
    return [
        StoredEntry(
            bytes(row[0]), row[1], row[2], None if row[3] is None else bytes(row[3]), row[4],
            bytes(row[5]), row[6], row[7],
        )
        for row in rows
    ]  # fmt: skip
