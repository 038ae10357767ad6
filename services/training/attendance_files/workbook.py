"""Workbooks as tables: the one visible sheet with content of an XLSX, XLS or ODS file. Pure.

`workbook_details` adds what calamine does not tell: number formats, formulas without a value,
hidden rows. Formulas are never computed; their stored values are read.
"""

from __future__ import annotations

import datetime
import io
import math
import re
import zipfile
from typing import Any

import python_calamine as calamine

from services.training.attendance_files import workbook_details
from services.training.attendance_files.spreadsheet_model import (
    BLANK,
    Cell,
    Merged,
    Table,
    TableFault,
    TableRow,
    bound_rows,
    trim,
)
from services.training.attendance_files.workbook_details import Details

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PARTS_MAX = 20_000
MERGED_MAX = 2000
_ERROR = re.compile(r"#(N/A|DIV/0!|REF!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!)")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def read_workbook(raw: bytes, sheet: str | None = None) -> Table:
    """The table of the only visible sheet with content, or of the sheet of that name."""
    form = _form(raw)
    details: dict[str, Details] = {}
    if form == "xlsx":
        details = workbook_details.of_workbook(raw)
    elif form == "ods":
        workbook_details.check_open_document(raw)
    try:
        with calamine.load_workbook(io.BytesIO(raw)) as book:
            return _table(form, _choose_sheet(book, sheet), details)
    except calamine.PasswordError:
        raise TableFault("password") from None
    except (calamine.CalamineError, KeyError):
        raise TableFault("broken", form=form.upper()) from None


def _form(raw: bytes) -> str:
    if raw.startswith(OLE):
        if _ENCRYPTED in raw:
            raise TableFault("password")
        return "xls"
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            names = packed.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise TableFault("broken", form="XLSX") from None
    if len(names) > PARTS_MAX:
        raise TableFault("too-complex")
    if "content.xml" in names:
        return "ods"
    if any(name.lower().endswith("workbook.bin") for name in names):
        raise TableFault("other", form="XLSB")
    if any(name.startswith("word/") for name in names):
        raise TableFault("other", form="Word")
    return "xlsx"


def _choose_sheet(book: calamine.CalamineWorkbook, name: str | None) -> calamine.CalamineSheet:
    """The one visible sheet with content; TableFault where there is none, or more."""
    sheets = [
        about for about in book.sheets_metadata if about.typ == calamine.SheetTypeEnum.WorkSheet
    ]
    visible = [about for about in sheets if about.visible == calamine.SheetVisibleEnum.Visible]
    filled = [
        sheet for sheet in map(book.get_sheet_by_name, [about.name for about in visible])
        if sheet.height
    ]  # fmt: skip
    names = ", ".join(f'"{sheet.name[:60]}"' for sheet in filled)
    if name is not None:
        filled = [sheet for sheet in filled if sheet.name == name]
        if not filled:
            raise TableFault("no-such-sheet", sheet=name[:60], sheets=names or "–")
    if len(filled) > 1:
        raise TableFault("sheets", sheets=names[:1000])
    if not filled:
        raise TableFault("hidden" if len(visible) < len(sheets) else "empty")
    return filled[0]


def _table(form: str, sheet: calamine.CalamineSheet, details: dict[str, Details]) -> Table:
    about = details[sheet.name] if form == "xlsx" else Details()
    merged = sheet.merged_cell_ranges or []
    if len(merged) > MERGED_MAX:
        raise TableFault("too-complex")
    first, left = sheet.start or (0, 0)
    rows = []
    for offset, values in enumerate(sheet.iter_rows()):
        number = first + offset + 1
        cells = [BLANK] * left + [_cell(value) for value in values]
        if form != "xlsx":
            cells = [_hide_format(cell) for cell in cells]
        row = trim(about.mend(number, cells))
        if row:
            rows.append(TableRow(number, row, number in about.hidden_rows))
    return Table(
        form, bound_rows(rows), sheet.name,
        tuple(Merged(top + 1, a, bottom + 1, b) for (top, a), (bottom, b) in merged),
        about.hidden_columns,
    )  # fmt: skip


def _cell(value: Any) -> Cell:
    """The cell of a value of calamine; durations and times of day are hours."""
    match value:
        case bool():
            return Cell("boolean", "TRUE" if value else "FALSE")
        case int() | float() if not math.isfinite(value):
            return Cell("error", str(value))
        case int() | float():
            return Cell("number", f"{int(value)}" if value == int(value) else repr(value))
        case datetime.timedelta():
            return Cell("hours", _hours(value))
        case datetime.time():
            since = datetime.timedelta(
                hours=value.hour, minutes=value.minute, seconds=value.second,
                microseconds=value.microsecond,
            )  # fmt: skip
            return Cell("hours", _hours(since))
        case datetime.date():  # and datetime.datetime, which is one
            return Cell("date", value.isoformat()[:10])
        case _:
            text = str(value).strip()
            return Cell("error", text) if _ERROR.fullmatch(text) else Cell("text", text)


def _hide_format(cell: Cell) -> Cell:
    """A number of XLS and ODS, whose format is unknown: 101 may be shown as 000101."""
    return cell._replace(kind="formatted") if cell.kind == "number" else cell


def _hours(duration: datetime.timedelta) -> str:
    """Hours, minutes and seconds: a spreadsheet stores them as a fraction of a day."""
    seconds = round(duration.total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    sign = "-" if seconds < 0 else ""
    return f"{sign}{hours}:{rest // 60:02d}:{rest % 60:02d}"
