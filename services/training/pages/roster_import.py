"""The import of a roster: a file, and where it is refused, its rows to be mended."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import Answer, RecordApi
from services.training.attendance_files.refused_list import ROSTER
from services.training.pages.list_uploads import Import, ListUploads, import_page
from services.training.pages.messages import message
from services.training.pages.rosters import LIST, roster_address


def import_of(unit: str) -> Import:
    """Where the roster of a unit is imported."""
    address = roster_address(unit)
    crumbs = [(message("rosters-title"), LIST), (unit, address)]
    title = message("roster-import")
    return Import(f"/rosters/{quote(unit)}", title, f"{address}/import", "roster", crumbs)


def add_roster_import(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The form of a file, the import, and the import of rows that were mended."""
    uploads = ListUploads(ROSTER, api)

    @pages.get("/rosters/{unit}/import")
    async def roster_import(request: Request, unit: str) -> Response:
        visit = site.visit(request)
        return import_page(visit, visit.form(), import_of(unit))

    @pages.post("/rosters/{unit}/import")
    async def import_roster(request: Request, unit: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form(files=True)
        return _lead_on(visit, unit, await uploads.send_file(visit, form, import_of(unit)))

    @pages.post("/rosters/{unit}/import/rows")
    async def import_rows(request: Request, unit: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form(files=True)
        return _lead_on(visit, unit, await uploads.send_rows(visit, form, import_of(unit)))


def _lead_on(visit: Visit, unit: str, answer: Answer | Response) -> Response:
    """The page that was made, or the roster with what the import did."""
    if isinstance(answer, Response):
        return answer
    counts = f"added={len(answer.body['assigned'])}&unchanged={answer.body['unchanged']}"
    return visit.see_other(f"{roster_address(unit)}?{counts}")
