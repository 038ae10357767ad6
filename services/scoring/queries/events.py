"""Reads of the ledger: events of a unit, decisions, retractions, receipts, counts."""

import functools
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded, decode
from services.chassis import outbox
from services.chassis.database.engine import select_among
from services.chassis.driver_rows import chunks
from services.scoring.fold.books import Part
from services.scoring.fold.verdict import Head, Target
from services.scoring.store import ledger, position, quarantine

RECEIPT_PREFIX = 6


LOOKED_AT_ONCE = (1, 10, 100)
"""Receipts of one statement: few sizes, so that the databases keep its plan."""


class Row(NamedTuple):
    """An event as it is listed; `aside` is why the operator took it out of the fold."""

    identity: bytes
    receipt: bytes
    raw: bytes
    time: int
    aside: str | None = None


class After(NamedTuple):
    """Where a page of events begins: behind this instant and identity."""

    time: int
    identity: bytes


async def decisions(
    conn: AsyncConnection, year: int, subjects: Collection[str] | None = None, kind: str = ""
) -> list[Recorded]:
    """Decisions, declarations and results of a year that are not retracted.

    Of all units, or of these subjects; of all kinds, or of one.
    """
    select = (
        f"SELECT raw FROM ledger WHERE part = {int(Part.SAID)} AND year = {int(year)} "
        "AND NOT retracted"
    )
    if subjects is None:
        rows: Sequence[Any] = (await conn.execute(text(select))).all()
    else:
        rows = await select_among(conn, f"{select} AND subject", subjects, "text")
    said = (decode(row[0]) for row in rows)
    return [one for one in said if kind in ("", one.kind.short)]


async def events(
    conn: AsyncConnection, subjects: Collection[str], year: int, after: After | None, limit: int
) -> list[Row]:
    """Events of a year under these subjects, by their time: the ledger's, and those set aside."""
    start = after or After(-(2**62), b"")
    select = (
        "SELECT identity, receipt, raw, time FROM ledger WHERE year = :year "
        "AND (time > :time OR (time = :time AND identity > :identity)) "
        "AND subject IN (SELECT value FROM {}) ORDER BY time, identity LIMIT :limit"
    )
    given: dict[str, Any] = {"year": year, "limit": limit, **start._asdict()}
    if conn.dialect.name == "sqlite":
        names = ", ".join(f"(:s{i})" for i in range(len(subjects)))
        source = f"(SELECT column1 AS value FROM (VALUES {names}))"
        given |= {f"s{i}": subject for i, subject in enumerate(sorted(subjects))}
    else:
        source = "unnest(CAST(:subjects AS text[])) AS s(value)"
        given["subjects"] = sorted(subjects)
    rows = await conn.execute(text(select.format(source)), given)
    found = [Row(bytes(row[0]), bytes(row[1]), bytes(row[2]), row[3]) for row in rows]
    found += [
        Row(one.identity, one.receipt, one.raw, one.time, one.reason)
        for one in (await quarantine.aside(conn)).values()
        if one.receipt is not None and one.year == year and one.subject in subjects
        and (one.time, one.identity) > start
    ]  # fmt: skip
    return sorted(found, key=lambda row: (row.time, row.identity))[:limit]


async def heads(conn: AsyncConnection, identities: Collection[bytes]) -> dict[bytes, Head]:
    """What the ledger has of these identities, for the retractions that name them."""
    select = "SELECT identity, subject, part FROM ledger WHERE identity"
    return {
        bytes(identity): Head(subject, part == Part.RETRACTION)
        for identity, subject, part in await select_among(conn, select, identities, "bytea")
    }


async def retracting(conn: AsyncConnection) -> list[bytes]:
    """The bodies of every retraction in the ledger."""
    select = f"SELECT raw FROM ledger WHERE part = {int(Part.RETRACTION)}"
    return [bytes(row[0]) for row in await conn.execute(text(select))]


async def targets(conn: AsyncConnection) -> set[Target]:
    """What is remembered as retracted."""
    rows = await conn.execute(text("SELECT target, subject FROM retractions"))
    return {Target(bytes(row[0]), row[1]) for row in rows}


async def wrongly_marked(conn: AsyncConnection) -> int:
    """How many events are marked as retracted and are not, or are and are not marked."""
    named = ledger.NAMED
    select = (
        "SELECT count(*) FROM ledger WHERE retracted <> "
        f"(part <> {int(Part.RETRACTION)} AND {named})"
    )
    return int((await conn.execute(text(select))).scalar() or 0)


async def body_of(conn: AsyncConnection, receipt: bytes) -> bytes | None:
    """The body of the event of the ledger that has this receipt."""
    head = receipt[:RECEIPT_PREFIX]
    row = await conn.execute(
        text(
            "SELECT raw FROM ledger WHERE identity >= :first AND identity <= :last "
            "AND receipt = :receipt LIMIT 1"
        ),
        {"first": head, "last": head + b"\xff" * 10, "receipt": receipt},
    )
    raw = row.scalar()
    return None if raw is None else bytes(raw)


async def arrived(conn: AsyncConnection, receipts: Collection[bytes]) -> set[bytes]:
    """Those receipts whose event is in the ledger or in quarantine.

    A receipt begins as its event's identity does, so the key of the ledger finds it.
    """
    select = "SELECT receipt FROM quarantine WHERE receipt"
    found = {bytes(row[0]) for row in await select_among(conn, select, receipts, "bytea")}
    for some in chunks(set(receipts) - found, LOOKED_AT_ONCE[-1]):
        size = next(size for size in LOOKED_AT_ONCE if size >= len(some))
        filled = some + some[-1:] * (size - len(some))
        values: dict[str, bytes] = {}
        for number, receipt in enumerate(filled):
            head = receipt[:RECEIPT_PREFIX]
            values |= {f"f{number}": head, f"l{number}": head + b"\xff" * 10}
            values[f"r{number}"] = receipt
        rows = await conn.execute(text(_in_ledger(size)), values)
        found |= {filled[number] for (number,) in rows}
    return found


@functools.cache
def _in_ledger(size: int) -> str:
    """Which of so many receipts are in the ledger, by their numbers."""
    return " UNION ALL ".join(
        f"SELECT {number} WHERE EXISTS (SELECT 1 FROM ledger WHERE identity >= :f{number} "
        f"AND identity <= :l{number} AND receipt = :r{number})"
        for number in range(size)
    )


async def ledger_size(conn: AsyncConnection) -> int:
    """How many events the ledger holds, counted."""
    return int((await conn.execute(text("SELECT count(*) FROM ledger"))).scalar() or 0)


async def counts(conn: AsyncConnection) -> dict[str, int]:
    """How many events are folded, and how many wait in quarantine."""
    place = await position.load(conn)
    waiting = await conn.execute(text("SELECT count(*) FROM quarantine WHERE state = 'waiting'"))
    return {"folded": place.folded, "quarantined": int(waiting.scalar() or 0)}


async def waiting(conn: AsyncConnection, now: int) -> dict[str, int | float]:
    """What scoring itself has committed and not yet published."""
    return (await outbox.backlog(conn, now)).members()
