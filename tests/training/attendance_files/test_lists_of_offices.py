"""Attendance lists as offices write them: read as a person does, or refused with what to do."""

from __future__ import annotations

import datetime
import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.training.api.uploads import attendance_of
from services.training.attendance_files.attendance_list import hours_of
from services.training.attendance_files.spreadsheet_model import Cell
from services.training.attendance_files.workbook_details import format_number
from services.training.domain.names import same_name
from services.training.handlers.list_errors import ListRefused
from tests.support.builders.workbooks import HEAD, faults, ods, patched, read, saved, table, xlsx

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FILES = Path(__file__).parent / "files"
A, B = ("CB-0101", "Nguyễn Thị Hòa", "4"), ("CB-0102", "Đỗ Văn Mẫu", "3.5")
COLUMNS = HEAD.split(",")
LINE = ["CB-1", "Đỗ Văn Mẫu", 4, "Đạt"]


def persons(raw: bytes, sheet: str | None = None) -> list[tuple[str | None, str | None, str]]:
    """Number, name and hours of each row."""
    rows = read(raw, sheet)
    assert not any(row.faults for row in rows), [row.faults for row in rows]
    return [(row.number, row.name, row.hours) for row in rows]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("sep-line.csv", [A, B]), ("heading-line-break.csv", [A, B]),
        ("hidden-first-sheet.xlsx", [A]), ("computed-hours.xlsx", [A, B]),
        ("many-parts.xlsx", [A]), ("strict.xlsx", [A]), ("empty-fill.xlsx", [A]),
        ("old-format.xls", [A, B]),
    ],
)  # fmt: skip
def test_files_that_were_once_refused_or_misread_are_read(
    file: str, expected: list[tuple[str, str, str]]
) -> None:
    """The visible sheet, what was computed, and what Excel itself opens without a word."""
    assert persons((FILES / file).read_bytes()) == expected


def test_the_sheet_that_was_read_is_named_and_what_was_left_out_too() -> None:
    """Format, sheet, row of headings, harmless columns, and rows that are of nobody."""
    rows: list[list[object]] = [
        ["ỦY BAN NHÂN DÂN PHƯỜNG MẪU"], ["DANH SÁCH ĐIỂM DANH"], [],
        ["STT", "Số hiệu", "Họ tên", "Chức vụ", "Số giờ", "Chữ ký"],
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
        [1, "CB-1", "Đỗ Văn Mẫu", "Chủ tịch", 4], [2, "CB-2", "Trần Thị Mẫu", "Tổng thư ký", "2,5"],
        [3], ["Tổng cộng", None, None, None, 6.5], [],
        [None, "Người lập", None, "Chủ tịch"], [None, "Lê Thị Mẫu"],
    ]  # fmt: skip
    uploaded = attendance_of(table(xlsx(*rows)))
    assert [(row.number, row.hours) for row in uploaded.rows] == [("CB-1", "4"), ("CB-2", "2.5")]
    assert uploaded.faults == []
    assert uploaded.about == {
        "format": "xlsx", "sheet": "Sheet", "encoding": None, "separator": None, "heading_row": 4,
        "rows": 2, "ignored_columns": ["STT", "Chức vụ", "Chữ ký"],
        "ignored_rows": [5, 8, 9, 11, 12],
    }  # fmt: skip


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1258"]
)
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_csv_is_read_in_the_encodings_and_separators_of_offices(
    encoding: str, separator: str
) -> None:
    """What Vietnamese Windows and Excel write; names come out the same, in NFC."""
    text = "\r\n".join([HEAD, 'CB-0102,Đỗ Văn Mẫu,"3,5",Đạt', ""])
    if separator != ",":
        text = text.replace('"3,5"', "3#5").replace(",", separator).replace("#", ",")
    raw = (_decomposed_for_1258(text) if encoding == "cp1258" else text).encode(encoding)
    assert persons(raw) == [B]


def test_decomposed_letters_and_cells_of_spaces_do_not_hide_the_foot_of_a_list() -> None:
    """A list that was typed on another system, with a signature, and blanks in empty rows."""
    lines = [HEAD, 'CB-0102,Đỗ Văn Mẫu,"3,5",Đạt', " , ,\u00a0,", ",Người lập biểu,,"]
    raw = unicodedata.normalize("NFD", "\r\n".join(lines)).encode()
    assert persons(raw) == [B]


def _decomposed_for_1258(text: str) -> str:
    """The text as windows-1258 has it: some letters whole, tones as marks behind the letter."""
    out = []
    for letter in text:
        try:
            letter.encode("cp1258")
            out.append(letter)
        except UnicodeEncodeError:
            marks = unicodedata.normalize("NFD", letter)
            tones = [m for m in marks if m in "\u0300\u0301\u0303\u0309\u0323"]
            base = unicodedata.normalize("NFC", "".join(m for m in marks if m not in tones))
            out += [base, *tones]
    return "".join(out)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("S? hi?u,H? và tên,S? gi?\nCB-1,M?u,4".encode("cp1252"), "UTF-8"),
        (b"S? hi?u,H? v? t?n,S? gi?\nCB-1,M?u,4", "question marks"),
        (b"number,name,hours\nCB-1,M\xc3,4", "encoding"), (b"%PDF-1.7 x", "PDF"),
        (b"<html><table><tr><td>x</td></tr></table>", "HTML"), (b"", "empty"),
        (b"<?xml version='1.0'?><Workbook/>", "XML"), (OLE * 90, "XLS"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_for_certain_is_refused_with_what_to_do(raw: bytes, says: str) -> None:
    """Lost letters, unknown encodings, other kinds of files: never guessed."""
    ((field, sentence),) = faults(raw)
    assert (field, says in sentence) == ("", True), sentence


def test_one_of_several_visible_sheets_is_never_chosen() -> None:
    """They are named; the parameter names one, and hidden or empty ones do not count."""
    raw = xlsx(COLUMNS, LINE, Khác=[COLUMNS, ["CB-9", "Ai", 1, ""]])
    ((field, sentence),) = faults(raw)
    assert field == "" and '"Sheet", "Khác"' in sentence
    assert persons(raw, "Khác") == [("CB-9", "Ai", "1")]
    with pytest.raises(ListRefused):
        read(raw, "Không có")
    assert persons(xlsx(COLUMNS, LINE, Trống=[])) == [("CB-1", "Đỗ Văn Mẫu", "4")]
    hidden = patched(raw, workbook={b'state="visible"': b'state="hidden"'})
    assert persons(hidden) == [("CB-9", "Ai", "1")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["STT", *COLUMNS, "Số CCCD"], [1, *LINE, "025199001234"]], ["row 1"]),
        ([[*COLUMNS, "Ca", "Phòng thi"], [*LINE, "x", "y"]], ["row 1"]),
        ([[*COLUMNS, "Số giờ học"], [*LINE, 5]], ["row 1"]),
        ([["Họ và tên", "Số giờ"], ["A", 1]], ["row 1"]),
        ([["Mã định danh", *COLUMNS[1:]], ["025199001234", *LINE[1:]]], ["row 2.person"]),
        ([["Mã hệ thống", *COLUMNS[1:]], ["CCCD 025199001234", *LINE[1:]]], ["row 2.person"]),
        ([COLUMNS, ["CCCD: 0251.9900.1234", *LINE[1:]]], ["row 2.number"]),
        ([COLUMNS, [25199001234, *LINE[1:]]], ["row 2.number"]),
        ([COLUMNS, LINE, ["Tổng", None, 4], ["CB-2", "B", None]], ["row 4.hours"]),
        ([COLUMNS, LINE, ["Tổng", None, 4], [None, "B", 3]], ["row 4.number"]),
        ([COLUMNS, LINE, [None, "Trần Thị Mẫu", None]], ["row 3.number", "row 3.hours"]),
        ([COLUMNS, ["CB-1", "A", "=1+1", ""]], ["row 2.hours"]),
        ([COLUMNS, ["CB-1", "A", datetime.date(2025, 5, 3), ""]], ["row 2.hours"]),
        ([COLUMNS, [True, "A", 1, ""]], ["row 2.number"]),
        ([COLUMNS, [*LINE[:1], "A", 1, "Giỏi"], ["", "B", "x", ""]],
         ["row 2.test", "row 3.hours", "row 3.number"]),
    ],
)  # fmt: skip
def test_all_faults_are_named_at_once_by_row_and_column(
    rows: list[list[Any]], expected: list[str]
) -> None:
    """Columns that nobody knows, identity numbers, whoever stands below the total, and marks."""
    named = faults(xlsx(*rows))
    assert [field for field, _ in named] == expected
    assert all('"Sheet"' in sentence for field, sentence in named if field), named


def test_unknown_columns_are_named_together_and_with_the_columns_that_are_taken() -> None:
    """One look at the answer is enough to mend the file."""
    ((_, sentence),) = faults(xlsx([*COLUMNS, "Ca", "Phòng thi"], [*LINE, "x", "y"]))
    assert '"Ca", "Phòng thi"' in sentence and "Số hiệu cán bộ" in sentence


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2,5", "2.5"), ("2.50", "2.5"), ("2:30", "2.5"), ("2:30:00", "2.5"), ("2h30", "2.5"),
        ("2 giờ 30 phút", "2.5"), ("4 giờ", "4"), ("4h", "4"), ("0.30000000000000004", "0.3"),
        ("3.4999999999999996", "3.5"), ("vắng", "0"), ("Vắng có phép", "0"), ("0", "0"),
        ("７,５", "7.5"),
        ("x", None), ("v", None), ("P", None), ("K", None), ("có mặt", None), ("2:20", None),
        ("2:75", None), ("1e3", None), ("-1", None), ("1.234,5", None), ("0,12345", None),
        ("4 tiết", None), ("", None),
    ],
)  # fmt: skip
def test_hours_are_read_as_they_are_written_and_marks_are_never_guessed(
    text: str, hours: str | None
) -> None:
    """Decimal commas, times, what a computer made of 3,5; x and v may mean either thing."""
    value = hours_of(Cell("text", text))
    assert (value if hours is not None else bool(getattr(value, "en", ""))) == (hours or True)


def test_times_and_numbers_are_read_as_a_spreadsheet_shows_them() -> None:
    """A duration is a part of a day, 000101 keeps its zeros, a literal its letters."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(COLUMNS[:3])
    for number, code, hours, shown in (
        (101, "000000", 2.5 / 24, "[h]:mm:ss"), (102, '"CB-"0000', 0.1 + 0.2, "General"),
        (103, "General", 2.5 / 24, "h:mm"), (104, "0000.00", 1, "0.0"),
    ):  # fmt: skip
        sheet.append([number, "Đỗ Văn Mẫu", hours])
        sheet.cell(sheet.max_row, 1).number_format = code
        sheet.cell(sheet.max_row, 3).number_format = shown
    assert [(n, h) for n, _, h in persons(saved(book))] == [
        ("000101", "2.5"), ("CB-0102", "0.3"), ("103", "2.5"), ("104", "1"),
    ]  # fmt: skip
    assert format_number('"Q"0"-"00', "101") == Cell("formatted", "101")


def test_what_a_person_does_not_see_is_not_taken() -> None:
    """Hidden rows and columns and merged cells are refused by row."""
    raw = xlsx(COLUMNS, LINE, ["CB-2", "B", 4, ""])
    book = openpyxl.load_workbook(io.BytesIO(raw))
    sheet = book.active
    assert sheet is not None
    sheet.row_dimensions[3].hidden = True
    assert [field for field, _ in faults(saved(book))] == ["row 3"]
    sheet.row_dimensions[3].hidden = False
    sheet.column_dimensions["C"].hidden = True
    assert [field for field, _ in faults(saved(book))] == ["row 1.hours"]
    heading = xlsx(["DANH SÁCH"], COLUMNS, LINE, merged="A1:D1")
    assert persons(heading) == [("CB-1", "Đỗ Văn Mẫu", "4")]


def test_open_documents_are_read_and_what_they_do_not_tell_is_asked() -> None:
    """Times as hours; a staff number that is a number may be shown with zeros before it."""
    four, half = (
        ("float", 'office:value="4"', "4"),
        ("time", 'office:time-value="PT03H30M00S"', "3:30"),
    )
    rows: list[list[Any]] = [
        COLUMNS,
        ["CB-0101", A[1], four, "Đạt"],
        ["CB-0102", B[1], half, "Đạt"],
    ]
    assert persons(ods(rows)) == [A, B]
    number: list[Sequence[Any]] = [
        COLUMNS,
        [("float", 'office:value="101"', "000101"), A[1], four, ""],
    ]
    assert [field for field, _ in faults(ods(number))] == ["row 2.number"]
    assert [f for f, _ in faults(ods(rows, row='table:visibility="filter"'))] == [""]


def test_a_decimal_comma_that_may_separate_columns_is_refused() -> None:
    """7,5 between commas is one number or two cells."""
    raw = "Số hiệu cán bộ,Số giờ,Ghi chú\nCB-1,7,5".encode()
    assert [field for field, _ in faults(raw)] == ["row 2"]
    assert [field for field, _ in faults(b"number,hours\nCB-1,7,5")] == ["row 2"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Nguyễn Thị Hoà", "Nguyễn Thị Hòa", True), ("Trần Thị Thuý", "Trần Thị Thúy", True),
        ("NGUYỄN  VĂN Mẫu", "Nguyễn Văn Mẫu", True), ("Ðỗ Mẫu", "Đỗ Mẫu", True),
        ("Đỗ Văn Mẫu", "Đỗ Văn Mẫu\u200b", True), ("Hòa", "Hóa", False), ("Hòa", "Hoa", False),
        ("Đỗ", "Dỗ", False), ("Văn Mẫu", "Mẫu Văn", False),
    ],
)  # fmt: skip
def test_two_spellings_of_a_name_are_one_name(one: str, other: str, same: bool) -> None:
    """The place of a tone, composed or not, another keyboard's đ; never another letter or tone."""
    assert same_name(one, other) is same


@given(st.text(alphabet="aăâeêioôơuưyđ bcdgh\u0300\u0301\u0303\u0309\u0323", max_size=30))
def test_a_name_is_the_same_in_every_normal_form(name: str) -> None:
    """NFC, NFD, and any case."""
    for form in ("NFC", "NFD", "NFKC"):
        assert same_name(name, unicodedata.normalize(form, name))
        assert same_name(name.upper(), unicodedata.normalize(form, name))
