"""Small rubrics and events for the worked examples of the oracle."""

from itertools import count
from typing import Any

from . import rate

Raw = dict[str, Any]
SERIAL = count(1)
DUTY = {
    "obliged": [{"set": "petition.received", "clear": "petition.withdrawn", "key": "petition"}],
    "fulfilled": [{"set": "petition.resolved", "key": "petition"}],
}


def on(short: str, when: str, subject: str = "A", /, **data: Any) -> Raw:
    """An event; a `when` without a time of day is noon of that day in Asia/Ho_Chi_Minh."""
    return {
        "specversion": "1.0",
        "id": f"{next(SERIAL):06d}",
        "source": "urn:one",
        "type": f"vn.danchu.{short}.v1",
        "subject": subject,
        "time": when if "T" in when else f"{when}T12:00:00+07:00",
        "data": data,
    }


def unit(key: str = "A", /, kind: str = "commune", **data: Any) -> Raw:
    return on("unit.registered", "2024-01-01", key, name=f"unit {key}", kind=kind, **data)


def received(key: str, when: str, due: str = "2025-12-31", subject: str = "A") -> Raw:
    return on("petition.received", when, subject, petition=key, due=due)


def resolved(key: str, when: str, subject: str = "A", /, **data: Any) -> Raw:
    return on("petition.resolved", when, subject, petition=key, **data)


def indicator(kind: str, /, **more: Any) -> Raw:
    """One indicator of ten points, `x`, in group `g`."""
    basic = {} if kind in ("bonus", "deduction") else {"group": "g", "points": "10"}
    return {"id": "x", "kind": kind, **basic, **(DUTY if kind == "coverage" else {}), **more}


def quota(name: str, activity: str, points: str = "10", group: str = "g") -> Raw:
    """An indicator that is full as soon as one event of a type has come."""
    done = [{"set": activity}]
    return indicator("quota", id=name, done=done, target=1, points=points, group=group)


def book(*indicators: Raw, **more: Any) -> Raw:
    """A rubric of four classes from 9, 7, 5 and 0 of ten points."""
    floors = {"A": "9", "B": "7", "C": "5", "D": "0"}
    return {
        "id": "r",
        "years": {"from": 2025, "until": None},
        "kinds": ["commune"],
        "maximum": 100,
        "adjustment_limit": "5",
        "succession": "pooled",
        "groups": [{"id": "g"}],
        "bands": [{"class": name, "from": floor} for name, floor in floors.items()],
        "gates": [],
        "top_class_share": None,
        "indicators": list(indicators),
        **more,
    }


def rated(
    events: list[Raw], *indicators: Raw, key: str = "A", year: int = 2025, **more: Any
) -> Raw:
    """The rating of one unit."""
    return rate(events, [book(*indicators, **more)], year)[key]


def points(events: list[Raw], *indicators: Raw, **more: Any) -> str:
    """The points of indicator `x` of unit A."""
    return str(rated(events, *indicators, **more)["scores"]["x"])
