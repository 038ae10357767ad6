"""Signing in and out, and the language, from the first page on."""

from __future__ import annotations

import pytest

from tests.pages.browser import Visitors, violations
from tests.pages.catalog import YEAR


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_person_is_led_back_to_the_page_that_asked_for_a_session(
    visitors: Visitors, script: bool
) -> None:
    """A wrong password is refused in words and the name is kept; then the page that was meant."""
    with visitors.page(script=script) as page:
        page.goto(f"/years/{YEAR}?q=hy+cuong")
        assert "/sign-in?next=" in page.url
        page.locator("#field-name").fill("hr")
        page.locator("#field-password").fill("sai-mat-khau-roi")
        page.locator("main button[type=submit]").click()
        page.locator("[role=alert]").wait_for()
        assert page.locator("#field-name").input_value() == "hr"
        page.locator("#field-password").fill(visitors.city.passwords["hr"])
        page.locator("main button[type=submit]").click()
        page.wait_for_url(f"**/years/{YEAR}?q=hy+cuong")
        page.locator("a.language").click()
        assert page.locator("html").get_attribute("lang") == "en"
        page.locator("details.person summary").click()
        page.locator("details.person button").click()
        page.goto(f"/years/{YEAR}")
        assert "/sign-in?next=" in page.url


def test_a_session_that_was_signed_out_is_refused_with_its_old_cookie(visitors: Visitors) -> None:
    """A copy of the cookie is worthless everywhere after."""
    with visitors.page() as page:
        page.goto("/")
        page.locator("#field-name").fill("council")
        page.locator("#field-password").fill(visitors.city.passwords["council"])
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/years/*")
        kept = [each for each in page.context.cookies() if each["name"] == "danchu_session"]
        page.locator("details.person summary").click()
        page.locator("details.person button").click()
        page.context.add_cookies(
            [{"name": "danchu_session", "value": kept[0]["value"], "url": visitors.city.url}]
        )
        for _ in range(50):  # the process that serves looks for revocations every second
            page.goto(f"/years/{YEAR}")
            if "/sign-in" in page.url:
                break
        assert "/sign-in" in page.url


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_form_whose_session_ended_comes_back_filled(visitors: Visitors, script: bool) -> None:
    """A wrong password in between loses nothing; it is the person who sends it in the end."""
    title = f"Khóa nhập trước khi hết phiên, {'có' if script else 'không'} kịch bản"
    with visitors.page("can-bo", script=script) as page:
        page.goto("/training/pages/courses/new")
        page.locator("#field-title").fill(title)
        page.locator("#field-hours").fill("7,5")
        page.context.clear_cookies(name="danchu_session")
        page.locator("main button[type=submit]").click()
        assert page.locator("#field-name").input_value() == "can-bo"
        assert not script or violations(page) == []
        for password in ("sai-mat-khau-roi", visitors.city.passwords["can-bo"]):
            page.locator("#field-password").fill(password)
            page.locator("main button[type=submit]").click()
        assert title not in page.content()
        page.locator("main button[type=submit]").click()
        assert page.locator("#field-title").input_value() == title
        page.locator("main .notice-warn").wait_for()
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**?notice=record-opened")
        page.goto("/training/pages/courses")
        assert page.get_by_text(title, exact=True).count() == 1


def test_another_person_who_signs_in_does_not_see_the_form(visitors: Visitors) -> None:
    """The first page instead; what was typed stays sealed."""
    with visitors.page("can-bo") as page:
        page.goto("/training/pages/courses/new")
        page.locator("#field-title").fill("Nội dung của người khác")
        page.locator("#field-hours").fill("7,5")
        page.context.clear_cookies(name="danchu_session")
        page.locator("main button[type=submit]").click()
        page.locator("#field-name").fill("hr")
        page.locator("#field-password").fill(visitors.city.passwords["hr"])
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/years/*")
        assert "Nội dung của người khác" not in page.content()
