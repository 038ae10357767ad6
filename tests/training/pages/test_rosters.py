"""Rosters as pages: a list with wrong rows is mended on the page, and nothing of it is lost."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from services.records.unit_names import UnitNames
from tests.support.builders.workbooks import xlsx
from tests.support.page_visits import OTHER, OWN, PageVisits, fields_of

pytestmark = pytest.mark.anyio
LIST = "/training/pages/rosters"
ROSTER = f"{LIST}/{OWN}"
NAME, HOSTILE = "Nguyễn Văn Mẫu", "Trần <b>Thị</b> Thuý \u05d3\u05de\u05d5"
HEAD = ["STT", "Số hiệu cán bộ", "Họ và tên", "Vai trò", "Từ ngày"]
WRONG: list[list[Any]] = [
    ["Danh sách cán bộ"], HEAD,
    [1, "CB-1", NAME, "Công chức", "01/03/2025"],
    [2, "CB-2", HOSTILE, "Giám đốc", "01/03/2025"],
    [3, "CB-3", "Lê Văn Mẫu", "Khu dân cư", "31/02/2025"],
    [4, "025199001234", "Phạm Thị Mẫu", "Khác", None],
    [5, "CB-5", "Đỗ Văn Mẫu", "Thành viên ban", None],
]  # fmt: skip


async def uploaded(visits: PageVisits, raw: bytes, role: str = "clerk") -> httpx.Response:
    """The answer to an uploaded roster."""
    files = {"file": ("ds.xlsx", raw, "application/octet-stream")}
    return await visits.send(f"{ROSTER}/import", role, {}, files=files)


async def sent_again(visits: PageVisits, page: httpx.Response, **mended: str) -> httpx.Response:
    """The answer to the table of a refused list with some cells changed."""
    fields = fields_of(page.text) | mended
    files = {name: (None, text) for name, text in fields.items() if not name.startswith("_")}
    return await visits.send(
        f"{ROSTER}/import/rows", "clerk", {}, blank=f"{ROSTER}/import", files=files
    )


async def members(visits: PageVisits) -> set[tuple[str, str]]:
    """Staff number and name of everybody on the roster."""
    items = (await visits.desk.get(f"rosters/{OWN}", "hr")).json()["items"]
    return {(each["number"], each["name"]) for each in items}


async def test_a_list_with_three_wrong_rows_is_mended_and_sent_again(visits: PageVisits) -> None:
    """The wrong rows come back as fields with a fault each, the others beside them."""
    refused = await uploaded(visits, xlsx(*WRONG))
    assert refused.status_code == 422 and await members(visits) == set()
    for cell in ("4-role", "5-since", "6-number"):
        assert f'id="fault-cell-{cell}"' in refused.text, cell
    assert 'name="cell-3-' not in refused.text and "Đỗ Văn Mẫu" in refused.text
    assert "<b>Thị" not in refused.text and "&lt;b&gt;Thị" in refused.text
    mended = {"cell-4-role": "Khác", "cell-5-since": "28/02/2025"}
    again = await sent_again(visits, refused, **mended)
    assert again.status_code == 422 and 'id="fault-cell-6-number"' in again.text
    assert 'value="28/02/2025"' in again.text and 'id="fault-cell-5-since"' not in again.text
    done = await sent_again(visits, again, **{"cell-6-number": "CB-4"})
    assert done.status_code == 303, done.text
    assert done.headers["location"] == f"{ROSTER}?added=5&unchanged=0"
    assert ("CB-2", HOSTILE) in await members(visits) and len(await members(visits)) == 5
    page = await visits.open(f"{ROSTER}?added=5&unchanged=0", "clerk")
    assert "&lt;b&gt;Thị" in page.text and "Đã đưa vào danh sách: 5 người" in page.text


async def test_pages_of_a_unit_say_that_nobody_registered_it(
    visits: PageVisits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its roster and the form of it, its course, who is untrained, and the lists; once known."""
    plan = {"unit": OWN, "title": "Dân chủ", "topic": "democracy", "hours": "4"}
    courses = "/training/pages/courses"
    course = await visits.succeed(courses, "clerk", plan, blank=f"{courses}/new")
    person = {"role": "official", "number": "CB-1", "name": NAME, "at": "2025-03-01"}
    await visits.succeed(f"{ROSTER}/new", "clerk", person)
    of_unit = (ROSTER, f"{ROSTER}/new", course, f"/training/pages/untrained/{OWN}")
    lists = (LIST, courses, "/training/pages/untrained")
    for path in (*of_unit, *lists):
        page = (await visits.open(path, "clerk")).text
        assert "chưa đăng ký" not in page and "được đăng ký với mã" not in page, path
    monkeypatch.setattr(UnitNames, "is_unregistered", lambda self, code: code == OWN)
    for path in of_unit:
        page = (await visits.open(path, "clerk")).text
        assert f"Chưa có đơn vị nào được đăng ký với mã {OWN}." in page, path
    for path in lists:
        page = (await visits.open(path, "clerk")).text
        assert f'{OWN} <span class="badge badge-warn">chưa đăng ký</span>' in page, path


async def test_a_row_can_be_left_out_and_a_new_fault_elsewhere_is_shown(visits: PageVisits) -> None:
    """The number of somebody else is told by the name beside it, which does not fit."""
    refused = await uploaded(visits, xlsx(*WRONG))
    twice = {"cell-4-role": "Khác", "cell-5-since": "", "cell-6-number": "CB-1", "leave-5": "1"}
    again = await sent_again(visits, refused, **twice)
    assert again.status_code == 422 and 'id="fault-cell-6-name"' in again.text
    assert 'name="cell-5-' not in again.text
    done = await sent_again(visits, again, **{"leave-6": "1"})
    assert done.status_code == 303, done.text
    assert {number for number, _ in await members(visits)} == {"CB-1", "CB-2", "CB-5"}


async def test_a_fault_of_the_file_has_to_be_mended_in_the_file(visits: PageVisits) -> None:
    """It is told with its place; neither a column of identity numbers nor a picture comes back."""
    column: list[list[Any]] = [["Số hiệu cán bộ", "Họ và tên", "Vai trò", "CCCD"],
              ["CB-1", NAME, "Khác", "025199001234"]]  # fmt: skip
    for raw in (xlsx(*column), b"\x89PNG\r\n", b""):
        answer = await uploaded(visits, raw)
        assert answer.status_code == 422 and 'type="file"' in answer.text
        assert 'class="faults"' in answer.text and "025199001234" not in answer.text
        assert 'aria-describedby="hint-file' in answer.text and "chọn lại ds.xlsx" in answer.text
    broken = await visits.send(
        f"{ROSTER}/import/rows", "clerk", {}, blank=f"{ROSTER}/import",
        files={"list": (None, '{"rows": 1}')},
    )  # fmt: skip
    assert broken.status_code == 400 and 'type="file"' in broken.text


async def test_names_are_shown_to_the_clerk_and_hr_alone_and_stand_in_no_log(
    visits: PageVisits, caplog: pytest.LogCaptureFixture
) -> None:
    """Others see keys; a clerk of another unit sees nothing; the files have the same rule."""
    with caplog.at_level(logging.DEBUG):
        refused = await uploaded(visits, xlsx(*WRONG))
        body = {"number": "CB-9", "name": NAME, "role": "official"}
        await visits.succeed(f"{ROSTER}/new", "clerk", body)
        assert NAME in (await visits.open(ROSTER, "clerk")).text
        assert NAME in (await visits.open(ROSTER, "hr")).text
    for role in ("reader", "council", "auditor"):
        page = await visits.open(ROSTER, role)
        assert page.status_code == 200 and "Mẫu" not in page.text and "CB-9" not in page.text
        assert (await visits.open(f"{ROSTER}/file?format=csv", role)).status_code == 403
    assert (await visits.open(ROSTER, "clerk", OTHER)).status_code == 403
    file = await visits.open(f"{ROSTER}/file?format=csv", "clerk")
    assert NAME in file.text and "attachment" in file.headers["content-disposition"]
    template = await visits.open(f"{ROSTER}/template?format=csv", "clerk")
    assert NAME in template.text and "Số giờ" in template.text
    assert "Mẫu" in refused.text and "Mẫu" not in caplog.text and "CB-9" not in caplog.text


async def test_a_person_is_added_renamed_released_and_erased(visits: PageVisits) -> None:
    """The page of a membership offers each role its steps; an erased person has no name."""
    wrong: dict[str, Any] = {"number": "CB-1", "name": "", "role": "official", "at": "2025-03-01"}
    refused = await visits.send(f"{ROSTER}/new", "clerk", wrong)
    assert refused.status_code == 422 and 'id="fault-name"' in refused.text
    await visits.succeed(f"{ROSTER}/new", "clerk", wrong | {"name": NAME})
    id_ = (await visits.desk.get(f"rosters/{OWN}", "hr")).json()["items"][0]["id"]
    member = f"/training/pages/memberships/{id_}"
    assert member in (await visits.open(ROSTER, "reader")).text
    await visits.succeed(f"{member}/rename", "clerk", {"name": "Nguyễn Văn Đúng"})
    page = await visits.open(member, "clerk")
    assert "Nguyễn Văn Đúng" in page.text and "/erase" not in page.text
    await visits.succeed(f"{member}/release", "clerk", {"at": "2025-06-01"})
    assert "/release" not in (await visits.open(member, "clerk")).text
    assert "Danh sách chưa có ai" in (await visits.open(ROSTER, "clerk")).text
    assert member in (await visits.open(f"{ROSTER}?date=2025-05-01", "clerk")).text
    asked = await visits.open(f"{member}/erase", "council")
    assert "không lấy lại được" in asked.text and "có thể rút lại" not in asked.text
    await visits.succeed(f"{member}/erase", "council", {})
    page = await visits.open(member, "clerk")
    assert "Đã xóa thông tin" in page.text and "Đúng" not in page.text


async def test_a_person_who_is_listed_twice_is_told_with_the_first_row(visits: PageVisits) -> None:
    """Under the same staff number, in other letters, too."""
    rows: list[list[Any]] = [[1, "CB-1", NAME, "Khác"], [2, "CB-2", "Lê Văn Mẫu", "Khác"],
                             [3, "cb-1", NAME, "Khác"]]  # fmt: skip
    refused = await uploaded(visits, xlsx(HEAD[:-1], *rows))
    assert refused.status_code == 422 and 'id="fault-cell-4-number"' in refused.text
    assert "đã có ở dòng 2" in refused.text and 'name="cell-2-' not in refused.text


async def test_rows_of_a_file_that_are_of_no_person_are_named(visits: PageVisits) -> None:
    """A total, or a signature: whoever imported the list can look whether somebody is missing."""
    rows: list[list[Any]] = [[1, "CB-1", NAME, "Khác"], ["Tổng cộng: 1"], [None, "Người lập"]]
    done = await uploaded(visits, xlsx(HEAD[:-1], *rows))
    assert done.status_code == 303, done.text
    page = await visits.open(done.headers["location"], "clerk")
    assert "không ghi người nào: 3, 4." in page.text and "Đã đưa vào danh sách: 1" in page.text
    assert "<i>" not in (await visits.open(f"{ROSTER}?skipped=<i>", "clerk")).text


async def test_a_person_is_found_in_a_long_roster(visits: PageVisits) -> None:
    """Without diacritics, by name or number, on every page; whoever sees no names has no search."""
    rows = [[f"CB-{i}", f"Nguyễn {chr(65 + i // 26)}{chr(97 + i % 26)}", "Khác"] for i in range(60)]
    head = ["Số hiệu cán bộ", "Họ và tên", "Vai trò"]
    done = await uploaded(visits, xlsx(head, *rows, ["HT-7", "Đỗ Thị Thuý", "Khác"]))
    assert done.status_code == 303, done.text
    first = await visits.open(ROSTER, "clerk")
    assert "HT-7" not in first.text and "?cursor=2" in first.text
    assert "HT-7" in (await visits.open(f"{ROSTER}?cursor=2", "clerk")).text
    for sought in ("do thuy", "ht-7", "THỊ"):
        found = (await visits.open(f"{ROSTER}?q={sought}", "clerk")).text
        assert "HT-7" in found and "CB-1<" not in found, sought
    assert "Không có ai phù hợp" in (await visits.open(f"{ROSTER}?q=khong", "clerk")).text
    reader = (await visits.open(f"{ROSTER}?q=do", "reader")).text
    assert 'name="q"' not in reader and "?cursor=2" in reader.replace("q=do&amp;", "?")


async def test_the_rosters_of_units_are_listed_with_who_is_trained(visits: PageVisits) -> None:
    """A clerk also finds the own unit whose roster is empty; any other is opened by its code."""
    assert ROSTER in (await visits.open(LIST, "clerk")).text
    assert "Chưa có danh sách nào" in (await visits.open(LIST, "hr", "*")).text
    assert f"{LIST}/{OTHER}" in (await visits.open(f"{LIST}?unit={OTHER}", "hr", "*")).text
    body = {"number": "CB-1", "name": NAME, "role": "official", "at": "2025-03-01"}
    await visits.succeed(f"{ROSTER}/new", "clerk", body)
    page = await visits.open(f"{LIST}?year=2025", "hr", "*")
    assert ROSTER in page.text and "0,00 %" in page.text


async def test_a_unit_is_succeeded_by_another_one(visits: PageVisits) -> None:
    """Its roster moves; a unit that succeeds itself is refused at its field."""
    body = {"number": "CB-1", "name": NAME, "role": "official", "at": "2025-03-01"}
    await visits.succeed(f"{ROSTER}/new", "clerk", body)
    succession = "/training/pages/successions"
    fields = {"predecessor": OWN, "unit": OWN, "at": "2025-07-01"}
    refused = await visits.send(succession, "council", fields, "*")
    assert refused.status_code == 422 and 'id="fault-unit"' in refused.text
    moved = await visits.succeed(succession, "council", fields | {"unit": OTHER}, "*")
    assert moved == f"{LIST}/{OTHER}"
    assert "memberships/" in (await visits.open(moved, "reader", OTHER)).text
