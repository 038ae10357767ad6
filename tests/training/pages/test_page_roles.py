"""Who may open which page of training."""

from __future__ import annotations

import pytest

from services.training.pages.site import PAGES
from tests.support.page_visits import OWN, PageVisits

pytestmark = pytest.mark.anyio


async def test_every_page_answers_each_role_as_its_row_says(visits: PageVisits) -> None:
    """A visitor is led to sign in, other roles get 403; a forged form changes nothing."""
    desk = visits.desk
    plan = {"unit": OWN, "title": "Dân chủ", "topic": "democracy", "hours": "8"}
    course = (await desk.succeed("courses", "clerk", plan | {"at": "2025-02-01"}))["id"]
    session = {"starts": "2025-05-05T08:00:00+07:00", "place": "A", "hours": "8"}
    await desk.succeed(f"courses/{course}/schedule", "clerk", session)
    member = {"unit": OWN, "role": "official", "number": "CB-1", "name": "Nguyễn Văn Mẫu"}
    id_ = (await desk.succeed("memberships", "clerk", member))["id"]
    before = await desk.announcements()

    def address(path: str) -> str:
        record = id_ if path.startswith("/memberships") else course
        for place, text in (
            ("{id}", record), ("{version}", "1"), ("{session}", "s1"), ("{unit}", OWN),
        ):  # fmt: skip
            path = path.replace(place, text)
        return f"/training/pages{path}"

    await visits.check_roles(PAGES, address)
    fields = {"number": "CB-2", "name": "Trần Thị Thuý", "role": "official", "_token": "x"}
    forged = await visits.send(f"/training/pages/rosters/{OWN}/new", "clerk", fields)
    assert forged.status_code == 403 and await desk.announcements() == before
