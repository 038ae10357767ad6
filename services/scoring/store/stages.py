"""Writes the decisions on the stages of years, and reads the state that follows from them.

A command writes its decision together with the event in the outbox; the fold writes it again when
the stream brings that event, with the time of recording that the event has by then.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from services.scoring.tables import outbox
from services.scoring.year.stages import RubricText, YearDecision, YearState, decision_of, state_of

_COLUMNS = (
    "stage", "version", "decision", "recorded", "date", "reason", "decided_by", "cut_off",
    "reply_until", "cut", "audited_by", "note",
)  # fmt: skip
"""The columns of a decision, in the order of the fields of `YearDecision`."""
_ALL = ("identity", "year", *_COLUMNS, "rubrics")
_INSERT = (
    f"INSERT INTO year_decisions ({', '.join(_ALL)}) "
    f"VALUES ({', '.join(f':{name}' for name in _ALL)})"
)
_MOVE = "UPDATE year_decisions SET recorded = :recorded WHERE identity = :identity"
_ORDER = "ORDER BY recorded, identity"
_RUBRICS = msgspec.json.Decoder(tuple[RubricText, ...])


async def load(conn: AsyncConnection, year: int) -> YearState:
    """The state of a year; its decisions are without the texts of rubrics."""
    select = f"SELECT {', '.join(_COLUMNS)} FROM year_decisions WHERE year = :year {_ORDER}"
    rows = await conn.execute(text(select), {"year": year})
    return state_of(year, [_decision(row) for row in rows])


async def states(conn: AsyncConnection) -> dict[int, YearState]:
    """The states of all years on which anything was decided, as `load`."""
    rows = await conn.execute(
        text(f"SELECT year, {', '.join(_COLUMNS)} FROM year_decisions {_ORDER}")
    )
    decisions: dict[int, list[YearDecision]] = {}
    for year, *columns in rows:
        decisions.setdefault(year, []).append(_decision(columns))
    return {year: state_of(year, of_year) for year, of_year in sorted(decisions.items())}


async def every(conn: AsyncConnection) -> dict[bytes, tuple[int, YearDecision]]:
    """All decisions with their years and the texts of rubrics, by the identity of their event."""
    rows = await conn.execute(text(f"SELECT {', '.join(_ALL)} FROM year_decisions"))
    return {
        bytes(row[0]): (row[1], replace(_decision(row[2:-1]), rubrics=_RUBRICS.decode(row[-1])))
        for row in rows
    }


async def years(conn: AsyncConnection) -> list[int]:
    """The years on which anything was decided."""
    rows = await conn.execute(text("SELECT DISTINCT year FROM year_decisions ORDER BY year"))
    return [row[0] for row in rows]


async def count(conn: AsyncConnection) -> int:
    """The number of decisions on years; each new one moves it on."""
    return int((await conn.execute(text("SELECT count(*) FROM year_decisions"))).scalar_one())


async def rubrics(conn: AsyncConnection, year: int, version: int) -> tuple[RubricText, ...]:
    """The rubrics with which a version of a year was sealed; none for a version without seal."""
    select = text(
        "SELECT rubrics FROM year_decisions WHERE year = :year AND version = :version "
        f"AND stage = 'sealed' {_ORDER} LIMIT 1"
    )
    texts = (await conn.execute(select, {"year": year, "version": version})).scalar()
    return () if texts is None else _RUBRICS.decode(texts)


async def rubrics_of(
    conn: AsyncConnection, versions: Mapping[int, int]
) -> dict[int, tuple[RubricText, ...]]:
    """By year the rubrics with which its version was sealed, as `rubrics`."""
    if not versions:
        return {}
    pairs = " OR ".join(
        f"(year = {int(year)} AND version = {int(version)})" for year, version in versions.items()
    )
    select = f"SELECT year, rubrics FROM year_decisions WHERE stage = 'sealed' AND ({pairs})"
    texts: dict[int, tuple[RubricText, ...]] = {}
    for year, encoded in await conn.execute(text(f"{select} {_ORDER}")):
        texts.setdefault(year, _RUBRICS.decode(encoded))
    return texts


async def add(conn: AsyncConnection, identity: bytes, year: int, decision: YearDecision) -> None:
    """Saves a decision under the identity of its event; of one that is there already, the time.

    The caller has the lock of the position.
    """
    fields = [getattr(decision, name) for name in YearDecision.__struct_fields__]
    rubrics = msgspec.json.encode(decision.rubrics).decode()
    values = dict(zip(_ALL, (identity, year, *fields[:-1], rubrics), strict=True))
    time = {"identity": identity, "recorded": values["recorded"]}
    if not (await conn.execute(text(_MOVE), time)).rowcount:
        await conn.execute(text(_INSERT), values)


async def add_events(conn: AsyncConnection, events: Iterable[Recorded]) -> None:
    """Saves the decisions that these events of the stream bring."""
    for event in events:
        decision = decision_of(event)
        if decision is not None:
            await add(conn, event.identity, event.year, decision)


async def keep_in_outbox(
    conn: AsyncConnection, events: Iterable[tuple[Recorded, str, int]], now: int
) -> None:
    """Saves events about years in the outbox, as sent, where this database lacks them.

    A database that is made again from the stream has an empty outbox, and these events are in no
    other one. Each comes with its subject and its sequence in the stream. They belong to no door of
    this database, like rows of an earlier version, so no mark counts them.
    """
    exists = text("SELECT 1 FROM outbox WHERE receipt = :receipt")
    for event, subject, sequence in events:
        if (await conn.execute(exists, {"receipt": event.receipt})).first() is None:
            values = {
                "receipt": event.receipt, "subject": subject, "body": event.raw,
                "recorded": event.recorded, "sent": now, "stream_seq": sequence or None,
                "generation": 0,
            }  # fmt: skip
            await conn.execute(outbox.insert(), values)


def _decision(row: Any) -> YearDecision:
    fields = YearDecision.__struct_fields__[: len(_COLUMNS)]
    return YearDecision(**dict(zip(fields, row, strict=True)))
