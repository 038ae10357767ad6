"""Reads of training: persons, rosters, courses, sessions ahead, and who was trained."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import select_among
from services.training.domain.announcements import Completion, Link
from services.training.domain.roster import Stint

_STINT = "membership, person, unit, role, since, until, moved"
_COURSES = ("id", "unit", "origin", "year", "title", "topic", "due", "stage", "version")
_SESSIONS = (
    "place_in_list", "course", "session", "unit", "title", "topic", "starts", "place", "hours",
    "attended",
)  # fmt: skip


class Person(NamedTuple):
    """What is kept of a person; None where it was erased."""

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
    found = (await conn.execute(select, {"number": number})).scalar()
    return None if found is None else str(found)


async def persons_of(conn: AsyncConnection, numbers: Collection[bytes]) -> dict[bytes, str]:
    """The keys of the persons with these staff numbers, given by their digests."""
    rows = await select_among(conn, "SELECT number, id FROM persons WHERE number", numbers, "bytea")
    return {bytes(row[0]): row[1] for row in rows}


async def persons(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Person]:
    """The persons of these keys."""
    select = "SELECT id, hidden_number, hidden_name FROM persons WHERE id"
    rows = await select_among(conn, select, sorted(ids), "text")
    return {row[0]: Person(row[0], _raw(row[1]), _raw(row[2])) for row in rows}


def _raw(found: Any) -> bytes | None:
    return None if found is None else bytes(found)


async def stints(conn: AsyncConnection, among: Sequence[str]) -> dict[str, list[Stint]]:
    """The time that these persons spent on rosters, by person."""
    rows = await select_among(conn, f"SELECT {_STINT} FROM stints WHERE person", among, "text")
    found: dict[str, list[Stint]] = {}
    for row in sorted(rows, key=lambda one: (one[4], one[0])):
        found.setdefault(row[1], []).append(Stint._make((*row[:6], bool(row[6]))))
    return found


async def completions(conn: AsyncConnection, among: Sequence[str]) -> dict[str, list[Completion]]:
    """The courses that these persons completed, by person."""
    select = f"SELECT {', '.join(Completion._fields)} FROM completions WHERE person"
    found: dict[str, list[Completion]] = {}
    for row in sorted(await select_among(conn, select, among, "text"), key=lambda one: one[3]):
        found.setdefault(row[0], []).append(Completion(*row))
    return found


async def links(conn: AsyncConnection) -> list[Link]:
    """Which unit went on in which, and when."""
    rows = await conn.execute(text("SELECT DISTINCT predecessor, successor, at FROM links"))
    return sorted((Link(*row) for row in rows), key=lambda link: (link.at, *link))


async def not_begun(conn: AsyncConnection, year: int, limit: int) -> list[tuple[str, str]]:
    """(membership, person) of those that go on and were not yet announced for the year."""
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


async def ever_on(conn: AsyncConnection, unit: str) -> list[str]:
    """Everybody who was ever on the roster of a unit."""
    select = text("SELECT DISTINCT person FROM stints WHERE unit = :unit")
    return [row[0] for row in await conn.execute(select, {"unit": unit})]


async def is_of(conn: AsyncConnection, person: str, units: Collection[str]) -> bool:
    """Whether a person was ever on the roster of one of these units."""
    select = text("SELECT 1 FROM stints WHERE person = :person AND unit IN :units LIMIT 1")
    select = select.bindparams(bindparam("units", expanding=True))
    given = {"person": person, "units": sorted(units) or [""]}
    return (await conn.execute(select, given)).scalar() is not None


async def on_roster(
    conn: AsyncConnection, unit: str, at: int, role: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """Who is on a unit's roster at an instant, by membership, behind `after`."""
    narrowed = "AND role = :role " if role is not None else ""
    select = text(
        "SELECT membership, person, role, since, until FROM stints WHERE unit = :unit "
        "AND since <= :at AND (until IS NULL OR until > :at) AND membership > :after "
        f"{narrowed}ORDER BY membership LIMIT :limit"
    )
    given = {"unit": unit, "at": at, "role": role, "after": after, "limit": limit}
    names = ("id", "person", "role", "since", "until")
    return [dict(zip(names, row, strict=True)) for row in await conn.execute(select, given)]


async def courses(
    conn: AsyncConnection, units: Collection[str] | None, year: int | None, stage: str | None,
    after: str, limit: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Courses by id, behind `after`; of these units alone where they are given."""
    narrowed = {"year = :year": year, "stage = :stage": stage}
    wanted = ["id > :after", *(clause for clause, asked in narrowed.items() if asked is not None)]
    given = {"after": after, "year": year, "stage": stage, "limit": limit}
    ordered = "ORDER BY id LIMIT :limit"
    return await _listed(conn, _COURSES, ("courses", wanted, ordered), given, units)


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
    given = {
        "since": max(since, int(begins or 0)), "begins": int(begins or 0), "rest": rest,
        "limit": limit,
    }  # fmt: skip
    wanted = ["(starts > :begins OR course || ':' || session > :rest)"]
    ordered = "ORDER BY starts, course || ':' || session LIMIT :limit"
    return await _listed(conn, _SESSIONS, (table, wanted, ordered), given, units)


async def _listed(
    conn: AsyncConnection, names: Sequence[str], parts: tuple[str, list[str], str],
    given: dict[str, Any], units: Collection[str] | None,
) -> list[dict[str, Any]]:  # fmt: skip
    table, wanted, ordered = parts
    clauses = wanted if units is None else [*wanted, "unit IN :units"]
    select = text(f"SELECT {', '.join(names)} FROM {table} WHERE {' AND '.join(clauses)} {ordered}")
    if units is not None:
        select = select.bindparams(bindparam("units", expanding=True))
        given = {**given, "units": sorted(units) or [""]}
    return [dict(zip(names, row, strict=True)) for row in await conn.execute(select, given)]


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
    given = {"year": year, "topic": topic, "after": after, "limit": limit}
    parts = (table, ["unit > :after"], "ORDER BY unit LIMIT :limit")
    return await _listed(conn, ("unit", "obliged", "trained"), parts, given, units)


async def missing(
    conn: AsyncConnection, unit: str, year: int, topic: str, after: str, limit: int
) -> list[dict[str, Any]]:
    """Who on the roster of the year is not yet trained, by key, behind `after`."""
    obliged = _OBLIGED.format(more="AND a.unit = :unit AND a.about > :after ")
    select = text(
        f"SELECT a.about, min(m.role) {obliged} AND NOT {_TRAINED} "
        "GROUP BY a.about ORDER BY a.about LIMIT :limit"
    )
    given = {"unit": unit, "year": year, "topic": topic, "after": after, "limit": limit}
    rows = await conn.execute(select, given)
    return [dict(zip(("person", "role"), row, strict=True)) for row in rows]


async def every_hidden(conn: AsyncConnection) -> list[bytes]:
    """Every encrypted name, staff number and secret that is stored."""
    select = text("SELECT hidden_name, hidden_number, hidden_secret FROM persons")
    rows = await conn.execute(select)
    return [bytes(value) for row in rows for value in row if value is not None]
