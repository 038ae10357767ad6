"""Visits of pages in a test: as a person of a role, with a session of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi.routing import APIRoute

from services.chassis.http.service_api import compose
from services.chassis.web.sessions import COOKIE, open_sessions
from services.chassis.web.site import Site
from services.scoring.app import App

HIDDEN = re.compile(r'name="(_\w+)" value="([^"]*)"')


@dataclass
class Visiting:
    """The pages of scoring over HTTP."""

    app: App

    @property
    def routes(self) -> list[str]:
        """Every page with its method."""
        application: Any = self.app.pages
        pages = application.app.app
        return [
            f"{method} {route.path}"
            for route in pages.routes
            if isinstance(route, APIRoute)
            for method in route.methods or ()
        ]

    @property
    def site(self) -> Site:
        """The site."""
        application: Any = self.app.pages
        site: Site = application.app.site
        return site

    def cookie(self, role: str, **claims: Any) -> dict[str, str]:
        """The cookie of a new session of a role; none for an empty role."""
        if not role:
            return {}
        sessions = open_sessions(self.app.settings, self.app.clock)
        name = claims.pop("name", role)
        return {COOKIE: sessions.seal(sessions.begin(name, role, **claims))}

    async def ask(
        self, method: str, path: str, role: str = "", form: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None, files: Any = None, **claims: Any,
    ) -> httpx.Response:  # fmt: skip
        """One request, which follows no redirection."""
        root = compose({"scoring": (self.app.api, self.app.health)}, self.app.pages)
        transport = httpx.ASGITransport(root, client=("192.0.2.7", 4711))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://danchu", cookies=self.cookie(role, **claims)
        ) as client:
            return await client.request(method, path, data=form, files=files, headers=headers)


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the last form of a page."""
    return dict(HIDDEN.findall(page.text))
