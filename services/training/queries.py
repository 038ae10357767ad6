"""Reads of training: persons, rosters, courses, sessions ahead, and who was trained."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import select_among
from services.training.domain.announcements import CompletedCourse, Link
from services.training.domain.reconciliation import Announcement
from services.training.domain.roster import Stint

_STINT = "membership, person, unit, role, since, until, moved"
_COURSES = ("id", "unit", "origin", "year", "title", "topic", "due", "stage", "version")
_SESSIONS = (
    "place_in_list", "course", "session", "unit", "title", "topic", "starts", "place", "hours",
    "attended",
)  # fmt: skip


class PersonRow(NamedTuple):
    """The stored form of a person, encrypted; None where the person was erased."""

    id: str
    hidden_number: bytes | None
    hidden_name: bytes | None

    @property
    def erased(self) -> bool:
        """Whether nothing but the key is left."""
        return self.hidden_number is None


async def person_of(conn: AsyncConnection, number: bytes) -> str | None:
    """The key of the person with a staff number, given by its digest."""
    select = text("SELECT id FROM persons WHERE number = :number")
    key = (await conn.execute(select, {"number": number})).scalar()
    return None if key is None else str(key)


async def persons_of(conn: AsyncConnection, numbers: Collection[bytes]) -> dict[bytes, str]:
    """The keys of the persons with these staff numbers, given by their digests."""
    rows = await select_among(conn, "SELECT number, id FROM persons WHERE number", numbers, "bytea")
    return {bytes(row[0]): row[1] for row in rows}


async def persons(conn: AsyncConnection, ids: Collection[str]) -> dict[str, PersonRow]:
    """The persons of these keys."""
    select = "SELECT id, hidden_number, hidden_name FROM persons WHERE id"
    rows = await select_among(conn, select, sorted(ids), "text")
    return {row[0]: PersonRow(row[0], _raw(row[1]), _raw(row[2])) for row in rows}


def _raw(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


async def stints(conn: AsyncConnection, among: Sequence[str]) -> dict[str, list[Stint]]:
    """The stints of these persons on rosters, by person."""
    rows = await select_among(conn, f"SELECT {_STINT} FROM stints WHERE person", among, "text")
    by_person: dict[str, list[Stint]] = {}
    for row in sorted(rows, key=lambda row: (row[4], row[0])):
        by_person.setdefault(row[1], []).append(Stint._make((*row[:6], bool(row[6]))))
    return by_person


async def completions(
    conn: AsyncConnection, among: Sequence[str]
) -> dict[str, list[CompletedCourse]]:
    """The courses that these persons completed, by person."""
    select = f"SELECT {', '.join(CompletedCourse._fields)} FROM completions WHERE person"
    by_person: dict[str, list[CompletedCourse]] = {}
    for row in sorted(await select_among(conn, select, among, "text"), key=lambda row: row[3]):
        by_person.setdefault(row[0], []).append(CompletedCourse(*row))
    return by_person


async def links(conn: AsyncConnection) -> list[Link]:
    """Which unit was succeeded by which, and when."""
    rows = await conn.execute(text("SELECT DISTINCT predecessor, successor, at FROM links"))
    return sorted((Link(*row) for row in rows), key=lambda link: (link.at, *link))


async def announced(conn: AsyncConnection, about: Sequence[str]) -> list[Announcement]:
    """The announcements about these persons or courses."""
    select = f"SELECT {', '.join(Announcement._fields)} FROM announced WHERE about"
    rows = await select_among(conn, select, about, "text")
    return [Announcement._make((*row[:-1], bytes(row[-1]))) for row in rows]


async def members_due(conn: AsyncConnection, year: int, limit: int) -> list[tuple[str, str]]:
    """(membership, person) of those on a roster that are not yet announced for the year."""
    select = text(
        "SELECT id, person FROM memberships WHERE stage = 'on_roster' AND begun < :year "
        "ORDER BY begun, id LIMIT :limit"
    )
    rows = await conn.execute(select, {"year": year, "limit": limit})
    return [(row[0], row[1]) for row in rows]


async def open_memberships(
    conn: AsyncConnection, unit: str, before: int, limit: int
) -> list[tuple[str, str]]:
    """(membership, person) of those who are on a unit's roster since before an instant."""
    select = text(
        "SELECT m.id, m.person FROM memberships m JOIN stints s ON s.membership = m.id "
        "WHERE m.unit = :unit AND m.stage = 'on_roster' AND s.until IS NULL AND s.since < :before "
        "ORDER BY m.id LIMIT :limit"
    )
    rows = await conn.execute(select, {"unit": unit, "before": before, "limit": limit})
    return [(row[0], row[1]) for row in rows]


async def open_courses(conn: AsyncConnection, unit: str, since: int, limit: int) -> list[str]:
    """The courses that a unit has still to hold, of plans from a year on."""
    select = text(
        "SELECT id FROM courses WHERE unit = :unit AND stage IN ('planned', 'scheduled') "
        "AND year >= :since ORDER BY id LIMIT :limit"
    )
    rows = await conn.execute(select, {"unit": unit, "since": since, "limit": limit})
    return [row[0] for row in rows]


async def persons_affected(conn: AsyncConnection, membership: str, by_transfer: bool) -> list[str]:
    """Of whom a step of a membership may change the announcements; nobody where it is unknown.

    That is its person and, since a succession changes keys, everybody who was ever on a roster
    of the units that it left; where it is transferred, also of the unit that it leaves.
    """
    last = "" if by_transfer else (
        " AND place < (SELECT max(place) FROM stints WHERE membership = :id)"
    )  # fmt: skip
    select = text(
        "SELECT person FROM memberships WHERE id = :id UNION SELECT person FROM stints "
        f"WHERE unit IN (SELECT unit FROM stints WHERE membership = :id{last})"
    )
    rows = await conn.execute(select, {"id": membership})
    return sorted(row[0] for row in rows)


async def ever_on(conn: AsyncConnection, unit: str) -> list[str]:
    """Everybody who was ever on the roster of a unit."""
    select = text("SELECT DISTINCT person FROM stints WHERE unit = :unit")
    return [row[0] for row in await conn.execute(select, {"unit": unit})]


async def was_in(conn: AsyncConnection, person: str, units: Collection[str]) -> bool:
    """Whether a person was ever on the roster of one of these units."""
    select = text("SELECT 1 FROM stints WHERE person = :person AND unit IN :units LIMIT 1")
    select = select.bindparams(bindparam("units", expanding=True))
    values = {"person": person, "units": sorted(units) or [""]}
    return (await conn.execute(select, values)).scalar() is not None


async def on_roster(
    conn: AsyncConnection, unit: str, at: int, role: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """Who is on a unit's roster at an instant, by membership, behind `after`."""
    by_role = "AND role = :role " if role is not None else ""
    select = text(
        "SELECT membership, person, role, since, until FROM stints WHERE unit = :unit "
        "AND since <= :at AND (until IS NULL OR until > :at) AND membership > :after "
        f"{by_role}ORDER BY membership LIMIT :limit"
    )
    values = {"unit": unit, "at": at, "role": role, "after": after, "limit": limit}
    names = ("id", "person", "role", "since", "until")
    return [dict(zip(names, row, strict=True)) for row in await conn.execute(select, values)]


async def courses(
    conn: AsyncConnection, units: Collection[str] | None, year: int | None, stage: str | None,
    after: str, limit: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Courses by id, behind `after`; of these units alone where they are given."""
    filters = {"year = :year": year, "stage = :stage": stage}
    clauses = ["id > :after", *(sql for sql, value in filters.items() if value is not None)]
    values = {"after": after, "year": year, "stage": stage, "limit": limit}
    parts = ("courses", clauses, "ORDER BY id LIMIT :limit")
    return await _list(conn, _COURSES, parts, values, units)


async def sessions_ahead(
    conn: AsyncConnection, units: Collection[str] | None, since: int, after: str, limit: int
) -> list[dict[str, Any]]:
    """Sessions that begin from an instant on, in their order, behind `after`."""
    table = (
        "(SELECT s.*, c.unit, c.title, c.topic, CAST(s.starts AS TEXT) || ':' || s.course || ':' "
        "|| s.session AS place_in_list FROM sessions s JOIN courses c ON c.id = s.course "
        "WHERE s.starts >= :since) AS ahead"
    )
    begins, _, rest = after.partition(":")
    values = {
        "since": max(since, int(begins or 0)), "begins": int(begins or 0), "rest": rest,
        "limit": limit,
    }  # fmt: skip
    clauses = ["(starts > :begins OR course || ':' || session > :rest)"]
    parts = (table, clauses, "ORDER BY starts, course || ':' || session LIMIT :limit")
    return await _list(conn, _SESSIONS, parts, values, units)


async def _list(
    conn: AsyncConnection, names: Sequence[str], parts: tuple[str, list[str], str],
    values: dict[str, Any], units: Collection[str] | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The rows of a list, of these units alone; `parts` are table, conditions and order."""
    table, conditions, order = parts
    clauses = conditions if units is None else [*conditions, "unit IN :units"]
    select = text(f"SELECT {', '.join(names)} FROM {table} WHERE {' AND '.join(clauses)} {order}")
    if units is not None:
        select = select.bindparams(bindparam("units", expanding=True))
        values = {**values, "units": sorted(units) or [""]}
    return [dict(zip(names, row, strict=True)) for row in await conn.execute(select, values)]


_OBLIGED = (
    "FROM announced a JOIN memberships m ON m.id = a.record "
    "WHERE a.short = 'roster.assigned' AND a.year = :year {more}AND NOT EXISTS ("
    "SELECT 1 FROM announced r WHERE r.about = a.about AND r.record = a.record "
    "AND r.unit = a.unit AND r.year = a.year AND r.short = 'roster.released')"
)
_TRAINED = (
    "EXISTS (SELECT 1 FROM announced c JOIN completions k ON k.course = c.record "
    "AND k.person = c.about WHERE c.about = a.about AND c.unit = a.unit AND c.year = a.year "
    "AND c.short = 'training.completed' AND k.topic = :topic)"
)


async def coverage(
    conn: AsyncConnection, year: int, topic: str, units: Collection[str] | None, after: str,
    limit: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """By unit: how many on the roster of the year are obliged, and how many of them trained."""
    table = (
        f"(SELECT a.unit AS unit, count(DISTINCT a.about) AS obliged, "
        f"count(DISTINCT CASE WHEN {_TRAINED} THEN a.about END) AS trained "
        f"{_OBLIGED.format(more='')} GROUP BY a.unit) AS counted"
    )
    values = {"year": year, "topic": topic, "after": after, "limit": limit}
    parts = (table, ["unit > :after"], "ORDER BY unit LIMIT :limit")
    return await _list(conn, ("unit", "obliged", "trained"), parts, values, units)


async def missing(
    conn: AsyncConnection, unit: str, year: int, topic: str, after: str, limit: int
) -> list[dict[str, Any]]:
    """Who on the roster of the year is not yet trained, by key, behind `after`."""
    obliged = _OBLIGED.format(more="AND a.unit = :unit AND a.about > :after ")
    select = text(
        f"SELECT a.about, min(m.role) {obliged} AND NOT {_TRAINED} "
        "GROUP BY a.about ORDER BY a.about LIMIT :limit"
    )
    values = {"unit": unit, "year": year, "topic": topic, "after": after, "limit": limit}
    rows = await conn.execute(select, values)
    return [dict(zip(("person", "role"), row, strict=True)) for row in rows]


async def every_hidden(conn: AsyncConnection) -> list[bytes]:
    """Every encrypted name, staff number and secret that is stored."""
    select = text("SELECT hidden_name, hidden_number, hidden_secret FROM persons")
    rows = await conn.execute(select)
    return [bytes(value) for row in rows for value in row if value is not None]
