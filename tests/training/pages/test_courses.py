"""Courses as pages: what a person may do there is what a token of the person may."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.chassis.auth.credentials import Issuer
from services.chassis.settings import Settings
from services.chassis.web.sessions import COOKIE, open_sessions
from services.training import app as training
from services.training.pages.site import PAGES
from tests.support.builders.desks import Desk, open_desk

pytestmark = pytest.mark.anyio
OWN, OTHER = "H44.1", "H44.2"
LIST, NEW = "/training/pages/courses", "/training/pages/courses/new"
FIELDS = {"unit": OWN, "title": "Dân chủ <i>cơ sở</i>", "topic": "democracy", "hours": "7,5"}


@pytest.fixture
async def desk(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Desk]:
    """The running service."""
    url = f"sqlite:///{tmp_path / 'training.db'}"
    async with open_desk("training", training.build, training.migrated, home, url, issuer) as made:
        yield made


async def visit(
    desk: Desk, path: str, role: str, form: dict[str, str] | None = None, **claims: Any
) -> httpx.Response:
    """A request as a person of this role, whose session is the same at each visit."""
    sessions = open_sessions(Settings(home=desk.app.parts.settings.home))
    session = sessions.begin(role, role, claims.get("units", [OWN]))
    cookie = f"{COOKIE}={sessions.seal(session)}"
    if form is not None:
        page = await desk.client.get(NEW, headers={"cookie": cookie})
        form = dict(re.findall(r'name="(_\w+)" value="([^"]*)"', page.text)) | form
        return await desk.client.post(path, data=form, headers={"cookie": cookie})
    return await desk.client.get(path, headers={"cookie": cookie})


async def test_a_clerk_plans_a_course_and_everybody_of_the_unit_sees_it(desk: Desk) -> None:
    """As text, whatever stands in its title; a reader of another unit does not."""
    answer = await visit(desk, LIST, "clerk", FIELDS)
    assert (answer.status_code, answer.headers["location"]) == (
        303, f"{LIST}?notice=course-planned",
    )  # fmt: skip
    page = await visit(desk, LIST, "reader")
    assert "Dân chủ &lt;i&gt;cơ sở&lt;/i&gt;" in page.text and "<i>" not in page.text
    assert "Dân chủ" not in (await visit(desk, LIST, "reader", units=[OTHER])).text
    assert (await desk.announcements())[0] == ("course.planned", OWN)


async def test_a_refused_form_keeps_what_was_typed_and_names_each_field(desk: Desk) -> None:
    """The sentences of the interface at the fields; another unit is a page of its own."""
    answer = await visit(desk, LIST, "clerk", FIELDS | {"hours": "0", "due": "2025-02-30"})
    assert answer.status_code == 422 and 'id="fault-hours"' in answer.text
    assert 'id="fault-due"' in answer.text and 'value="Dân chủ &lt;i&gt;' in answer.text
    other = await visit(desk, LIST, "clerk", FIELDS | {"unit": OTHER})
    assert other.status_code == 403 and "<h1>" in other.text
    assert await desk.announcements() == []


async def test_a_form_that_is_sent_twice_is_one_course(desk: Desk) -> None:
    """Its id is the Idempotency-Key; the second answer is that of the first."""
    for _ in range(2):
        answer = await visit(desk, LIST, "clerk", FIELDS | {"_form": "the-same"})
        assert answer.status_code == 303
    assert len((await desk.get("courses", "clerk")).json()["items"]) == 1


async def test_every_page_answers_each_role_as_its_row_says(desk: Desk) -> None:
    """A visitor is led to sign in, other roles get 403; a forged form changes nothing."""
    for route, row in PAGES.items():
        method, _, path = route.partition(" ")
        address = f"/training/pages{path}"
        for role in ("", "reader", "clerk", "hr", "council", "registrar", "emitter"):
            if method == "POST":
                answer = await desk.client.post(address, data={})
                assert answer.status_code == 303, route
                continue
            answer = await (visit(desk, address, role) if role else desk.client.get(address))
            allowed = row.roles is not None and role in row.roles
            assert answer.status_code == (303 if not role else 200 if allowed else 403), route
    forged = await visit(desk, LIST, "clerk", FIELDS | {"_token": "x"})
    assert forged.status_code == 403 and await desk.announcements() == []
