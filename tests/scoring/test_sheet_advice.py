"""What a sheet promises is what comes: done exactly as told, recounted by the oracle."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.scoring.advice import Raw, Town, short_of, town

MOMENTS = ("2025-06-15T03:00:00Z", "2025-11-30T03:00:00Z", "2026-03-01T03:00:00Z")
CITIES = [(seed, MOMENTS[seed % 3]) for seed in range(12)]


def cents(text: str) -> Fraction:
    """Points as a number."""
    return Fraction(text)


def doings(place: Town, unit: str, line: Raw, missing: Raw) -> list[tuple[Raw, Fraction]]:
    """Events that do a missing thing, each with what the sheet says that it is worth."""
    found = []
    for way in line["done_by"]:
        any_way = [{"type": way["types"][0], "data": {}, "worth": missing["worth"]}]
        for outcome in missing.get("outcomes", any_way):
            if outcome["type"] not in way["types"]:
                continue
            chosen = {name: values[0] for name, values in way["where"].items()}
            data = {**chosen, way["key"]: missing["key"], **outcome["data"]}
            event = place.event(unit, short_of(outcome["type"]), data)
            found.append((event, cents(outcome["worth"])))
    return found


@pytest.mark.parametrize(("seed", "now"), CITIES)
def test_every_missing_thing_is_worth_what_the_sheet_says(
    seed: int, now: str, tmp_path: Path
) -> None:
    """Of each key of each unit: the total moves by exactly its worth when it is done now."""
    place = town(seed, tmp_path, now, 8, 900)
    for unit, rating in place.rated.items():
        shown = place.sheet(unit)
        for line in shown["indicators"]:
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
        shown = place.sheet(unit)
        for line in shown["indicators"]:
            if line["empty"] in ("zero", "exclude", "full"):
                event = place.event(unit, "declaration.nil", {"indicator": line["id"]})
                moved = cents(place.oracle(event)[unit]["total"]) - cents(rating["total"])
                said = line["nil"]
                assert max(moved, 0) == (cents(said["worth"]) if said else 0)
                assert (said in shown["nil_declarations"]) == (said is not None)


def followed(place: Town, unit: str, advice: Raw) -> list[Raw]:
    """The events that do what the sheet says, and a decision for points from elsewhere."""
    events = []
    for ceiling in advice["ceilings"]:
        events += [place.event(unit, "violation.overturned", {"case": case})
                   for case in ceiling["cases"]]  # fmt: skip
    for step in advice["steps"]:
        assert len(step["events"]) == step["count"]
        for told in step["events"]:
            events.append(place.event(unit, short_of(told["type"]), told["data"]))
    if cents(advice["points_more"]):
        data = {"decision": "advised", "points": advice["points_more"], "reason": "thử"}
        events.append(place.event(unit, "adjustment.decided", data))
    return events


def room(place: Town, unit: str) -> Fraction:
    """How many points a decision may still add."""
    limit = Fraction(str(place.standings[unit].assessment.rubric.adjustment_limit))
    return limit - Fraction(place.standings[unit].assessment.decided, 100)


@pytest.mark.parametrize("seed", range(24))
def test_done_exactly_as_told_the_class_moves(seed: int, tmp_path: Path) -> None:
    """Points, gates, ceilings, the share: nothing that stands between is left unsaid."""
    place = town(seed, tmp_path, MOMENTS[seed % 3], 10, 700)
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
    seen: dict[str, int] = {}
    for seed in range(10):
        place = town(seed, tmp_path, MOMENTS[seed % 3], 10, 700)
        for unit in place.rated:
            advice: Any = place.sheet(unit)["next_class"]
            if advice is not None:
                seen["all"] = seen.get("all", 0) + 1
                for name in ("steps", "gates", "ceilings", "share", "reachable", "points"):
                    seen[name] = seen.get(name, 0) + bool(advice[name])
    assert all(seen[name] for name in ("steps", "gates", "ceilings", "share", "points")), seen
    assert seen["reachable"] * 3 > seen["all"], seen
