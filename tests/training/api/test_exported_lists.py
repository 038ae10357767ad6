"""Lists of training as files that a Vietnamese spreadsheet opens, whole, on both databases."""

from __future__ import annotations

import csv
import io

import httpx
import pytest
from sqlalchemy import text

from services.records import exported_lists
from services.records.exported_lists import BOM
from tests.support.builders.acts import (
    NAME,
    OTHER,
    UNIT,
    assigned,
    attended,
    planned,
    scheduled,
    trained,
)
from tests.support.builders.desks import Desk

pytestmark = pytest.mark.anyio

FORMULA = '=HYPERLINK("x";"y"); Bồi dưỡng'
DEMOCRACY = "dân chủ ở cơ sở"


def cells(answer: httpx.Response, file: str) -> list[list[str]]:
    """The cells of an exported list, with its headings."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{file}.csv"'
    content = answer.content.decode("utf-8")
    assert content.startswith(BOM) and content.endswith("\r\n")
    return list(csv.reader(io.StringIO(content[1:], newline=""), delimiter=";"))


async def reads(desk: Desk) -> list[tuple[str, str, int]]:
    """Role, list and number of rows of every read of names that is remembered."""
    async with desk.app.db.read() as conn:
        rows = await conn.execute(text("SELECT role, what, rows FROM reads ORDER BY seq"))
        return [(row[0], row[1], row[2]) for row in rows]


async def test_courses_go_out_with_days_and_terms_and_without_formulas(desk: Desk) -> None:
    """Vietnamese headings, 30/06/2025, words for terms, an apostrophe before a formula."""
    course = await planned(desk, title=FORMULA, due="2025-06-30")
    await planned(desk, OTHER)
    heading, *rows = cells(await desk.get(f"courses?unit={UNIT}&format=csv"), "khoa-hoc")
    assert heading == [
        "Mã khóa học", "Mã đơn vị", "Đơn vị lập kế hoạch", "Năm", "Tên khóa học",
        "Nội dung bồi dưỡng", "Hạn hoàn thành", "Trạng thái",
    ]  # fmt: skip
    assert rows == [
        [course, UNIT, UNIT, "2025", f"'{FORMULA}", DEMOCRACY, "30/06/2025", "đã đưa vào kế hoạch"],
    ]
    assert cells(await desk.get("courses?stage=held&format=csv"), "khoa-hoc") == [heading]


async def test_sessions_go_out_with_local_times_and_decimal_commas(desk: Desk) -> None:
    """In their order; a place that would be a formula is none."""
    course = await planned(desk)
    await scheduled(desk, course, "2026-05-06", "3.5")
    body = {"starts": "2026-05-05T13:30:00Z", "place": "+84 phòng", "hours": "2"}
    await desk.succeed(f"courses/{course}/schedule", "clerk", body)
    heading, *rows = cells(await desk.get("sessions?format=csv"), "buoi-hoc")
    assert heading[-4:] == [
        "Thời gian bắt đầu", "Địa điểm", "Số giờ", "Số người trong danh sách điểm danh",
    ]  # fmt: skip
    title = "Bồi dưỡng dân chủ ở cơ sở"
    assert rows == [
        [course, "s2", UNIT, title, DEMOCRACY, "05/05/2026 20:30", "'+84 phòng", "2", "0"],
        [course, "s1", UNIT, title, DEMOCRACY, "06/05/2026 08:00", "Hội trường", "3,5", "0"],
    ]
    assert len(cells(await desk.get("sessions?date=2026-05-06&format=csv"), "buoi-hoc")) == 2


async def test_coverage_goes_out_with_its_year_its_topic_and_a_decimal_comma(desk: Desk) -> None:
    """The share that the JSON has as 66.67."""
    for number in ("CB-0", "CB-1", "CB-2"):
        await assigned(desk, number)
    await trained(desk, "CB-0", "CB-1")
    await assigned(desk, "CB-9", OTHER)
    assert cells(await desk.get("coverage?year=2025&format=csv"), "ty-le-boi-duong") == [
        ["Mã đơn vị", "Số người phải bồi dưỡng", "Số người đã bồi dưỡng", "Tỷ lệ (%)", "Năm",
         "Nội dung bồi dưỡng"],
        [UNIT, "3", "2", "66,67", "2025", DEMOCRACY],
        [OTHER, "1", "0", "0,00", "2025", DEMOCRACY],
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["clerk", "hr"])
async def test_who_is_missing_goes_out_with_names_and_the_read_is_remembered(
    desk: Desk, role: str
) -> None:
    """For the clerk of the unit and hr; somebody who was erased has an empty name."""
    first = await assigned(desk)
    second = await assigned(desk, "CB-2", name="Đỗ Thị Mẫu")
    await desk.ask("DELETE", f"persons/{second['person']}", "council")
    answer = await desk.get(f"missing?unit={UNIT}&year=2025&format=csv", role)
    heading, *rows = cells(answer, "chua-boi-duong")
    assert heading == [
        "Mã hệ thống", "Số hiệu cán bộ", "Họ và tên", "Vai trò", "Mã đơn vị", "Năm",
        "Nội dung bồi dưỡng",
    ]  # fmt: skip
    rest = ["cán bộ, công chức, viên chức", UNIT, "2025", DEMOCRACY]
    persons = [[first["person"], "CB-1", NAME, *rest], [second["person"], "", "", *rest]]
    assert rows == sorted(persons)
    assert await reads(desk) == [(role, f"missing in {UNIT} 2025", 2)]


@pytest.mark.parametrize("role", ["reader", "council", "auditor"])
async def test_who_is_missing_goes_out_without_names_to_every_other_role(
    desk: Desk, role: str
) -> None:
    """The columns of names are not there, and no read of names is remembered."""
    member = await assigned(desk)
    answer = await desk.get(f"missing?unit={UNIT}&year=2025&format=csv", role, units=[UNIT])
    heading, row = cells(answer, "chua-boi-duong")
    assert heading[:2] == ["Mã hệ thống", "Vai trò"] and row[0] == member["person"]
    assert NAME not in answer.text and "CB-1" not in answer.text
    assert await reads(desk) == []


async def test_a_file_has_the_whole_list_and_not_a_page(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the limit is, and over however many reads; each row once, and one read of names."""
    monkeypatch.setattr(exported_lists, "PAGE_ROWS", 2)
    for n in range(1, 6):
        await assigned(desk, f"CB-{n}", f"H44.2.{n}")
        course = await planned(desk, f"H44.2.{n}")
        await scheduled(desk, course, "2026-05-05")
        await assigned(desk, f"CB-{n}", "H44.2.9")
    every_unit = {
        "courses?format=csv&limit=1": ("khoa-hoc", 1, 5),
        "sessions?format=csv&limit=1": ("buoi-hoc", 2, 5),
        "coverage?year=2025&format=csv&limit=1": ("ty-le-boi-duong", 0, 6),
    }
    units = [f"H44.2.{n}" for n in (1, 2, 3, 4, 5, 9)]
    for path, (file, column, count) in every_unit.items():
        rows = cells(await desk.get(path), file)[1:]
        assert sorted(row[column] for row in rows) == units[:count], path
    path = "missing?unit=H44.2.9&year=2025&format=csv&limit=1"
    rows = cells(await desk.get(path, "hr"), "chua-boi-duong")[1:]
    assert sorted(row[1] for row in rows) == [f"CB-{n}" for n in range(1, 6)]
    assert await reads(desk) == [("hr", "missing in H44.2.9 2025", 5)]


async def test_a_file_is_for_whom_the_list_is_for(desk: Desk) -> None:
    """Own units alone, 403 for another unit, 401 without a token, 422 for another format."""
    course = await planned(desk)
    await attended(desk, course, await scheduled(desk, course), {"number": await _number(desk)})
    await scheduled(desk, course, "2026-05-05")
    for path in ("courses?", "sessions?", "coverage?year=2025&", "missing?year=2025&"):
        own = await desk.get(f"{path}format=csv", "clerk", units=[OTHER])
        assert "missing" in path or (own.status_code, UNIT in own.text) == (200, False)
        other = await desk.get(f"{path}unit={UNIT}&format=csv", "clerk", units=[OTHER])
        assert other.status_code == 403, path
        anonymous = await desk.client.get(f"/training/{path}unit={UNIT}&format=csv")
        assert anonymous.status_code == 401, path
        form = await desk.get(f"{path}unit={UNIT}&format=pdf", "clerk")
        assert (form.status_code, form.json()["errors"][0]["field"]) == (422, "format"), path


async def _number(desk: Desk) -> str:
    await assigned(desk)
    return "CB-1"
