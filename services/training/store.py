"""Writes of training beside the journal: persons, the tables that follow from it, announcements."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.records.record import WITHDRAWN
from services.training.domain.announcements import completions_of
from services.training.domain.course import CourseState
from services.training.domain.reconciliation import Announcement
from services.training.domain.roster import MembershipState


class Hidden(NamedTuple):
    """The stored form of a person: a digest of the number, and everything else encrypted."""

    number: bytes
    hidden_number: bytes
    hidden_name: bytes
    hidden_secret: bytes


async def add_person(conn: AsyncConnection, id_: str, hidden: Hidden) -> None:
    """Inserts a person."""
    insert = text(
        "INSERT INTO persons (id, number, hidden_number, hidden_name, hidden_secret) "
        "VALUES (:id, :number, :hidden_number, :hidden_name, :hidden_secret)"
    )
    await conn.execute(insert, {"id": id_, **hidden._asdict()})


async def rename_person(conn: AsyncConnection, id_: str, hidden_name: bytes) -> None:
    """Replaces the name of a person."""
    update = text("UPDATE persons SET hidden_name = :hidden WHERE id = :id")
    await conn.execute(update, {"id": id_, "hidden": hidden_name})


async def erase_person(conn: AsyncConnection, id_: str) -> None:
    """Deletes everything of a person but the key."""
    update = text(
        "UPDATE persons SET number = NULL, hidden_number = NULL, hidden_name = NULL, "
        "hidden_secret = NULL WHERE id = :id"
    )
    await conn.execute(update, {"id": id_})


async def lock_persons(conn: AsyncConnection, persons: Iterable[str]) -> None:
    """Locks persons until the transaction ends, always in the same order."""
    if conn.dialect.name == "postgresql":
        lock = "SELECT id FROM persons WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"
        await conn.exec_driver_sql(lock, (sorted(persons),))


async def save_membership(
    conn: AsyncConnection, id_: str, version: int, state: MembershipState | None, year: int
) -> None:
    """Replaces the rows of a membership; `year` is the last year that is announced of it."""
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
            "role": stint.role, "since": stint.start, "until": stint.end,
            "moved": stint.transferred,
        }
        for place, stint in enumerate(state.stints(id_))
    ]  # fmt: skip
    await _insert(conn, "stints", rows)
    for before, after in zip(state.places, state.places[1:], strict=False):
        await insert_link(conn, id_, before.unit, after.unit, after.since)


async def insert_link(
    conn: AsyncConnection, record: str, predecessor: str, successor: str, at: int
) -> None:
    """Records that a unit was succeeded by another, on account of this record."""
    row = {"record": record, "predecessor": predecessor, "successor": successor, "at": at}
    await _insert(conn, "links", [row])


async def mark_year(conn: AsyncConnection, ids: Sequence[str], year: int) -> None:
    """Records that memberships are announced for a year."""
    if ids:
        update = text("UPDATE memberships SET begun = :year WHERE id = :id")
        await conn.execute(update, [{"id": id_, "year": year} for id_ in ids])


async def save_course(
    conn: AsyncConnection, id_: str, version: int, state: CourseState | None
) -> None:
    """Replaces the rows of a course; without a state it is withdrawn."""
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
    completions = [row._asdict() for row in completions_of(id_, state)]
    await _insert(conn, "completions", completions)


async def insert_announcements(conn: AsyncConnection, rows: Iterable[Announcement]) -> None:
    """Inserts announcements; the unique name prevents a second one."""
    await _insert(conn, "announced", [row._asdict() for row in rows])


async def delete_announcements(conn: AsyncConnection, names: Sequence[str]) -> None:
    """Deletes the announcements that are retracted."""
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
