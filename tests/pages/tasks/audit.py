"""The quarantine in the browser: a message is dropped, taken up again, repaired, and counts."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.pages.browser import Visitors, overflow, violations
from tests.pages.city import opened_city

LOST = "Thử lại: " + "x" * 300 + " <b>‮đảo</b>"


@pytest.fixture(scope="module")
def watched(visitors: Visitors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitors]:
    """A sample city of its own: the one message of its quarantine can be repaired only once."""
    with opened_city(tmp_path_factory.mktemp("audit") / "home") as city:
        yield Visitors(visitors.browser, city)


def entry(page: Page, state: str) -> str:
    """Opens the first entry of a state, and returns its address."""
    page.goto(f"/quarantine?state={state}")
    page.locator("main tbody th a").first.click()
    page.wait_for_url("**/quarantine/*")
    return page.url


def checked(page: Page) -> None:
    """Nothing serious that axe finds, nothing wider than the window."""
    assert violations(page) == [] and overflow(page) == 0


def press(page: Page) -> None:
    """Sends the last form of the page."""
    page.locator("main form button.button-main").last.click()


def test_a_message_is_dropped_then_repaired_and_counts(watched: Visitors) -> None:
    """Without scripts the operator drops it; with scripts it is taken up again and mended.

    The auditor sees it and changes nothing.
    """
    with watched.page("operator", script=False) as page:
        address = entry(page, "waiting")
        page.locator("main a[href$='/drop']").click()
        press(page)
        expect(page.locator("#fault-reason")).to_have_count(1)
        page.locator("[name=reason]").fill(LOST)
        press(page)
        expect(page.locator(".effects li")).to_have_count(3)
        press(page)
        page.wait_for_url("**notice=quarantine-dropped")
        assert LOST in page.locator("main").inner_text()
    with watched.page("auditor", width=360) as page:
        page.goto(address)
        expect(page.locator("#steps")).to_have_count(0)
        checked(page)
        page.goto(f"{address}/repair")
        assert "403" in page.locator("main").inner_text()
    _repair(watched, address)


def _repair(watched: Visitors, address: str) -> None:
    """Faults at their fields, what is changed, the door, and where the event counts."""
    with watched.page("operator") as page:
        page.goto(f"{address}/repair")
        area = page.locator("textarea[name=event]")
        event = json.loads(area.input_value())
        press(page)
        assert page.locator(".faults li code").all_inner_texts() == ["data.score"]
        assert json.loads(area.input_value()) == event
        checked(page)
        event["data"]["score"] = 5
        area.fill(json.dumps(event, ensure_ascii=False))
        press(page)
        assert "data.score" in page.locator("main table").inner_text()
        checked(page)
        press(page)
        page.wait_for_url("**notice=quarantine-repaired")
        assert "Được tính" in page.locator("main").inner_text()
        checked(page)
        page.locator("main a[href$='/events']").click()
        page.wait_for_url(f"**/units/{event['subject']}/events")
