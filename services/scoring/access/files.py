"""Exports as answers: the head of each, and the writing of it, few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec

from fastapi import Request, Response

from contracts.messages import Language
from services.scoring.exports.head import ExportHead
from services.scoring.exports.pdf import write_pdf, write_report_pdf
from services.scoring.ratings.model import Rating
from services.scoring.ratings.report.model import Report
from services.scoring.ratings.sheet.model import Sheet
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.report import Reports
from services.scoring.readmodel.seal_root import seal_root
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.rubrics.model import Rubric
from services.scoring.year.stages import SEALED

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF_TYPE = "application/pdf"
RUBRICS_HEADER = "X-Danchu-Rubrics"
"""The header that has the digest of the rubrics by which an answer was computed."""
AT_ONCE = 2
"""So many files are written at the same time; further requests wait for one of them."""
_Arguments = ParamSpec("_Arguments")


class Exports:
    """Writes exports in threads, few at a time: one for all routes, one for all pages."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self._places = reading, asyncio.Semaphore(AT_ONCE)
        self.reports = Reports(reading)

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

    async def sheet_pdf(
        self, snapshot: Snapshot, sheet: Sheet, language: Language, scoring: str
    ) -> Response:
        """A sheet as PDF; `scoring` is the address of scoring, where its proof can be fetched."""
        year, unit, version = snapshot.year, sheet.rating.unit, sheet.rating.version
        address = f"{scoring}/years/{year}/seal/{unit}?version={version}"
        head = await self.head(snapshot, sheet.rating, address)
        document = await self.write(write_pdf, head, sheet, language)
        return download(document, PDF_TYPE, f"danchu-{year}-{unit}.pdf", snapshot)

    async def report_pdf(self, snapshot: Snapshot, report: Report, language: Language) -> Response:
        """The council's report as PDF."""
        head = await self.head(snapshot)
        document = await self.write(write_report_pdf, head, report, language)
        return download(document, PDF_TYPE, f"danchu-{report.year}-report.pdf", snapshot)


def scoring_address(request: Request, public_url: str | None, mount: str = "") -> str:
    """The address of scoring: that of the setting, else the request's; pages are not below it."""
    if public_url is not None:
        return f"{public_url.rstrip('/')}/scoring"
    return f"{str(request.base_url).rstrip('/')}{mount}"


def download(body: bytes, kind: str, name: str, snapshot: Snapshot) -> Response:
    """A file, with the digest of the rubrics behind it."""
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        RUBRICS_HEADER: snapshot.rubrics.digest_of(snapshot.year),
    }
    return Response(body, headers=headers, media_type=kind)


def _governing(snapshot: Snapshot) -> tuple[Rubric, ...]:
    """The rubrics that govern the year, by their id."""
    rubrics = (
        rubric for rubric in snapshot.rubrics.items
        if any(rubric.governs(kind, snapshot.year) for kind in rubric.kinds)
    )  # fmt: skip
    return tuple(sorted(rubrics, key=lambda rubric: rubric.id))
