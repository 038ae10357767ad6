"""The council's report: put together from two years, decisions and refusals, as page."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pypdf
import pytest
from sqlalchemy import text

from contracts import moments
from services.chassis.auth.credentials import Credential, Issuer
from services.chassis.clock import fixed
from services.scoring.errors import YearUnknown
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.report import Reports
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import doors
from tests.scoring.answering import Answering, answering
from tests.scoring.folding import Fold, folding
from tests.scoring.ratings.report.town import BEFORE, CITY, YEAR, due, registered
from tests.scoring.web.visiting import Visiting
from tests.scoring.year_events import year_event
from tests.support.builders.cities import NOW, accepted
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
COUNCIL = Credential("council")
CANARY, HEAD = "Chim Hoàng Yến", "k-8a31b7"
HOSTILE = "<script>alert(1)</script>\"'=cmd|x & " + "dài " * 20 + "cuối"
DECISIONS = [
    event("plus", "adjustment.decided", subject="H44.1", time="2026-05-01T08:00:00Z",
          data={"decision": "7/QĐ", "points": "1.50", "reason": CANARY, "year": YEAR}),
    event("appeal", "appeal.filed", subject="H44.1", time="2026-05-02T08:00:00Z",
          data={"appeal": "KN-1", "reason": CANARY, "year": YEAR}),
    event("answer", "appeal.decided", subject="H44.1", time="2026-05-03T08:00:00Z",
          data={"appeal": "KN-1", "outcome": "upheld", "decision": "7/QĐ", "year": YEAR}),
    event("head", "unit.headed", subject="H44.1", time="2026-01-02T08:00:00Z",
          data={"head": HEAD, "effective": "2026-01-01"}),
    registered("H44.9", name=HOSTILE), due("H44.9", BEFORE, "x"), due("H44.9", BEFORE, "y"),
    due("H44.9", YEAR, "x"),
]  # fmt: skip


@pytest.fixture
async def fold(tmp_path: Path) -> AsyncIterator[Fold]:
    """A folded city of two years."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with folding(url, load_directory(SHIPPED)) as made:
        await made.fold(accepted([*CITY, *DECISIONS]))
        yield made


def reports(fold: Fold, now: int = NOW) -> Reports:
    """The reports at an instant."""
    return Reports(Reading(fold.db, Snapshots(fold.db, fold.folder.rubrics), fixed(now)))


async def test_a_report_has_targets_movements_decisions_and_duties(fold: Fold) -> None:
    """Of one year beside the one before; a decision with what it answered, without its reason."""
    report = await reports(fold).of(YEAR, COUNCIL)
    assert (report.year, report.units, report.units_before, report.ended) == (2026, 6, 6, True)
    assert [target.clause.number for target in report.targets] == list("123456")
    assert [each.unit for each in report.movements.fell] == ["H44.1"]
    (decision,), (appeal,) = report.decisions, report.appeals
    assert (decision.unit, decision.decision.appeals) == ("H44.1", ("KN-1",))
    assert (appeal.appeal.state.state, appeal.appeal.state.decision) == ("upheld", "7/QĐ")
    assert report.duties[0].unit == "H44.9" and report.duties[0].comparison.before == 2
    assert report.late is None and report.quarantined == ()
    running = await reports(fold, moments.instant("2026-12-31T16:59:59Z")).of(YEAR, COUNCIL)
    assert not running.ended


async def test_a_year_without_rubric_or_decision_has_no_report(fold: Fold) -> None:
    """As the resolution of such a year; the first year has one without movements."""
    with pytest.raises(YearUnknown):
        await reports(fold).of(1999, COUNCIL)
    first = await reports(fold).of(BEFORE, COUNCIL)
    assert first.units_before == 0 and first.movements.fell == first.movements.rose == ()


async def test_a_report_stays_in_memory_until_the_next_commit(fold: Fold) -> None:
    """The computed parts are the same objects; an event, and an appeal alone, make another one."""
    asked = reports(fold)
    first, second = await asked.of(YEAR, COUNCIL), await asked.of(YEAR, COUNCIL)
    assert second.duties is first.duties and second.decisions is first.decisions
    filed = event("second", "appeal.filed", subject="H44.2", time="2026-06-02T08:00:00Z",
                  data={"appeal": "KN-2", "reason": "x", "year": YEAR})  # fmt: skip
    await fold.fold(accepted([filed]))
    third = await asked.of(YEAR, COUNCIL)
    assert [each.appeal.appeal for each in third.appeals] == ["KN-1", "KN-2"]


async def test_late_and_refused_events_are_counted_by_door_and_kind(fold: Fold) -> None:
    """Late is what came after the cut of the seal; what cannot be read stands in quarantine."""
    await fold.fold(
        [
            year_event("year.provisional", "2032-01-01T00:00:00Z", "1/QĐ", YEAR, version=1,
                       date="2027-01-02", reason="x", cut_off="2032-01-01T00:00:00Z",
                       reply_until="2032-01-02T00:00:00Z"),
            year_event("year.sealed", "2032-02-01T00:00:00Z", "2/QĐ", YEAR, version=1,
                       cut="2032-01-31T00:00:00Z", note="n"),
            *accepted([due("H44.3", YEAR, "q"), due("H44.3", YEAR, "r")]),
        ]
    )  # fmt: skip
    await fold.fold([b"no event", b"nor this"])
    async with fold.db.write() as conn:  # all up to the cut has surely arrived
        door = (await doors.ensure_doors(conn, ["intake.01234567"]))["intake.01234567"]
        await doors.save(conn, door._replace(held_until=NOW))
    asked = reports(fold)
    report = await asked.of(YEAR, COUNCIL)
    late = {each.type: each.number for each in report.late or ()}
    await fold.fold(accepted([due("H44.3", YEAR, "s")]))  # which moves nothing of a sealed year
    again = {each.type: each.number for each in (await asked.of(YEAR, COUNCIL)).late or ()}
    assert again["disclosure.due"] == late["disclosure.due"] + 1 >= 3
    assert [step.decision for step in report.steps] == ["1/QĐ", "2/QĐ"]
    (year,) = {moments.local_year(row) for row in await _came(fold)}
    (held,) = (await reports(fold).of(year, COUNCIL)).quarantined
    assert (held.reason, held.state, held.number) == ("syntax", "waiting", 2)


async def _came(fold: Fold) -> list[int]:
    async with fold.db.read() as conn:
        return [row[0] for row in await conn.execute(text("SELECT came FROM quarantine"))]


@pytest.fixture
async def city(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Scoring with the two years."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, [*CITY, *DECISIONS]) as made:
        yield made


async def test_the_page_says_who_fell_and_why_and_names_nobody(city: Answering) -> None:
    """Hostile names are text; what people wrote about people stays where it was written."""
    visiting = Visiting(city.app)
    page = await visiting.ask("GET", f"/years/{YEAR}/report", "council")
    assert page.status_code == 200 and "công khai đúng hạn" in page.text
    assert "−12,00" in page.text and "7/QĐ" in page.text and "KN-1" in page.text
    assert "<script>alert" not in page.text and "&lt;script&gt;alert" in page.text
    assert CANARY not in page.text and HEAD not in page.text and "style=" not in page.text
    english = await visiting.ask(
        "GET", f"/years/{YEAR}/report?part=duties", "auditor", headers={"accept-language": "en"}
    )
    assert "Fewer than last year" in english.text and "KN-1" not in english.text
    assert english.text.count("<tbody>") == 1
    first = await visiting.ask("GET", f"/years/{BEFORE}/report", "hr")
    assert "Năm 2024 không có đơn vị nào" in first.text
    wrong = await visiting.ask("GET", f"/years/{YEAR}/report?part=x", "hr")
    assert wrong.status_code == 422


async def test_the_document_is_the_same_from_page_and_interface(city: Answering) -> None:
    """With its name, and nobody's; the page's is in the language of the page."""
    page = await Visiting(city.app).ask("GET", f"/years/{YEAR}/report.pdf?lang=en", "council")
    assert page.headers["content-disposition"] == 'attachment; filename="danchu-2026-report.pdf"'
    answer = await city.ask("GET", f"/years/{YEAR}/report.pdf?lang=en", "council")
    pages = [
        " ".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(raw)).pages)
        for raw in (page.content, answer.content)
    ]
    for words in pages:
        assert "7/QĐ" in words and "KN-1" in words and "The duties of each unit" in words
        assert CANARY not in words and HEAD not in words
