"""The pages of a system of record put together: one application, mounted at `/<service>/pages`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from services.chassis.settings import Settings
from services.chassis.web.error_pages import error_page, page_application
from services.chassis.web.guard import guard
from services.chassis.web.sessions import open_sessions
from services.chassis.web.sign_out import add_sign_out
from services.chassis.web.site import Admission, Site
from services.records.command_endpoint import Desk
from services.records.pages.api_client import RecordApi, RecordRefused
from services.records.pages.units import unit_filters
from services.records.unit_names import UnitNames

MOUNT = "/pages"
AddPages = Callable[[FastAPI, Site, RecordApi], None]


@dataclass(frozen=True)
class PageSet:
    """The pages of a service: its package, who may open what, and its routes."""

    package: str
    admissions: Mapping[str, Admission]
    routes: tuple[AddPages, ...]


def mount_pages(
    api: FastAPI, desk: Desk, settings: Settings, pages: PageSet, names: UnitNames
) -> None:  # fmt: skip
    """Adds the pages to the application whose interface they call; `names` are those of units.

    Sessions are opened at once, which checks their keys; the routes, a third of what composing a
    service takes, are made for the first request.
    """
    sessions = open_sessions(settings, desk.clock, desk.service)
    site = Site(
        pages.package, pages.admissions, sessions, desk.verifier,
        settings.public_url, __package__,
        by_issuer=settings.oidc_client_id is not None,
    )  # fmt: skip

    site.environment.filters |= unit_filters(names)

    @cache
    def composed() -> FastAPI:
        return _application(api, desk, site, pages)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await composed()(scope, receive, send)

    api.mount(MOUNT, guard(application, site))


def _application(api: FastAPI, desk: Desk, site: Site, pages: PageSet) -> FastAPI:
    application = page_application(site)
    client = RecordApi(api, desk.service)
    for add in pages.routes:
        add(application, site, client)

    add_sign_out(application, site, desk.db, desk.service)

    @application.exception_handler(RecordRefused)
    async def on_refused(request: Request, problem: RecordRefused) -> Response:
        return error_page(site, request, problem)

    return application
