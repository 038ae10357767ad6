"""The public view: what anybody may read of sealed years, without signing in.

A site of its own beside the pages of persons. It reads no cookie and sets none, and answers
everybody the same bytes, so that a proxy may keep them.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis.web.error_pages import page_application
from services.chassis.web.guard import COMPRESSED_LEAST, COMPRESSION
from services.chassis.web.site import Site
from services.scoring.readmodel.public_seals import PublicSeals
from services.scoring.readmodel.question import OneQuestion
from services.scoring.web.desk import Desk
from services.scoring.web.error_answers import add_errors
from services.scoring.web.pages import public_unit, public_year, public_years
from services.scoring.web.permissions import PUBLIC_PAGES
from services.scoring.web.public_guard import PublicGuard

PREFIX = "/public"


@dataclass(frozen=True)
class PublicView:
    """All pages: those of the public view below PREFIX, else those of persons."""

    persons: ASGIApp
    public: ASGIApp
    routes: FastAPI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        path = scope["path"]
        public = path == PREFIX or path.startswith(f"{PREFIX}/")
        await (self.public if public else self.persons)(scope, receive, send)


def with_public_view(persons: ASGIApp, desk: Desk, site: Site) -> PublicView:
    """The pages of persons with the public view beside them; `site` is that of persons."""
    public = Site(
        __package__,
        PUBLIC_PAGES,
        site.sessions,
        site.verifier,
        site.public_url,
        stateless=True,
    )  # fmt: skip
    pages, sealed = page_application(public), PublicSeals(desk.reading)
    public_years.add_public_years(pages, public, sealed)
    public_year.add_public_year(pages, public, sealed)
    public_unit.add_public_unit(pages, public, sealed)
    pages.add_middleware(OneQuestion)
    add_errors(pages, public)
    guarded = GZipMiddleware(PublicGuard(pages), COMPRESSED_LEAST, COMPRESSION)
    return PublicView(persons, guarded, pages)
