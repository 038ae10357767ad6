"""Reads the ledger: events of a unit, decisions, retractions, receipts, counts."""

import functools
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.catalog import CANONICAL
from contracts.envelope import Recorded, decode
from services.chassis.database.engine import select_among
from services.chassis.driver_rows import chunks
from services.scoring.fold.books import LedgerPart
from services.scoring.fold.verdict import EventHead, RetractionTarget
from services.scoring.ratings.form_history import SentEvent
from services.scoring.store import ledger, position, quarantine

RECEIPT_PREFIX = 6
"""The first bytes of a receipt are those of the event's identity."""
RECEIPTS_AT_ONCE = (1, 10, 100)
"""The numbers of receipts in one statement: few, so that databases can reuse its plan."""

EVERY_SUBJECT = "AND subject >= ''"
"""A condition that always holds; by it SQLite finds decisions by their own index."""


class EventRow(NamedTuple):
    """An event of a list; `aside` is the reason why the operator set it aside, or None."""

    identity: bytes
    receipt: bytes
    raw: bytes
    time: int
    aside: str | None = None


class EventKey(NamedTuple):
    """The key by which lists of events are ordered; a page begins after one."""

    time: int
    identity: bytes


async def decisions(
    conn: AsyncConnection, year: int, subjects: Collection[str] | None = None, kind: str = ""
) -> list[Recorded]:
    """The decisions, declarations and results of a year that are not retracted.

    Optionally only under these subjects, and only those of one event type (`kind`).
    """
    select = (
        f"SELECT raw FROM ledger WHERE part = {int(LedgerPart.DECISION)} AND year = {int(year)} "
        "AND NOT retracted"
    )
    if kind:
        select += f" AND kind = '{CANONICAL[kind].short}'"
    if subjects is None:
        rows: Sequence[Any] = (await conn.execute(text(f"{select} {EVERY_SUBJECT}"))).all()
    else:
        rows = await select_among(conn, f"{select} AND subject", subjects, "text")
    return [decode(row[0]) for row in rows]


async def sent(
    conn: AsyncConnection, year: int, kinds: Collection[str], subjects: Collection[str]
) -> list[SentEvent]:
    """The decisions and declarations of a year under these subjects, also those retracted."""
    words = ", ".join(f"'{CANONICAL[kind].short}'" for kind in sorted(kinds))
    select = (
        f"SELECT raw, retracted FROM ledger WHERE part = {int(LedgerPart.DECISION)} "
        f"AND year = {int(year)} AND kind IN ({words}) AND subject"
    )
    rows = await select_among(conn, select, subjects, "text")
    return [SentEvent(decode(bytes(raw)), bool(retracted)) for raw, retracted in rows]


async def events(
    conn: AsyncConnection, subjects: Collection[str], year: int, after: EventKey | None,
    limit: int, until: int | None = None, kinds: Collection[str] = (),
) -> list[EventRow]:  # fmt: skip
    """The events of a year under these subjects, ordered by time; includes those set aside.

    With `until` only what a door had recorded by then, and nothing that is set aside today; with
    `kinds` only events of these types, and nothing that is set aside.
    """
    start = after or EventKey(-(2**62), b"")
    select = (
        "SELECT identity, receipt, raw, time FROM ledger WHERE year = :year "
        "AND (time > :time OR (time = :time AND identity > :identity)) "
        f"{_recorded_by(until)}{_of_kinds(kinds)}"
        "AND subject IN (SELECT value FROM {}) ORDER BY time, identity LIMIT :limit"
    )
    values: dict[str, Any] = {"year": year, "limit": limit, **start._asdict()}
    if conn.dialect.name == "sqlite":
        names = ", ".join(f"(:s{i})" for i in range(len(subjects)))
        source = f"(SELECT column1 AS value FROM (VALUES {names}))"
        values |= {f"s{i}": subject for i, subject in enumerate(sorted(subjects))}
    else:
        source = "unnest(CAST(:subjects AS text[])) AS s(value)"
        values["subjects"] = sorted(subjects)
    rows = await conn.execute(text(select.format(source)), values)
    events = [EventRow(bytes(row[0]), bytes(row[1]), bytes(row[2]), row[3]) for row in rows]
    events += [] if until is not None or kinds else [
        EventRow(event.identity, event.receipt, event.raw, event.time, event.reason)
        for event in (await quarantine.aside(conn)).values()
        if event.receipt is not None and event.year == year and event.subject in subjects
        and (event.time, event.identity) > start
    ]  # fmt: skip
    return sorted(events, key=lambda event: (event.time, event.identity))[:limit]


def _recorded_by(until: int | None) -> str:
    """A condition; its sign keeps SQLite from the index of the year, which is of all units."""
    return "" if until is None else f"AND +recorded <= {int(until)} "


def _of_kinds(kinds: Collection[str]) -> str:
    """A condition on the type; its sign keeps databases from indexes of single types."""
    names = ", ".join(f"'{CANONICAL[kind].short}'" for kind in sorted(kinds))
    return f"AND kind || '' IN ({names}) " if names else ""


async def heads(
    conn: AsyncConnection, identities: Collection[bytes], until: int | None = None
) -> dict[bytes, EventHead]:
    """The heads of those of these events that the ledger has, for verdicts on retractions."""
    select = (
        f"SELECT identity, subject, part FROM ledger WHERE true {_recorded_by(until)}AND identity"
    )
    return {
        bytes(identity): EventHead(subject, part == LedgerPart.RETRACTION)
        for identity, subject, part in await select_among(conn, select, identities, "bytea")
    }


async def retractions(conn: AsyncConnection) -> list[bytes]:
    """The bodies of all retractions in the ledger."""
    select = f"SELECT raw FROM ledger WHERE part = {int(LedgerPart.RETRACTION)}"
    return [bytes(row[0]) for row in await conn.execute(text(select))]


async def retraction_targets(conn: AsyncConnection) -> set[RetractionTarget]:
    """The saved targets of retractions."""
    rows = await conn.execute(text("SELECT target, subject FROM retractions"))
    return {RetractionTarget(bytes(row[0]), row[1]) for row in rows}


async def count_wrong_marks(conn: AsyncConnection) -> int:
    """The number of events whose mark as retracted does not agree with the retractions."""
    retracted = f"(part <> {int(LedgerPart.RETRACTION)} AND {ledger.IS_RETRACTED})"
    select = f"SELECT count(*) FROM ledger WHERE retracted <> {retracted}"
    return int((await conn.execute(text(select))).scalar() or 0)


async def body_of(conn: AsyncConnection, receipt: bytes) -> bytes | None:
    """The body of the event that has this receipt, None where the ledger has none."""
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
    """Those of the receipts whose event is in the ledger or in quarantine.

    A receipt begins with the same bytes as its event's identity, so the key of the ledger finds it.
    """
    select = "SELECT receipt FROM quarantine WHERE receipt"
    arrivals = {bytes(row[0]) for row in await select_among(conn, select, receipts, "bytea")}
    for chunk in chunks(set(receipts) - arrivals, RECEIPTS_AT_ONCE[-1]):
        size = next(size for size in RECEIPTS_AT_ONCE if size >= len(chunk))
        filled = chunk + chunk[-1:] * (size - len(chunk))
        values: dict[str, bytes] = {}
        for number, receipt in enumerate(filled):
            head = receipt[:RECEIPT_PREFIX]
            values |= {f"f{number}": head, f"l{number}": head + b"\xff" * 10}
            values[f"r{number}"] = receipt
        rows = await conn.execute(text(_in_ledger(size)), values)
        arrivals |= {filled[number] for (number,) in rows}
    return arrivals


@functools.cache
def _in_ledger(size: int) -> str:
    """A statement that selects the numbers of those of `size` receipts that the ledger has."""
    return " UNION ALL ".join(
        f"SELECT {number} WHERE EXISTS (SELECT 1 FROM ledger WHERE identity >= :f{number} "
        f"AND identity <= :l{number} AND receipt = :r{number})"
        for number in range(size)
    )


async def ledger_size(conn: AsyncConnection) -> int:
    """The number of events in the ledger, by counting them."""
    return int((await conn.execute(text("SELECT count(*) FROM ledger"))).scalar() or 0)


async def counts(conn: AsyncConnection) -> dict[str, int]:
    """The number of events that are folded, and of those that wait in quarantine."""
    place = await position.load(conn)
    waiting = await conn.execute(text("SELECT count(*) FROM quarantine WHERE state = 'waiting'"))
    return {"folded": place.folded, "quarantined": int(waiting.scalar() or 0)}
