"""The council's report as PDF: the numbers of the page, as text that can be selected."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from msgspec.structs import replace

from contracts import moments
from services.scoring.exports.event_labels import short_event_label
from services.scoring.exports.pdf import write_report_pdf
from services.scoring.exports.report_page import reason_label
from services.scoring.ratings.appeals import Appeal, AppealState
from services.scoring.ratings.report.duties import unit_duties
from services.scoring.ratings.report.model import (
    LateEvents,
    QuarantinedEvents,
    Report,
    StageStep,
    Target,
    UnitAppeal,
    UnitBelow,
    UnitDecision,
)
from services.scoring.ratings.report.movements import class_counts, movements
from services.scoring.ratings.sheet.model import Decision
from services.scoring.rubrics.loader import resolution
from tests.scoring.exports.test_pdf import opened, squeezed, tags, words
from tests.scoring.exports.town import HEAD, HOSTILE, NOW
from tests.scoring.ratings.report.town import BEFORE, CITY, NAMES, YEAR, both, due, registered

CANARY = "Chim Hoàng Yến"
EVENTS = [
    *CITY, registered("H44.9"), *(due("H44.9", BEFORE, item) for item in "xyz"),
    due("H44.9", YEAR, "x"),
]  # fmt: skip


def report(name: str = "Xã Sông Lô", **changed: Any) -> Report:
    """The report of a small city, of which the unit that fell has this name."""
    now, before = both(EVENTS)
    names = {**NAMES, "H44.1": name}
    indicator = HEAD.indicators["disclosure"]
    clauses = next(a for a in resolution().articles if a.number == "3").clauses
    below = (UnitBelow("H44.1", name, "commune", Fraction(1, 3), (indicator,)),)
    values: dict[str, str | int] = {"decision": "7/QĐ", "points": "-1.25", "reason": CANARY}
    decision = Decision("adjustment.decided", NOW, "urn:x", values, appeals=("KN-1",))
    state = AppealState(False, "upheld", "7/QĐ", NOW)
    made = Report(
        year=YEAR, stage="sealed", version=2, until=NOW, ended=True, units=len(now),
        units_before=len(before), targets=tuple(Target(each, 3, 2, below) for each in clauses),
        classes=tuple(class_counts(now, before, ("commune", "agency"))),
        movements=movements(now, before, names),
        steps=(StageStep("sealed", 2, "9/QĐ", "2027-01-05", NOW),),
        decisions=(UnitDecision("H44.1", name, decision, indicator),),
        appeals=(UnitAppeal(name, Appeal("H44.1", "KN-1", CANARY, NOW, NOW, state)),),
        late=(LateEvents("http", "disclosure.due", 1234),),
        quarantined=(QuarantinedEvents(None, "conflict", "waiting", 7),),
        duties=tuple(unit_duties(now, before, names, {})),
    )  # fmt: skip
    return replace(made, **changed)


def test_it_has_the_numbers_of_every_part() -> None:
    """Targets, classes, movements with their cause, decisions, late and refused, duties."""
    text = squeezed(words(write_report_pdf(HEAD, report())))
    for part in (
        "BÁO CÁO THỰC HIỆN NGHỊ QUYẾT 21/NQ-HĐND NĂM 2026", "Mục tiêu 6", "2/3", "66,7 %",
        "Xã Sông Lô (33,3 %)", "Xã Sông Lô H44.1 -12,37 12,37 → 0,00", "-12,00",
        "7/QĐ", "9/QĐ", "05/01/2027", "KN-1",
        "Nộp sau thời hạn kiến nghị", "-1,25", short_event_label("disclosure.due").vi, "1.234",
        reason_label("conflict").vi, "ít hơn năm trước", "1 (năm 2025: 3; trung vị: 1)",
        "Đơn vị giảm điểm: 1", "1 đơn vị mới được xếp loại",
    ):  # fmt: skip
        assert squeezed(part) in text, part
    assert squeezed(CANARY) not in text


def test_it_says_what_is_not_final() -> None:
    """A year that runs, one without a seal, and one without a year before; in English, too."""
    running = report(stage="open", ended=False, late=None, units_before=0, until=None)
    text = words(write_report_pdf(HEAD, running, "en"))
    assert "The year is not over" in text and "The year is not sealed" in text
    assert "No unit is rated in 2025" in text and "33.3%" in text


def test_it_is_a_tagged_document_with_headings_and_tables() -> None:
    """As the sheet is: for screen readers and archives."""
    raw = write_report_pdf(HEAD, report())
    kinds = {element.get("/S") for element in tags(raw)}
    assert {"/H1", "/H2", "/Table", "/TH", "/TD"} <= kinds
    metadata = opened(raw).metadata
    assert metadata is not None and "2026" in (metadata.title or "")


@pytest.mark.parametrize("name", [HOSTILE, "=HYPERLINK(1)", "שלום", "Ư" * 2000])
def test_a_hostile_name_is_a_text(name: str) -> None:
    """Markup, formulas, right to left, and a word longer than a page is wide."""
    raw = write_report_pdf(HEAD, report(name))
    text = squeezed(words(raw))
    if name.isascii():
        assert text.count(squeezed(name)) >= 2
    if len(name) > 1000:
        assert text.count("Ư") >= 2 * len(name)
    for page in opened(raw).pages:
        places: list[float] = []
        page.extract_text(visitor_text=lambda text, cm, tm, *_: places.append(tm[4]))  # noqa: B023
        assert max(places) < 570


def test_five_hundred_units_are_one_document() -> None:
    """Every one of them has its row of duties."""
    small = report()
    many = tuple(
        small.duties[0]._replace(unit=f"H9.{number}", name=f"Đơn vị {number}")
        for number in range(500)
    )
    text = words(write_report_pdf(HEAD, replace(small, duties=many)))
    assert all(f"H9.{number}" in text for number in (0, 250, 499))
    assert moments.local_time(NOW)[:4] in text
