"""What a sheet promises is what comes: done exactly as told, recounted by the oracle."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.scoring.ratings.sheet.advice import Raw, Town, short_of, town

MOMENTS = ("2025-06-15T03:00:00Z", "2025-11-30T03:00:00Z", "2026-03-01T03:00:00Z")
CITIES = [(seed, MOMENTS[seed % 3]) for seed in range(6)]


def cents(text: str) -> Fraction:
    """Points as a number."""
    return Fraction(text)


def doings(place: Town, unit: str, line: Raw, missing: Raw) -> list[tuple[Raw, Fraction]]:
    """Events that do a missing thing, each with what the sheet says that it is worth."""
    ways = []
    for way in line["done_by"]:
        any_way = [{"type": way["types"][0], "data": {}, "worth": missing["worth"]}]
        for outcome in missing.get("outcomes", any_way):
            if outcome["type"] not in way["types"]:
                continue
            chosen = {name: values[0] for name, values in way["where"].items()}
            data = {**chosen, way["key"]: missing["key"], **outcome["data"]}
            event = place.event(unit, short_of(outcome["type"]), data)
            ways.append((event, cents(outcome["worth"])))
    return ways


@pytest.mark.parametrize(("seed", "now"), CITIES)
def test_every_missing_thing_is_worth_what_the_sheet_says(
    seed: int, now: str, tmp_path: Path
) -> None:
    """Of each key of each unit: the total moves by exactly its worth when it is done now."""
    place = town(seed, tmp_path, now, 8, 900)
    for unit, rating in place.rated.items():
        sheet = place.sheet(unit)
        for line in sheet["indicators"]:
            for missing in [*line.get("missing", [])[:2], *line.get("left_out", [])[:1]]:
                for event, worth in doings(place, unit, line, missing)[:4]:
                    after = place.oracle(event)[unit]
                    assert cents(after["total"]) - cents(rating["total"]) == worth, (
                        unit, line["id"], missing, event,
                    )  # fmt: skip


@pytest.mark.parametrize(("seed", "now"), CITIES)
def test_every_nil_declaration_that_brings_points_is_said(
    seed: int, now: str, tmp_path: Path
) -> None:
    """Each empty line: declared nil, the total moves by what was said, or not at all."""
    place = town(seed, tmp_path, now)
    for unit, rating in list(place.rated.items())[:6]:
        sheet = place.sheet(unit)
        for line in sheet["indicators"]:
            if line["empty"] in ("zero", "exclude", "full"):
                event = place.event(unit, "declaration.nil", {"indicator": line["id"]})
                gain = cents(place.oracle(event)[unit]["total"]) - cents(rating["total"])
                nil = line["nil"]
                assert max(gain, 0) == (cents(nil["worth"]) if nil else 0)
                assert (nil in sheet["nil_declarations"]) == (nil is not None)


def followed(place: Town, unit: str, advice: Raw) -> list[Raw]:
    """The events that do what the sheet says, and a decision for points from elsewhere."""
    events = []
    for ceiling in advice["ceilings"]:
        events += [place.event(unit, "violation.overturned", {"case": case})
                   for case in ceiling["cases"]]  # fmt: skip
    for step in advice["steps"]:
        assert len(step["events"]) == step["count"]
        for template in step["events"]:
            events.append(place.event(unit, short_of(template["type"]), template["data"]))
    if cents(advice["points_more"]):
        # decisions beyond their limit have to be made up for before one adds anything
        beyond = max(Fraction(0), -limit(place, unit) - decided(place, unit))
        points = float(cents(advice["points_more"]) + beyond)
        data = {"decision": "advised", "points": f"{points:.2f}", "reason": "thử"}
        events.append(place.event(unit, "adjustment.decided", data))
    return events


def limit(place: Town, unit: str) -> Fraction:
    """How far decisions may move a unit."""
    return Fraction(place.standings[unit].assessment.rubric.adjustment_limit)


def decided(place: Town, unit: str) -> Fraction:
    """What decisions add up to before their limit."""
    return Fraction(place.standings[unit].assessment.decided, 100)


def room(place: Town, unit: str) -> Fraction:
    """How many points a decision may still add."""
    return limit(place, unit) - max(-limit(place, unit), decided(place, unit))


@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])
@given(st.integers(0, 2**20), st.sampled_from(MOMENTS))
def test_done_exactly_as_told_the_class_moves(seed: int, now: str) -> None:
    """Points, gates, ceilings, the share: nothing that stands between is left unsaid."""
    with tempfile.TemporaryDirectory() as folder:
        place = town(seed, Path(folder), now, 8, 500)
    for unit, rating in place.rated.items():
        classes = place.standings[unit].assessment.rubric.classes
        advice = place.sheet(unit)["next_class"]
        assert (advice is None) == (rating["class"] == classes[0])
        if advice is None:
            continue
        assert advice["class"] == classes[classes.index(rating["class"]) - 1]
        if advice["reachable"] and cents(advice["points_more"]) <= room(place, unit):
            after = place.oracle(*followed(place, unit, advice))[unit]
            assert classes.index(after["class"]) <= classes.index(advice["class"]), (unit, advice)


def test_most_of_the_advice_can_be_followed(tmp_path: Path) -> None:
    """The property above is no empty one: plans with steps, points and ceilings are among it."""
    counts: dict[str, int] = {}
    for seed in range(4):
        place = town(seed, tmp_path, MOMENTS[seed % 3], 10, 700)
        for unit in place.rated:
            advice: Any = place.sheet(unit)["next_class"]
            if advice is not None:
                counts["all"] = counts.get("all", 0) + 1
                for name in ("steps", "gates", "ceilings", "share", "reachable", "points"):
                    counts[name] = counts.get(name, 0) + bool(advice[name])
    assert all(counts[name] for name in ("steps", "gates", "ceilings", "share", "points")), counts
    assert counts["reachable"] * 3 > counts["all"], counts
