"""Lists as CSV files for Vietnamese spreadsheets: UTF-8 with BOM, semicolons, CRLF.

Decimals have a comma, days are written 30/06/2025 and instants 30/06/2025 08:00, terms are written
as their Vietnamese labels. A text that looks like a formula gets an apostrophe, against injection.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from fastapi import Response

from contracts.messages import Message

CSV_TYPE = "text/csv"
Form = Literal["json", "csv"]
PAGE_ROWS = 1000
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
BOM = "\ufeff"
Columns = Mapping[str, Message]
Rows = Callable[[str, int], Awaitable[list[dict[str, Any]]]]
Terms = Mapping[str, Callable[[str], Message]]


async def read_all_rows(rows: Rows, place: str) -> list[dict[str, Any]]:
    """Reads all rows of a paged list; `place` is the member that serves as the cursor."""
    items: list[dict[str, Any]] = []
    while True:
        page = await rows(items[-1][place] if items else "", PAGE_ROWS)
        items += page
        if len(page) < PAGE_ROWS:
            return items


def encode_csv(columns: Columns, rows: Iterable[Mapping[str, Any]], terms: Terms) -> bytes:
    """The rows as CSV; `columns` maps each member to its heading, in order."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(heading.vi for heading in columns.values())
    for row in rows:
        writer.writerow(_cell(row[name], terms.get(name)) for name in columns)
    return (BOM + text.getvalue()).encode()


def _cell(value: Any, term: Callable[[str], Message] | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", ",")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return _day_or_instant(value)
    if isinstance(value, str) and term is not None:
        return term(value).vi
    return f"'{value}" if str(value).startswith(FORMULAS) else str(value)


def _day_or_instant(value: date) -> str:
    if not isinstance(value, datetime):
        return f"{value:%d/%m/%Y}"
    return f"{value:%d/%m/%Y %H:%M:%S}" if value.second else f"{value:%d/%m/%Y %H:%M}"


def csv_answer(name: str, columns: Columns, rows: list[dict[str, Any]], terms: Terms) -> Response:
    """The rows as a CSV download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(encode_csv(columns, rows, terms), 200, headers, f"{CSV_TYPE}; charset=utf-8")
