"""Lists as CSV and XLSX for a Vietnamese spreadsheet, which can be imported again. Pure."""

import csv
import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from contracts import moments
from services.training.attendance_files.attendance_list import FORMULA
from services.training.attendance_files.roster_list import ROLE_TERMS

TEST_TERMS = {"passed": "Đạt", "failed": "Không đạt", None: ""}
WIDTHS = {"A": 24, "B": 18, "C": 32, "D": 16, "E": 18}
"""The widths of the columns of a workbook."""
Value = str | Decimal | datetime.date | None


class Line(NamedTuple):
    """A line of an exported list; None where a person was erased, or nothing is recorded yet."""

    person: str
    number: str | None
    name: str | None
    hours: str | None
    test: str | None


def attendance_cells(lines: Iterable[Line]) -> list[list[Value]]:
    """The lines of an attendance list by its headings."""
    return [
        [
            line.person, line.number, line.name,
            None if line.hours is None else Decimal(line.hours), TEST_TERMS[line.test],
        ]
        for line in lines
    ]  # fmt: skip


def roster_cells(members: Sequence[Mapping[str, Any]]) -> list[list[Value]]:
    """The lines of a roster by its headings."""
    return [
        [
            member["person"], member.get("number"), member.get("name"),
            ROLE_TERMS[member["role"]],
            datetime.date.fromordinal(moments.local_day(member["since"])),
        ]
        for member in members
    ]  # fmt: skip


def write_csv(titles: Sequence[str], lines: Iterable[Sequence[Value]]) -> bytes:
    """A list as CSV in UTF-8 with its byte order mark, separated by `;`, decimals as `3,5`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(titles)
    writer.writerows([_text(value) for value in line] for line in lines)
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(sheet: str, titles: Sequence[str], lines: Iterable[Sequence[Value]]) -> bytes:
    """A list as XLSX; all cells are texts but numbers and dates."""
    import openpyxl  # as late as this: loading it takes time at the start of every process

    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(sheet)
    for letter, width in WIDTHS.items():
        page.column_dimensions[letter].width = width
    page.append(list(titles))
    for line in lines:
        page.append([_escape(value) if isinstance(value, str) else value for value in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _text(value: Value) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    if isinstance(value, datetime.date):
        return f"{value:%d/%m/%Y}"
    return _escape(value or "")


def _escape(text: str) -> str:
    """The text with an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
