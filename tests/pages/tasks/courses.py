"""A clerk plans a course: faults are at their fields, and nothing that was typed is lost."""

from __future__ import annotations

import pytest

from tests.pages.browser import Visitors
from tests.pages.catalog import UNIT

FIELDS = ("_token", "_form", "unit", "title", "topic", "hours")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_clerk_plans_a_course_after_mending_a_field(visitors: Visitors, script: bool) -> None:
    """A refused form is shown with its faults and all values; sent twice, it is one course."""
    title = f"Bồi dưỡng <b>dân chủ</b> {'có' if script else 'không'} kịch bản"
    with visitors.page("can-bo", script=script) as page:
        page.goto("/training/pages/courses/new")
        assert page.locator("#field-unit").input_value() == UNIT
        page.locator("#field-title").fill(title)
        page.locator("#field-hours").fill("0")
        page.locator("main button[type=submit]").click()
        page.locator("#fault-hours").wait_for()
        assert page.locator("#field-title").input_value() == title
        assert page.locator("#field-hours").get_attribute("aria-invalid") == "true"
        page.locator("#field-hours").fill("7,5")
        fields: dict[str, str | float | bool] = {
            name: page.locator(f"main [name={name}]").input_value() for name in FIELDS
        }
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/courses/course-*?notice=record-opened")
        page.locator("[role=status]").first.wait_for()
        again = page.request.post("/training/pages/courses", form=fields)
        assert again.url == page.url
        page.goto("/training/pages/courses")
        assert page.get_by_text(title, exact=True).count() == 1
