"""A proposed rubric is tried in the browser: a fault is mended at its line, then somebody falls."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from services.scoring.rubrics.loader import SHIPPED
from tests.pages.browser import Visitors, overflow, violations
from tests.pages.catalog import YEAR

PAGE = f"/years/{YEAR}/what-if"
RUBRIC = SHIPPED / "viet-tri-2025-commune.yaml"
WAIT_MS = 60_000
"""For a what-if that reads events, by processes of its own."""


def send(page: Page) -> None:
    """Sends the form."""
    page.locator("main form[method=post] .button-main").click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_dropped_file_with_a_fault_is_mended_and_tried(visitors: Visitors, script: bool) -> None:
    """The fault stands at its text and line; the text is edited; who falls can be looked for."""
    broken = RUBRIC.read_bytes().replace(b"maximum: 100", b"maximum: nhieu", 1)
    with visitors.page("hr", script=script) as page:
        page.goto(f"/years/{YEAR}")
        page.get_by_role("link", name="Tính thử").click()
        page.locator("#field-file").set_input_files(
            {"name": "de-xuat.yaml", "mimeType": "text/yaml", "buffer": broken}
        )
        send(page)
        assert "maximum: nhieu" in page.locator(".excerpt-here").first.inner_text()
        page.locator("#faults-0").wait_for()
        if script:  # axe runs in the page
            assert violations(page) == [] and overflow(page) == 0
        area = page.locator("#text-0")
        area.fill(area.input_value().replace("maximum: nhieu", "maximum: 60"))
        send(page)
        page.locator("#indicators").wait_for()
        assert "Giới hạn của tổng điểm" in page.locator("#changes").inner_text()
        if script:
            assert violations(page) == [] and overflow(page) == 0
        page.locator("#field-q").fill("hy cuong")
        page.locator(".filters button").click()
        page.wait_for_url("**q=hy*cuong**")
        assert "Xã Hy Cương" in page.locator("#changes tbody tr").first.inner_text()
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        assert download.value.suggested_filename == f"danchu-{YEAR}-what-if.csv"


def test_other_rules_are_waited_for_without_scripts(visitors: Visitors) -> None:
    """A present rubric is edited; the page loads again by itself until the result is there."""
    with visitors.page("council", script=False) as page:
        page.goto(PAGE)
        page.locator("a[href*='rubric=viet-tri-2025-commune']").click()
        area = page.locator("#text-0")
        area.fill(area.input_value().replace("grace_days: 90", "grace_days: 0"))
        send(page)
        page.locator("#indicators").wait_for(timeout=WAIT_MS)
        assert "sự kiện" in page.locator("#outcome ~ p").inner_text()


def test_a_reader_has_no_what_if(visitors: Visitors) -> None:
    """Neither the link nor the page."""
    with visitors.page("nguoi-xem") as page:
        page.goto(f"/years/{YEAR}")
        assert page.get_by_role("link", name="Tính thử").count() == 0
        answer = page.goto(PAGE)
        assert answer is not None and answer.status == 403
