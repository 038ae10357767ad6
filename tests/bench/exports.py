"""How long a year takes as a file, and a unit's sheet as PDF, over HTTP in a warm process."""

from __future__ import annotations

import csv
import io
import time
from typing import NamedTuple

import httpx
import pypdf
import python_calamine

from tests.bench.city import YEAR
from tests.bench.exact import NotExact
from tests.bench.ground import Ground
from tests.bench.measures import queries


class Times(NamedTuple):
    """Milliseconds of one answer each, the second of its kind."""

    csv: float
    xlsx: float
    pdf: float


async def exports(ground: Ground, url: str) -> Times:
    """Asks twice for each file; NotExact where a total in one is not the expected one."""
    unit = next(iter(ground.expected.ratings))
    paths = (f"{YEAR}.csv", f"{YEAR}.xlsx", f"{YEAR}/{unit}.pdf")
    async with queries(ground, url) as port:
        headers = {"authorization": f"Bearer {ground.token}"}
        base = f"http://127.0.0.1:{port}/scoring/ratings/"
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
            answers = [await _timed(client, path) for path in paths]
    (table, _), (book, _), (sheet, _) = answers
    _check("CSV", _csv_totals(table), ground)
    _check("XLSX", _xlsx_totals(book), ground)
    total = ground.expected.ratings[unit]["total"].replace(".", ",")
    if total not in pypdf.PdfReader(io.BytesIO(sheet)).pages[0].extract_text():
        raise NotExact(f"the sheet of {unit} as PDF lacks its total {total}")
    return Times(*(milliseconds for _, milliseconds in answers))


async def _timed(client: httpx.AsyncClient, path: str) -> tuple[bytes, float]:
    """The file and its milliseconds, after a first answer that loads the writer."""
    (await client.get(path)).raise_for_status()
    begun = time.perf_counter()
    answer = (await client.get(path)).raise_for_status()
    return answer.content, (time.perf_counter() - begun) * 1000


def _csv_totals(raw: bytes) -> dict[str, str]:
    rows = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), ""))
    return {row["unit"]: row["total"] for row in rows}


def _xlsx_totals(raw: bytes) -> dict[str, str]:
    book = python_calamine.load_workbook(io.BytesIO(raw))
    heading, *rows = book.get_sheet_by_index(0).to_python()
    total = heading.index("Tổng điểm")
    return {str(row[0]): f"{row[total]:.2f}" for row in rows}


def _check(form: str, totals: dict[str, str], ground: Ground) -> None:
    expected = {unit: rating["total"] for unit, rating in ground.expected.ratings.items()}
    if totals != expected:
        raise NotExact(f"the ratings as {form} differ from the expected ones")
