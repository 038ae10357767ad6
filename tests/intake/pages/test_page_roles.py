"""Who may open which page of the intake: every page by every role, none without a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount

from contracts.navigation import SECTIONS
from services.chassis.auth.permissions import ROLES
from services.chassis.settings import Settings
from services.chassis.web.sessions import COOKIE, open_sessions
from services.intake.pages.events import FORMS
from services.intake.pages.site import PAGES
from tests.support.builders.events import Door
from tests.support.refused_pages import check_refusal

pytestmark = pytest.mark.anyio
RECEIPT = "0" * 32


def routes(door: Door) -> list[str]:
    """Every page with its method."""
    (mount,) = [each for each in door.app.api.routes if isinstance(each, Mount)]
    guarded: Any = mount.app
    pages = guarded.app.app
    return [
        f"{method} {route.path}"
        for route in pages.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]


async def test_every_page_answers_each_role_as_the_table_says(lone_door: Door, home: Path) -> None:
    """A visitor signs in first; 403 for a role that may not send the event of the form."""
    sessions = open_sessions(Settings(home=home))
    assert set(routes(lone_door)) == set(PAGES)
    for role in ("", *ROLES):
        headers = {}
        if role:
            headers["cookie"] = f"{COOKIE}={sessions.seal(sessions.begin(role, role))}"
        for code, form in FORMS.items():
            for route in PAGES:
                method, _, path = route.partition(" ")
                address = f"/intake/pages{path.format(form=code, receipt=RECEIPT)}"
                answer = await lone_door.client.request(
                    method,
                    address,
                    headers=headers,
                    data={"_token": "x"} if method == "POST" else None,
                )
                status = answer.status_code
                if not role:
                    right = status == 303 and "/sign-in?next=" in answer.headers["location"]
                elif "{receipt}" in route:
                    right = status == (404 if role in ("council", "emitter") else 403)
                elif role in form.kind.roles and method == "GET":  # the desk begins it
                    right = (status, answer.headers["location"]) == (303, "/desk")
                else:
                    right = status == 403
                if status == 403:
                    check_refusal(answer.text, role, role)
                assert right, (role, code, route, status)


def test_whoever_is_offered_a_form_has_the_desk_in_the_bar() -> None:
    """The pages of the intake belong to the section of the desk."""
    (desk,) = [each for each in SECTIONS if each.code == "desk"]
    assert desk.covers("/intake/pages/events/answer")
    assert {role for form in FORMS.values() for role in form.kind.roles} <= set(desk.roles)
