"""Files over HTTP: the filters of the list, the rights of the reader, and the state of the year."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pypdf
import pytest

from contracts import moments
from services.chassis.auth.credentials import Issuer
from services.scoring.store import position, stages
from services.scoring.year.notes import Head
from services.scoring.year.seal import encode_root
from services.scoring.year.stages import YearDecision
from tests.scoring.answering import Answering, answering
from tests.scoring.test_road import due, published, registered

pytestmark = pytest.mark.anyio
OWN, OTHER, OFFICE = "H44.1", "H44.2", "H44.3.1"
CITY = [
    registered(OWN, "=Phường A"), registered(OTHER, "Phường B"), due(OTHER, "a"),
    published(OTHER, "a"), registered(OFFICE, "Phòng Nội vụ", "agency"),
]  # fmt: skip
PUBLIC = "https://xeploai.example"


@pytest.fixture
async def city(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Scoring with three rated units, under a public address."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, CITY, public_url=f"{PUBLIC}/") as made:
        yield made


def lines(answer: httpx.Response, separator: str = ",") -> list[dict[str, str]]:
    """The lines of a CSV answer by the names of its columns."""
    assert answer.status_code == 200, answer.text
    table = io.StringIO(answer.content.decode("utf-8-sig"), "")
    return list(csv.DictReader(table, delimiter=separator))


def words(answer: httpx.Response) -> str:
    """The text of a PDF answer without blanks."""
    assert answer.status_code == 200, answer.text
    pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    return "".join("".join(page.extract_text() for page in pages).split())


async def test_each_file_has_its_type_and_name(city: Answering) -> None:
    """They are downloads, and the route of one rating takes none of them."""
    for path, kind, name in (
        ("2025.csv", "text/csv; charset=utf-8", "danchu-2025.csv"),
        ("2025.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
         "danchu-2025.xlsx"),
        (f"2025/{OWN}.pdf", "application/pdf", f"danchu-2025-{OWN}.pdf"),
    ):  # fmt: skip
        answer = await city.ask("GET", f"/ratings/{path}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        rating = await city.ask("GET", f"/ratings/2025/{OWN}")
        assert answer.headers["x-danchu-rubrics"] == rating.headers["x-danchu-rubrics"]


async def test_a_list_has_the_units_and_the_order_of_the_same_list(city: Answering) -> None:
    """Kind, class, search and sort, as the list has them; never a page of it."""
    for query in ("", "kind=commune", "class=D", "q=phuong", "sort=name", "sort=-unit&kind=agency"):
        table = lines(await city.ask("GET", f"/ratings/2025.csv?{query}"))
        items = (await city.ask("GET", f"/ratings?year=2025&{query}")).json()["items"]
        assert [line["unit"] for line in table] == [item["unit"] for item in items]
        assert [line["total"] for line in table] == [item["total"] for item in items]
        book = await city.ask("GET", f"/ratings/2025.xlsx?{query}")
        sheet = openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[0]
        assert [cell.value for cell in sheet["A"][1:]] == [item["unit"] for item in items]
    names = {line["name"] for line in lines(await city.ask("GET", "/ratings/2025.csv"))}
    assert names == {"'=Phường A", "Phường B", "Phòng Nội vụ"}


async def test_the_separator_is_given_by_name_or_as_itself(city: Answering) -> None:
    """Comma, semicolon and tab; the decimals are asked for apart."""
    for query, separator, total in (
        ("separator=;", ";", "0.00"), ("separator=tab", "\t", "0.00"),
        ("separator=%09", "\t", "0.00"),
        ("separator=semicolon&decimal=comma", ";", "0,00"), ("separator=comma", ",", "0.00"),
    ):  # fmt: skip
        table = lines(await city.ask("GET", f"/ratings/2025.csv?{query}&q={OWN}"), separator)
        assert table[0]["deduction"] == total


async def test_a_reader_of_single_units_gets_these_alone(city: Answering) -> None:
    """Lists are filtered to them, and another unit's sheet is refused; every file is logged."""
    table = lines(await city.ask("GET", "/ratings/2025.csv", "reader", units=[OWN]))
    assert [line["unit"] for line in table] == [OWN]
    book = await city.ask("GET", "/ratings/2025.xlsx", "clerk", units=[OWN])
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[1]
    assert {cell.value for cell in sheet["A"][1:]} == {OWN}
    assert "PhườngA" in words(
        await city.ask("GET", f"/ratings/2025/{OWN}.pdf", "reader", units=[OWN])
    )
    refusal = await city.ask("GET", f"/ratings/2025/{OTHER}.pdf", "reader", units=[OWN])
    assert refusal.status_code == 403
    assert [line["what"] for line in await city.lines()] == ["pdf", "xlsx", "csv"]


async def test_wrong_parameters_are_refused_by_name(city: Answering) -> None:
    """Also those of a page, which a file has not; an unknown unit is 404, nobody is 401."""
    for path, field in (
        ("2025.csv?separator=x", "separator"), ("2025.csv?decimal=2", "decimal"),
        ("2025.csv?limit=5", "limit"), ("2025.csv?lang=en", "lang"), ("2025.csv?class=Z", "class"),
        ("2025.xlsx?lang=fr", "lang"), ("2025.xlsx?kind=city", "kind"), ("1.csv", "year"),
        ("x.xlsx", "year"), (f"2025/{OWN}.pdf?view=all", "view"),
        (f"2025/{OWN}.pdf?sort=x", "sort"),
        ("2025.csv?sort=unit&sort=name", "sort"), (f"2025/{OWN}.pdf?as_of=2025", "as_of"),
    ):  # fmt: skip
        answer = await city.ask("GET", f"/ratings/{path}")
        assert answer.status_code == 422, path
        assert [error["field"] for error in answer.json()["errors"]] == [field], path
    assert (await city.ask("GET", "/ratings/2025/H99.pdf")).status_code == 404
    assert (await city.ask("GET", "/ratings/2025.csv", "")).status_code == 401
    assert lines(await city.ask("GET", "/ratings/1999.csv")) == []


async def decided(city: Answering, stage: Any, version: int, at: str, **fields: Any) -> None:
    """A decision on the stage of 2025."""
    decision = YearDecision(
        stage=stage, version=version, decision=f"{at}/QĐ", at=moments.instant(at), **fields
    )
    async with city.app.db.write() as conn:
        place = await position.lock(conn)
        await position.save(conn, place._replace(stamp=place.stamp + 1))
        await stages.add(conn, at.encode(), 2025, decision)


async def test_a_sealed_year_shows_its_root_and_where_it_can_be_checked(city: Answering) -> None:
    """The first 16 letters, and the public address of the proof; a version keeps them for ever."""
    path = f"/ratings/2025/{OTHER}.pdf"
    plain = words(await city.ask("GET", path))
    assert PUBLIC not in plain and "Đangmở" in plain
    root = encode_root(bytes(range(32)))
    note = Head("danchu.local/2025/v1", 3, bytes(range(32))).text + "\n"
    await decided(city, "provisional", 1, "2026-01-10T00:00:00Z")
    cut = moments.instant("2099-01-01T00:00:00Z")
    await decided(city, "sealed", 1, "2026-02-10T00:00:00Z", note=note, cut=cut)
    sealed = words(await city.ask("GET", path))
    assert root[:16] in sealed and root[:18] not in sealed
    assert f"{PUBLIC}/scoring/years/2025/seal/{OTHER}?version=1" in sealed and "phiênbản1" in sealed
    book = await city.ask("GET", "/ratings/2025.xlsx?lang=en")
    about = openpyxl.load_workbook(io.BytesIO(book.content))["About"]
    head_cells = {row[0].value: row[1].value for row in about}
    assert (head_cells["Stage of the year"], head_cells["Root of the seal"]) == ("Sealed", root)
    await decided(city, "reopened", 2, "2026-03-10T00:00:00Z")
    assert root[:16] not in words(await city.ask("GET", path))
    assert words(await city.ask("GET", f"{path}?version=1")).startswith(sealed[:200])
    assert root[:16] in words(await city.ask("GET", f"{path}?version=1"))
    (line, *_) = lines(await city.ask("GET", "/ratings/2025.csv?version=1"))
    assert (line["stage"], line["version"]) == ("sealed", "1")
    assert (await city.ask("GET", "/ratings/2025.csv?version=3")).status_code == 404


async def test_a_file_of_the_past_says_its_instant(
    city: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every line, on the sheet that tells what the file is, and in the document."""
    instants: list[int] = []

    async def require_known(_: Any, instant: int, __: int) -> None:
        instants.append(instant)

    monkeypatch.setattr("services.scoring.readmodel.versions.require_known", require_known)
    query = "as_of=2099-01-01T00:00:00Z"
    (line, *_) = lines(await city.ask("GET", f"/ratings/2025.csv?{query}"))
    assert line["as_of"] == "2099-01-01T00:00:00Z"
    assert "Sốliệutínhđến07:00:00,01/01/2099" in words(
        await city.ask("GET", f"/ratings/2025/{OWN}.pdf?{query}")
    )
    book = await city.ask("GET", f"/ratings/2025.xlsx?lang=en&{query}")
    about = openpyxl.load_workbook(io.BytesIO(book.content))["About"]
    assert about["B4"].value == datetime(2099, 1, 1, 7)  # noqa: DTZ001 - no time zones there
    assert set(instants) == {moments.instant("2099-01-01T00:00:00Z")}
