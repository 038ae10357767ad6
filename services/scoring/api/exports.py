"""Routes of exports: a year's ratings as CSV and XLSX, and a unit's sheet as PDF."""

import asyncio
from collections.abc import Callable
from typing import Annotated, ParamSpec

from fastapi import FastAPI, Query, Request, Response

from services.chassis.auth.credentials import Credential, Verifier
from services.chassis.http.problems import wrong_parameters
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.access.read_lines import name_units
from services.scoring.access.units import find_unit, wait_for_receipts
from services.scoring.api.access import credential_of
from services.scoring.api.answers import RUBRICS_HEADER, file_answers
from services.scoring.api.parameters import CsvExport, Filters, PdfExport, XlsxExport
from services.scoring.errors import ClassUnknown
from services.scoring.exports.csv import SEPARATORS, write_csv
from services.scoring.exports.head import ExportHead
from services.scoring.exports.pdf import write_pdf
from services.scoring.exports.xlsx import write_xlsx
from services.scoring.ratings.model import Rating
from services.scoring.readmodel.reader import RatingPage, Reading
from services.scoring.readmodel.seal_root import seal_root
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.rubrics.model import Rubric
from services.scoring.year.stages import SEALED

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF_TYPE = "application/pdf"
AT_ONCE = 2
"""So many files are written at the same time; further requests wait for one of them."""
ALL = 1_000_000
"""A list without pages."""
_Arguments = ParamSpec("_Arguments")
_CSV = (
    "UTF-8 with byte order mark, RFC 4180, one line a unit. The columns have the names of a "
    "rating's members, then `scores.<indicator>` and `empty.<indicator>`; points are texts with "
    "two decimals. A text that begins like a formula has an apostrophe before it. The filters are "
    "those of the list; a reader of single units gets these alone."
)
_XLSX = (
    "Three sheets: the ratings, the scores by indicator, and what the file is (stage, version, "
    "instant, rubrics). Points are numbers, days are dates, instants are in Vietnamese time."
)
_PDF = (
    "The rating sheet that the head of the unit signs: A4, tagged, with selectable text. On a "
    "sealed year with the first 16 letters of the root, and the address of the proof as QR code."
)


class _Files:
    """Writes files in threads, few at a time."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self._places = reading, asyncio.Semaphore(AT_ONCE)

    async def listed(self, year: int, reader: Credential, filters: Filters) -> RatingPage:
        """All ratings of the year that the filters and the reader's rights leave."""
        await wait_for_receipts(self.reading, filters.wait_for)
        try:
            return await self.reading.list(
                year, reader, filters.kind, filters.class_, filters.q, filters.sort, ALL, None,
                filters.moment,
            )  # fmt: skip
        except ClassUnknown as unknown:
            raise wrong_parameters([("class", unknown.message)]) from None

    async def head(
        self, snapshot: Snapshot, rating: Rating | None = None, address: str | None = None
    ) -> ExportHead:
        """The state that an export shows: that of the rating, or of the whole year."""
        state = rating or snapshot
        sealed = state.stage == SEALED
        return ExportHead(
            year=snapshot.year,
            stage=state.stage,
            version=state.version,
            as_of=state.as_of,
            rubrics=_governing(snapshot),
            at=self.reading.clock(),
            root=(
                await seal_root(self.reading.db, snapshot.year, state.version) if sealed else None
            ),
            address=address if sealed else None,
        )

    async def write(
        self, write: Callable[_Arguments, bytes],
        *args: _Arguments.args, **kwargs: _Arguments.kwargs,
    ) -> bytes:  # fmt: skip
        """What a writer of files makes of these."""
        async with self._places:
            return await asyncio.to_thread(write, *args, **kwargs)


def add_export_routes(
    api: FastAPI, reading: Reading, verifier: Verifier, public_url: str | None
) -> None:
    """The files of a year and of a unit.

    They are routed before `/ratings/{year}/{unit}`, which would take `.pdf` as a part of the unit.
    """
    files = _Files(reading)
    _add_lists(api, files, verifier)

    @api.get(
        "/ratings/{year}/{unit}.pdf", summary="The rating sheet, to be signed", description=_PDF,
        **file_answers(PDF_TYPE, 401, 403, 404, 409, 422, 503, 504),
    )  # fmt: skip
    async def get_pdf(
        request: Request, year: Year, unit: UnitCode, export: Annotated[PdfExport, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, export.wait_for)
        snapshot, rated = await find_unit(reading, reader, year, unit, export.moment)
        sheet = await reading.sheet(year, rated.key, export.view, export.moment)
        proof = f"/years/{year}/seal/{rated.key}?version={sheet.rating.version}"
        address = f"{_base(request, public_url)}{proof}"
        head = await files.head(snapshot, sheet.rating, address)
        document = await files.write(write_pdf, head, sheet, export.lang)
        return _download(document, PDF_TYPE, f"danchu-{year}-{rated.key}.pdf", snapshot)


def _add_lists(api: FastAPI, files: _Files, verifier: Verifier) -> None:
    @api.get(
        "/ratings/{year}.csv", summary="A year's ratings as CSV", description=_CSV,
        **file_answers(CSV_TYPE, 401, 403, 404, 409, 422, 503, 504),
    )  # fmt: skip
    async def get_csv(
        request: Request, year: Year, export: Annotated[CsvExport, Query()]
    ) -> Response:
        page = await files.listed(year, credential_of(request, verifier), export)
        name_units(request.scope, (rating.unit for rating in page.items))
        head = await files.head(page.snapshot)
        separator = SEPARATORS[export.separator]
        table = await files.write(write_csv, head, page.items, separator, export.decimal)
        return _download(table, CSV_TYPE, f"danchu-{year}.csv", page.snapshot)

    @api.get(
        "/ratings/{year}.xlsx", summary="A year's ratings as XLSX", description=_XLSX,
        **file_answers(XLSX_TYPE, 401, 403, 404, 409, 422, 503, 504),
    )  # fmt: skip
    async def get_xlsx(
        request: Request, year: Year, export: Annotated[XlsxExport, Query()]
    ) -> Response:
        page = await files.listed(year, credential_of(request, verifier), export)
        name_units(request.scope, (rating.unit for rating in page.items))
        head = await files.head(page.snapshot)
        filters = {"kind": export.kind, "class": export.class_, "q": export.q}
        present = {name: text for name, text in filters.items() if text}
        book = await files.write(write_xlsx, head, page.items, export.lang, present)
        return _download(book, XLSX_TYPE, f"danchu-{year}.xlsx", page.snapshot)


def _base(request: Request, public_url: str | None) -> str:
    """The address of scoring: that of the setting, else that of the request."""
    if public_url is not None:
        return f"{public_url.rstrip('/')}/scoring"
    return str(request.base_url).rstrip("/")


def _governing(snapshot: Snapshot) -> tuple[Rubric, ...]:
    """The rubrics that govern the year, by their id."""
    rubrics = (
        rubric for rubric in snapshot.rubrics.items
        if any(rubric.governs(kind, snapshot.year) for kind in rubric.kinds)
    )  # fmt: skip
    return tuple(sorted(rubrics, key=lambda rubric: rubric.id))


def _download(body: bytes, kind: str, name: str, snapshot: Snapshot) -> Response:
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        RUBRICS_HEADER: snapshot.rubrics.digest_of(snapshot.year),
    }
    return Response(body, headers=headers, media_type=kind)
