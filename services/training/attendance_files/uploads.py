"""Lists as files: what is taken in becomes rows for the handlers, what is read goes out.

Files are read in a process of their own (`table_process`); this checks the texts of their cells
as commands are checked. What goes out opens in a Vietnamese spreadsheet and can come in again.
"""

import csv
import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from contracts.messages import Message
from services.chassis.http.service_api import FieldError, Problem
from services.chassis.http.validation import fault
from services.training.attendance_files import attendance_list, headings
from services.training.attendance_files.attendance_list import FORMULA, AttendanceList
from services.training.attendance_files.list_layout import ListFault
from services.training.attendance_files.spreadsheet_model import Table, TableFault
from services.training.attendance_files.table_process import TableProcesses
from services.training.fields import Name, PersonKey, StaffNumber
from services.training.handlers.attendance import ListRefused, Row
from services.training.messages import message

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = ("text/csv", XLSX_TYPE)
READ_TYPES = (
    *TYPES, "application/vnd.ms-excel", "application/vnd.oasis.opendocument.spreadsheet",
    "text/plain", "text/tab-separated-values",
)  # fmt: skip
"""Browsers send CSV under several names; what a file is, its first bytes tell."""
TEST_TERMS = {"passed": "Đạt", "failed": "Không đạt", None: ""}
_CHECKED: dict[str, TypeAdapter[str]] = {
    "person": TypeAdapter(PersonKey), "number": TypeAdapter(StaffNumber),
    "name": TypeAdapter(Name),
}  # fmt: skip
IDENTITY_DIGITS_MAX = 12
Value = str | Decimal | datetime.date | None


class Line(NamedTuple):
    """One line of an exported list; None where a person was erased, or nothing is written yet."""

    person: str
    number: str | None
    name: str | None
    hours: str | None
    test: str | None


class UploadedList(NamedTuple):
    """The rows of an uploaded list, the faults beside them, and what was read, as answered."""

    rows: Sequence[Row]
    faults: Sequence[FieldError]
    about: Mapping[str, Any]


def check_type(content_type: str) -> None:
    """Problem 415 for another content type; without one, the first bytes tell."""
    media = content_type.partition(";")[0].strip().lower()
    if media and media not in READ_TYPES:
        raise Problem(415, message("file-type", types=", ".join(READ_TYPES), media=media[:80]))


async def table_of(readers: TableProcesses, raw: bytes, sheet: str | None = None) -> Table:
    """The table of an uploaded file; ListRefused says what is wrong with it as a whole."""
    try:
        return await readers.read(raw, sheet)
    except TableFault as refused:
        raise file_refused(refused) from None


def file_refused(refused: TableFault) -> ListRefused:
    """The answer to a file of which nothing could be read."""
    sentence = message(f"file-{refused.code}", **refused.values)
    return ListRefused([{"field": "", "message": sentence}])


def attendance_of(table: Table) -> UploadedList:
    """The rows of an attendance list, each with its faults by `row N.column`."""
    uploaded: AttendanceList = attendance_list.read(table, checked)
    layout = uploaded.layout
    if layout is None:
        raise ListRefused(field_errors(uploaded.faults))
    rows = [
        Row(
            f"row {one.row}", one.hours, one.test, one.person, one.number, one.name,
            tuple(field_errors(one.faults)), partial(layout.place, one.row),
        )
        for one in uploaded.rows
    ]  # fmt: skip
    return UploadedList(rows, field_errors(uploaded.faults), layout.about())


def field_errors(faults: Iterable[ListFault]) -> list[FieldError]:
    """Faults as they are answered."""
    return [{"field": one.field, "message": one.message} for one in faults]


def checked(column: str, text: str) -> str | Message:
    """The text of a cell as a command would keep it, or what is wrong with it.

    A spreadsheet takes the first zero away from the twelve digits of an identity card.
    """
    if column == "number" and text.isdecimal() and len(text) == IDENTITY_DIGITS_MAX - 1:
        return message("number-identity")
    try:
        return _CHECKED[column].validate_python(text)
    except ValidationError as refused:
        why = fault(refused.errors()[0])
        return why if isinstance(why, Message) else message(f"{column}-form")


def attendance_cells(lines: Iterable[Line]) -> list[list[Value]]:
    """The lines of an attendance list by its headings."""
    return [
        [
            line.person, line.number, line.name,
            None if line.hours is None else Decimal(line.hours), TEST_TERMS[line.test],
        ]
        for line in lines
    ]  # fmt: skip


def attendance_headings() -> list[str]:
    """The headings of an attendance list."""
    return list(headings.ATTENDANCE.values())


def csv_of(titles: Sequence[str], lines: Iterable[Sequence[Value]]) -> bytes:
    """A list as CSV that a Vietnamese spreadsheet opens: UTF-8 with its mark, `;`, and `3,5`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(titles)
    writer.writerows([_spelled(value) for value in line] for line in lines)
    return out.getvalue().encode("utf-8-sig")


def xlsx_of(sheet: str, titles: Sequence[str], lines: Iterable[Sequence[Value]]) -> bytes:
    """A list as XLSX, every cell a text but numbers and dates."""
    import openpyxl  # a quarter of a second that no start waits for

    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(sheet)
    for place, width in enumerate((24, 18, 32, 16, 18)):
        page.column_dimensions["ABCDE"[place]].width = width
    page.append(list(titles))
    for line in lines:
        page.append([_safe(value) if isinstance(value, str) else value for value in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _spelled(value: Value) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    if isinstance(value, datetime.date):
        return f"{value:%d/%m/%Y}"
    return _safe(value or "")


def _safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
