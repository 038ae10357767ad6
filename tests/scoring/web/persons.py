"""Persons who use the pages of the door and of scoring, each with a session, over a whole road."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from services.chassis.auth.credentials import Issuer
from services.chassis.http.service_api import compose
from services.chassis.web.sessions import COOKIE, open_sessions
from tests.scoring.road import Road
from tests.scoring.test_road import due, published, registered
from tests.scoring.test_sealing_road import sealing_road

UNIT = "H44.1"
FIELD = re.compile(
    r'<input (?:type="hidden"|id="field-\w+") name="(\w+)"(?: type="\w+")? value="([^"]*)"'
)
ACTION = re.compile(r'<form[^>]* method="post" action="([^"]+)"')


@dataclass
class Persons:
    """Persons who use the pages of both services, each with a session."""

    road: Road
    client: httpx.AsyncClient
    sessions: dict[str, str]

    async def get(self, role: str, path: str) -> httpx.Response:
        """A page as this person; a form of the door after it was begun at the desk."""
        headers = {"cookie": self.sessions[role]}
        answer = await self.client.get(path, headers=headers)
        begun = "/intake/pages/events/"
        while answer.status_code == 303 and (
            "/begin?" in answer.headers["location"] or begun in answer.headers["location"]
        ):
            answer = await self.client.get(answer.headers["location"], headers=headers)
        return answer

    async def send(self, role: str, page: httpx.Response, **fields: str) -> httpx.Response:
        """Sends the last form of a page, with what is typed beside what its fields begin with."""
        sent = {name: html.unescape(value) for name, value in FIELD.findall(page.text)} | fields
        action = ACTION.findall(page.text)[-1]
        return await self.client.post(action, data=sent, headers={"cookie": self.sessions[role]})

    async def step(self, role: str, path: str, **fields: str) -> httpx.Response:
        """A form, what it will do, and the answer of the command."""
        form = await self.get(role, path)
        assert form.status_code == 200, (path, form.text)
        confirmation = await self.send(role, form, **fields)
        assert confirmation.status_code == 200, (path, confirmation.text)
        assert "/confirmed" in confirmation.text
        return await self.send(role, confirmation)

    async def verify(self, role: str, version: str) -> None:
        """Each check of the page holds."""
        form = await self.get(role, "/desk/2025/verify")
        page = await self.client.post(
            "/desk/2025/verify", headers={"cookie": self.sessions[role]},
            data={**dict(FIELD.findall(form.text)), "version": version},
        )  # fmt: skip
        assert page.text.count('class="check-holds"') == 6, page.text

    async def record(self, role: str, path: str, **fields: str) -> httpx.Response:
        """An event by a form of the door; the page of the desk that shows it."""
        answer = await self.step(role, path, **fields)
        assert answer.status_code == 303, answer.text
        receipt = await self.get(role, answer.headers["location"])
        (back,) = re.findall(r'href="(/desk/2025/[^"]*wait_for=[0-9a-f]{32})"', receipt.text)
        return await self.get(role, back)


@asynccontextmanager
async def open_persons(
    home: Path, tmp_path: Path, issuer: Issuer, outside: bool
) -> AsyncIterator[Persons]:
    """Two communes on the whole road, and a person of each role."""
    url = f"sqlite:///{tmp_path / 'city.db'}"
    async with sealing_road(home, url, issuer, outside) as road:
        sent = [registered(UNIT), registered("H44.2"), due(UNIT, "a"), published(UNIT, "a")]
        await road.get("/ratings/2025/H44.1", wait_for=",".join(await road.send(sent)))
        sessions = open_sessions(road.scoring.settings)
        cookies = {}
        for name in (
            "hr",
            "council",
            "operator",
            "auditor",
            "emitter",
            "second",
            "operator-2",
            "emitter-2",
        ):
            role = {"second": "council"}.get(name, name.removesuffix("-2"))
            limits: dict[str, Any] = (
                {"units": [UNIT], "sources": ["urn:xa:"]} if role == "emitter" else {}
            )
            session = sessions.begin(name, role, **limits)
            cookies[name] = f"{COOKIE}={sessions.seal(session)}"
        parts = {
            "intake": (road.intake.api, road.intake.health),
            "scoring": (road.scoring.api, road.scoring.health),
        }
        transport = httpx.ASGITransport(compose(parts, road.scoring.pages))
        async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
            yield Persons(road, client, cookies)


def receipt_of(answer: httpx.Response) -> str:
    """The receipt to which a form has led."""
    return str(answer.headers["location"]).partition("receipts/")[2].partition("?")[0]
