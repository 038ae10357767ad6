"""Attendance lists as files: CSV and XLSX, in and out. Pure but for the bytes.

Reading names what is wrong with a row by its column and reason, and goes on: whom the rows are
about is asked elsewhere, and all is answered at once. Files come from anywhere: sizes are bounded
before anything is unpacked, and formulas are neither read nor written.
"""

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from pydantic import TypeAdapter, ValidationError

from services.chassis.http import FieldError, Problem
from services.training.asking import Hours, Name, PersonKey, StaffNumber
from services.training.course_handlers import Row, RowsWrong

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = ("text/csv", XLSX_TYPE)
ROWS_MAX, COLUMNS_MAX, CELL_MAX = 2000, 20, 500
UNPACKED_MAX, PARTS_MAX = 16 * 2**20, 100
FORMULA = ("=", "+", "-", "@", "\t", "\r")
HEADINGS = {
    "person": "Mã định danh", "number": "Số hiệu cán bộ", "name": "Họ và tên",
    "hours": "Số giờ", "test": "Kết quả kiểm tra",
}  # fmt: skip
_ENGLISH = {"staff number": "number", "person key": "person"}
_TESTS = {
    "": None, "đạt": "passed", "passed": "passed", "không đạt": "failed", "failed": "failed",
}  # fmt: skip
_TEST_SAID = {"passed": "Đạt", "failed": "Không đạt", None: ""}
_READ: dict[str, TypeAdapter[str]] = {
    "person": TypeAdapter(PersonKey), "number": TypeAdapter(StaffNumber),
    "name": TypeAdapter(Name), "hours": TypeAdapter(Hours),
}  # fmt: skip
_BROKEN = (
    zipfile.BadZipFile, zlib.error, ParseError, InvalidFileException, KeyError, ValueError,
    TypeError, AttributeError, IndexError, OSError, EOFError, NotImplementedError, RuntimeError,
)  # fmt: skip
Cells = Sequence[Any]


class Line(NamedTuple):
    """One line of an exported list; None where a person was erased."""

    person: str
    number: str | None
    name: str | None
    hours: str
    test: str | None


class _Formula(str):
    """A cell that computes something."""


class _FileWrong(Exception):
    """What is wrong with the file as a whole, or with one of its rows."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(message)
        self.error: FieldError = {"field": where, "message": message}


def read(raw: bytes) -> list[Row]:
    """The rows of a list, each with its faults by `row N.column`; RowsWrong where it is none."""
    try:
        table = _xlsx(raw) if raw.startswith(b"PK\x03\x04") else _csv(raw)
        columns, lines = _headed(table)
    except _FileWrong as wrong:
        raise RowsWrong([wrong.error]) from None
    return [_row(number, columns, cells) for number, cells in lines]


def _csv(raw: bytes) -> list[Cells]:
    try:
        whole = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _FileWrong("", "The file is neither XLSX nor CSV in UTF-8.") from None
    heading = whole.partition("\n")[0]
    mark = ";" if heading.count(";") > heading.count(",") else ","
    try:
        return _bounded(csv.reader(io.StringIO(whole, newline=""), delimiter=mark, strict=True))
    except csv.Error as wrong:
        raise _FileWrong("", f"The CSV cannot be read: {wrong}.") from None


def _xlsx(raw: bytes) -> list[Cells]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            parts = packed.infolist()
            if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_MAX:
                raise _FileWrong("", f"The file unpacks to more than {UNPACKED_MAX} bytes.")
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, keep_links=False)
            sheet: Any = book.worksheets[0]
            _check_merged(packed.read(sheet._worksheet_path.lstrip("/")))
            sheet.reset_dimensions()
            rows = sheet.iter_rows(max_row=ROWS_MAX + 3, max_col=COLUMNS_MAX + 1)
            return _bounded([_value(cell) for cell in row] for row in rows)
    except _BROKEN:
        raise _FileWrong("", "The file cannot be read as XLSX.") from None


def _check_merged(sheet: bytes) -> None:
    merged = re.search(rb'<(?:\w+:)?mergeCell\s[^>]*ref="([A-Z]+)(\d+)', sheet)
    if merged:
        where = f"row {int(merged[2])}"
        raise _FileWrong(where, "Cells are merged here: a list has one cell for each value.")


def _value(cell: Any) -> Any:
    return _Formula("=") if cell.data_type in ("f", "e") else cell.value


def _bounded(rows: Iterable[Cells]) -> list[Cells]:
    found: list[Cells] = []
    for row in rows:
        filled = list(row)
        while filled and filled[-1] in (None, ""):
            filled.pop()
        if len(filled) > COLUMNS_MAX:
            raise _FileWrong(f"row {len(found) + 1}", f"A list has at most {COLUMNS_MAX} columns.")
        found.append(filled)
        if len(found) > ROWS_MAX + 1 and filled:
            raise _FileWrong("", f"A list has at most {ROWS_MAX} rows.")
    return found


def _headed(table: Sequence[Cells]) -> tuple[list[str], list[tuple[int, Cells]]]:
    """The columns by their headings, and the rows below with their numbers; blank ones left out."""
    lines = [(number, cells) for number, cells in enumerate(table, start=1) if _filled(cells)]
    if not lines:
        raise _FileWrong("", "The list is empty.")
    known = {_plain(vi): name for name, vi in HEADINGS.items()}
    known |= {name: name for name in HEADINGS} | _ENGLISH
    number, first = lines[0]
    columns: list[str] = []
    for cell in first:
        heading = _plain(_text(cell))
        name = known.get(heading)
        if name is None or name in columns:
            wrong = "is no column of the list" if name is None else "stands twice"
            raise _FileWrong(f"row {number}", f"The heading {heading[:40]!r} {wrong}.")
        columns.append(name)
    if "hours" not in columns or not {"person", "number"} & set(columns):
        needed = f"{HEADINGS['number']}, {HEADINGS['hours']}"
        raise _FileWrong(f"row {number}", f"The list needs the headings {needed}.")
    if not lines[1:]:
        raise _FileWrong("", "The list has no rows.")
    return columns, lines[1:]


def _filled(cells: Cells) -> bool:
    return any(_text(cell).strip() for cell in cells)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _text(cell: Any) -> str:
    """A cell as the text that a person sees in it."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{Decimal(repr(cell)).normalize():f}"
    text = unicodedata.normalize("NFC", str(cell)).strip()
    quoted = text.startswith("'") and text[1:2] in FORMULA
    return text[1:] if quoted else text


def _row(number: int, columns: Sequence[str], cells: Cells) -> Row:
    where = f"row {number}"
    given: dict[str, Any] = {}
    errors: list[FieldError] = []
    if len(cells) > len(columns):
        errors.append({"field": where, "message": "There are more cells than headings."})
    for column, cell in zip(columns, cells, strict=False):
        fault = _taken(column, cell, given)
        if fault is not None:
            errors.append({"field": f"{where}.{column}", "message": fault})
    for needed in ("hours",) if given.keys() & {"person", "number"} else ("number", "hours"):
        said = any(error["field"] == f"{where}.{needed}" for error in errors)
        if given.get(needed) is None and not said:
            errors.append({"field": f"{where}.{needed}", "message": "is missing"})
    return Row(
        where, given.get("hours", ""), given.get("test"), given.get("person"),
        given.get("number"), given.get("name"), tuple(errors),
    )  # fmt: skip


def _taken(column: str, cell: Any, given: dict[str, Any]) -> str | None:
    """Puts the value of a cell among the given; what is wrong with it otherwise."""
    text = _text(cell)
    if isinstance(cell, _Formula) or (isinstance(cell, str) and text.startswith("=")):
        return "is a formula: write the value itself"
    if len(text) > CELL_MAX:
        return f"has more than {CELL_MAX} characters"
    if column == "test":
        if _plain(text) not in _TESTS:
            return f"is neither {_TEST_SAID['passed']} nor {_TEST_SAID['failed']}"
        given["test"] = _TESTS[_plain(text)]
        return None
    if not text:
        return None
    try:
        given[column] = _READ[column].validate_python(
            text.replace(",", ".") if column == "hours" else text
        )
    except ValidationError as wrong:
        return "is not a number of hours, such as 3,5" if column == "hours" else _why(wrong)
    return None


def _why(wrong: ValidationError) -> str:
    return str(wrong.errors()[0]["msg"]).removeprefix("Value error, ")


def check_type(given: str) -> None:
    """Problem 415 for another content type; what is not said is seen by the first bytes."""
    media = given.partition(";")[0].strip().lower()
    if media and media not in TYPES:
        detail = f"A list is sent as {' or '.join(TYPES)}, and {media[:80]} is neither."
        raise Problem(415, detail)


def csv_of(lines: Iterable[Line]) -> bytes:
    """The list as CSV that a spreadsheet opens in Vietnamese; a template without lines."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADINGS.values())
    writer.writerows([_safe(cell) for cell in cells] for cells in _cells(lines))
    return out.getvalue().encode("utf-8-sig")


def xlsx_of(lines: Iterable[Line]) -> bytes:
    """The list as XLSX, every cell a text but the hours; a template without lines."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Điểm danh")
    sheet.append(list(HEADINGS.values()))
    for *texts, hours, test in _cells(lines):
        sheet.append([*map(_safe, texts), Decimal(hours), _safe(test)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cells(lines: Iterable[Line]) -> Iterator[list[str]]:
    for line in lines:
        yield [line.person, line.number or "", line.name or "", line.hours, _TEST_SAID[line.test]]


def _safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
