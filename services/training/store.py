"""Writes of training beside the journal: persons, what follows from records, what was told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import select_among
from services.records.record import WITHDRAWN
from services.training.domain.announcements import Completion
from services.training.domain.course import Course
from services.training.domain.roster import Membership


class Hidden(NamedTuple):
    """What is kept of a person: the digest of the number, and the rest encrypted."""

    number: bytes
    hidden_number: bytes
    hidden_name: bytes
    hidden_secret: bytes


async def add_person(conn: AsyncConnection, id_: str, hidden: Hidden) -> None:
    """A person becomes known."""
    insert = text(
        "INSERT INTO persons (id, number, hidden_number, hidden_name, hidden_secret) "
        "VALUES (:id, :number, :hidden_number, :hidden_name, :hidden_secret)"
    )
    await conn.execute(insert, {"id": id_, **hidden._asdict()})


async def name_person(conn: AsyncConnection, id_: str, hidden_name: bytes) -> None:
    """A person gets another name."""
    update = text("UPDATE persons SET hidden_name = :hidden WHERE id = :id")
    await conn.execute(update, {"id": id_, "hidden": hidden_name})


async def erase_person(conn: AsyncConnection, id_: str) -> None:
    """Nothing but the key is left of a person."""
    update = text(
        "UPDATE persons SET number = NULL, hidden_number = NULL, hidden_name = NULL, "
        "hidden_secret = NULL WHERE id = :id"
    )
    await conn.execute(update, {"id": id_})


async def lock_persons(conn: AsyncConnection, persons: Iterable[str]) -> None:
    """Keeps other writers away from persons until the transaction ends, in one order."""
    if conn.dialect.name == "postgresql":
        lock = "SELECT id FROM persons WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"
        await conn.exec_driver_sql(lock, (sorted(persons),))


async def save_membership(
    conn: AsyncConnection, id_: str, version: int, state: Membership | None, year: int
) -> None:
    """Brings the rows of a membership to its state; `year` is the last that was announced."""
    for table, column in (("stints", "membership"), ("links", "record")):
        await conn.execute(text(f"DELETE FROM {table} WHERE {column} = :id"), {"id": id_})
    if state is None:
        update = text("UPDATE memberships SET stage = :stage, version = :version WHERE id = :id")
        await conn.execute(update, {"id": id_, "stage": WITHDRAWN, "version": version})
        return
    row = {
        "id": id_, "person": state.person, "unit": state.unit, "role": state.role,
        "stage": state.stage, "begun": year, "version": version,
    }  # fmt: skip
    await _upsert(conn, "memberships", row)
    rows = [
        {
            "membership": id_, "place": place, "person": stint.person, "unit": stint.unit,
            "role": stint.role, "since": stint.start, "until": stint.end, "moved": stint.moved,
        }
        for place, stint in enumerate(state.stints(id_))
    ]  # fmt: skip
    await _insert(conn, "stints", rows)
    for before, after in zip(state.places, state.places[1:], strict=False):
        await link(conn, id_, before.unit, after.unit, after.since)


async def link(
    conn: AsyncConnection, record: str, predecessor: str, successor: str, at: int
) -> None:
    """Remembers that a unit went on in another, by this record."""
    row = {"record": record, "predecessor": predecessor, "successor": successor, "at": at}
    await _insert(conn, "links", [row])


async def begun(conn: AsyncConnection, ids: Sequence[str], year: int) -> None:
    """Remembers that memberships were announced for a year."""
    if ids:
        update = text("UPDATE memberships SET begun = :year WHERE id = :id")
        await conn.execute(update, [{"id": id_, "year": year} for id_ in ids])


async def save_course(conn: AsyncConnection, id_: str, version: int, state: Course | None) -> None:
    """Brings the rows of a course to its state; withdrawn where no step stands."""
    for table in ("sessions", "completions"):
        await conn.execute(text(f"DELETE FROM {table} WHERE course = :id"), {"id": id_})
    if state is None:
        update = text("UPDATE courses SET stage = :stage, version = :version WHERE id = :id")
        await conn.execute(update, {"id": id_, "stage": WITHDRAWN, "version": version})
        return
    row: dict[str, Any] = {
        "id": id_, "unit": state.unit, "origin": state.places[0].unit, "year": state.year,
        "title": state.title, "topic": state.topic, "due": state.due, "stage": state.stage,
        "version": version,
    }  # fmt: skip
    await _upsert(conn, "courses", row)
    rows = [
        {
            "course": id_, "session": name, "starts": session.starts, "place": session.place,
            "hours": session.hours, "attended": len(session.attended),
        }
        for name, session in state.sessions.items()
    ]  # fmt: skip
    await _insert(conn, "sessions", rows)
    await _insert(conn, "completions", [one._asdict() for one in completions_of(id_, state)])


def completions_of(id_: str, state: Course | None) -> list[Completion]:
    """Who completed a course, as rows have it."""
    if state is None:
        return []
    origin, topic, provider = state.places[0].unit, state.topic, state.provider
    return [
        Completion(person, id_, origin, done.at, topic, done.hours, provider)
        for person, done in sorted(state.completed().items())
    ]


class Told(NamedTuple):
    """Something that was announced and stands, by the name under which it is told once."""

    name: str
    about: str
    record: str
    short: str
    unit: str
    year: int
    event: str
    content: bytes


async def told(conn: AsyncConnection, about: Sequence[str]) -> list[Told]:
    """What was told of these persons or courses, and stands."""
    select = f"SELECT {', '.join(Told._fields)} FROM announced WHERE about"
    rows = await select_among(conn, select, about, "text")
    return [Told._make((*row[:-1], bytes(row[-1]))) for row in rows]


async def tell(conn: AsyncConnection, several: Iterable[Told]) -> None:
    """Remembers what was told; the unique name refuses to tell it twice."""
    await _insert(conn, "announced", [one._asdict() for one in several])


async def untell(conn: AsyncConnection, names: Sequence[str]) -> None:
    """Forgets what was retracted."""
    if names:
        delete = text("DELETE FROM announced WHERE name = :name")
        await conn.execute(delete, [{"name": name} for name in names])


async def _insert(conn: AsyncConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        marks = ", ".join(f":{name}" for name in rows[0])
        insert = f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({marks})"
        await conn.execute(text(insert), [dict(row) for row in rows])


async def _upsert(conn: AsyncConnection, table: str, row: Mapping[str, Any]) -> None:
    marks = ", ".join(f":{name}" for name in row)
    sets = ", ".join(f"{name} = :{name}" for name in row if name != "id")
    upsert = (
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) "
        f"ON CONFLICT (id) DO UPDATE SET {sets}"
    )
    await conn.execute(text(upsert), dict(row))
