"""The import of a roster: a file, and where it is refused, its rows to be mended."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Response

from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import Answer, RecordApi
from services.training.attendance_files.refused_list import ROSTER
from services.training.pages.list_uploads import (
    Import,
    ListUploads,
    add_list_import,
    skipped_query,
)
from services.training.pages.messages import message
from services.training.pages.rosters import LIST, roster_address


def add_roster_import(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The form of a file, the import, and the import of rows that were mended."""
    add_list_import(
        pages, site, "/rosters/{unit}", ListUploads(ROSTER, api), _target_of, _lead_on
    )  # fmt: skip


async def _target_of(visit: Visit) -> Import:
    """Where the roster of a unit is imported."""
    unit = visit.request.path_params["unit"]
    address = roster_address(unit)
    crumbs = [(message("rosters-title"), LIST), (unit, address)]
    title = message("roster-import")
    return Import(f"/rosters/{quote(unit)}", title, f"{address}/import", "roster", crumbs)


def _lead_on(visit: Visit, answer: Answer) -> Response:
    """The roster with what the import did."""
    counts = f"added={len(answer.body['assigned'])}&unchanged={answer.body['unchanged']}"
    skipped = skipped_query(answer)
    counts = f"{counts}&{skipped}" if skipped else counts
    return visit.see_other(f"{roster_address(visit.request.path_params['unit'])}?{counts}")
