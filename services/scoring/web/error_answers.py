"""What scoring cannot answer, as pages."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from services.chassis.http.problems import Problem
from services.chassis.web.error_pages import error_page
from services.chassis.web.site import Site
from services.scoring.errors import (
    NotKnownYet,
    NotQuarantined,
    ReplacedAlready,
    RubricsReplaced,
    UnitNotRated,
    VersionUnknown,
    YearUnknown,
)
from services.scoring.web.messages import message


def add_errors(pages: FastAPI, site: Site) -> None:
    """Adds the pages of what scoring cannot answer."""

    @pages.exception_handler(UnitNotRated)
    @pages.exception_handler(VersionUnknown)
    @pages.exception_handler(YearUnknown)
    async def on_unknown(
        request: Request, error: UnitNotRated | VersionUnknown | YearUnknown
    ) -> Response:
        return error_page(site, request, Problem(404, error.message))

    @pages.exception_handler(NotQuarantined)
    async def on_no_entry(request: Request, _: NotQuarantined) -> Response:
        return error_page(site, request, Problem(404, message("quarantine-unknown")))

    @pages.exception_handler(ReplacedAlready)
    async def on_replaced(request: Request, error: ReplacedAlready) -> Response:
        return error_page(site, request, Problem(409, error.message))

    @pages.exception_handler(NotKnownYet)
    async def on_unknown_yet(request: Request, error: NotKnownYet) -> Response:
        return error_page(site, request, Problem(409, error.message))

    @pages.exception_handler(RubricsReplaced)
    async def on_rubrics(request: Request, error: RubricsReplaced) -> Response:
        return error_page(site, request, Problem(503, error.message))
