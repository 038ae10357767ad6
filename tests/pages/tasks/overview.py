"""The overview of a year: units are found without diacritics, filtered and ordered."""

from __future__ import annotations

import pytest

from tests.pages.browser import Visitors
from tests.pages.catalog import UNIT, YEAR


def test_a_commune_is_found_while_typing_without_diacritics(visitors: Visitors) -> None:
    """The list follows what is typed, and the address can be sent to somebody."""
    with visitors.page("hr") as page:
        page.goto(f"/years/{YEAR}")
        page.locator("#field-q").press_sequentially("hy cuong")
        page.wait_for_url("**q=hy*cuong*")
        rows = page.locator("#ratings tbody tr")
        assert "Hy Cương" in rows.first.inner_text()
        assert all("Hy Cương" in text for text in rows.all_inner_texts())


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_units_are_filtered_by_kind_and_ordered_by_name(visitors: Visitors, script: bool) -> None:
    """The button works without scripts, too; the numbers are written as Vietnam writes them."""
    with visitors.page("hr", script=script) as page:
        page.goto(f"/years/{YEAR}")
        page.locator("#field-kind").select_option("agency")
        page.locator("#field-sort").select_option("name")
        page.locator(".filters button").click()
        page.wait_for_url("**kind=agency**sort=name**")
        names = page.locator("#ratings tbody th a").all_inner_texts()
        assert names[0].startswith("Phòng Giáo dục") and names[-1] == "Thanh tra thành phố"
        total = page.locator("#ratings tbody td.number b").first.inner_text()
        assert "," in total and "." not in total


def test_a_reader_of_one_commune_sees_this_one_alone(visitors: Visitors) -> None:
    """Neither other units nor what could be counted of them."""
    with visitors.page("nguoi-xem") as page:
        page.goto(f"/years/{YEAR}")
        assert page.locator("#ratings tbody tr").count() == 1
        assert UNIT in page.locator("#ratings").inner_text()
        assert page.locator(".stacked").count() == 0
