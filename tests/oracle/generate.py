"""A seeded random city that stresses the rules of scoring; every event keeps the catalog.

`city(seed, units, events)` gives the deliveries in order of acceptance and the year to rate.
"""

import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from .catalog import DUTIES, FIELDS
from .founding import found
from .generate_rubric import BASIC_IDS, rubric
from .moments import DAY, instant, year_start
from .town import SOURCES, YEAR, Town, spelled

__all__ = ["city", "rubric"]

Raw = dict[str, Any]


def city(seed: int, units: int, events: int) -> tuple[list[Raw], int]:
    """About so many events of so many units, and the year."""
    town = Town(seed)
    found(town, units)
    twins = [unit for unit in town.units if town.chance(0.5)]
    for unit in list(twins):
        if len(town.events) + 90 < events * 0.8:
            diligent(town, unit)
        else:
            twins.remove(unit)
    while len(town.events) < events * 0.93:
        unit = town.rng.choice(town.units)
        if unit in twins and len(twins) < units and town.chance(0.9):
            unit = town.rng.choice([other for other in town.units if other not in twins])
        town.rng.choices(STEPS, WEIGHTS)[0](town, unit)
    for _ in range(max(1, events // 50)):
        noise(town)
    if town.chance(0.8):
        town.rng.shuffle(town.events)
    return town.events, YEAR


def diligent(town: Town, unit: str) -> None:
    """Does all its duties on time, as every other diligent unit does, so that totals tie."""
    start = year_start(YEAR) + 12 * 3_600_000_000
    for obliged, _, done, key in DUTIES[:-1]:
        for number in (1, 2):
            name = f"{key[:2]}-{number}"
            due = {"due": "2025-11-30"} if obliged != "roster.assigned" else {}
            town.emit(obliged, unit, start, {**filled(town, obliged), **due, key: name})
            town.emit(done, unit, start + 40 * DAY, {**filled(town, done), key: name})
    many = {
        "communication.held": 8, "dialogue.held": 2, "conference.held": 1,
        "consultation.held": 3, "model.nominated": 1, "model.recognised": 1,
        "feedback.given": 12 if town.chance(0.7) else 31, "count.reported": 1,
    }  # fmt: skip
    for short, times in many.items():
        for number in range(times):
            data = filled(town, short)
            for field in ("activity", "dialogue", "consultation"):
                if field in data:
                    data[field] = f"{field[:2]}-{number}"
            if "form" in data and short == "communication.held":
                data["form"] = ("portal", "social", "print")[number % 3]
            town.emit(short, unit, start + number * 45 * DAY, data)
    for number in range(5):
        data = {**filled(town, "training.completed"), "person": f"it-{number}"}
        town.emit("training.completed", unit, start + DAY, {**data, "topic": "it_skills"})


def filled(town: Town, short: str) -> Raw:
    """Data of the required fields, the same for all."""
    fixed = {
        "key": "k-1", "person": "pe-1", "count": 10, "amount": 10, "flag": True, "score": 5,
        "text": "x", "date": "2025-11-30",
    }  # fmt: skip
    parts = [part.split(":") for part in FIELDS[short].split() if "?" not in part]
    return {name: fixed.get(kind, kind.split("|")[-1]) for name, kind in parts} | (
        {"topic": "democracy"} if short == "training.completed" else {}
    )


def anything(town: Town, unit: str) -> None:
    """Any practice event at any time."""
    short, at = town.rng.choice(list(FIELDS)), town.moment()
    town.emit(short, town.subject(unit), at, town.data(unit, short, at))


def duty(town: Town, unit: str) -> None:
    """An obligation with its fulfilment around the due date, cleared and set again at times."""
    rng = town.rng
    obliged, cleared, done, key = rng.choice(DUTIES)
    at, name = town.moment(), town.key(unit, key)
    shorts = [obliged, done]
    if cleared is not None and town.chance(0.3):
        shorts.append(cleared)
    shorts += [obliged] * town.chance(0.2) + [done] * town.chance(0.2)
    due = town.due(at)
    end = instant(f"{due}T23:59:59+07:00")
    for short in shorts:
        when = at
        if short != obliged:
            when = rng.choice([end, end + 999_999, end + 1_000_000, at - 1, at, at + 5 * DAY])
        elif town.chance(0.3):
            when = rng.choice([at + 1, at - 1, town.moment()])
        data = town.data(unit, short, when)
        data[key] = name
        if "due" in data:
            data["due"] = due if town.chance(0.8) else town.day()
        town.emit(short, town.subject(unit), when, data)


def paper(town: Town, unit: str) -> None:
    """Declarations, exemptions, adjustments, self-scores and appeals."""
    rng, at = town.rng, town.moment()
    indicator = rng.choice(BASIC_IDS)
    short, data = rng.choice(
        [
            ("declaration.nil", {"indicator": indicator}),
            ("exemption.approved", {"indicator": indicator, "decision": "12/QĐ"}),
            ("exemption.revoked", {"indicator": indicator}),
            ("adjustment.decided", adjustment(town)),
            ("selfscore.submitted", {"indicator": indicator, "points": "3.5"}),
            ("appeal.filed", {"appeal": "a-1", "reason": "xem lại"}),
            ("appeal.decided", {"appeal": "a-1", "outcome": "rejected", "decision": "7"}),
        ]
    )
    town.emit(short, town.subject(unit), at, town.dated(short, at, data))


def adjustment(town: Town) -> Raw:
    """Points of either sign, at times over any limit."""
    points = town.rng.choice(["0.01", "-0.5", "1.25", "-2", "4.99", "-7.77", "30", "-3.3"])
    decision = f"{town.rng.randrange(1, 4)}/QĐ-UBND"
    return {"decision": decision, "points": points, "reason": "theo kết luận"}


def noise(town: Town) -> None:
    """A duplicate, a conflict or a retraction of something that was emitted."""
    rng = town.rng
    target = rng.choice(town.events)
    kind = rng.choice(
        ["duplicate", "duplicate", "conflict", "retract", "retract", "other", "foreign"]
    )
    if kind == "duplicate":
        town.events.append(again(target, rng))
        return
    if kind == "conflict":
        changed = again(target, rng)
        changed["time"] = spelled(town.moment(), rng)
        changed["data"].pop("year", None)
        town.events.append(changed)
        return
    at = rng.choice([instant(target["time"]) - DAY, instant(target["time"]), town.moment()])
    named = {"source": target["source"], "id": target["id"], "reason": "nhập sai"}
    subject = rng.choice(town.events)["subject"] if kind == "foreign" else target["subject"]
    retraction = town.emit("event.retracted", subject, at, named)
    other = [source for source in SOURCES if source != target["source"]]
    retraction["source"] = rng.choice(other) if kind == "other" else target["source"]
    if town.chance(0.05):
        retraction["data"] |= {"source": retraction["source"], "id": retraction["id"]}
    if town.chance(0.3):
        back = {"source": retraction["source"], "id": retraction["id"], "reason": "rút lại"}
        town.emit("event.retracted", target["subject"], at + DAY, back)["source"] = back["source"]


def again(event: Raw, rng: random.Random) -> Raw:
    """The same event, written otherwise."""
    copy = deepcopy(event)
    copy["time"] = spelled(instant(event["time"]), rng)
    if rng.random() < 0.5:
        copy["traceparent"] = f"00-{rng.randrange(16**32):032x}-{rng.randrange(16**16):016x}-01"
    names = list(copy)
    rng.shuffle(names)
    copy = {name: copy[name] for name in names}
    copy["data"] = dict(reversed(copy["data"].items()))
    return copy


STEPS: list[Callable[[Town, str], None]] = [anything, duty, paper]
WEIGHTS = [5, 4, 1]
