"""Visits of the pages of a system of record in a test: as a person of a role, with a session."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from services.chassis.settings import Settings
from services.chassis.web.sessions import COOKIE, open_sessions
from services.chassis.web.site import PageAccess
from tests.support.builders.desks import Desk
from tests.support.refused_pages import check_refusal

OWN, OTHER = "H44.1", "H44.2"
ROLES = (
    "reader", "clerk", "hr", "council", "auditor", "operator", "registrar", "emitter",
)  # fmt: skip
_TAGS = re.compile(r"<(input|option|select)\b([^>]*)>")
_ATTRIBUTES = re.compile(r'([\w-]+)(?:="([^"]*)")?')


def fields_of(page: str) -> dict[str, str]:
    """What the forms of a page would send as they are: texts, choices, and ticked boxes."""
    main = page.partition("<main")[2]
    fields, select = {}, ""
    for tag in _TAGS.finditer(main):
        members = {name: html.unescape(value) for name, value in _ATTRIBUTES.findall(tag[2])}
        if tag[1] == "select":
            select = members["name"]
            fields[select] = ""
        elif tag[1] == "option" and "selected" in members:
            label = main[tag.end() :].partition("<")[0]
            fields[select] = members.get("value", html.unescape(label))
        elif tag[1] == "input" and members.get("type") not in ("checkbox", "radio", "file"):
            fields[members["name"]] = members.get("value", "")
        elif tag[1] == "input" and "checked" in members:
            fields[members["name"]] = members["value"]
    return fields


@dataclass
class PageVisits:
    """Persons of one service, each with the session of the role; the unit is their own one."""

    desk: Desk

    async def open(self, path: str, role: str, unit: str = OWN) -> httpx.Response:
        """A page."""
        return await self.desk.client.get(path, headers=self._begin(role, unit))

    async def send(
        self, path: str, role: str, fields: dict[str, Any], unit: str = OWN, blank: str = "",
        files: dict[str, Any] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """The form of a page, `blank` if that is another one, with these fields and files."""
        headers = self._begin(role, unit)
        page = await self.desk.client.get(blank or path, headers=headers)
        hidden = dict(re.findall(r'name="(_\w+)" value="([^"]*)"', page.text))
        hidden["_version"] = hidden.get("_version", "").replace("&#34;", '"')
        return await self.desk.client.post(path, data=hidden | fields, files=files, headers=headers)

    async def succeed(
        self, path: str, role: str, fields: dict[str, Any], unit: str = OWN, blank: str = ""
    ) -> str:
        """A form that must be accepted; where it leads, without the notice."""
        answer = await self.send(path, role, fields, unit, blank)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].partition("?notice=")[0]

    async def check_roles(
        self, pages: Mapping[str, PageAccess], address_of: Callable[[str], str]
    ) -> None:
        """Each page answers each role as its row says; a visitor is led to sign in."""
        for route, row in pages.items():
            method, _, path = route.partition(" ")
            address = address_of(path)
            if method == "POST":
                assert (await self.desk.client.post(address, data={})).status_code == 303, route
                continue
            assert (await self.desk.client.get(address)).status_code == 303, route
            for role in ROLES:
                answer = await self.open(address, role)
                allowed = row.roles is not None and role in row.roles
                statuses = (200, 409) if allowed else (403,)  # 409: not in this state
                assert answer.status_code in statuses, (route, role)
                if not allowed:
                    check_refusal(answer.text, role, role)

    def _begin(self, role: str, unit: str) -> dict[str, str]:
        sessions = open_sessions(Settings(home=self.desk.app.parts.settings.home))
        session = sessions.begin(role, role, [unit])
        return {"cookie": f"{COOKIE}={sessions.seal(session)}"}
