"""Rosters and templates as files: what goes out comes in again, and nobody is left out."""

from __future__ import annotations

import csv
import io
import logging
from typing import Any

import openpyxl
import pytest

from services.training.api import uploads
from services.training.attendance_files import headings
from services.training.attendance_files.roster_list import ROLE_TERMS
from services.training.domain import labels
from tests.support.builders.acts import (
    DAY,
    NAME,
    OTHER,
    UNIT,
    assigned,
    planned,
    released,
    scheduled,
)
from tests.support.builders.desks import ON_SQLITE, Desk
from tests.support.builders.workbooks import HEAD, table, xlsx

pytestmark = pytest.mark.anyio
ROSTER = ["Số hiệu cán bộ", "Họ và tên", "Vai trò", "Từ ngày"]
PATH = f"rosters/{UNIT}"
SECOND = "Trần Thị Thuý"


async def sent(desk: Desk, raw: bytes, path: str = PATH, **claims: Any) -> Any:
    """The answer to an uploaded file."""
    return await desk.ask("POST", path, "clerk", raw, **claims)


def fields(answer: Any) -> list[str]:
    """The fields that are wrong, each told in both languages."""
    assert answer.status_code == 422, answer.text
    for error in answer.json()["errors"]:
        assert error["message_vi"] and error["message_en"]
    return [error["field"] for error in answer.json()["errors"]]


async def test_a_roster_comes_in_as_a_file_and_again_changes_nothing(desk: Desk) -> None:
    """Days as people write them; whoever is on it stays, whoever is new comes, nobody leaves."""
    kept = await assigned(desk, "CB-1", name=NAME)
    raw = xlsx(
        ["STT", *ROSTER], [1, "CB-1", NAME, "Công chức", "01/03/2025"],
        [2, "CB-2", SECOND, "Thành viên Ban Thanh tra nhân dân", "2025-04-01"],
        [3, "CB-3", "Lê Văn Mẫu", "Khu dân cư", None],
    )  # fmt: skip
    answer = await sent(desk, raw)
    body = answer.json()
    assert (answer.status_code, len(body["assigned"]), body["unchanged"]) == (200, 2, 1), body
    assert (body["list"]["sheet"], body["list"]["ignored_columns"]) == ("Sheet", ["STT"])
    items = (await desk.get(PATH, "hr")).json()["items"]
    assert {(one["number"], one["role"]) for one in items} == {
        ("CB-1", "official"), ("CB-2", "board_member"), ("CB-3", "neighbourhood"),
    }  # fmt: skip
    assert kept["id"] in {one["id"] for one in items}
    before = await desk.announcements()
    for form in ("csv", "xlsx"):
        exported = await desk.get(f"{PATH}?format={form}", "hr")
        again = await sent(desk, exported.content)
        assert (again.status_code, again.json()["unchanged"]) == (200, 3), again.text
        assert "x-danchu-receipts" not in again.headers
    assert await desk.announcements() == before


def test_a_role_has_one_label_on_pages_and_in_files() -> None:
    """The filter of a roster says what its file says, and a file may say what a page does."""
    for role, words in ROLE_TERMS.items():
        assert words.lower() == labels.role(role).vi
        for text in (words, labels.role(role).vi, labels.role(role).en):
            raw = xlsx(["Số hiệu cán bộ", "Vai trò"], ["CB-1", text])
            rows = uploads.roster_of(table(raw)).rows
            assert [row.role for row in rows] == [role], text


async def test_one_bad_row_keeps_the_whole_roster_out(desk: Desk) -> None:
    """Every fault at once: unknown roles, days, numbers and names; nothing is taken."""
    await assigned(desk, "CB-1", name=NAME)
    raw = xlsx(
        ROSTER, ["CB-1", "Người khác", "Công chức", None], ["CB-2", SECOND, "Giám đốc", None],
        ["CB-3", SECOND, "Khác", "31/02/2025"], ["025199001234", SECOND, "Khác", None],
        ["CB-4", None, "Khác", None], ["CB-5", SECOND, "Khác", "01/03/2030"],
        ["CB-6", SECOND, "Khác", None], ["cb-6", SECOND, "other", None],
        ["CB-1", NAME, "Công chức", "02/03/2025"],
    )  # fmt: skip
    assert fields(await sent(desk, raw)) == [
        "row 2.name", "row 3.role", "row 4.since", "row 5.number", "row 6.name", "row 7.since",
        "row 9.number", "row 10.number",
    ]  # fmt: skip
    assert [one["number"] for one in (await desk.get(PATH, "hr")).json()["items"]] == ["CB-1"]
    assert (await sent(desk, xlsx(ROSTER), units=[OTHER])).status_code == 403


async def test_a_day_that_differs_from_what_is_known_is_refused(desk: Desk) -> None:
    """Who is on the roster since March is not put on it in April by a list."""
    await assigned(desk, "CB-1", name=NAME)
    raw = xlsx(ROSTER, ["CB-1", NAME, "Công chức", "01/04/2025"])
    answer = await sent(desk, raw)
    assert fields(answer) == ["row 2.since"]
    assert "01/03/2025" in answer.json()["errors"][0]["message_vi"]


async def test_files_open_in_a_vietnamese_spreadsheet(desk: Desk) -> None:
    """A mark of UTF-8, semicolons, decimal commas, days in their order, and no formulas."""
    await assigned(desk, "CB-1", name=NAME)
    exported = await desk.get(f"{PATH}?format=csv", "hr")
    assert exported.content.startswith(b"\xef\xbb\xbf")
    heads, line = csv.reader(io.StringIO(exported.content.decode("utf-8-sig")), delimiter=";")
    assert heads == list(headings.ROSTER.values())
    assert line[1:] == ["CB-1", NAME, "Cán bộ, công chức, viên chức", "01/03/2025"]
    assert "Mã định danh" not in exported.text
    course = await planned(desk)
    session = await scheduled(desk, course)
    path = f"courses/{course}/sessions/{session}/attendance"
    assert (await sent(desk, f"{HEAD}\nCB-1,,7.5,".encode(), path)).status_code == 200
    rows = (await desk.get(f"{path}?format=csv", "hr")).content.decode("utf-8-sig").splitlines()
    assert rows[1].endswith(f";CB-1;{NAME};7,5;")


async def test_a_template_comes_filled_with_the_roster(desk: Desk) -> None:
    """Whoever is on it on that day, once, by name; with names for those alone who may see them."""
    await assigned(desk, "CB-1", name=NAME)
    await assigned(desk, "CB-1", role="board_member")
    await released(desk, await assigned(desk, "CB-2", name=SECOND), "2025-09-01")
    path = f"templates/attendance?unit={UNIT}"
    book = openpyxl.load_workbook(io.BytesIO((await desk.get(path, "clerk")).content))
    rows = list(book.worksheets[0].values)
    assert (rows[0], [row[1:] for row in rows[1:]]) == (
        tuple(headings.ATTENDANCE.values()), [("CB-1", NAME, None, None)],
    )  # fmt: skip
    earlier = await desk.get(f"{path}&date=2025-08-31&format=csv", "hr")
    assert [line.split(";")[1] for line in earlier.text.splitlines()[1:]] == ["CB-1", "CB-2"]
    assert (await desk.get(path, "auditor")).status_code == 403
    assert (await desk.get(path, "clerk", units=[OTHER])).status_code == 403
    assert (await desk.get("templates/attendance?unit=x", "hr")).status_code == 422
    course = await planned(desk)
    session = await scheduled(desk, course)
    empty = (await desk.get(path, "clerk")).content
    answer = await sent(desk, empty, f"courses/{course}/sessions/{session}/attendance")
    assert fields(answer) == ["row 2.hours"]


async def test_names_of_a_file_stay_out_of_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither of what is taken nor of what is refused."""
    caplog.set_level(logging.DEBUG)
    await sent(desk, xlsx(ROSTER, ["CANARY-7731", "Chim Hoàng Yến", "Khác", None]))
    await sent(desk, xlsx(ROSTER, ["CANARY-7731", "Chim Hoàng Yến Hai", "x", None]))
    await desk.get(f"{PATH}?format=csv", "hr")
    assert "CANARY-7731" not in caplog.text and "Hoàng Yến" not in caplog.text


@ON_SQLITE
async def test_by_a_list_of_zeros_nobody_attended(desk: Desk) -> None:
    """It is refused, and a course of absent people is neither held nor emptied behind its end."""
    for number, name in (("CB-0101", "Nguyễn Thị Hòa"), ("CB-0103", SECOND)):
        await assigned(desk, number, name=name)
    course = await planned(desk)
    session = await scheduled(desk, course)
    path, hold = f"courses/{course}/sessions/{session}/attendance", f"courses/{course}/hold"
    at = {"at": "2025-05-06" + DAY}
    zeros = f"{HEAD}\nCB-0101,,0,\nCB-0103,,vắng,".encode()
    assert fields(await sent(desk, zeros, path)) == [""]
    rows = [{"number": "CB-0101", "hours": "0"}]
    await desk.succeed(f"courses/{course}/attend", "clerk", {"session": 1, "rows": rows})
    refused = await desk.post(hold, "clerk", at)
    assert (refused.status_code, "hold" in refused.json()["possible"]) == (409, False)
    tones = f"{HEAD}\nCB-0101,Nguyễn Thị Hoà,8,Đạt\nCB-0103,Trần Thị Thúy,8,Đạt".encode()
    assert (await sent(desk, tones, path)).status_code == 200
    assert fields(await sent(desk, f"{HEAD}\nCB-0101,,0,".encode(), path)) == [""]
    await desk.succeed(hold, "clerk", at)
    rows = [{"number": number, "hours": "0"} for number in ("CB-0101", "CB-0103")]
    body = {"session": "1", "rows": rows}
    emptied = await desk.post(f"courses/{course}/attend", "clerk", body)
    assert (emptied.status_code, emptied.json()["state"]) == (409, "held")
    back = {"version": 4, "reason": "nhầm"}
    assert (await desk.post(f"courses/{course}/retract", "clerk", back)).status_code == 409


@ON_SQLITE
async def test_sessions_are_counted_from_one_and_no_number_comes_again(desk: Desk) -> None:
    """Named in the answer; a session that was taken back keeps its number."""
    course = await planned(desk)
    path = f"courses/{course}"
    body = {"starts": "2025-05-05" + DAY, "place": "Hội trường", "hours": "4"}
    first = await desk.succeed(f"{path}/schedule", "clerk", body)
    assert (first["session"], first["sessions"][0]["number"]) == ("s1", 1)
    back = {"version": first["version"], "reason": "nhầm"}
    await desk.succeed(f"{path}/retract", "clerk", back)
    second = await desk.succeed(f"{path}/schedule", "clerk", body)
    assert second["session"] == "s2"
    await desk.succeed(f"{path}/drop", "clerk", {"session": 2})
    third = await desk.succeed(f"{path}/schedule", "clerk", body)
    assert [one["session"] for one in third["sessions"]] == ["s3"]
    moved = await desk.succeed(f"{path}/move", "clerk", {"session": "3", "place": "Phòng 2"})
    assert moved["session"] == "s3"
    unknown = await desk.post(f"{path}/move", "clerk", {"session": "s1", "place": "Phòng 2"})
    assert (unknown.status_code, "s3" in unknown.json()["errors"][0]["message_vi"]) == (422, True)
    assert (await desk.get(f"{path}/sessions/3/attendance")).json()["session"] == "s3"
    gone = await desk.get(f"{path}/sessions/s9/attendance")
    assert (gone.status_code, "s3" in gone.json()["detail_en"]) == (404, True)
    assert (await desk.get(f"{path}/sessions/x/attendance")).status_code == 422


@ON_SQLITE
async def test_a_day_is_taken_where_a_day_is_meant(desk: Desk) -> None:
    """Times are shown as in Vietnam; a course is held on the day of its last session."""
    body = {"unit": UNIT, "role": "official", "number": "CB-1", "name": NAME, "at": "2025-03-01"}
    member = await desk.succeed("memberships", "clerk", body)
    assert member["from"] == "2025-03-01T00:00:00+07:00"
    assert member["role_vi"] == "cán bộ, công chức, viên chức"
    course = await planned(desk, at="2025-02-01")
    session = await scheduled(desk, course, "2025-05-05")
    path = f"courses/{course}/sessions/{session}/attendance"
    assert (await sent(desk, f"{HEAD}\nCB-1,,8,Đạt".encode(), path)).status_code == 200
    (row,) = (await desk.get(path)).json()["items"]
    assert (row["test"], row["test_vi"], row["test_en"]) == ("passed", "Đạt", "passed")
    early = await desk.post(f"courses/{course}/hold", "clerk", {"at": "2025-05-04"})
    assert early.status_code == 422
    after = await desk.succeed(f"courses/{course}/hold", "clerk", {"at": "2025-05-05"})
    assert after["ended"].startswith("2025-05-05T23:59:59")
    assert (after["stage_vi"], after["possible_vi"]) == ("đã tổ chức", ["ghi điểm danh"])
    path = f"memberships/{member['id']}/release"
    assert (await desk.succeed(path, "clerk", {"at": "2025-09-01"}))["stage_en"] == "released"
    wrong = {"starts": "2025-05-05", "place": "Hội trường", "hours": "4"}
    refused = await desk.post(f"courses/{await planned(desk)}/schedule", "clerk", wrong)
    assert fields(refused) == ["starts"]


@ON_SQLITE
async def test_every_refusal_is_told_in_both_languages(desk: Desk) -> None:
    """Of commands and queries: sentence and fields, from a catalogue."""
    course = await planned(desk)
    for method, path, role, body in (
        ("POST", "memberships", "clerk", {"unit": UNIT, "role": "chief", "number": "x y"}),
        ("POST", "memberships", "clerk", {"unit": UNIT, "role": "other", "number": "CB-9"}),
        ("POST", "memberships", "council", {}), ("GET", f"courses/{course}x", "clerk", None),
        ("POST", f"courses/{course}/hold", "clerk", {}),
        ("POST", f"courses/{course}/drop", "clerk", {"session": 7}),
        ("POST", "successions", "council", {"unit": UNIT, "predecessor": UNIT}),
        ("GET", f"persons/{'0' * 64}", "hr", None), ("GET", "coverage?year=x", "hr", None),
        ("GET", "templates/attendance?format=pdf", "hr", None),
    ):  # fmt: skip
        answer = await desk.ask(method, path, role, body)
        problem = answer.json()
        assert answer.status_code in (403, 404, 409, 422), path
        assert problem["detail_vi"] != problem["detail_en"], path
        for error in problem.get("errors", []):
            assert error["message_vi"] != error["message_en"], error
