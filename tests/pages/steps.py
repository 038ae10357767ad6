"""What tasks about records share: filling in the form of a step, and waiting for a sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from playwright.sync_api import Page

from tests.pages.browser import Visitors

LOOKS = 50


class Rating(NamedTuple):
    """The total and the class of a unit, as its page shows them."""

    total: str
    class_name: str


def submit(page: Page, **fields: str) -> None:
    """Fills in fields of the form of the page, and sends it."""
    for name, value in fields.items():
        field = page.locator(f"#field-{name}")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("main form[method=post] button.button-main").click()


def rating_of(page: Page) -> Rating:
    """The rating on the page of a unit."""
    return Rating(*page.locator(".figures .figure-value").all_inner_texts()[:2])


def score_of(indicator: str) -> Callable[[Page], str]:
    """What reads the points of a line on the page of a unit."""
    return lambda page: page.locator(f"#line-{indicator} .line-score b").inner_text()


def wait_for_sheet(
    visitors: Visitors, year: int, unit: str, read: Callable[[Page], str | Rating], value: object
) -> None:
    """Looks at the page of a unit until what was announced is folded."""
    with visitors.page("hr") as page:
        for _ in range(LOOKS):
            page.goto(f"/years/{year}/units/{unit}")
            seen = read(page)
            if seen == value:
                break
        assert seen == value, f"{seen} instead of {value}"
