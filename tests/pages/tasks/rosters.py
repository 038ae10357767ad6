"""A clerk without other software: a list with wrong rows, a course to its end, the sheet moves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.browser import Visitors, overflow, violations
from tests.pages.catalog import YEAR
from tests.support.builders.workbooks import xlsx

UNIT = "H44.2.4"
"""A commune that exists since July, and whose sheet no other task counts on."""
ROSTER = f"/training/pages/rosters/{UNIT}"
SHEET = f"/years/{YEAR}/units/{UNIT}"
LOOKS = 200
HEAD = ["STT", "Số hiệu cán bộ", "Họ và tên", "Vai trò", "Từ ngày"]
NAMES = ("Bùi Văn Mẫu", "Cao Thị <b>Mẫu</b>", "Đinh Văn Mẫu", "Hồ Thị Mẫu", "Lý Văn Mẫu")


def workbook(series: str) -> bytes:
    """A roster of five, of whom three have something wrong."""
    rows = [
        [i, f"{series}-{i}", name, "Công chức", f"01/08/{YEAR}"] for i, name in enumerate(NAMES, 1)
    ]
    rows[1][3], rows[2][4], rows[3][1] = "Giám đốc", f"31/02/{YEAR}", "025199001234"
    return xlsx(["Danh sách cán bộ"], HEAD, *rows)


def submit(page: Page, **fields: str) -> None:
    """Fills in the form of a page and sends it."""
    for name, text in fields.items():
        page.locator(f"main [name='{name}']").fill(text)
    page.locator("main form button[type=submit]").last.click()


def sheet_once_moved(page: Page, earlier: str) -> tuple[str, float]:
    """What the sheet says of who is trained, once it is other than `earlier`, and the total."""
    for _ in range(LOOKS):
        page.goto(SHEET)
        line = page.locator("#line-officers-trained").inner_text()
        if line != earlier:
            break
    total = page.locator(".figure-main .figure-value").inner_text().replace(",", ".")
    assert line != earlier
    return line, float(total)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_list_with_three_wrong_rows_becomes_a_course_that_moves_the_sheet(
    visitors: Visitors, script: bool
) -> None:
    """Mended on the page without losing anything; ticked, completed, and seen on the sheet."""
    series = "PC" if script else "PK"
    with visitors.page("hr", script=script) as sheet, visitors.page("clerk", script=script) as page:
        before, _ = sheet_once_moved(sheet, "")
        import_roster(page, series, script)
        owed, total = sheet_once_moved(sheet, before)
        complete_course(page, f"Bồi dưỡng {series}")
        trained, lifted = sheet_once_moved(sheet, owed)
        assert lifted > total, (owed, trained)


def check_looks(page: Page) -> None:
    """A page that answers a form is sound, too, and fits a narrow window."""
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 900})
    assert overflow(page) == 0
    page.set_viewport_size({"width": 1440, "height": 900})


def check_paper(page: Page) -> None:
    """The persons of a session stand on paper, too; what can only be pressed does not."""
    page.emulate_media(media="print")
    assert page.locator("main tbody th").first.is_visible()
    assert not page.locator("main .button-main").first.is_visible()
    page.emulate_media(media="screen")


def import_roster(page: Page, series: str, script: bool) -> None:
    """Uploads the list, mends its three wrong rows in the page, and sends it again."""
    page.goto(ROSTER)
    page.locator(f"main a[href='{ROSTER}/import']").first.click()
    file = {"name": "ds.xlsx", "mimeType": "application/octet-stream", "buffer": workbook(series)}
    page.locator("#field-file").set_input_files(file)  # type: ignore[arg-type]
    page.locator("main button[type=submit]").click()
    expect(page.locator(".list-form > table > tbody > tr")).to_have_count(3)
    if script:
        check_looks(page)
    assert page.locator("#field-cell-4-name").input_value() == NAMES[1]
    page.locator("#field-cell-4-role").select_option("Vai trò khác")
    page.locator("#field-cell-5-since").fill(f"28/08/{YEAR}")
    page.locator("main button[type=submit]").click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    assert page.locator("#field-cell-5-since").input_value() == f"28/08/{YEAR}"
    submit(page, **{"cell-6-number": f"{series}-4"})
    page.wait_for_url(f"**{ROSTER}?added=5&unchanged=0")
    row = page.locator("main tbody tr", has_text=f"{series}-2")
    assert row.locator("th a").inner_text() == NAMES[1]


def complete_course(page: Page, title: str) -> None:
    """Plans a course of last year, adds its session, ticks everybody, and closes it."""
    page.goto("/training/pages/courses/new")
    page.locator("#field-at").fill(f"{YEAR}-08-11")
    submit(page, unit=UNIT, title=title, hours="3,5")
    page.locator("main .next-steps a").first.click()
    submit(page, starts=f"{YEAR}-09-05T08:00", place="Hội trường", hours="3,5")
    page.locator("main tbody a[href$='/attendance']").click()
    check_paper(page)
    for box in page.locator("main input[name^=present-]").all():
        box.check()
    submit(page)
    page.wait_for_url("**notice=attendance-recorded")
    page.locator("main .next-steps a[href$='/hold']").click()
    page.locator("#field-at").fill(f"{YEAR}-09-06")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**notice=step-taken")
    expect(page.locator("main a[href$='/hold']")).to_have_count(0)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_nothing_typed_is_lost_by_too_many_hours(visitors: Visitors, script: bool) -> None:
    """The row says what is wrong; every box and number is as it was."""
    course = visitors.city.records["course-scheduled"]
    with visitors.page("clerk", script=script) as page:
        page.goto(f"/training/pages/courses/{course}/sessions/s2/attendance")
        page.locator("#field-present-0").check()
        page.locator("#field-present-1").check()
        page.locator("#field-hours-1").fill("9,5")
        submit(page)
        page.locator("#fault-hours-1").wait_for()
        assert page.locator("#field-hours-1").input_value() == "9,5"
        expect(page.locator("main input[name^=present-]:checked")).to_have_count(2)
        if script:
            check_looks(page)
