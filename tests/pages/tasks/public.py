"""The public view in the browser: a visitor finds a unit of a sealed year, and reads how it did."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pages.browser import Visitors, overflow, sizes_of, violations
from tests.pages.catalog import YEAR
from tests.pages.city import opened_city
from tests.pages.tasks.desk import rubrics_without_replies
from tests.pages.tasks.every_page import BYTES_MAX
from tests.support.stacks import Stack

UNIT, CITY_UNITS = "H44.1", 6
DECISION = {"date": "2026-02-01", "reason": "Theo biên bản họp"}


@pytest.fixture(scope="module")
def sealed(visitors: Visitors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitors]:
    """A city of six communes whose year is sealed."""
    folder = tmp_path_factory.mktemp("public")
    rubrics = rubrics_without_replies(folder)
    with opened_city(folder / "home", "--empty", "--rubrics", str(rubrics)) as city:
        _fill(city.stack, folder)
        _command(city.stack, "council", "provisional", {"decision": "1/QĐ", **DECISION})
        _command(city.stack, "operator", "sealed", {"decision": "2/QĐ", **DECISION})
        _command(city.stack, "auditor", "sealed", {})
        yield Visitors(visitors.browser, city)


def _fill(stack: Stack, folder: Path) -> None:
    """Six communes; the first published six of six things."""
    sent = [_event(f"r{n}", "unit.registered", f"H44.{n}",
                   {"name": "Phường Dữu Lâu" if n == 1 else f"Xã số {n}", "kind": "commune"})
            for n in range(1, CITY_UNITS + 1)]  # fmt: skip
    for number in range(6):
        item = {"item": f"muc-{number}"}
        sent += [
            _event(f"d{number}", "disclosure.due", UNIT, {**item, "due": f"{YEAR}-08-01"}),
            _event(f"p{number}", "disclosure.published", UNIT, {**item, "channel": "portal"}),
        ]
    file = folder / "events.ndjson"
    file.write_text("".join(json.dumps(each) + "\n" for each in sent))
    ended = stack.run("emit", str(file))
    assert ended.returncode == 0, ended.stdout


def _event(id_: str, short: str, unit: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": id_, "source": "urn:city:registry", "subject": unit,
        "type": f"vn.danchu.{short}.v1", "time": f"{YEAR}-03-01T00:00:00+07:00", "data": data,
    }  # fmt: skip


def _command(stack: Stack, role: str, step: str, body: dict[str, Any]) -> None:
    """A step of the year over HTTP."""
    token = json.loads((stack.home / "tokens.json").read_text())[role]
    asked = urllib.request.Request(
        f"{stack.url}/scoring/years/{YEAR}/{step}", json.dumps(body).encode(),
        {"authorization": f"Bearer {token}", "content-type": "application/json"}, method="POST",
    )  # fmt: skip
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert answer.status in (200, 202)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_visitor_finds_a_unit_and_reads_its_levels(sealed: Visitors, script: bool) -> None:
    """From the first page, by a name without diacritics, in both languages, without signing in."""
    with sealed.page(script=script, width=360) as page:
        page.goto("/")
        page.get_by_role("link", name="Xem kết quả công khai").click()
        page.get_by_role("link", name=f"Năm {YEAR}").click()
        assert page.locator(".stacked").count() == 1
        page.locator("#field-q").fill("duu lau")
        page.locator(".filters button").click()
        page.wait_for_url("**q=duu*lau*")
        page.get_by_role("link", name="Phường Dữu Lâu").click()
        page.wait_for_url(f"**/public/years/{YEAR}/units/{UNIT}")
        assert page.locator(".list-levels").inner_text().count("không công khai") > 3
        page.get_by_role("link", name="English").click()
        page.wait_for_url("**lang=en")
        assert "not public" in page.locator(".list-levels").inner_text()
        page.get_by_role("link", name="Public results").click()
        assert page.locator("h1").inner_text() == "Public ratings"


@pytest.mark.parametrize(("language", "width"), [("vi", 1440), ("en", 360)])
@pytest.mark.parametrize("path", ["", f"/{YEAR}", f"/{YEAR}?q=x", f"/{YEAR}/units/{UNIT}"])
def test_public_pages_are_sound_small_and_work_by_keyboard(
    sealed: Visitors, path: str, language: str, width: int
) -> None:
    """axe finds nothing, nothing is cut at 360 pixels, all that is loaded has at most 100 kB."""
    with sealed.page("", language, width) as page:
        with sizes_of(page) as sizes:
            page.goto(f"/public/years{path}")
            page.wait_for_load_state("networkidle")
        assert page.locator("html").get_attribute("lang") == language
        assert violations(page) == [] and overflow(page) == 0
        assert 0 < sum(sizes) <= BYTES_MAX
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
