"""An award from its nomination to its recognition, and what it does to the sheet of the unit."""

from __future__ import annotations

import pytest

from tests.pages.browser import Visitors, violations
from tests.pages.steps import score_of, submit, wait_for_sheet

YEAR = 2026
"""Nothing of this year is in the sample city."""
TITLE = "Tổ dân phố <b>tự quản</b>"


@pytest.mark.parametrize(
    ("unit", "script"), [("H44.2.4", True), ("H44.2.3", False)], ids=["script", "no-script"]
)
def test_an_award_moves_the_sheet(visitors: Visitors, unit: str, script: bool) -> None:
    """A clerk nominates after mending a field, the council votes and decides, the points come."""
    with visitors.page("clerk", script=script) as page:
        page.goto("/awards/pages/achievements")
        page.locator("main .actions a.button-main").click()
        submit(page, unit=unit, title=TITLE, document="12/TTr", at=f"{YEAR}-03-01")
        page.locator("#fault-merits").wait_for()
        assert page.locator("#field-title").input_value() == TITLE
        submit(page, merits="Không có khiếu kiện kéo dài", url="https://vb.example/12")
        page.wait_for_url("**/achievements/*notice=record-opened")
        achievement = page.url.partition("?")[0]
        assert TITLE in page.locator("h1").inner_text()
        assert page.locator(".next-steps").count() == 0
    wait_for_sheet(visitors, YEAR, unit, score_of("models-registered"), "3,00")
    with visitors.page("council", script=script) as page:
        page.goto(achievement)
        page.locator(".next-steps a[href$='/appraise']").click()
        assert page.locator(".effects li").count() == 3
        submit(page, what="model", level="city", in_favour="7", against="2", at=f"{YEAR}-04-01")
        page.locator(".next-steps a[href$='/recognise']").click()
        assert page.locator("#field-level").input_value() == "city"
        submit(page, decision="12/QĐ-UBND", at=f"{YEAR}-04-01")
        assert "12/QĐ-UBND" in page.locator("main table").inner_text()
        page.locator(".next-steps a[href$='/revoke']").wait_for()
        assert violations(page) == []
    wait_for_sheet(visitors, YEAR, unit, score_of("models-recognised"), "1,50")
    with visitors.page("reader", script=script) as page:
        page.goto(f"/awards/pages/register?year={YEAR}")
        assert TITLE in page.locator("main table").inner_text()
        page.locator("main table a").first.click()
        assert page.locator("h1").inner_text() == TITLE
