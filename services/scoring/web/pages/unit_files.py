"""The files of a unit: its sheet to be signed, its rating as a table, and the proofs of seals."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from services.chassis.http.language import page_language
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site
from services.scoring.access.files import XLSX_TYPE, download, scoring_address
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.access.units import find_unit
from services.scoring.exports.xlsx import write_xlsx
from services.scoring.readmodel.moment import Moment
from services.scoring.readmodel.seal_root import seal_root
from services.scoring.web.desk import Desk
from services.scoring.web.pages.desk_verify import ABSENT, absent_seal
from services.scoring.web.unit_frame import UNIT, UnitQuery, open_frame

SCORING = "/scoring"
"""Where scoring is mounted beside the pages."""
ROOT_LETTERS = 16


class FileQuery(UnitQuery):
    """A state of the year, in a language instead of that of the page."""

    lang: Annotated[Literal["vi", "en"] | None, EMPTY] = Field(None)


def add_unit_files(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The page of the files, and the files."""
    _add_downloads(pages, site, desk)
    _add_proof(pages, site, desk)

    @pages.get(f"{UNIT}/files")
    async def unit_files(
        request: Request, year: Year, unit: UnitCode, query: Annotated[UnitQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        frame = await open_frame(desk, visit, year, unit, query)
        if isinstance(frame, Response):
            return frame
        roots = {
            seal.version: await seal_root(desk.reading.db, year, seal.version)
            for seal in frame.seals
        }
        return visit.page(
            "unit_files.html", year=year, frame=frame,
            roots={version: (root or "")[:ROOT_LETTERS] for version, root in roots.items()},
        )  # fmt: skip


def _add_downloads(pages: FastAPI, site: Site, desk: Desk) -> None:
    reading, exports = desk.reading, desk.exports

    @pages.get(f"{UNIT}/sheet.pdf")
    async def unit_pdf(
        request: Request, year: Year, unit: UnitCode, query: Annotated[FileQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        snapshot, rated = await find_unit(reading, visit.caller, year, unit, query.moment)
        sheet = await reading.sheet(year, rated.key, query.view, query.moment)
        scoring = scoring_address(request, desk.settings.public_url, SCORING)
        language = query.lang or page_language()
        return await exports.sheet_pdf(snapshot, sheet, language, scoring)

    @pages.get(f"{UNIT}/rating.xlsx")
    async def unit_xlsx(
        request: Request, year: Year, unit: UnitCode, query: Annotated[FileQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        snapshot, rated = await find_unit(reading, visit.caller, year, unit, query.moment)
        rating = snapshot.rating(rated.key, query.view)
        head, language = await exports.head(snapshot, rating), query.lang or page_language()
        book = await exports.write(write_xlsx, head, [rating], language, {"q": rated.key})
        return download(book, XLSX_TYPE, f"danchu-{year}-{rated.key}.xlsx", snapshot)


def _add_proof(pages: FastAPI, site: Site, desk: Desk) -> None:
    reading = desk.reading

    @pages.get(f"{UNIT}/proof.json")
    async def unit_proof(
        request: Request, year: Year, unit: UnitCode, query: Annotated[UnitQuery, Query()]
    ) -> Response:
        """The proof of a sealed version, by default the newest."""
        visit = site.visit(request)
        await find_unit(reading, visit.caller, year, unit)  # who may not read it learns no more
        try:
            version = await desk.seals.files.version(year, query.version)
            sealed = Moment(version=version)
            snapshot, rated = await find_unit(reading, visit.caller, year, unit, sealed)
            proof = msgspec.json.encode(await desk.seals.files.proof(year, rated.key, version))
        except tuple(ABSENT) as error:
            raise absent_seal(error) from None
        name = f"danchu-{year}-{rated.key}-{version}.proof.json"
        return download(proof, "application/json", name, snapshot)
