"""Uploaded lists: the body of a request becomes rows for the handlers.

Files are read in a process of their own (`table_process`); here the texts of their cells are
checked as the fields of commands are.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from contracts.messages import Message
from services.chassis.http.problems import FieldError, Problem
from services.chassis.http.validation import fault
from services.training.attendance_files import attendance_list, roster_list
from services.training.attendance_files.spreadsheet_model import Table, TableFault
from services.training.attendance_files.table_process import TableProcesses
from services.training.fields import Name, PersonKey, StaffNumber
from services.training.handlers.attendance import Row
from services.training.handlers.list_errors import ListRefused, field_errors
from services.training.handlers.roster_import import MEMBERS_MAX, UploadedRoster
from services.training.messages import message

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = ("text/csv", XLSX_TYPE)
READ_TYPES = (
    *TYPES, "application/vnd.ms-excel", "application/vnd.oasis.opendocument.spreadsheet",
    "text/plain", "text/tab-separated-values",
)  # fmt: skip
"""Browsers send CSV under several names; the format is recognised by the first bytes."""
_FIELDS: dict[str, TypeAdapter[str]] = {
    "person": TypeAdapter(PersonKey), "number": TypeAdapter(StaffNumber),
    "name": TypeAdapter(Name),
}  # fmt: skip
IDENTITY_DIGITS_MAX = 12


class UploadedAttendance(NamedTuple):
    """The rows of an uploaded list, the faults beside them, and how it was read, as answered."""

    rows: Sequence[Row]
    faults: Sequence[FieldError]
    about: Mapping[str, Any]


def check_type(content_type: str) -> None:
    """Problem 415 for another content type; without one, the first bytes tell."""
    media = content_type.partition(";")[0].strip().lower()
    if media and media not in READ_TYPES:
        raise Problem(415, message("file-type", types=", ".join(READ_TYPES), media=media[:80]))


async def read_table(readers: TableProcesses, raw: bytes, sheet: str | None = None) -> Table:
    """The table of an uploaded file; ListRefused for a fault of the whole file."""
    try:
        return await readers.read(raw, sheet)
    except TableFault as error:
        raise file_refused(error) from None


def file_refused(error: TableFault) -> ListRefused:
    """The answer to a file of which nothing could be read."""
    return ListRefused([{"field": "", "message": message(f"file-{error.code}", **error.values)}])


def attendance_of(table: Table) -> UploadedAttendance:
    """The rows of an attendance list, each with its faults by `row N.column`."""
    uploaded = attendance_list.read(table, check_cell)
    layout = uploaded.layout
    if layout is None:
        raise ListRefused(field_errors(uploaded.faults))
    rows = [
        Row(
            f"row {row.row}", row.hours, row.test, row.person, row.number, row.name,
            tuple(field_errors(row.faults)), partial(layout.place, row.row),
        )
        for row in uploaded.rows
    ]  # fmt: skip
    return UploadedAttendance(rows, field_errors(uploaded.faults), layout.about())


def roster_of(table: Table) -> UploadedRoster:
    """The rows of a roster, each with its faults; ListRefused where the table is no roster."""
    uploaded = roster_list.read(table, check_cell)
    faults = field_errors(uploaded.faults)
    if uploaded.layout is None:
        raise ListRefused(faults)
    if len(uploaded.rows) > MEMBERS_MAX:
        faults.append({"field": "", "message": message("file-rows-max", most=MEMBERS_MAX)})
    return UploadedRoster(uploaded.rows, faults, uploaded.layout)


def check_cell(column: str, text: str) -> str | Message:
    """The text of a cell as a command would store it, or its fault.

    A spreadsheet takes the first zero away from the twelve digits of an identity card.
    """
    if column == "number" and text.isdecimal() and len(text) == IDENTITY_DIGITS_MAX - 1:
        return message("number-identity")
    try:
        return _FIELDS[column].validate_python(text)
    except ValidationError as error:
        reason = fault(error.errors()[0])
        return reason if isinstance(reason, Message) else message(f"{column}-form")
