"""Attendance lists: the rows of a table, each with its faults. Pure.

A fault is named by row, column and reason, and the reading goes on, so that all faults are
answered at once. Whom the rows are about is looked up by the handlers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from contracts.messages import Message
from services.training.attendance_files import headings
from services.training.attendance_files.list_layout import Layout, ListFault, at_row, find_layout
from services.training.attendance_files.spreadsheet_model import CELL_MAX, Cell, Table, TableRow
from services.training.domain.attendance import Test, plain
from services.training.messages import message

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""The characters by which a spreadsheet recognises a formula."""
ROUNDING = Decimal("0.000000001")
"""The error that a computed number may have: 3.4999999999999996 means 3.5."""
_DECIMAL = re.compile(r"(\d{1,9}(?:[.,]\d{1,20})?)\s*(?:h|giờ|tiếng|hours?)?", re.ASCII)
_CLOCK = re.compile(
    r"(\d{1,3})(?::(\d\d)(?::00)?|\s*(?:h|giờ|tiếng)\s*(\d{1,2})\s*(?:p|ph|phút|m|')?)", re.ASCII
)
_ABSENT = {headings.plain(word) for word in (
    "vắng", "vắng mặt", "vắng có phép", "vắng không phép", "vắng có lý do", "vắng không lý do",
    "nghỉ", "nghỉ có phép", "nghỉ không phép", "không tham gia", "không dự", "absent",
)}  # fmt: skip
_MARKS = {headings.plain(word) for word in (
    "v", "x", "p", "k", "kp", "cp", "o", "0p", "có", "có mặt", "đủ", "dự", "c", "✓", "✔", "√",
    "x", "+", "present", "yes",
)}  # fmt: skip
_TEST_TERMS: tuple[tuple[Test, tuple[str, ...]], ...] = (
    ("passed", ("đạt", "đạt yêu cầu", "passed")),
    ("failed", ("không đạt", "chưa đạt", "failed")),
)
_TESTS = {headings.plain(text): test for test, texts in _TEST_TERMS for text in texts}
Check = Callable[[str, str], str | Message]


class AttendanceRow(NamedTuple):
    """A line of a list by the number of its row; fields with a fault are left empty."""

    row: int
    hours: str
    test: Test | None
    person: str | None
    number: str | None
    name: str | None
    faults: Sequence[ListFault]


class AttendanceList(NamedTuple):
    """The rows of a list, and the faults of the list as a whole."""

    rows: Sequence[AttendanceRow]
    faults: Sequence[ListFault]
    layout: Layout | None


def read(table: Table, check: Check) -> AttendanceList:
    """The list in a table.

    `check` takes the name of a column (person, number, name) and the text of a cell; it answers
    the text as a command would store it, or its fault.
    """
    layout, faults = find_layout(table, headings.ATTENDANCE, ("number", "hours"))
    if layout is None:
        return AttendanceList([], faults, None)
    rows = [_row(layout, row, check) for row in layout.rows]
    return AttendanceList(rows, faults, layout)


def _row(layout: Layout, row: TableRow, check: Check) -> AttendanceRow:
    where = f"row {row.number}"
    values: dict[str, Any] = {}
    faults = layout.beside(row) or _split_decimal(layout, row)
    for name, place in layout.columns.items():
        value = _value(name, row.cell(place), check)
        if isinstance(value, Message):
            faults.append(ListFault(f"{where}.{name}", layout.place(row.number, name, value)))
        elif value is not None:
            values[name] = value
    faults += layout.missing(row.number, ("number", "hours"), values, faults)
    return AttendanceRow(
        row.number, values.get("hours", ""), values.get("test"), values.get("person"),
        values.get("number"), values.get("name"), tuple(faults),
    )  # fmt: skip


def _split_decimal(layout: Layout, row: TableRow) -> list[ListFault]:
    """A decimal comma that may have been taken for a separator: 7,5 became 7 and a note 5."""
    after = layout.columns["hours"] + 1
    hours, rest = row.cell(after - 1).text.strip(), row.cell(after).text.strip()
    ours = after in layout.columns.values() or layout.table.separator != ","
    if ours or not (hours.isdecimal() and rest.isdecimal() and len(rest) <= 2):
        return []
    reason = message("decimal-comma-split", hours=hours, rest=rest)
    return [ListFault(f"row {row.number}", at_row(layout.table, row.number, reason))]


def text_of(cell: Cell) -> str:
    """The text of a cell as a person sees it, without the apostrophe that marks it as text."""
    text = unicodedata.normalize("NFC", cell.text).replace("\u00a0", " ").strip()
    quoted = text.startswith("'") and text[1:2] in FORMULA
    return text[1:] if quoted else text


def fault_of(cell: Cell) -> Message | None:
    """The fault of a cell that no column accepts; None for any other."""
    text = text_of(cell)
    if cell.kind == "uncomputed":
        return message("cell-uncomputed")
    if cell.kind == "error":
        return message("cell-error", error=text[:20])
    if cell.kind == "text" and text.startswith("="):
        return message("cell-formula")
    if len(text) > CELL_MAX:
        return message("cell-too-long", most=CELL_MAX)
    return None


def _value(name: str, cell: Cell, check: Check) -> str | Message | None:
    text = text_of(cell)
    fault = fault_of(cell)
    if fault is not None or not text:
        return fault
    if name == "hours":
        return hours_of(cell)
    if name == "test":
        return _TESTS.get(headings.plain(text)) or message("test-unknown")
    return identifier_of(name, cell, check)


def identifier_of(name: str, cell: Cell, check: Check) -> str | Message:
    """Number, key or name of a person as a command would store it, or the fault."""
    if cell.kind == "formatted":
        return message("number-formatted")
    if cell.kind not in ("text", "number"):
        return message("cell-no-text")
    return check(name, text_of(cell))


def hours_of(cell: Cell) -> str | Message:
    """Hours as a decimal string, from the forms in use: 3.5, 3,5, 2:30, 2 giờ 30, vắng."""
    text = unicodedata.normalize("NFKC", text_of(cell)).casefold()
    if cell.kind == "date":
        return message("hours-date")
    if cell.kind == "boolean":
        return message("hours-form")
    if headings.plain(text) in _ABSENT:
        return "0"
    if headings.plain(text) in _MARKS:
        return message("hours-mark", mark=text)
    clock, decimal = _CLOCK.fullmatch(text), _DECIMAL.fullmatch(text)
    if clock:
        return _of_clock(int(clock[1]), int(clock[2] or clock[3]))
    return _of_decimal(decimal[1].replace(",", ".")) if decimal else message("hours-form")


def _of_clock(hours: int, minutes: int) -> str | Message:
    """Hours and minutes, where four decimals express the minutes exactly."""
    if minutes >= 60:
        return message("hours-form")
    if minutes % 3:
        return message("hours-minutes", minutes=minutes)
    return plain(Decimal(hours) + Decimal(minutes) / 60)


def _of_decimal(text: str) -> str | Message:
    number = Decimal(text)
    rounded = number.quantize(Decimal("0.0001"))
    if abs(number - rounded) > ROUNDING:
        return message("hours-places")
    return plain(rounded)
