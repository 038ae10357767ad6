"""Whom the rows of an attendance list are about: read together, every bad row with its reason."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from contracts.messages import Message
from services.chassis.http.problems import FieldError
from services.records.vault import Vault
from services.records.work import Work
from services.training import queries
from services.training.domain.attendance import Attendance, Session, Test, too_long
from services.training.domain.names import same_name
from services.training.handlers.list_errors import ListRefused
from services.training.messages import message


@dataclass(frozen=True)
class Row:
    """A row of an attendance list; `where` names it in errors, by row or index.

    `faults` are those that do not depend on the person; fields with a fault are left empty.
    """

    where: str
    hours: str
    test: Test | None
    person: str | None = None
    number: str | None = None
    name: str | None = None
    faults: tuple[FieldError, ...] = ()
    placed: Callable[[str, Message], Message] = lambda _, reason: reason
    """A reason with its place in the list, by the name of the column."""


async def attendance_by_person(
    work: Work, vault: Vault, session: Session, rows: Sequence[Row], faults: Sequence[FieldError]
) -> dict[str, Attendance]:
    """The attendance in the rows by the key of the person; ListRefused names every bad row.

    `faults` are those of the list as a whole. The vault finds persons by their staff numbers.
    """
    of_number = await _keys_of_numbers(work, vault, rows)
    keys = [row.person or key for row, key in zip(rows, of_number, strict=True)]
    persons = await queries.persons(work.conn, set(keys))
    errors: list[FieldError] = list(faults)
    earlier: dict[str, str] = {}
    for row, key, other in zip(rows, keys, of_number, strict=True):
        excess = too_long(session, row.hours) if row.hours else None
        reasons = [("hours", excess)] if excess else []
        if row.person or row.number:
            reasons += _person_faults(vault, row, persons.get(key), other, earlier.get(key))
        errors += row.faults
        errors += [
            {"field": f"{row.where}.{field}", "message": row.placed(field, reason)}
            for field, reason in reasons
        ]
        earlier.setdefault(key, row.where.removeprefix("row "))
    if errors:
        raise ListRefused(errors)
    return {k: Attendance(r.hours, r.test) for k, r in zip(keys, rows, strict=True)}


async def _keys_of_numbers(work: Work, vault: Vault, rows: Sequence[Row]) -> list[str]:
    """For each row the key of the person with its staff number; empty where there is none."""
    index = {r.number: vault.index(r.number) for r in rows if r.number is not None}
    by_index = await queries.persons_of(work.conn, list(index.values()))
    return [by_index.get(index.get(row.number or "", b""), "") for row in rows]


def _person_faults(
    vault: Vault, row: Row, person: queries.PersonRow | None, of_number: str, before: str | None
) -> Iterator[tuple[str, Message]]:
    """The faults of whom a row is about, each with its field; `before` is an earlier row of it."""
    column = "person" if row.number is None else "number"
    if person is None:
        yield column, message("person-unknown")
        return
    if before is not None:
        yield column, message("person-twice", row=before)
    if row.number is not None and of_number != person.id:
        yield "number", message("number-of-another")
    hidden = person.hidden_name
    if row.name and hidden is not None and not same_name(vault.show(hidden), row.name):
        yield "name", message("name-of-another")
