"""What holds for every page of the catalog, in both languages, wide and narrow, with a keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.browser import Visitors, overflow, sizes_of, violations
from tests.pages.catalog import PAGES, CatalogPage

BYTES_MAX = 100_000
titles: dict[str, str] = {}
"""The path of the page that has a title, among those that were checked."""


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_a_page_is_sound(visitors: Visitors, entry: CatalogPage) -> None:
    """In both languages, wide in light and at 360 pixels in dark colours, axe finds nothing and
    nothing is cut off; all that it loads has at most 100 kB; the keyboard begins at the skip link;
    without scripts the text is the same."""
    with visitors.page(entry.role) as page:
        with sizes_of(page) as sizes:
            check(page, visitors.city.address(entry.path), entry, "vi")
        assert 0 < sum(sizes) <= BYTES_MAX
        text = page.locator("main").inner_text()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
    with visitors.page(entry.role, "en", 360, dark=True) as page:
        check(page, visitors.city.address(entry.path), entry, "en")
    with visitors.page(entry.role, script=False) as page:
        page.goto(visitors.city.address(entry.path))
        assert page.locator("main").inner_text() == text


def check(page: Page, address: str, entry: CatalogPage, language: str) -> None:
    """Opens a page: its status and language, one heading, and what axe finds."""
    answer = page.goto(address)
    assert answer is not None and answer.status in (entry.status, entry.later)
    assert page.locator("html").get_attribute("lang") == language
    expect(page.locator("h1")).to_have_count(1)
    assert overflow(page) == 0
    assert violations(page) == []
    if entry.status < 400:
        path = entry.path.partition("?")[0]
        assert titles.setdefault(page.title(), path) == path, "two pages have one title"
