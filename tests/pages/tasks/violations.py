"""A case from its report to its overturn: the rating of the unit falls and comes back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.pages.browser import Visitors, overflow, violations
from tests.pages.catalog import YEAR
from tests.pages.steps import Rating, rating_of, submit, wait_for_sheet

DEDUCTED = Decimal(3)
"""What a reprimand costs."""
SECRET = "Ông X <b>giấu</b> sổ"


def step(page: Page, name: str, **fields: str) -> None:
    """One step from the page of a case, which says what it does; back on that page after it."""
    page.locator(f".next-steps a[href$='/{name}']").click()
    page.locator(".effects").wait_for()
    expect(page.locator(".effects li")).to_have_count(3)
    assert overflow(page) == 0
    submit(page, **fields)
    page.wait_for_url("**notice=step-taken")
    assert overflow(page) == 0


def report(page: Page, unit: str) -> str:
    """A case of a clerk, whose first form lacked the allegation; its address."""
    page.goto("/violations/pages/cases")
    page.locator("main .actions a.button-main").click()
    submit(page, unit=unit, place="Nhà văn hóa", at=f"{YEAR}-09-01")
    page.locator("#fault-allegation").wait_for()
    assert page.locator("#field-place").input_value() == "Nhà văn hóa"
    submit(page, allegation=SECRET)
    page.wait_for_url("**/cases/*notice=record-opened")
    expect(page.locator(".next-steps")).to_have_count(0)
    return page.url.partition("?")[0]


def fallen(rating: Rating) -> Rating:
    """A rating after a reprimand: fewer points, and at best class B."""
    total = Decimal(rating.total.replace(",", ".")) - DEDUCTED
    return Rating(str(total).replace(".", ","), max("B", rating.class_name))


@pytest.mark.parametrize(
    ("unit", "script", "width"),
    [("H44.2.1", True, 1440), ("H44.2.2", False, 1440), ("H44.2.3", True, 360)],
    ids=["script", "no-script", "narrow"],
)
def test_a_case_is_concluded_and_overturned(
    visitors: Visitors, unit: str, script: bool, width: int
) -> None:
    """The unit's rating falls with the sanction and is restored when a court overturns it."""
    with visitors.page("hr") as page:
        page.goto(f"/years/{YEAR}/units/{unit}")
        before = rating_of(page)
    with visitors.page("clerk", width=width, script=script) as page:
        case = report(page, unit)
    with visitors.page("council", width=width, script=script) as page:
        page.goto(case)
        step(page, "assign", to="cb-0417", complexity="ordinary", at=f"{YEAR}-09-02")
        step(page, "verify", outcome=SECRET, at=f"{YEAR}-09-03")
        step(page, "conclude", act="9.1", deed="hv-0417", at=f"{YEAR}-09-04")
        sanction = {"severity": "reprimand", "measure": "Khiển trách", "decision": "12/QĐ"}
        step(page, "handle", **sanction, at=f"{YEAR}-09-05")
        assert violations(page) == []
    wait_for_sheet(visitors, YEAR, unit, rating_of, fallen(before))
    with visitors.page("clerk", width=width, script=script) as page:
        page.goto(case)
        assert SECRET not in page.locator("main").inner_text()
        step(page, "appeal", by="sanctioned_person", at=f"{YEAR}-09-08")
    with visitors.page("council", width=width, script=script) as page:
        page.goto(case)
        step(page, "overturn", by="court", decision="9/BA", at=f"{YEAR}-10-01")
        page.locator("main a.button[href$='/journal']").click()
        expect(page.locator("main tbody tr")).to_have_count(7)
        assert overflow(page) == 0
        assert violations(page) == []
    wait_for_sheet(visitors, YEAR, unit, rating_of, before)
