"""Workbooks of tests: written by a library, or part by part as no library writes them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl

from services.training.api import uploads
from services.training.attendance_files import table_reader
from services.training.attendance_files.spreadsheet_model import Table, TableFault, from_json
from services.training.handlers.attendance import Row
from services.training.handlers.list_errors import ListRefused

ODF = "urn:oasis:names:tc:opendocument:xmlns"
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
HEAD = "Số hiệu cán bộ,Họ và tên,Số giờ,Kết quả kiểm tra"


def xlsx(*rows: Sequence[Any], merged: str = "", **sheets_: Sequence[Sequence[Any]]) -> bytes:
    """A workbook of one sheet, and of more by their names."""
    book = openpyxl.Workbook()
    for title, lines in {"": rows, **sheets_}.items():
        sheet = book.create_sheet(title) if title else book.active
        assert sheet is not None
        for row in lines:
            sheet.append(list(row))
        if merged and not title:
            sheet.merge_cells(merged)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """The bytes of a workbook."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods(rows: Sequence[Sequence[Any]], row: str = "") -> bytes:
    """An OpenDocument table of texts, or (type, attribute, text); `row`: attributes of the last."""
    lines = ["".join(_ods_cell(value) for value in line) for line in rows]
    attributes = [""] * (len(rows) - 1) + [f" {row}"]
    body = "".join(
        f"<table:table-row{more}>{line}</table:table-row>"
        for more, line in zip(attributes, lines, strict=True)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", ODS_TYPE)
        packed.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{ODF}:manifest:1.0"><manifest:file-entry '
            f'manifest:full-path="/" manifest:media-type="{ODS_TYPE}"/></manifest:manifest>',
        )
        packed.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{ODF}:office:1.0"'
            f' xmlns:table="{ODF}:table:1.0" xmlns:text="{ODF}:text:1.0"><office:body>'
            f'<office:spreadsheet><table:table table:name="Điểm danh">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def _ods_cell(value: Any) -> str:
    kind, attribute, text = value if isinstance(value, tuple) else ("string", "", value)
    head = f'<table:table-cell office:value-type="{kind}" {attribute}>'
    return f"{head}<text:p>{text}</text:p></table:table-cell>"


def patched(raw: bytes, **parts: bytes | Mapping[bytes, bytes]) -> bytes:
    """A workbook with other parts, by a piece of their names: whole, or with texts replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as whole,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for part in whole.infolist():
            content = whole.read(part)
            for piece, other in parts.items():
                if piece in part.filename and isinstance(other, bytes):
                    content = other
                elif piece in part.filename and not isinstance(other, bytes):
                    for before, after in other.items():
                        content = content.replace(before, after, 1)
            packed.writestr(part.filename, content)
    return out.getvalue()


def table(raw: bytes, sheet: str | None = None) -> Table:
    """The table of a file, read in this process; ListRefused for a fault of the whole file."""
    answer = json.loads(json.dumps(table_reader.answer(raw, sheet)))
    if "fault" in answer:
        raise uploads.file_refused(TableFault(answer["fault"], **answer["values"]))
    return from_json(answer["table"])


def read(raw: bytes, sheet: str | None = None) -> list[Row]:
    """The rows of an attendance list; ListRefused for a fault of the whole file."""
    uploaded = uploads.attendance_of(table(raw, sheet))
    if uploaded.faults:
        raise ListRefused([*uploaded.faults, *(f for row in uploaded.rows for f in row.faults)])
    return list(uploaded.rows)


def faults(raw: bytes) -> list[tuple[str, str]]:
    """Field and code of what is wrong, of its rows or of the file; each in both languages."""
    try:
        errors = [fault for row in read(raw) for fault in row.faults]
    except ListRefused as refused:
        errors = refused.errors
    for one in errors:
        assert one["message"].vi and one["message"].en, one
    return [(one["field"], str(one["message"])) for one in errors]
