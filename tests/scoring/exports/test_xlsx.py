"""Ratings as XLSX: typed cells in Vietnamese, and no text that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
import python_calamine
from msgspec.structs import replace

from services.scoring.exports.xlsx import CELL_MAX, write_xlsx
from services.scoring.ratings.scores import points_text
from tests.scoring.exports.town import HEAD, NOW, rated, rating

HEADED = replace(HEAD, version=2, as_of=NOW, root="AbCd=")

LOCAL = datetime(2025, 12, 1, 7)  # noqa: DTZ001 - a spreadsheet has no time zones


def rows(raw: bytes, sheet: int) -> list[list[Any]]:
    """The rows of a sheet as a reader that is not ours sees them."""
    book = python_calamine.load_workbook(io.BytesIO(raw))
    return book.get_sheet_by_index(sheet).to_python()


def test_read_back_it_gives_every_rating_to_the_hundredth() -> None:
    """Sums on the first sheet, scores by indicator on the second; points are numbers."""
    raw = write_xlsx(HEAD, rated())
    table = rows(raw, 0)
    for line, each in zip(table[1:], rated(), strict=True):
        sums = dict(zip(table[0], line, strict=True))
        for heading, points in (
            ("Điểm cơ bản", each.basic), ("Điểm thưởng", each.bonus), ("Điểm trừ", each.deduction),
            ("Điểm điều chỉnh", each.adjustment), ("Tổng điểm", each.total),
        ):  # fmt: skip
            assert isinstance(sums[heading], float)
            assert f"{sums[heading]:.2f}" == points_text(points)
        assert (sums["Mã đơn vị"], sums["Xếp loại"]) == (each.unit, each.class_name)
    scores = {(line[0], line[2]): line[8] for line in rows(raw, 1)[1:]}
    for each in rated():
        for indicator, score in each.scores.items():
            assert f"{scores[each.unit, indicator]:.2f}" == points_text(score)
        for indicator in each.empty.keys() - each.scores.keys():
            assert scores[each.unit, indicator] == ""


def test_days_are_dates_and_instants_are_in_vietnamese_time() -> None:
    """A spreadsheet can compute with them."""
    table = rows(write_xlsx(HEAD, [rating(until=date(2025, 7, 1), as_of=NOW)]), 0)
    line = dict(zip(*table, strict=True))
    assert line["Chấm dứt từ ngày"] == date(2025, 7, 1)
    assert line["Số liệu tính đến (giờ Việt Nam)"] == LOCAL


def test_a_sheet_tells_stage_version_instant_and_rubrics() -> None:
    """The file explains itself when it has left the system."""
    about = rows(write_xlsx(HEADED, rated(), filters={"kind": "commune"}), 2)
    head_values = {str(name): value for name, value in about}
    assert head_values["Giai đoạn của năm"] == "Đang mở" and head_values["Phiên bản"] == 2
    assert head_values["Số liệu tính đến (giờ Việt Nam)"] == LOCAL
    assert (head_values["Điều kiện lọc"], head_values["Giá trị gốc đã niêm phong"]) == (
        "kind=commune",
        "AbCd=",
    )
    texts = [value for _, value in about]
    assert all(rubric.id in texts and rubric.digest in texts for rubric in HEAD.rubrics)


def test_it_is_in_english_when_asked() -> None:
    """Headings, names of the sheets, and terms; names of indicators are Vietnamese alone."""
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(HEAD, rated(), "en")))
    assert book.sheetnames == ["Ratings", "Indicators", "About"]
    assert [book["Ratings"].cell(2, column).value for column in (3, 6)] == [
        "Commune or ward", "Open",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cell_text"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"), ("#N/A", "#N/A"), ("_x0041_", "_x0041_"), ("TRUE", "TRUE"),
        ("https://x.example", "https://x.example"), ("a\x01b", "a⟨U+0001⟩b"),
        ("x" * 40_000, "x" * (CELL_MAX - 1) + "…"), ("Ủy ban 🎉", "Ủy ban 🎉"),
    ],
)  # fmt: skip
def test_a_text_stays_a_text(name: str, cell_text: str) -> None:
    """Neither formula, error, link nor code; the file holds none, and every part is XML."""
    raw = write_xlsx(HEAD, [rating(name=name)])
    assert rows(raw, 0)[1][1] == cell_text
    parts = zipfile.ZipFile(io.BytesIO(raw))
    for part in parts.namelist():
        ElementTree.fromstring(parts.read(part))
        assert not re.search(rb"<f[ >]|hyperlink|externalLink", parts.read(part)), part


def test_headings_and_long_texts_have_the_height_that_they_need() -> None:
    """Some spreadsheets do not fit rows to texts that are broken, and cut them off."""
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(HEAD, [rating(name="Xã " * 60)])))
    sheet = book["Xếp loại"]
    assert sheet.row_dimensions[1].height >= 30 and sheet.row_dimensions[2].height >= 75
    assert sheet.print_title_rows == "$1:$1" and sheet.print_title_cols == "$A:$B"
    assert sheet.page_setup.fitToWidth == 3


OFFICE = shutil.which("soffice")
SHEETS = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice Calc is not installed")
def test_libreoffice_opens_it_and_reads_every_rating_to_the_hundredth(tmp_path: Path) -> None:
    """As a list of values, and as a document for print; it says nothing of a faulty file."""
    file = tmp_path / "ratings.xlsx"
    file.write_bytes(write_xlsx(HEAD, rated()))
    for form in (SHEETS, "pdf"):
        command = [
            str(OFFICE), f"-env:UserInstallation={(tmp_path / 'office').as_uri()}", "--headless",
            "--norestore", "--convert-to", form, "--outdir", str(tmp_path), str(file),
        ]  # fmt: skip
        run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        assert not re.search("error|repair|corrupt", f"{run.stdout}{run.stderr}", re.I)
    with (tmp_path / "ratings-Xếp loại.csv").open(encoding="utf-8", newline="") as table:
        lines = {line["Mã đơn vị"]: line for line in csv.DictReader(table)}
    assert lines.keys() == {each.unit for each in rated()}
    for each in rated():
        line = lines[each.unit]
        assert f"{float(line['Tổng điểm']):.2f}" == points_text(each.total)
        assert f"{float(line['Điểm trừ']):.2f}" == points_text(each.deduction)
        assert (line["Xếp loại"], line["Thứ hạng"]) == (each.class_name, str(each.rank or ""))
    with (tmp_path / "ratings-Tiêu chí.csv").open(encoding="utf-8", newline="") as table:
        scores = {(row["Mã đơn vị"], row["Mã tiêu chí"]): row for row in csv.DictReader(table)}
    for each in rated():
        for indicator, score in each.scores.items():
            text = scores[each.unit, indicator]["Điểm đạt"]
            assert f"{float(text):.2f}" == points_text(score)
    assert (tmp_path / "ratings.pdf").read_bytes().startswith(b"%PDF")
