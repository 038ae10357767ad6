"""Routes of exports: a year's ratings as CSV and XLSX; a sheet and the council's report as PDF."""

from typing import Annotated

from fastapi import FastAPI, Query, Request, Response

from services.chassis.auth.credentials import Credential, Verifier
from services.chassis.http.problems import wrong_parameters
from services.scoring.access.files import (
    CSV_TYPE,
    PDF_TYPE,
    XLSX_TYPE,
    Exports,
    download,
    scoring_address,
)
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.access.read_lines import name_units
from services.scoring.access.units import find_unit, wait_for_receipts
from services.scoring.api.access import credential_of
from services.scoring.api.answers import file_answers
from services.scoring.api.parameters import CsvExport, Filters, PdfExport, ReportExport, XlsxExport
from services.scoring.errors import ClassUnknown
from services.scoring.exports.csv import SEPARATORS, write_csv
from services.scoring.exports.xlsx import write_xlsx
from services.scoring.readmodel.reader import RatingPage, Reading

ALL = 1_000_000
"""A list without pages."""
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

_REPORT = (
    "Article 6, clause 2 of the resolution: targets, classes, movements, decisions, late and held "
    "back events, and the duties of each unit beside its own of last year and its peers'. A4, "
    "tagged; without names of people and without the texts that people wrote."
)


def add_export_routes(
    api: FastAPI, reading: Reading, verifier: Verifier, public_url: str | None
) -> None:
    """The files of a year and of a unit.

    They are routed before `/ratings/{year}/{unit}`, which would take `.pdf` as a part of the unit.
    """
    exports = Exports(reading)
    _add_lists(api, exports, verifier)
    _add_report(api, exports, verifier)

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
        scoring = scoring_address(request, public_url)
        return await exports.sheet_pdf(snapshot, sheet, export.lang, scoring)


def _add_lists(api: FastAPI, exports: Exports, verifier: Verifier) -> None:
    @api.get(
        "/ratings/{year}.csv", summary="A year's ratings as CSV", description=_CSV,
        **file_answers(CSV_TYPE, 401, 403, 404, 409, 422, 503, 504),
    )  # fmt: skip
    async def get_csv(
        request: Request, year: Year, export: Annotated[CsvExport, Query()]
    ) -> Response:
        page = await _listed(exports.reading, year, credential_of(request, verifier), export)
        name_units(request.scope, (rating.unit for rating in page.items))
        head = await exports.head(page.snapshot)
        separator = SEPARATORS[export.separator]
        table = await exports.write(write_csv, head, page.items, separator, export.decimal)
        return download(table, CSV_TYPE, f"danchu-{year}.csv", page.snapshot)

    @api.get(
        "/ratings/{year}.xlsx", summary="A year's ratings as XLSX", description=_XLSX,
        **file_answers(XLSX_TYPE, 401, 403, 404, 409, 422, 503, 504),
    )  # fmt: skip
    async def get_xlsx(
        request: Request, year: Year, export: Annotated[XlsxExport, Query()]
    ) -> Response:
        page = await _listed(exports.reading, year, credential_of(request, verifier), export)
        name_units(request.scope, (rating.unit for rating in page.items))
        head = await exports.head(page.snapshot)
        filters = {"kind": export.kind, "class": export.class_, "q": export.q}
        present = {name: text for name, text in filters.items() if text}
        book = await exports.write(write_xlsx, head, page.items, export.lang, present)
        return download(book, XLSX_TYPE, f"danchu-{year}.xlsx", page.snapshot)


def _add_report(api: FastAPI, exports: Exports, verifier: Verifier) -> None:
    @api.get(
        "/years/{year}/report.pdf", summary="The council's report on a year", description=_REPORT,
        **file_answers(PDF_TYPE, 401, 403, 404, 422, 503, 504),
    )  # fmt: skip
    async def get_report(
        request: Request, year: Year, export: Annotated[ReportExport, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(exports.reading, export.wait_for)
        report = await exports.reports.of(year, reader)
        snapshot = await exports.reading.snapshot(year)
        name_units(request.scope, sorted(snapshot.standings))
        return await exports.report_pdf(snapshot, report, export.lang)


async def _listed(reading: Reading, year: int, reader: Credential, filters: Filters) -> RatingPage:
    """All ratings of the year that the filters and the reader's rights leave."""
    await wait_for_receipts(reading, filters.wait_for)
    try:
        return await reading.list(
            year, reader, filters.kind, filters.class_, filters.q, filters.sort, ALL, None,
            filters.moment,
        )  # fmt: skip
    except ClassUnknown as unknown:
        raise wrong_parameters([("class", unknown.message)]) from None
