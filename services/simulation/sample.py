"""The sample city: the simulated year 2025 of Việt Trì, for a first start.

Names and reorganisations are real (see `viet-tri.yaml`), every event is invented, and says so by
its source. What a newcomer is to see is told in `scenes`; here are the units and their habits.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from services.simulation.diary import Diary, Event, person
from services.simulation.habits import Habit, Part, practise
from services.simulation.scenes import play
from services.simulation.wire import dumped

YEAR = 2025
MERGER = (7, 1)
_BEST = ("nation", "city")
_GOOD = ("province", "city")
HABITS = {
    "H44.1.1": Habit(0.7, feedback=12),
    "H44.1.2": Habit(1.0, _BEST, 5, 14),
    "H44.1.3": Habit(0.92, _GOOD, 4, 14),
    "H44.1.4": Habit(1.0, ("city",), 4, 14),
    "H44.1.5": Habit(0.85, _GOOD, 4, 14),
    "H44.1.6": Habit(1.0, ("province",), 4, 14),
    "H44.1.7": Habit(1.0, ("commune",), 4, 14),
    "H44.1.8": Habit(0.75, ("commune",), 4, 12),
    "H44.1.9": Habit(1.0, _GOOD, 4, 12, published_late=1),
    "H44.1.10": Habit(0.6, ("",), 3, 12, nil=()),
    "H44.1.11": Habit(0.8, ("city",), 4, 14),
    "H44.1.12": Habit(0.92, _BEST, 5, 14),
    "H44.1.13": Habit(0.35, (), 2, 12, nil=()),
    "H44.1.14": Habit(1.0, _BEST, 5, 14),
    "H44.1.15": Habit(0.75, ("",), 3, 12),
    "H44.1.16": Habit(0.65, ("city",), 4, 12),
    "H44.1.17": Habit(0.88, ("city",), 4, 12),
    "H44.1.18": Habit(1.0, _GOOD, 5, 14),
    "H44.1.19": Habit(0.92, ("commune",), 4, 14),
    "H44.1.20": Habit(0.92, ("city",), 4, 14),
    "H44.2.1": Habit(1.0, _GOOD, 4),
    "H44.2.2": Habit(1.0, _BEST, 4, published_late=1),
    "H44.2.3": Habit(0.9, _GOOD, 4),
    "H44.2.4": Habit(0.85, ("city",), 4),
    "H44.2.5": Habit(1.0, _BEST, 5),
    "H44.3.1": Habit(1.0, _BEST, 5),
    "H44.3.2": Habit(1.0, _GOOD, 4),
    "H44.3.3": Habit(0.85, _GOOD, 4),
    "H44.3.4": Habit(0.85, ("city",), 4),
    "H44.3.5": Habit(0.95, _GOOD, 4, published_late=2),
    "H44.3.6": Habit(1.0, ("city",), 4),
    "H44.4.1": Habit(1.0, _BEST, 5, nil=()),
    "H44.4.2": Habit(0.7, ("",), 4),
    "H44.4.3": Habit(0.85, ("city",), 4),
    "H44.5.1": Habit(0.65, ("",), 3),
    "H44.5.2": Habit(0.75, ("city",), 3, nil=()),
}


@cache
def city_file() -> dict[str, Any]:
    """The content of `viet-tri.yaml`."""
    path = Path(__file__).with_name("viet-tri.yaml")
    city: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return city


def sample_city() -> list[Event]:
    """The year 2025 of Việt Trì as CloudEvents, in the order in which they are sent."""
    diary = Diary(YEAR)
    merger = diary.day(*MERGER)
    parts = _parts(diary, merger)
    for unit in city_file()["communes_until_2025_07_01"]:
        data = {"successor": unit["successor"], "effective": diary.date(merger)}
        diary.tell("registry", "unit.succeeded", unit["key"], merger - 20, **data)
    for part in parts:
        practise(diary, part, HABITS[part.key])
        _lead(diary, part)
    play(diary)
    return diary.in_order()


def sample_lines() -> Iterator[bytes]:
    """The same as a file of events, one a line."""
    return (dumped(event) for event in sample_city())


def _parts(diary: Diary, merger: int) -> list[Part]:
    """Registers the units; each with the days in which it works."""
    city, days = city_file(), diary.year.days
    groups = (
        ("communes_until_2025_07_01", 0, merger),
        ("communes_from_2025_07_01", merger, days),
        ("agencies", 0, days),
    )
    parts = []
    for group, first, last in groups:
        for unit in city[group]:
            data = {"name": unit["name"], "kind": unit.get("kind", "commune")}
            if first:
                data["valid_from"] = diary.date(first)
            diary.tell("registry", "unit.registered", unit["key"], 0, **data)
            parts.append(Part(unit["key"], data["kind"], first, last))
    return parts


def _lead(diary: Diary, part: Part) -> None:
    """Who leads the unit, and two results that are shown beside its rating."""
    data: dict[str, Any] = {"head": person(part.key, "head"), "effective": diary.date(part.first)}
    diary.tell("registry", "unit.headed", part.key, part.first, **data)
    if part.last < diary.year.days:
        return
    diligence = HABITS[part.key].diligence
    for result, score in (("administrative_reform", 62), ("professional_tasks", 65)):
        data = {"result": result, "score": f"{score + 30 * diligence:.1f}", "maximum": 100}
        diary.tell("personnel", "result.reported", part.key, part.last - 6, **data)


def sample_stray() -> bytes:
    """An event on the stream that breaks the contract: its score is a word, not 1 to 5."""
    diary = Diary(YEAR)
    data = {"service": "mot-cua", "score": "rất hài lòng", "channel": "qr"}
    event = diary.tell("onestop", "feedback.given", "H44.2.1", diary.day(10, 6), **data)
    head = {"recordedtime": "2025-10-06T10:00:00Z", "time": event.pop("time")}
    event["data"] = dict(sorted(event["data"].items()))
    return dumped({**head, **dict(sorted(event.items()))}).rstrip()
