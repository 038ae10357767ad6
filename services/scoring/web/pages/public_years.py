"""The years whose results are public."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from services.chassis.web.site import Site, Visit
from services.scoring.readmodel.public_seals import PublicSeals
from services.scoring.web.public_guard import cacheable

PUBLIC_YEARS = "/public/years"


def add_public_years(pages: FastAPI, site: Site, sealed: PublicSeals) -> None:
    """The list of years, and the way to it."""

    @pages.get("/public")
    async def public(request: Request) -> Response:
        return site.visit(request).see_other(PUBLIC_YEARS + language_query(site.visit(request)))

    @pages.get(PUBLIC_YEARS)
    async def public_years(request: Request) -> Response:
        visit, years = site.visit(request), await sealed.every()
        page = visit.page(
            "public_years.html", years=[*years.values()][::-1], lang=language_query(visit)
        )
        return cacheable(request, page)


def language_query(visit: Visit) -> str:
    """The query by which a link keeps the language of an address; empty where it names none."""
    explicit = visit.request.query_params.get("lang") == visit.language
    return f"?lang={visit.language}" if explicit else ""
