"""A unit beside another unit, date, version or year: the lines add up, and each says why."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts import envelope, moments
from contracts.envelope import Recorded
from services.chassis.auth.credentials import Issuer
from services.chassis.marks import Mark
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import doors
from tests.scoring.answering import Answering, answering
from tests.scoring.folding import folding
from tests.scoring.ratings.report.town import succeeded
from tests.scoring.test_road import due, published, registered
from tests.scoring.web.visiting import Visiting
from tests.support.builders.cities import accepted
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
KEY, PEER, OTHER_PEER, SCHOOL = "H44.1", "H44.2", "H44.3", "H44.4"
OLD, NEW = "H44.8", "H44.9"
"""A unit that another one has succeeded."""
UNIT = f"/years/2025/units/{KEY}"
HOSTILE = "<script>alert(1)</script> phường Đồng Tâm"
EARLIER = [
    registered(KEY, "Xã Hy Cương"), registered(PEER, HOSTILE),
    registered(OTHER_PEER, "Phường Đồng Xuân"),
    registered(SCHOOL, "Trường Đồng Tâm", kind="public_service_unit"),
    due(KEY, "a"), due(KEY, "b"), due(PEER, "c"), published(PEER, "c"),
    registered(OLD), registered(NEW), succeeded(OLD, NEW, "2025-10-01"),
    due(OLD, "d"), due(NEW, "e"),
]  # fmt: skip
LATER = [
    published(KEY, "a"),
    event("plus", "adjustment.decided", subject=KEY,
          data={"decision": "7/QĐ", "points": "1.50", "reason": "x"}),
    published(OLD, "d"), published(NEW, "e"),
]  # fmt: skip
BETWEEN = "with_as_of=2026-01-01T00:00"


def recorded_at(events: list[dict[str, Any]], instant: str) -> list[Recorded]:
    """The events, recorded at an instant."""
    return [
        envelope.decode(envelope.with_recordedtime(each.raw, moments.instant(instant)))
        for each in accepted(events)
    ]


@pytest.fixture
async def made(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Three communes and a school, of which two communes have published something, one later."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with folding(url, load_directory(SHIPPED)) as fold:
        await fold.fold(recorded_at(EARLIER, "2025-09-01T00:00:00Z"))
        await fold.fold(recorded_at(LATER, "2026-02-01T00:00:00Z"))
        async with fold.db.write() as conn:
            known = moments.instant("2026-03-01T00:00:00Z")
            await doors.compare(conn, [Mark("intake.00000001", known, 0)], known)
    async with answering(home, url, issuer, []) as made:
        yield made


@pytest.fixture
def city(made: Answering) -> Visiting:
    """Its pages."""
    return Visiting(made.app)


def cells(page: str, label: str) -> list[int]:
    """The numbers of a column of the lines that differ in hundredths, the total last."""
    page = page.partition('<details class="sheet-head">')[0]
    found = re.findall(rf'data-label="{label}">(?:<b>|<span class="quiet">)?([+−]?[\d,–]+)', page)
    return [int(each.replace("−", "-").replace(",", "").replace("–", "0")) for each in found]


async def test_the_differences_of_the_lines_add_up_to_that_of_the_totals(city: Visiting) -> None:
    """Of another unit, a date, and a year with work apart from method."""
    paths = (f"with_unit={PEER}", BETWEEN, "with_year=2026")
    for path in paths:
        page = await city.ask("GET", f"{UNIT}/compare?{path}", "hr")
        assert page.status_code == 200, page.text
        *lines, whole = cells(page.text, "Chênh lệch")
        assert whole == sum(lines) != 0
        if "year" in path:
            work, method = cells(page.text, "Do thực hiện"), cells(page.text, "Do cách tính")
            assert work[-1] == sum(work[:-1]) and method[-1] == sum(method[:-1])
            assert work[-1] + method[-1] == whole


async def test_each_difference_says_why(city: Visiting) -> None:
    """The states of both lines, and the events that were recorded between two states."""
    peer = await city.ask("GET", f"{UNIT}/compare?with_unit={PEER}", "hr")
    assert "1 trên 2 đã hoàn thành" in peer.text and "1 trên 1 đã hoàn thành" in peer.text
    assert "<script>alert" not in peer.text and "&lt;script&gt;" in peer.text
    date = await city.ask("GET", f"{UNIT}/compare?{BETWEEN}", "hr")
    assert "Sự kiện ở giữa" in date.text
    assert f"{UNIT}/events?indicator=disclosure" in date.text
    english = await city.ask(
        "GET", f"{UNIT}/compare?with_unit={PEER}", "hr", headers={"accept-language": "en"}
    )
    assert "1 of 2 done" in english.text and "points less." in english.text


@pytest.mark.parametrize(("view", "number"), [("", 2), ("&view=pooled", 2), ("&view=own", 1)])
async def test_the_causes_are_those_of_the_view_that_is_shown(
    city: Visiting, view: str, number: int
) -> None:
    """What the predecessor published moves the pooled view alone."""
    page = await city.ask("GET", f"/years/2025/units/{NEW}/compare?{BETWEEN}{view}", "hr")
    assert page.status_code == 200 and f"Công khai nội dung ({number})" in page.text, page.text


async def test_a_unit_is_chosen_by_a_part_of_its_name_without_diacritics(city: Visiting) -> None:
    """Of several the page asks which; units of other kinds are none."""
    page = await city.ask("GET", f"{UNIT}/compare?with_unit=dong", "hr")
    assert page.status_code == 200
    assert f"with_unit={PEER}" in page.text and f"with_unit={OTHER_PEER}" in page.text
    assert SCHOOL not in page.text and "Chênh lệch" not in page.text
    one = await city.ask("GET", f"{UNIT}/compare?with_unit=dong+xuan", "hr")
    assert "Chênh lệch" in one.text and f"/years/2025/units/{OTHER_PEER}" in one.text


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        (f"with_unit={SCHOOL}", 404, "Không có đơn vị nào khác cùng nhóm"),
        ("with_unit=khong-co", 404, "Không có đơn vị nào khác cùng nhóm"),
        ("with_year=1999", 404, "không được xếp loại năm 1999"),
        ("with_version=7", 404, "không có phiên bản 7"),
        ("with_as_of=2999-01-01T00:00", 409, "01/01/2999 00:00:00"),
        ("with_year=2026&with_version=1", 422, "chỉ chọn một cách so sánh"),
        ("", 200, "Chưa chọn đối tượng so sánh"),
    ],
)
async def test_what_cannot_be_compared_is_said_at_its_field(
    city: Visiting, query: str, status: int, sentence: str
) -> None:
    """What was chosen stays in the form."""
    page = await city.ask("GET", f"{UNIT}/compare?{query}", "hr")
    assert page.status_code == status and sentence in page.text
    if status in (404, 409):
        assert page.text.count('aria-invalid="true"') == 1


async def test_a_reader_compares_own_units_with_themselves_alone(city: Visiting) -> None:
    """With a date and a year; nothing is said of other units, not even that there are any."""
    for query in ("with_year=2026", BETWEEN):
        page = await city.ask("GET", f"{UNIT}/compare?{query}", "reader", units=[KEY])
        assert page.status_code == 200 and PEER not in page.text
        assert "with_unit" not in page.text
    refused = await city.ask("GET", f"{UNIT}/compare?with_unit={PEER}", "reader", units=[KEY, PEER])
    assert refused.status_code == 403 and "So sánh với đơn vị khác" in refused.text
    other = await city.ask(
        "GET", f"/years/2025/units/{PEER}/compare?with_year=2026", "reader", units=[KEY]
    )
    assert other.status_code == 403


async def test_a_comparison_names_both_units_in_the_log_of_reads(made: Answering) -> None:
    """Who compares has read both."""
    await Visiting(made.app).ask("GET", f"{UNIT}/compare?with_unit={PEER}", "hr")
    (line,) = await made.lines()
    assert (line["what"], line["units"], line["unit"]) == ("compare", [KEY, PEER], KEY)


async def test_a_past_state_is_compared_with_a_year_only_as_it_is_now(city: Visiting) -> None:
    """The parts of method and work are those of the present state."""
    led = await city.ask("GET", f"{UNIT}/compare?with_year=2026&as_of=2026-01-01T00:00", "hr")
    assert led.status_code == 307 and led.headers["location"] == f"{UNIT}/compare?with_year=2026"
