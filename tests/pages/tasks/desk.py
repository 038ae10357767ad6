"""A year is led to its seal in the browser: published, contested, adjusted, sealed, verified."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from services.scoring.rubrics.loader import SHIPPED
from tests.pages.browser import Visitors, overflow, violations
from tests.pages.catalog import YEAR
from tests.pages.city import opened_city
from tests.support.stacks import Stack

UNIT, SENDER, SOURCE = "H44.1", "phuong-mau", "urn:phuong-mau:"
REASON = "Thiếu <b>một</b> lớp bồi dưỡng"


@pytest.fixture(scope="module")
def desks(visitors: Visitors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitors]:
    """A city of one commune whose rubrics have no period of replies: it is sealed at once."""
    folder = tmp_path_factory.mktemp("desk")
    with opened_city(
        folder / "home", "--empty", "--rubrics", str(rubrics_without_replies(folder))
    ) as city:
        city.add_account(SENDER, "emitter", UNIT, sources=(SOURCE,))
        _register(city.stack, folder)
        yield Visitors(visitors.browser, city)


def rubrics_without_replies(folder: Path) -> Path:
    """The shipped rubrics without a period of replies."""
    rubrics = folder / "rubrics"
    rubrics.mkdir()
    for file in SHIPPED.glob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace("reply_days: 14", "reply_days: 0")
        (rubrics / file.name).write_text(text, encoding="utf-8")
    return rubrics


def _register(stack: Stack, folder: Path) -> None:
    event = {
        "specversion": "1.0", "id": "r1", "source": "urn:city:registry", "subject": UNIT,
        "type": "vn.danchu.unit.registered.v1", "time": "2024-01-01T00:00:00+07:00",
        "data": {"name": "Phường mẫu", "kind": "commune"},
    }  # fmt: skip
    file = folder / "events.ndjson"
    file.write_text(json.dumps(event) + "\n")
    ended = stack.run("emit", str(file))
    assert ended.returncode == 0, ended.stdout


@contextmanager
def person(desks: Visitors, role: str, script: bool) -> Iterator[Page]:
    """A page as a person of this account."""
    with desks.page(role, script=script) as page:
        yield page


def submit(page: Page, **fields: str) -> None:
    """Fills in the form of the page and sends it."""
    for name, value in fields.items():
        page.locator(f"main [name={name}]").last.fill(value)
    page.locator("main form[method=post] button.button-main").last.click()


def decide(page: Page, address: str, number: str, script: bool) -> None:
    """A step with a decision on paper: the form, what it will do, and the command."""
    page.goto(address)
    submit(page, decision=number, date="2026-02-01", reason="Theo biên bản họp")
    page.locator(".effects").wait_for()
    assert page.locator(".effects li").count() >= 3
    if script:  # axe runs in the page
        assert violations(page) == [] and overflow(page) == 0
    submit(page)


def record(page: Page) -> None:
    """The confirmation of an event, its receipt, and back to the desk."""
    page.locator(".effects").wait_for()
    expect(page.locator(".effects li")).to_have_count(2)
    submit(page)
    page.wait_for_url("**/receipts/*")
    assert re.fullmatch("[0-9a-f]{32}", page.locator("main dd code").inner_text())
    expect(page.locator("main dl").first).to_contain_text("Phường mẫu")
    page.locator("main a.button-main").click()
    page.wait_for_url("**/desk/**wait_for=*")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_year_is_published_contested_sealed_by_two_and_verified(
    desks: Visitors, script: bool
) -> None:
    """Each role takes its own steps; what is impossible is said with its reason and a link.

    The year is reopened at the end, so that it can be led to its next seal.
    """
    year, series = YEAR, "A" if script else "B"
    with person(desks, SENDER, script) as page:
        page.goto(f"/desk/{year}/appeals")
        page.locator("main header a.button-main").click()
        page.locator("#appeal button").click()
        submit(page, reason=REASON)
        record(page)
        assert REASON in page.locator("main table").inner_text()
        page.goto(f"/desk/{year}/decisions?form=self-score")
        page.locator("#self-score select").select_option("training-plan")
        page.locator("#self-score button").click()
        submit(page, points="2,5")
        record(page)
        assert "2,50" in page.locator("main table").inner_text()
        page.goto(f"/desk/{year}/publish")
        assert "403" in page.locator("main").inner_text()
    with person(desks, "council", script) as page:
        decide(page, f"/desk/{year}/publish", f"1{series}/QĐ", script)
        page.wait_for_url(f"**/desk/{year}?notice=desk-publish")
    with person(desks, "operator", script) as page:
        page.goto(f"/desk/{year}/draft")
        expect(page.locator("main form")).to_have_count(0)
        assert UNIT in page.locator(".obstacles").inner_text()
    with person(desks, "council", script) as page:
        page.goto(f"/desk/{year}")
        page.locator(".obstacles a").click()
        page.locator("input[value=upheld]").check()
        submit(page, decision=f"2{series}/QĐ")
        record(page)
        row = page.locator("main tbody tr", has_text=f"2{series}/QĐ")
        row.locator("a", has_text="Cộng hoặc trừ điểm").click()
        page.locator("#adjustment button").click()
        submit(page, points="1,25", reason="Chấp nhận kiến nghị")
        record(page)
        assert "+1,25" in page.locator("main table").inner_text()
    _seal(desks, year, script, series)


def _seal(desks: Visitors, year: int, script: bool, series: str) -> None:
    """Both halves, the check in the browser, and the reopening."""
    with person(desks, "operator", script) as page:
        decide(page, f"/desk/{year}/draft", f"4{series}/QĐ", script)
        page.wait_for_url(f"**/desk/{year}?notice=desk-draft")
        page.locator("main a[href$='/drop']").click()
        submit(page, reason="Nhầm số quyết định")
        submit(page)
        page.wait_for_url(f"**/desk/{year}?notice=desk-drop")
        decide(page, f"/desk/{year}/draft", f"5{series}/QĐ", script)
    with person(desks, "auditor", script) as page:
        page.goto(f"/desk/{year}")
        page.locator("main a[href$='/seal']").click()
        submit(page)
        page.locator(".effects").wait_for()
        submit(page)
        page.wait_for_url(f"**/desk/{year}?notice=desk-seal")
        assert page.locator(".note-text").count() >= 1
        page.locator("main table a[href*='/verify']").first.click()
        page.locator("form[aria-labelledby=verify-own] button").click()
        page.locator(".checks").wait_for()
        expect(page.locator(".check-holds")).to_have_count(6)
        if script:
            assert violations(page) == []
        page.goto(f"/desk/{year}")
        with page.expect_download() as download:
            page.locator("main table a[href*='seal.zip']").first.click()
        page.goto(f"/desk/{year}/verify")
        page.locator("#field-file").set_input_files(download.value.path())
        page.locator("form[aria-labelledby=verify-file] button").click()
        page.locator(".checks").wait_for()
        expect(page.locator(".check-holds")).to_have_count(6)
    with person(desks, "council", script) as page:
        decide(page, f"/desk/{year}/reopen", f"6{series}/QĐ", script)
        page.wait_for_url(f"**/desk/{year}?notice=desk-reopen")
