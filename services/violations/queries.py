"""Reads of the violations: cases, counts, encrypted texts, and cases about the same act."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.violations.domain import IN_FORCE, JOINED, KNOWN

LISTED = ("id", "unit", "origin", "by_unit", "stage", "version", "due")
COUNTED = ("unit", "year", "concluded", "handled")


class CaseFilter(NamedTuple):
    """Filters of the list of cases; `visible` limits it to cases that a unit may see: those that
    it reported itself, and those that were concluded at some time."""

    units: Collection[str] | None
    stage: str | None
    due_before: str | None
    visible: bool
    after: str
    limit: int


async def cases(conn: AsyncConnection, criteria: CaseFilter) -> list[dict[str, Any]]:
    """Cases after the id `after`, in order."""
    where, parameters = ["id > :after"], {"after": criteria.after, "limit": criteria.limit}
    expanding = []
    if criteria.stage is not None:
        where.append("stage = :stage")
        parameters["stage"] = criteria.stage
    if criteria.due_before is not None:
        where.append("due < :due")
        parameters["due"] = criteria.due_before
    if criteria.visible:
        where.append("(by_unit OR stage IN :known)")
        parameters["known"] = sorted(KNOWN)
        expanding.append("known")
    if criteria.units is not None:
        where.append("unit IN :units")
        parameters["units"] = sorted(criteria.units) or [""]  # no unit has an empty key
        expanding.append("units")
    select = text(
        f"SELECT {', '.join(LISTED)} FROM cases WHERE {' AND '.join(where)} "
        "ORDER BY id LIMIT :limit"
    ).bindparams(*(bindparam(name, expanding=True) for name in expanding))
    rows = await conn.execute(select, parameters)
    cases = [dict(zip(LISTED, row, strict=True)) for row in rows]
    return [{**case, "by_unit": bool(case["by_unit"])} for case in cases]


async def counts(
    conn: AsyncConnection, units: Collection[str] | None, year: int, after: str, limit: int
) -> list[dict[str, Any]]:
    """The conclusions of a year in force, and how many of them are handled, by unit."""
    parameters: dict[str, Any] = {"year": year, "after": after, "limit": limit}
    narrowed = ""
    if units is not None:
        narrowed = "AND unit IN :units "
        parameters["units"] = sorted(units) or [""]
    select = text(
        "SELECT unit, concluded, count(*), count(handled) FROM cases "
        f"WHERE concluded = :year AND unit > :after {narrowed}"
        "GROUP BY unit, concluded ORDER BY unit LIMIT :limit"
    )
    if units is not None:
        select = select.bindparams(bindparam("units", expanding=True))
    return [dict(zip(COUNTED, row, strict=True)) for row in await conn.execute(select, parameters)]


async def concluded_case(conn: AsyncConnection, unit: str, deed: str, but: str) -> str | None:
    """The other case of the unit that is concluded for the same act."""
    select = text(
        "SELECT id FROM cases WHERE unit = :unit AND deed = :deed AND stage IN :standing "
        "AND id <> :but LIMIT 1"
    ).bindparams(bindparam("standing", expanding=True))
    parameters = {"unit": unit, "deed": deed, "but": but, "standing": sorted(IN_FORCE)}
    case = (await conn.execute(select, parameters)).scalar()
    return None if case is None else str(case)


async def list_joined(conn: AsyncConnection, into: str) -> list[str]:
    """The joined cases whose journal has a join to this case."""
    select = text(
        "SELECT DISTINCT record FROM journal JOIN cases ON cases.id = journal.record "
        "WHERE stage = :joined AND step = 'join' AND data LIKE :named ORDER BY record"
    )
    parameters = {"joined": JOINED, "named": f'%"{into}"%'}
    return [str(row[0]) for row in await conn.execute(select, parameters)]


class EncryptedText(NamedTuple):
    """The encrypted text of one field of one step; `hidden` is None if it was erased."""

    version: int
    field: str
    hidden: bytes | None


async def words(conn: AsyncConnection, record: str) -> list[EncryptedText]:
    """The encrypted texts of a case, in the order of its steps."""
    select = text(
        "SELECT version, field, hidden FROM words WHERE record = :record ORDER BY version, field"
    )
    rows = await conn.execute(select, {"record": record})
    return [EncryptedText(v, field, None if raw is None else bytes(raw)) for v, field, raw in rows]


async def list_encrypted(conn: AsyncConnection) -> list[bytes]:
    """All stored encrypted texts."""
    select = text("SELECT hidden FROM words WHERE hidden IS NOT NULL")
    return [bytes(row[0]) for row in await conn.execute(select)]
