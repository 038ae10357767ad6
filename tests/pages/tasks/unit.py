"""A unit: found without diacritics, its total explained to the hundredth, its files."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Page, expect

from tests.pages.browser import Visitors
from tests.pages.catalog import LOWERED, YEAR


def hundredths(text: str) -> int:
    """A number as a page prints it, such as `−0,50` or `+12.25`, in hundredths."""
    match = re.match(r"\s*([−+]?)(\d+)[.,](\d\d)", text)
    assert match is not None, text
    number = int(match[2]) * 100 + int(match[3])
    return -number if match[1] == "−" else number


def downloaded(page: Page, link: str) -> bytes:
    """The file behind a link of the page."""
    with page.expect_download() as download:
        page.locator(link).first.click()
    return Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_hr_finds_a_commune_and_explains_its_total(visitors: Visitors, script: bool) -> None:
    """The bars add up to the total as printed; what lifts it most comes first; files; language."""
    with visitors.page("hr", script=script) as page:
        page.goto(f"/years/{YEAR}")
        page.locator("#field-q").fill("nong trang")
        page.locator("#field-q").press("Enter")
        page.wait_for_url("**q=nong*trang*")
        page.locator("#ratings tbody tr", has_text=LOWERED).locator("th a").click()
        page.wait_for_url(f"**/units/{LOWERED}")
        total = hundredths(page.locator(".figure-main .figure-value").inner_text())
        bars = page.locator(".chart-sheet tr:not(.chart-group):not(.chart-total) td.number")
        parts = [hundredths(text) for text in bars.all_inner_texts()]
        assert len(parts) > 10 and sum(parts) == total > 0
        assert hundredths(page.locator(".chart-total td.number").inner_text()) == total
        worths = [hundredths(text) for text in page.locator(".lift-worth").all_inner_texts()]
        assert worths and worths == sorted(worths, reverse=True) and worths[0] > 0
        page.locator(".lifts li a").first.click()
        expect(page.locator("article.line:target")).to_have_count(1)
        _compare_files(page, f"{total // 100},{total % 100:02}")
        page.locator("a.language").click()
        page.wait_for_url(f"**/units/{LOWERED}*")
        assert page.locator("html").get_attribute("lang") == "en"
        assert hundredths(page.locator(".figure-main .figure-value").inner_text()) == total
        page.locator("a.language").click()
        page.wait_for_url(f"**/units/{LOWERED}*")
        assert page.locator("html").get_attribute("lang") == "vi"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_phone_shows_what_counts_first_and_opens_the_rest(
    visitors: Visitors, script: bool
) -> None:
    """The bars, lines and articles are closed; a link to a line opens its group; paper has all."""
    with visitors.page("hr", width=360, script=script) as page:
        page.goto(f"/years/{YEAR}/units/{LOWERED}")
        assert page.locator(".figure-main").is_visible() and page.locator(".lifts").is_visible()
        lines = page.locator("article.line")
        assert lines.count() > 10 and not any(each.is_visible() for each in lines.all())
        page.locator(".lifts li a").first.click()
        page.locator("article.line:target").wait_for()
        page.locator(".line-group summary", has_text="Điều 4 khoản 2").first.click()
        page.locator("#line-communication").wait_for()
        page.emulate_media(media="print")
        assert all(each.is_visible() for each in lines.all())
        page.emulate_media(media="screen")
        page.goto(f"/years/{YEAR}/resolution")
        texts = page.locator(".clause")
        assert texts.count() > 10 and not any(each.is_visible() for each in texts.all())
        page.goto(f"/years/{YEAR}/resolution#d4-1")
        assert page.locator("#d4-1").is_visible() and not page.locator("#d3-1").is_visible()
    with visitors.page("hr", script=script) as page:
        page.goto(f"/years/{YEAR}/units/{LOWERED}")
        assert all(each.is_visible() for each in page.locator("article.line").all())


def _compare_files(page: Page, total: str) -> None:
    """Both files have the unit, and the sheet has the total as the page prints it."""
    document = pypdf.PdfReader(io.BytesIO(downloaded(page, ".page-head a[href*='sheet.pdf']")))
    text = " ".join(each.extract_text() for each in document.pages)
    assert total in text and LOWERED in text
    book = zipfile.ZipFile(io.BytesIO(downloaded(page, ".page-head a[href*='rating.xlsx']")))
    assert any(LOWERED.encode() in book.read(name) for name in book.namelist())
