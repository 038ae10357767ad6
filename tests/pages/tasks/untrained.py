"""A clerk sees who is still untrained, from the course and from the lists, and takes the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.browser import Visitors
from tests.pages.catalog import YEAR
from tests.pages.records import PERSONS, RECORDS_UNIT


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_clerk_finds_who_is_still_untrained(visitors: Visitors, script: bool) -> None:
    """From the course to its unit; the list of units leads there, too; the file has the names."""
    course = visitors.city.records["course-scheduled"]
    with visitors.page("clerk", script=script) as page:
        page.goto(f"/training/pages/courses/{course}")
        page.get_by_role("link", name="Chưa được bồi dưỡng").click()
        page.wait_for_url(f"**/untrained/{RECORDS_UNIT}?year={YEAR}&topic=democracy")
        named = page.locator("[aria-labelledby=persons] th[scope=row]").all_inner_texts()
        assert [text for text in named if text.startswith(PERSONS[0][0])]
        assert len(named) == len(PERSONS)
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        assert PERSONS[0][0] in Path(download.value.path()).read_text(encoding="utf-8-sig")
        page.locator(f"main a[href$='/courses/{course}']").click()
        page.go_back()
        page.locator(".crumbs a").first.click()
        page.locator("#field-year").fill(str(YEAR))
        page.locator("#field-unit").fill(RECORDS_UNIT)
        page.locator(".filters button").click()
        page.locator("main tbody th a", has_text=RECORDS_UNIT).click()
        page.wait_for_url(f"**/untrained/{RECORDS_UNIT}?year={YEAR}&topic=democracy")
