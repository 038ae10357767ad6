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


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_who_did_what_last_is_found_from_the_overview(visitors: Visitors, script: bool) -> None:
    """The six latest, a way to all of them, and for an operator the figures of the fold."""
    with visitors.page("operator", script=script) as page:
        page.goto(f"/years/{YEAR}")
        latest = page.locator("section[aria-labelledby=latest] li a")
        assert latest.count() == 6
        name = latest.first.inner_text()
        figures = page.locator("section[aria-labelledby=lately] .figure-value").all_inner_texts()
        assert len(figures) == 3 and all(text.isdecimal() for text in figures)
        page.locator("section[aria-labelledby=silent] a[href$='/activity']").click()
        page.wait_for_url("**/activity")
        rows = page.locator("main tbody tr")
        assert name in " ".join(rows.all_inner_texts())
        rows.first.locator("th a").click()
        page.wait_for_url("**/events")
