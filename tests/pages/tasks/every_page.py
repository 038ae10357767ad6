"""What holds for every page of the catalog, in both languages, wide and narrow, with a keyboard."""

from __future__ import annotations

import pytest

from tests.pages.browser import Visitors, overflow, violations
from tests.pages.catalog import PAGES, CatalogPage

BYTES_MAX = 100_000


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_a_page_is_sound_in_both_languages(visitors: Visitors, entry: CatalogPage) -> None:
    """Its status and language; axe finds nothing serious; nothing is wider than 360 pixels."""
    for language, width in (("vi", 1440), ("en", 360)):
        with visitors.page(entry.role, language, width) as page:
            answer = page.goto(visitors.city.address(entry.path))
            assert answer is not None and answer.status == entry.status
            assert page.locator("html").get_attribute("lang") == language
            assert page.locator("h1").count() == 1
            assert violations(page) == []
            assert overflow(page) == 0


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_a_page_is_small_and_works_without_scripts(visitors: Visitors, entry: CatalogPage) -> None:
    """Everything that it loads has at most 100 kB; without scripts it is the same text."""
    with visitors.page(entry.role) as page:
        sizes = list[int]()
        page.on("requestfinished", lambda each: sizes.append(each.sizes()["responseBodySize"]))
        page.goto(visitors.city.address(entry.path))
        page.wait_for_load_state("networkidle")
        text = page.locator("main").inner_text()
        assert 0 < sum(sizes) <= BYTES_MAX
    with visitors.page(entry.role, script=False) as page:
        page.goto(visitors.city.address(entry.path))
        assert page.locator("main").inner_text() == text


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_the_keyboard_begins_at_the_skip_link(visitors: Visitors, entry: CatalogPage) -> None:
    """The first Tab stop leads to the content."""
    with visitors.page(entry.role) as page:
        page.goto(visitors.city.address(entry.path))
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
