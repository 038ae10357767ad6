"""The sheet adds up to the rating, and a thing done brings what the sheet calls its worth."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from contracts import moments
from services.scoring.fold.books import horizon
from services.scoring.fold.cells import Cell, Coverage, Horizon, Posting
from services.scoring.fold.postings import post_decision
from services.scoring.fold.registry import Order, Unit
from services.scoring.ratings.recount import Accepted, facts, ratings, standings
from services.scoring.ratings.sheet import json as sheet_json
from services.scoring.ratings.sheet import lines as sheet_lines
from services.scoring.ratings.sheet.json import line_members, sheet_members
from services.scoring.ratings.sheet.keys import DutyKeys
from services.scoring.ratings.sheet.lines import indicator_line
from services.scoring.ratings.sheet.sheet import SheetContext, sheet_of
from services.scoring.ratings.sheet.trials import UnitYear
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.rubrics.model import Indicator, Rubric, Rule
from services.simulation.sample import sample_city
from tests.support.builders.cities import accepted, city, rubrics

NOW = moments.instant("2025-12-01T00:00:00Z")
Sheets = dict[str, dict[str, Any]]


def year_of(of: Indicator, cells: Any, now: str) -> UnitYear:
    """A unit of which one indicator is all."""
    ruled = load_directory(SHIPPED).governing("agency", 2025)
    assert isinstance(ruled, Rubric)
    rubric = replace(ruled, gates=(), indicators=(of,))
    unit = Unit("H44.1", "X", "agency", None, None)
    until = Horizon(moments.year_start(2026), None)
    return UnitYear(unit, 2025, rubric, "own", frozenset(), cells, until, moments.instant(now))


def sheets(city_events: Accepted, ruled: Any, year: int) -> Sheets:
    """The sheet of every rated unit in its own view."""
    own = standings(city_events, ruled, year, "own")
    rated = ratings(city_events, ruled, year, "own")
    cells, members = facts(city_events, ruled, year), {}
    for key, standing in own.items():
        unit = city_events.registry.units[key]
        decisions = [
            event for event in city_events.counting()
            if event.year == year and event.event.subject == key and not event.kind.practice
            and event.kind.domain not in ("unit", "event")
        ]  # fmt: skip
        rubric = standing.assessment.rubric
        unit_year = UnitYear(unit, year, rubric, "own", frozenset(), cells.get(key, {}),
                             horizon(unit, year), NOW)  # fmt: skip
        sheet = sheet_of(rated[key], standing, unit_year, SheetContext(decisions))
        members[key] = sheet_members(sheet)
    return members


def consistent(sheets_of_units: Sheets) -> bool:
    """Whether scores, groups and counts of every sheet add up to its rating."""
    for sheet in sheets_of_units.values():
        lines = {line["id"]: line for line in sheet["indicators"]}
        scores = {name: line["score"] for name, line in lines.items() if line["score"] is not None}
        if scores != sheet["rating"]["scores"]:
            return False
        for line in lines.values():
            if line["kind"] == "coverage":
                state = line["state"]
                completed = state["on_time"] + state["late"]
                if completed + line["missing_total"] != state["obliged"]:
                    return False
                if len(line["missing"]) != line["missing_total"]:
                    return False
        json.dumps(sheet)
    return True


@pytest.mark.parametrize("seed", range(6))
def test_a_sheet_adds_up_to_the_rating(seed: int, tmp_path: Path) -> None:
    """Scores are those of the rating, and done plus missing is what was obliged."""
    events, year = city(seed, 8, 600)
    _, ours = rubrics(seed, tmp_path)
    assert consistent(sheets(Accepted(accepted(events)), ours, year))


def sample() -> tuple[Accepted, Any]:
    """The sample city and its rubrics."""
    return Accepted(accepted(sample_city())), load_directory(SHIPPED)


@pytest.mark.parametrize(
    ("credit", "now", "worth", "late", "vi", "en"),
    [
        ("0", "2025-06-01", "1.33", "0.00",
         "chưa làm; đúng hạn thêm 1,33 điểm, trễ hạn thêm 0,00",
         "not done; on time 1.33 more points, late 0.00 more"),
        ("1/2", "2025-06-01", "1.33", "0.67",
         "chưa làm; đúng hạn thêm 1,33 điểm, trễ hạn thêm 0,67",
         "not done; on time 1.33 more points, late 0.67 more"),
        ("1", "2025-06-01", "1.33", "1.33", "chưa làm", "not done"),
        ("1/2", "2025-07-01", "1.33", "0.67",
         "chưa làm; đúng hạn thêm 1,33 điểm, trễ hạn thêm 0,67",
         "not done; on time 1.33 more points, late 0.67 more"),
        ("1/2", "2025-07-02", "0.67", "0.67",
         "đã quá hạn; làm bây giờ là trễ hạn, thêm 0,67 điểm",
         "overdue; done now it is late and brings 0.67 more points"),
    ],
)  # fmt: skip
def test_a_missing_thing_is_worth_less_where_it_is_done_late(
    credit: str, now: str, worth: str, late: str, vi: str, en: str
) -> None:
    """Three obligations are missing under 4 points; after their due day only late is offered."""
    published = Rule(("disclosure.published",), key="item")
    of = Indicator("x", "X", "Điều 4", Kind.COVERAGE, None, Fraction(4), fulfilled=(published,),
                   late_credit=Fraction(credit))  # fmt: skip
    cells: dict[Cell, list[Posting]] = {}
    due = moments.day_ordinal("2025-07-01")
    for key in "abc":
        order = Order(moments.instant("2025-01-01T00:00:00Z"), key, key)
        cells[Cell("own", "x", "item", key)] = [Posting("obliged", order, True, due=due)]
    unit_year = year_of(of, cells, f"{now}T12:00:00+07:00")
    line = unit_year.base.assessed.lines[0]
    members = line_members(indicator_line(unit_year, line, DutyKeys(unit_year)))
    missing = members["missing"][0]
    assert (missing["worth"], missing["worth_late"]) == (worth, late)
    assert (missing["vi"], missing["en"]) == (vi, en)
    assert missing["overdue"] == (now > "2025-07-01")


def test_the_scenes_of_the_sample_city_can_be_read_on_its_sheets() -> None:
    """A late publication, an exemption and a nil declaration are there in words."""
    city_events, ruled = sample()
    city_sheets = sheets(city_events, ruled, 2025)
    lines = [line for sheet in city_sheets.values() for line in sheet["indicators"]]
    assert any("trễ hạn" in line["state"]["vi"] and line["late"] for line in lines
               if line["kind"] == Kind.COVERAGE)  # fmt: skip
    words = {line["empty"]: line["state"]["vi"] for line in lines if line["empty"]}
    assert words["exempt"] == "được miễn theo quyết định"
    assert "khai không phát sinh" in words["nil"]
    assert any(sheet["exemptions"] for sheet in city_sheets.values())
    assert any(sheet["next_class"] for sheet in city_sheets.values())
    assert all(line["state"]["vi"] and line["state"]["en"] for line in lines)


def test_a_ceiling_is_named_with_its_cases_and_not_only_points() -> None:
    """What a head did holds a unit in class D: the next class names the cases that hold it."""
    city_events, ruled = sample()
    sheet = sheets(city_events, ruled, 2025)["H44.5.2"]
    ceilings = [reason for reason in sheet["reasons"] if reason["kind"] == "ceiling"]
    assert {reason["to"] for reason in ceilings} == {"C", "D"}
    advice = sheet["next_class"]
    assert (advice["class"], sheet["head_ceiling"]) == ("C", "D")
    (ceiling,) = advice["ceilings"]
    assert ceiling["cases"] and all(case in advice["text_vi"] for case in ceiling["cases"])


def test_a_gate_names_the_duties_that_keep_it_shut() -> None:
    """A missing duty can be fulfilled, a late one stays late, and the sheet tells them apart."""
    city_events, ruled = sample()
    ways = [sheet["next_class"] for sheet in sheets(city_events, ruled, 2025).values()]
    gates = [gate for way in ways if way for gate in way["gates"]
             if gate["indicator"] == "disclosure"]  # fmt: skip
    assert gates
    for gate in gates:
        assert gate["missing"] or gate["late"]
        assert all(key in gate["vi"] for key in (gate["missing"] + gate["late"])[:1])


def test_the_sentences_of_a_sheet_are_true() -> None:
    """Too few opinions for a mean are not called none, and Vietnamese decimals have a comma."""
    city_events, ruled = sample()
    city_sheets = sheets(city_events, ruled, 2025)
    lines = {line["id"]: line for line in city_sheets["H44.1.13"]["indicators"]}
    few = lines["satisfaction"]["state"]
    assert few["n"] > 0 and lines["satisfaction"]["empty"] == "exclude"
    assert few["vi"].startswith("trung bình ") and few["vi"].endswith("cần ít nhất 30: không tính")
    assert few["en"].endswith("30 needed: left out by the rubric")
    assert lines["communication"]["state"]["vi"] == "3, chỉ tiêu là 8"
    assert lines["recognition"]["state"]["vi"] == "0 mục, 0,00 điểm trong tối đa 5,00"
    texts = [reason["text"] for sheet in city_sheets.values() for reason in sheet["reasons"]
             if reason["kind"] == "share"]  # fmt: skip
    assert any(text.startswith("Số đơn vị loại A không quá 1/5 số đơn vị loại B") for text in texts)
    assert not any("(" in words for words in texts)


def test_the_best_of_the_sample_city_reads_why_its_sum_is_more_than_its_total() -> None:
    """A unit whose bonus leads beyond the maximum: basic and bonus alone would not add up."""
    city_events, ruled = sample()
    city_sheets = sheets(city_events, ruled, 2025)
    cut = city_sheets["H44.2.5"]["total_cut"]
    assert Fraction(cut["sum"]) > 100 and cut["at"] == "100.00"
    for sheet in city_sheets.values():
        rating = sheet["rating"]
        summed = sum(Fraction(rating[name]) for name in ("basic", "bonus", "adjustment"))
        assert (sheet["total_cut"] is None) == (summed - Fraction(rating["deduction"])
                                              == Fraction(rating["total"]))  # fmt: skip


FAULTS = {
    "late counted as missing": (sheet_lines, "coverage", lambda i, p, h: Coverage("missing")),
    "scores unsigned": (sheet_json, "points_text", lambda amount: f"{abs(amount) / 100:.1f}"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_planted_in_the_sheet_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sums above are no decoration: a sheet that does not add up fails them."""
    module, function, fault = FAULTS[name]
    monkeypatch.setattr(module, function, fault)
    city_events, ruled = sample()
    city_sheets = sheets(city_events, ruled, 2025)
    whole = consistent(city_sheets)
    lines = (line for sheet in city_sheets.values() for line in sheet["indicators"])
    late = [line["state"]["late"] for line in lines if "late" in line]
    assert not whole or not any(late)


def test_a_decision_is_no_practice() -> None:
    """What `post_decision` posts is the unit's own, whatever the view."""
    city_events, _ = sample()
    decisions = [event for event in city_events.counting() if event.kind.decision]
    assert {cell.view for event in decisions for cell, _ in post_decision(event)} <= {"own"}
