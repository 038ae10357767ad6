"""Attendance as pages: boxes for everybody on the roster, a list as a file, and mistakes."""

from __future__ import annotations

import html
from typing import Any

import httpx
import pytest

from contracts import moments
from services.chassis.clock import now_us
from services.training.pages import attendance as pages
from tests.support.builders.workbooks import xlsx
from tests.support.page_visits import OWN, PageVisits, fields_of

pytestmark = pytest.mark.anyio
NAMES = ("Lê Văn Mẫu", "Nguyễn <i>Văn</i> Mẫu", "Trần Thị Thuý")
HEAD = ["Số hiệu cán bộ", "Họ và tên", "Số giờ"]


async def sitting(
    visits: PageVisits, starts: str = "2025-05-05", test: bool = False, at: str = "2025-02-01"
) -> str:
    """The address of the attendance of a session; three persons are on the roster."""
    desk = visits.desk
    for i, name in enumerate(NAMES, 1):
        body = {"unit": OWN, "role": "official", "number": f"CB-{i}", "name": name}
        await desk.succeed("memberships", "clerk", body | {"at": "2025-03-01"})
    plan = {"unit": OWN, "title": "Dân chủ", "topic": "democracy", "hours": "7.5", "test": test}
    course = (await desk.succeed("courses", "clerk", plan | {"at": at}))["id"]
    session = {"starts": f"{starts}T08:00:00+07:00", "place": "Hội trường", "hours": "7.5"}
    await desk.succeed(f"courses/{course}/schedule", "clerk", session)
    return f"/training/pages/courses/{course}/sessions/s1/attendance"


async def begun(visits: PageVisits, address: str) -> dict[str, str]:
    """What the form of a session begins with, without what belongs to the visit."""
    page = await visits.open(address, "clerk")
    assert page.status_code == 200, page.text
    return {k: v for k, v in fields_of(page.text).items() if not k.startswith("_")}


def without_token(fields: dict[str, str]) -> dict[str, str]:
    """A form as another visit of the same person may send it, for the same version."""
    return {k: v for k, v in fields.items() if not k.startswith("_") or k == "_version"}


async def listed(visits: PageVisits, address: str) -> dict[str, tuple[str, str | None]]:
    """Hours and test of everybody who is listed, by staff number."""
    path = address.removeprefix("/training/pages/")
    items = (await visits.desk.get(path, "hr")).json()["items"]
    return {each["number"]: (each["hours"], each["test"]) for each in items}


async def test_a_clerk_ticks_who_was_there(visits: PageVisits) -> None:
    """In the order of names, with the hours of the session; only whoever is ticked is entered."""
    address = await sitting(visits)
    page = await visits.open(address, "clerk")
    assert "Nguyễn &lt;i&gt;Văn&lt;/i&gt; Mẫu" in page.text and "<i>Văn" not in page.text
    fields = await begun(visits, address)
    assert fields["hours-0"] == "7,5" and "present-0" not in fields
    course = await visits.succeed(address, "clerk", fields | {"present-0": "1", "present-2": "1"})
    assert await listed(visits, address) == {"CB-1": ("7.5", None), "CB-3": ("7.5", None)}
    page = await visits.open(course, "clerk")
    assert "2 người dự" in page.text and f"{course}/hold" in page.text
    await visits.succeed(f"{course}/hold", "clerk", {"at": "2025-05-06"})
    announced = [short for short, _ in await visits.desk.announcements()]
    assert announced.count("training.completed") == 2


async def test_whoever_was_entered_and_is_ticked_no_more_becomes_absent(visits: PageVisits) -> None:
    """Others too where the clerk says so; the hours of each can be changed."""
    address = await sitting(visits)
    fields = await begun(visits, address)
    await visits.succeed(address, "clerk", fields | {"present-0": "1", "hours-0": "3,5"})
    fields = await begun(visits, address)
    assert fields["present-0"] == "1" and fields["hours-0"] == "3,5"
    del fields["present-0"]
    await visits.succeed(address, "clerk", fields | {"present-1": "1"})
    assert await listed(visits, address) == {"CB-1": ("0", None), "CB-2": ("7.5", None)}
    fields = await begun(visits, address)
    await visits.succeed(address, "clerk", fields | {"absent": "1"})
    assert await listed(visits, address) == {
        "CB-1": ("0", None), "CB-2": ("7.5", None), "CB-3": ("0", None),
    }  # fmt: skip
    page = await visits.open(address, "reader")
    assert "vắng" in page.text and "Mẫu" not in page.text and "<form class" not in page.text


async def test_a_refused_form_keeps_every_box_and_names_the_row(visits: PageVisits) -> None:
    """Too many hours are told where they stand; nobody ticked is nothing to save."""
    address = await sitting(visits, test=True)
    fields = await begun(visits, address)
    nobody = await visits.send(address, "clerk", fields)
    assert nobody.status_code == 422 and "Chưa đánh dấu ai" in nobody.text
    wrong = {"present-0": "1", "present-2": "1", "hours-2": "9,5", "test-2": "failed"}
    refused = await visits.send(address, "clerk", fields | wrong)
    assert refused.status_code == 422 and 'id="fault-hours-2"' in refused.text
    kept = fields_of(refused.text)
    assert {name: kept[name] for name in wrong} == wrong and "present-1" not in kept
    assert await listed(visits, address) == {}
    right = wrong | {"hours-2": "7,5", "test-0": "passed"}
    await visits.succeed(address, "clerk", fields | right)
    assert await listed(visits, address) == {"CB-1": ("7.5", "passed"), "CB-3": ("7.5", "failed")}


async def test_hours_and_tests_beside_nobody_ticked_are_not_dropped(visits: PageVisits) -> None:
    """They are refused where they stand, until the person is ticked or they are as they were."""
    address = await sitting(visits, test=True)
    fields = await begun(visits, address) | {"present-0": "1", "test-0": "passed"}
    for slip in ({"hours-1": "3,5"}, {"test-1": "passed"}):
        refused = await visits.send(address, "clerk", fields | slip)
        assert refused.status_code == 422 and "chưa đánh dấu có mặt" in refused.text
        assert fields_of(refused.text).items() >= slip.items()
    assert await listed(visits, address) == {}
    await visits.succeed(address, "clerk", fields)


async def test_saving_again_keeps_the_failed_test_of_whoever_was_absent(visits: PageVisits) -> None:
    """An absence that was entered with a test is not rewritten by a form that has no box for it."""
    address = await sitting(visits, test=True)
    person = (await begun(visits, address))["person-0"]
    row = {"person": person, "hours": "0", "test": "failed"}
    course = address.removeprefix("/training/pages/").partition("/sessions")[0]
    await visits.desk.succeed(f"{course}/attend", "clerk", {"session": "s1", "rows": [row]})
    fields = await begun(visits, address)
    await visits.succeed(address, "clerk", fields | {"present-1": "1"})
    assert (await listed(visits, address))["CB-1"] == ("0", "failed")


async def test_two_clerks_who_tick_at_once_lose_nothing(visits: PageVisits) -> None:
    """The second one is told once what the first has entered, with it in the form."""
    address = await sitting(visits)
    mine = without_token(fields_of((await visits.open(address, "clerk")).text))
    theirs = await begun(visits, address) | {"present-0": "1", "hours-0": "3,5", "present-1": "1"}
    await visits.succeed(address, "clerk", theirs)
    refused = await visits.send(address, "clerk", mine | {"present-1": "1", "present-2": "1"})
    assert refused.status_code == 412 and refused.text.count("Người khác vừa ghi") == 2
    shown = without_token(fields_of(refused.text))
    assert (shown["present-0"], shown["hours-0"], shown["present-2"]) == ("1", "3,5", "1")
    await visits.succeed(address, "clerk", shown)
    assert await listed(visits, address) == {
        "CB-1": ("3.5", None), "CB-2": ("7.5", None), "CB-3": ("7.5", None),
    }  # fmt: skip


async def test_a_restored_form_ticks_the_same_persons(visits: PageVisits) -> None:
    """Somebody came on the roster, between the others, while the session was over."""
    address = await sitting(visits)
    fields = fields_of((await visits.open(address, "clerk")).text) | {"present-1": "1"}
    body = {"unit": OWN, "role": "official", "number": "CB-0", "name": "Lê Anh Mẫu"}
    await visits.desk.succeed("memberships", "clerk", body | {"at": "2025-03-01"})
    asked = await visits.desk.client.post(address, data=fields)
    kept = {"kept": html.unescape(asked.text.partition('name="kept" value="')[2].partition('"')[0])}
    again = await visits.send("/training/pages/return", "clerk", kept, blank=address)
    shown = fields_of(again.text)
    assert again.status_code == 200 and "present-1" in shown and "present-0" not in shown
    assert shown["person-1"] == fields["person-1"]


async def test_many_persons_are_ticked_page_by_page(
    visits: PageVisits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saving leads to the next page, and at the last one to the course."""
    monkeypatch.setattr(pages, "PERSONS_SHOWN", 2)
    address = await sitting(visits)
    fields = await begun(visits, address)
    assert "person-2" not in fields
    second = await visits.send(address, "clerk", fields | {"present-0": "1"})
    assert second.headers["location"] == f"{address}?cursor=2&notice=attendance-recorded"
    rest = await begun(visits, f"{address}?cursor=2")
    assert list(rest) == ["person-0", "hours-0"] and rest["person-0"] not in fields.values()
    course = await visits.succeed(f"{address}?cursor=2", "clerk", rest | {"present-0": "1"})
    assert course == address.partition("/sessions")[0]
    assert await listed(visits, address) == {"CB-1": ("7.5", None), "CB-3": ("7.5", None)}


async def test_persons_stand_in_the_order_of_a_vietnamese_list(visits: PageVisits) -> None:
    """By given name: a before ă and á, d before đ, whatever their code points."""
    address = await sitting(visits)
    for i, name in enumerate(("Vũ Đức", "Đinh Văn Dũng", "Lê Ánh", "Trần An", "Bùi Ân"), 10):
        body = {"unit": OWN, "role": "official", "number": f"CB-{i}", "name": name}
        await visits.desk.succeed("memberships", "clerk", body | {"at": "2025-03-01"})
    page = (await visits.open(address, "clerk")).text
    roster = (await visits.open(f"/training/pages/rosters/{OWN}", "clerk")).text
    for shown in (page, roster):
        order = sorted(range(10, 15), key=lambda i: shown.index(f">CB-{i}<"))
        assert order == [13, 12, 14, 11, 10]


async def test_everybody_can_be_ticked_at_once(visits: PageVisits) -> None:
    """Without scripts, by a link: whoever is entered already stays as entered."""
    address = await sitting(visits)
    fields = await begun(visits, address)
    await visits.succeed(address, "clerk", fields | {"present-0": "1", "hours-0": "3,5"})
    fields = await begun(visits, address)
    del fields["present-0"]
    await visits.succeed(address, "clerk", fields)
    assert f"{address}?ticked=all" in (await visits.open(address, "clerk")).text
    ticked = await begun(visits, f"{address}?ticked=all")
    assert "present-0" not in ticked and ticked["present-1"] == ticked["present-2"] == "1"
    await visits.succeed(f"{address}?ticked=all", "clerk", ticked)
    assert await listed(visits, address) == {
        "CB-1": ("0", None), "CB-2": ("7.5", None), "CB-3": ("7.5", None),
    }  # fmt: skip
    assert "ticked=all" not in (await visits.open(address, "clerk")).text


async def test_a_session_that_is_not_over_has_no_form(visits: PageVisits) -> None:
    """It says when the attendance can be entered."""
    year = moments.local_year(now_us()) + 1
    address = await sitting(visits, starts=f"{year}-12-31", at=f"{year - 1}-01-01")
    page = await visits.open(address, "clerk")
    assert "chưa kết thúc" in page.text and 'name="present-0"' not in page.text


async def uploaded(visits: PageVisits, address: str, *rows: list[Any]) -> httpx.Response:
    """The answer to an uploaded list."""
    files = {"file": ("dd.xlsx", xlsx(HEAD, *rows), "application/octet-stream")}
    return await visits.send(f"{address}/import", "clerk", {}, files=files)


async def test_a_list_overwrites_nothing_that_was_entered_meanwhile(visits: PageVisits) -> None:
    """The form of a file is of the version that it was opened at; the file is chosen again."""
    address = await sitting(visits)
    blank = fields_of((await visits.open(f"{address}/import", "clerk")).text)
    ticked = await begun(visits, address) | {"present-0": "1", "hours-0": "3,5"}
    await visits.succeed(address, "clerk", ticked)
    raw = xlsx(["Số hiệu cán bộ", "Họ và tên", "Số giờ"], ["CB-1", NAMES[0], 7.5])
    files = {"file": ("diem-danh.xlsx", raw, "application/octet-stream")}
    stale = {"_version": blank["_version"]}
    refused = await visits.send(f"{address}/import", "clerk", stale, files=files)
    assert refused.status_code == 412 and "(cán bộ nhập liệu, " in refused.text
    assert "chọn lại diem-danh.xlsx" in refused.text
    assert await listed(visits, address) == {"CB-1": ("3.5", None)}
    again = {"_version": fields_of(refused.text)["_version"]}
    done = await visits.send(f"{address}/import", "clerk", again, files=files)
    assert done.status_code == 303 and await listed(visits, address) == {"CB-1": ("7.5", None)}


async def test_a_list_is_imported_after_its_wrong_rows_are_mended(visits: PageVisits) -> None:
    """A mark is no number of hours, and a stranger has to be on the roster first."""
    address = await sitting(visits)
    right, mark, stranger = ["CB-1", NAMES[0], 7.5], ["CB-2", NAMES[1], "x"], ["CB-9", None, 7.5]
    refused = await uploaded(visits, address, right, mark, stranger)
    assert refused.status_code == 422
    assert 'id="fault-cell-3-hours"' in refused.text
    assert 'id="fault-cell-4-number"' in refused.text and "<i>Văn" not in refused.text
    fields = fields_of(refused.text) | {"cell-3-hours": "3:30", "leave-4": "1"}
    files = {name: (None, text) for name, text in fields.items() if not name.startswith("_")}
    done = await visits.send(
        f"{address}/import/rows", "clerk", {}, blank=f"{address}/import", files=files
    )
    assert done.status_code == 303, done.text
    assert done.headers["location"] == f"{address}?notice=list-imported"
    assert await listed(visits, address) == {"CB-1": ("7.5", None), "CB-2": ("3.5", None)}
    file = await visits.open(f"{address}/file?format=csv", "clerk")
    assert "3,5" in file.text and file.headers["content-type"].startswith("text/csv")


async def test_persons_who_were_not_there_are_taken_out_of_the_list(visits: PageVisits) -> None:
    """Nobody chosen is refused at the field."""
    address = await sitting(visits)
    fields = await begun(visits, address)
    await visits.succeed(address, "clerk", fields | {"present-0": "1", "present-1": "1"})
    nobody = await visits.send(f"{address}/strike", "clerk", {})
    assert nobody.status_code == 422 and "field-persons" in nobody.text
    await visits.succeed(f"{address}/strike", "clerk", {"persons": [fields["person-1"]]})
    assert await listed(visits, address) == {"CB-1": ("7.5", None)}
