"""Text files as tables: CSV in the encodings and with the separators in use. Pure.

An uncertain encoding or separator is refused with an advice: a wrong encoding makes other names,
and a wrong separator other numbers.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence

from services.training.attendance_files import headings
from services.training.attendance_files.spreadsheet_model import (
    Cell,
    Table,
    TableFault,
    TableRow,
    bound_rows,
    trim,
)

SEPARATORS = {";": "semicolon", "\t": "tab", ",": "comma", "|": "bar"}
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"),
)  # fmt: skip
_SEP_LINE = re.compile(r'"?sep=(.)"?[ ;,\t]*(\r\n|\n|\r|$)', re.IGNORECASE)
_EXACT_TEXT = re.compile(r'="([^"]*)"')
_LOST = re.compile(r"\w\?|\?\w")


def read_text(raw: bytes) -> Table:
    """The table of a text file; TableFault where its encoding cannot be determined."""
    text, encoding = _decode(raw)
    sep_line = _SEP_LINE.match(text)
    if sep_line:
        return _table(text[sep_line.end() :], sep_line[1], encoding)
    separator = max(SEPARATORS, key=lambda separator: _fit(text, separator))
    return _table(text, separator, encoding)


def has_headings(raw: bytes) -> bool:
    """Whether it is a text file with a heading of a list where headings are searched."""
    try:
        rows = read_text(raw).rows[: headings.SEARCHED_ROWS]
    except TableFault:
        return False
    return any(headings.is_known(cell.text) for row in rows for cell in row.cells)


def _decode(raw: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _decode_strictly(raw[len(mark) :], encoding), encoding
    if b"\x00" in raw[:400]:
        encoding = "utf-16-le" if raw[1:2] == b"\x00" or raw[3:4] == b"\x00" else "utf-16-be"
        return _decode_strictly(raw, encoding), encoding
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _windows_1258(raw), "windows-1258"


def _decode_strictly(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        raise TableFault("encoding") from None


def _windows_1258(raw: bytes) -> str:
    """The text in the encoding of Vietnamese Windows, where its headings become Vietnamese.

    Most bytes are also letters of windows-1252, but others, so a guess would make other names.
    """
    text = unicodedata.normalize("NFC", _decode_strictly(raw, "cp1258"))
    for separator in SEPARATORS:
        for row in _head(text, separator):
            marked = (cell for cell in row if not cell.isascii())
            if any(headings.is_known(cell) for cell in marked):
                return text
    raise TableFault("encoding")


def _fit(text: str, separator: str) -> tuple[int, int]:
    """How well a separator fits: the most known headings of a row, then the most columns."""
    rows = _head(text, separator)
    most = max((sum(headings.is_known(cell) for cell in row) for row in rows), default=0)
    return most, max((len(row) for row in rows), default=0)


def _head(text: str, separator: str) -> list[list[str]]:
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) == headings.SEARCHED_ROWS:
                break
    except csv.Error:
        return rows
    return rows


def _table(text: str, separator: str, encoding: str) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[TableRow] = []
    try:
        for number, row in enumerate(reader, start=1):
            cells = _cells(row)
            if cells:
                rows.append(TableRow(number, cells))
            bound_rows(rows[-1:] if len(rows) % 100 else rows)
    except csv.Error:
        raise TableFault("csv-broken", line=reader.line_num) from None
    if not rows:
        raise TableFault("empty")
    _check_letters(rows)
    return Table("csv", bound_rows(rows), separator=separator, encoding=encoding)


def _cells(row: Sequence[str]) -> tuple[Cell, ...]:
    """The cells of a row; of `="0101"`, which makes a spreadsheet show a text, the text alone."""
    texts = (_EXACT_TEXT.fullmatch(cell.strip()) for cell in row)
    return trim(
        [Cell("text", exact[1] if exact else cell) for exact, cell in zip(texts, row, strict=True)]
    )


def _check_letters(rows: Sequence[TableRow]) -> None:
    """TableFault where letters were lost before the upload: `S? hi?u` cannot be repaired."""
    for row in rows[: headings.SEARCHED_ROWS]:
        is_heading = any(headings.is_known(cell.text) for cell in row.cells)
        if not is_heading and sum(bool(_LOST.search(cell.text)) for cell in row.cells) >= 2:
            raise TableFault("letters-lost")
