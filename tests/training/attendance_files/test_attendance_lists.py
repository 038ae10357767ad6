"""Attendance lists as files: all rows or none, and what comes out goes in again."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from services.training.api import uploads
from services.training.attendance_files import headings, list_writer
from services.training.attendance_files.attendance_list import text_of
from services.training.attendance_files.spreadsheet_model import Cell
from services.training.handlers.list_errors import ListRefused
from tests.support.builders.acts import NAME, OTHER, UNIT, assigned, planned, scheduled
from tests.support.builders.desks import ON_SQLITE, Desk
from tests.support.builders.workbooks import HEAD, faults, read, xlsx
from tests.training.conftest import Hand


def fields(raw: bytes) -> list[str]:
    """The fields that are wrong, of its rows or of the file."""
    return [field for field, _ in faults(raw)]


@pytest.mark.parametrize(
    "raw",
    [
        f"{HEAD}\nCB-1,{NAME},7.5,Đạt\n".encode(),
        f"\ufeff{HEAD}\r\nCB-1,{NAME},\"7,5\",đạt\r\n".encode(),
        f"{HEAD.replace(',', ';')}\ncb-1;{NAME};7,50;passed\n\n;;;\n".encode(),
        f"name,test,number,hours\n{NAME},passed,CB-1,7.5".encode(),
        xlsx(HEAD.split(","), ["CB-1", NAME, 7.5, "Đạt"]),
        xlsx([], ["Staff number", "Name", "Hours", "Test"], [], ["CB-1", NAME, "7,5", "Passed"]),
    ],
)  # fmt: skip
def test_csv_and_xlsx_are_read_in_the_forms_that_offices_write(raw: bytes) -> None:
    """With or without BOM, comma or semicolon, decimal comma, both languages, blank lines."""
    (row,) = read(raw)
    assert (row.number, row.name, row.hours, row.test) == ("CB-1", NAME, "7.5", "passed")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["CB-1,A,x,"], ["row 2.hours"]), (["CB-1,A,,"], ["row 2.hours"]),
        (["CB-1,A,-1,"], ["row 2.hours"]), (["CB-1,A,1e3,"], ["row 2.hours"]),
        ([",A,1,"], ["row 2.number"]), (["025199001234,A,1,"], ["row 2.number"]),
        (["CB-1,A,1,tốt"], ["row 2.test"]), (["CB-1,=1+1,1,"], ["row 2.name"]),
        (["CB-1,A 123456789,1,"], ["row 2.name"]), (["CB-1,A,1,,x"], ["row 2"]),
        (
            ["", "CB 1,A,1,", "CB-2,A,2,", "CB-3,A,z,y"],
            ["row 3.number", "row 5.hours", "row 5.test"],
        ),
        ([f"CB-1,{'A' * 501},1,"], ["row 2.name"]), ([], [""]),
        (["CB-1,A," + "9" * 10 + ","], ["row 2.hours"]), (['CB-1,"A,1,'], [""]),
    ],
)  # fmt: skip
def test_each_bad_row_is_named_by_row_and_column(lines: list[str], expected: list[str]) -> None:
    """Rows are counted as a spreadsheet shows them, blank ones among them."""
    assert sorted(fields("\n".join([HEAD, *lines]).encode())) == sorted(expected)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", [""]), (b"\xff\xfe", [""]), (b"a,b\n1,2", ["row 1"]),
        (b"number,number,hours\nCB-1,CB-2,3", ["row 1"]),
        (b"number,test\nCB-1,\n", ["row 1"]), (b"PK\x03\x04 nothing", [""]),
        (b"number,hours\n" + b"CB-1,1\n" * 2001, [""]), (b"," * 30 + b"\n", [""]),
        (b"number,hours" + b",x" * 30 + b"\n", ["row 1", ""]),
        (b"number,hours" + b",x" * 60 + b"\n", [""]),
        (xlsx(HEAD.split(","), ["CB-1", NAME, "=1+7"]), ["row 2.hours"]),
        (xlsx(HEAD.split(","), ["CB-1", NAME, True]), ["row 2.hours"]),
        (xlsx(HEAD.split(","), ["CB-1", NAME, 0.12345]), ["row 2.hours"]),
        (xlsx(HEAD.split(","), ["CB-1", NAME, 8], ["CB-2", NAME, 8], merged="C2:C3"),
         ["row 2", "row 3.hours"]),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused_as_a_whole(raw: bytes, expected: list[str]) -> None:
    """Not text, no headings, too long, formulas, merged cells, and what is no number."""
    assert fields(raw) == expected


@pytest.mark.parametrize(
    "raw", [b"PK\x03\x04 nothing", b"PK nothing", b"PK\x07\xff\x00\x80;\n,", b"PK\x05\x06\x00"]
)
def test_a_damaged_workbook_is_told_as_one(raw: bytes) -> None:
    """Whatever follows its first two letters; a text that begins so is read."""
    ((field, sentence),) = faults(raw)
    assert field == "" and "Không đọc được tệp XLSX: tệp bị hỏng" in sentence
    assert "it is damaged" in sentence
    (row,) = read(b"PKT;\nnumber;hours\nCB-1;7,5\n")
    assert (row.number, row.hours) == ("CB-1", "7.5")


def bomb(size: int) -> bytes:
    """A workbook whose sheet unpacks to many bytes of nothing."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(HEAD.split(",")))) as whole,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for part in whole.infolist():
            raw = whole.read(part)
            packed.writestr(part.filename, raw + b" " * size if "sheet1" in part.filename else raw)
    return out.getvalue()


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    """A thousandfold of its size, and a document that expands itself."""
    raw = bomb(64 * 2**20)
    assert len(raw) < 2**20
    assert fields(raw) == [""]
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 50}">'.encode() for n in range(9)
    )
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(HEAD.split(",")))) as whole,
        zipfile.ZipFile(out, "w") as packed,
    ):
        for part in whole.infolist():
            strings = laughs + b"]><sst>&j;</sst>"
            sheet = (
                laughs + b"]><worksheet><sheetData><row><c>&j;</c></row></sheetData></worksheet>"
            )
            wrong = {"sharedStrings": strings, "sheet1": sheet}
            name = next((one for one in wrong if one in part.filename), "")
            packed.writestr(part.filename, wrong.get(name, whole.read(part)))
    assert fields(out.getvalue()) == [""]


def test_nothing_that_is_written_is_taken_for_a_formula() -> None:
    """A text that begins like one gets a quotation mark, which reading takes away again."""
    line = list_writer.Line("+1", "=cmd|' /C calc'!A0", "@SUM(1)", "1.5", None)
    cells, titles = list_writer.attendance_cells([line]), list(headings.ATTENDANCE.values())
    raw = list_writer.write_csv(titles, cells).decode("utf-8-sig").splitlines()[1]
    assert raw == "'+1;'=cmd|' /C calc'!A0;'@SUM(1);1,5;"
    book = openpyxl.load_workbook(io.BytesIO(list_writer.write_xlsx("Điểm danh", titles, cells)))
    sheet = book.active
    assert sheet is not None
    assert [cell.data_type for cell in sheet[2]][:4] == ["s", "s", "s", "n"]
    assert text_of(Cell("text", "'=1")) == "=1"


@pytest.mark.anyio
async def test_a_list_that_was_exported_changes_nothing_when_it_is_imported_again(
    desk: Desk,
) -> None:
    """No step, no event, the same version; in both formats, also with a person erased."""
    course, session = await _filled(desk)
    path = f"courses/{course}/sessions/{session}/attendance"
    gone = (await desk.get(path)).json()["items"][0]["person"]
    assert (await desk.ask("DELETE", f"persons/{gone}", "council")).status_code == 200
    before, announced = (
        (await desk.get(f"courses/{course}", "clerk")).json(),
        await desk.announcements(),
    )
    for form, kind in (("csv", uploads.CSV_TYPE), ("xlsx", uploads.XLSX_TYPE)):
        exported = await desk.get(f"{path}?format={form}", "clerk")
        assert exported.headers["content-type"] == kind
        answer = await desk.ask("POST", path, "clerk", exported.content)
        body = answer.json()
        assert (answer.status_code, body.pop("session")) == (200, session), form
        assert (body.pop("list")["rows"], body) == (3, before), form
        assert "x-danchu-receipts" not in answer.headers
    assert await desk.announcements() == announced


async def _filled(desk: Desk) -> tuple[str, str]:
    for n in range(3):
        await assigned(desk, f"CB-{n}")
    course = await planned(desk, test=True)
    session = await scheduled(desk, course)
    lines = [HEAD, f"CB-0,{NAME},8,Đạt", "CB-1,,7.5,Không đạt", f"CB-2,{NAME},0,"]
    path = f"courses/{course}/sessions/{session}/attendance"
    answer = await desk.ask("POST", path, "clerk", "\n".join(lines).encode())
    assert (answer.status_code, answer.json()["completed"]) == (200, 1), answer.text
    return course, session


@pytest.mark.anyio
async def test_one_bad_row_keeps_the_whole_list_out(desk: Desk) -> None:
    """Unknown, twice, too many hours, another name, another key: each named, nothing taken."""
    made = [await assigned(desk, f"CB-{n}") for n in range(5)]
    course = await planned(desk)
    session = await scheduled(desk, course)
    lines = [
        f"Mã hệ thống,{HEAD}", ",CB-0,,8,", ",CB-9,,8,", ",CB-0,,7,", ",CB-1,,8.5,",
        ",CB-2,Người khác,8,", f"{made[4]['person']},CB-3,,8,", f"{'0' * 64},,,8,",
    ]  # fmt: skip
    path = f"courses/{course}/sessions/{session}/attendance"
    answer = await desk.ask("POST", path, "clerk", "\n".join(lines).encode())
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [
        "row 3.number", "row 4.number", "row 5.hours", "row 6.name", "row 7.number",
        "row 8.person",
    ]  # fmt: skip
    assert answer.json()["detail_en"] == "The list was refused as a whole: it has 6 errors."
    assert (await desk.get(path)).json()["items"] == []


@pytest.mark.anyio
async def test_all_faults_of_a_list_are_answered_at_once(desk: Desk) -> None:
    """What is wrong with cells and with persons, row by row; several faults of one row too."""
    await assigned(desk, "CB-0")
    course = await planned(desk)
    session = await scheduled(desk, course)
    lines = [
        HEAD, ",,8,", "CB-9,,x,tốt", f"CB-0,{NAME},8,", "CB-0,Người khác,9,", "025199001234,,1,",
    ]  # fmt: skip
    path = f"courses/{course}/sessions/{session}/attendance"
    answer = await desk.ask("POST", path, "clerk", "\n".join(lines).encode())
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [
        "row 2.number", "row 3.hours", "row 3.test", "row 3.number", "row 5.hours",
        "row 5.number", "row 5.name", "row 6.number",
    ]  # fmt: skip
    assert answer.json()["errors"][4]["message_en"] == (
        'Row 5, column C "Số giờ": The session is shorter: its hours are 8.'
    )
    one = await desk.ask("POST", path, "clerk", f"{HEAD}\nCB-9,,8,".encode())
    assert one.json()["detail_en"] == "The list was refused as a whole: it has one error."


@ON_SQLITE
@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("text/csv", 200), ("Text/CSV; charset=utf-8", 200), (uploads.XLSX_TYPE, 200),
        ("application/json", 415), ("application/x-www-form-urlencoded", 415),
        ("application/pdf", 415), ("application/vnd.ms-excel", 200),
    ],
)  # fmt: skip
async def test_a_list_is_sent_as_csv_or_xlsx_alone(desk: Desk, kind: str, status: int) -> None:
    """Anything else is 415 and names both; whether a token may at all is said first."""
    course, session = await _filled(desk)
    path, raw = f"courses/{course}/sessions/{session}/attendance", f"{HEAD}\nCB-1,,7,".encode()
    headers = {"content-type": kind}
    answer = await desk.ask("POST", path, "clerk", raw, headers)
    assert answer.status_code == status
    if status == 415:
        assert all(taken in answer.json()["detail"] for taken in uploads.TYPES)
    assert (await desk.ask("POST", path, "reader", raw, headers)).status_code == 403


@pytest.mark.anyio
async def test_lists_with_names_are_for_the_clerk_of_the_unit_and_hr(
    desk: Desk, clock: Hand
) -> None:
    """Others read keys; a template is for everybody; what is no format is refused."""
    course, session = await _filled(desk)
    path = f"courses/{course}/sessions/{session}/attendance"
    for role in ("council", "reader", "auditor"):
        refused = await desk.get(f"{path}?format=csv", role)
        needs = f"A list with names needs the role clerk or hr; this token has the role {role}."
        assert (refused.status_code, refused.json()["detail_en"]) == (403, needs)
        assert "name" not in (await desk.get(path, role)).json()["items"][0]
    assert NAME in (await desk.get(f"{path}?format=csv", "hr")).text
    assert (await desk.get(path, "clerk", units=[OTHER])).status_code == 403
    assert (await desk.ask("POST", path, "clerk", b"x", units=[OTHER])).status_code in (403, 422)
    assert (await desk.get(f"{path}?format=pdf", "hr")).status_code == 422
    assert (await desk.get(f"courses/{course}/sessions/s9/attendance")).status_code == 404
    for form in ("csv", "xlsx"):
        template = await desk.get(f"templates/attendance?format={form}", "reader", units=[UNIT])
        assert template.headers["content-disposition"].endswith(f'.{form}"')
        with pytest.raises(ListRefused, match="The list was refused"):
            read(template.content)
