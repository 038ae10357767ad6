"""The council's report: who fell and why is found, and the document has the page's numbers."""

from __future__ import annotations

import io
import re

import pypdf
import pytest

from tests.pages.browser import Visitors
from tests.pages.catalog import YEAR
from tests.pages.tasks.unit import downloaded, hundredths

REPORTED = YEAR + 1
"""The year after that of the sample city, in which units did little, and so fell."""


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_council_member_finds_who_fell_and_takes_the_report_along(
    visitors: Visitors, script: bool
) -> None:
    """From the overview to the row, to the unit's own page, and to the document."""
    with visitors.page("council", script=script) as page:
        page.goto(f"/years/{REPORTED}")
        page.locator(f".page-head a[href='/years/{REPORTED}/report']").click()
        page.wait_for_url(f"**/years/{REPORTED}/report")
        assert page.locator("section[aria-labelledby=targets] tbody tr").count() == 6
        page.locator("a[href$='part=fell']").click()
        page.wait_for_url("**part=fell")
        assert page.locator("section[aria-labelledby=targets]").count() == 0
        row = page.locator("section[aria-labelledby=fell] tbody tr").first
        name, key = row.locator("th").inner_text().split("\n")[:2]
        key = key.split(" · ")[0]
        cells = row.locator("td")
        change = hundredths(cells.nth(0).inner_text())
        before, total = (hundredths(text) for text in cells.nth(1).inner_text().split("→"))
        causes = cells.nth(3).locator("b").all_inner_texts()
        assert change == total - before < 0
        assert causes and all(hundredths(text) < 0 for text in causes)
        row.locator("th a").click()
        page.wait_for_url(f"**/units/{key}")
        figures = page.locator(".figure-value").all_inner_texts()
        assert hundredths(figures[0]) == total and hundredths(figures[-1]) == change
        page.goto(f"/years/{REPORTED}/report")
        document = downloaded(page, ".page-head a[href$='report.pdf']")
        assert document.startswith(b"%PDF")
        text = " ".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(document)).pages)
        squeezed = re.sub(r"\s", "", text)
        assert re.sub(r"\s", "", name) in squeezed and key in squeezed
        assert f"{change / 100:.2f}".replace(".", ",") in squeezed
        shares = page.locator("section[aria-labelledby=targets] td:nth-child(2)").all_inner_texts()
        assert all(re.sub(r"\s", "", share) in squeezed for share in shares)
