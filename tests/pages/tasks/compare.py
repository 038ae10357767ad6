"""A unit beside another year and another unit: chosen by a person, and each line says why."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.browser import Visitors
from tests.pages.catalog import LOWERED, UNIT, YEAR


def hundredths(page: Page, label: str) -> list[int]:
    """The numbers of a column of the shown lines, the total last."""
    cells = page.locator("table.list").first.locator(f"td[data-label='{label}']").all_inner_texts()
    numbers = [each.strip().replace("−", "-").replace(",", "") for each in cells]
    return [0 if each == "–" else int(each) for each in numbers]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_the_difference_of_two_units_is_explained_line_by_line(
    visitors: Visitors, script: bool
) -> None:
    """By a name without diacritics, which a predecessor has too; the lines add up."""
    with visitors.page("hr", script=script) as page:
        page.goto(f"/years/{YEAR}/units/{UNIT}")
        page.get_by_role("link", name="So sánh", exact=True).click()
        page.locator("#field-with_unit").fill("nong trang")
        page.locator("form:has(#field-with_unit) button").click()
        page.locator(f"main a[href*='with_unit={LOWERED}']").click()
        assert "Phường Nông Trang" in page.locator("#chart").inner_text()
        differences = hundredths(page, "Chênh lệch")
        assert differences[-1] == sum(differences[:-1]) != 0
        assert page.locator(".compare-why").count() > 2
        page.locator("table.chart a").first.click()
        assert "#line-" in page.url
        page.locator(".figures a", has_text="Phường Nông Trang").last.click()
        page.wait_for_url(f"**/units/{LOWERED}")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_reader_parts_two_years_of_the_own_unit_into_work_and_method(
    visitors: Visitors, script: bool
) -> None:
    """Other units are not offered."""
    with visitors.page("nguoi-xem", script=script) as page:
        page.goto(f"/years/{YEAR}/units/{UNIT}/compare")
        expect(page.locator("#field-with_unit")).to_have_count(0)
        page.locator("#field-with_year").select_option(str(YEAR + 1))
        page.locator("form:has(#field-with_year) button").click()
        page.wait_for_url(f"**with_year={YEAR + 1}")
        columns = [hundredths(page, each) for each in ("Do thực hiện", "Do cách tính")]
        work, method = (column[-1] for column in columns)
        assert work + method == hundredths(page, "Chênh lệch")[-1]
        assert all(column[-1] == sum(column[:-1]) for column in columns)
