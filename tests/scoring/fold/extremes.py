"""Events of every type with values at their very bounds, as a door or a stream may bring them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from contracts import door, envelope, moments
from contracts.catalog import CANONICAL, CATALOG, EventType, FieldInfo, fields
from contracts.envelope import CITY, RECORDS_SOURCE, Recorded
from services.scoring.rubrics.loader import SHIPPED
from tests.support.builders.cities import NOW

UNITS = ("A", "H44.1", "Z" * 64)
CODES = ("C", "0.0", "Y" * 64)
KEYS = ("k", "1" + "k" * 127, f"{UNITS[1]}/1", f"{'Z' * 64}/1{'x' * 134}", "mục-1/Đ")
TEXTS = ("x", "ế" * 2000, "a\r\n\tb", "=1+1", "[/]", "\U0001f600" * 9)
NUMBERS = (0, 1, 2**53, "0", "0.0001", "999999999.9999")
POINTS = ("0", "-999999999.99", "999999999.99", "-0.01")
DAYS = (moments.FIRST_DAY, "2025-02-28", "2025-12-31", "2026-01-01", moments.LAST_DAY)
TIMES = (
    "2000-01-01T00:00:00Z", "2024-12-31T17:00:00Z", "2025-06-30T16:59:59.999999Z",
    "2025-12-31T16:59:59.999999Z", "2025-12-31T23:59:59-23:59", moments.rfc3339(NOW),
)  # fmt: skip
EARLIER_DAYS = ("0001-01-01", "1970-01-01", "9999-12-31")
EARLIER_TIMES = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59Z")
"""What doors no longer take, and an older stream or another version may hold."""
YEARS = (2000, 2024, 2025, 2033, 2200, 9999, 1, 1970)
"""Years that some of these events are of, or that a rating is asked for."""
INSTANTS = ("cut", "cut_off", "reply_until", "until")
RUBRICS = sorted(SHIPPED.glob("*.yaml"))
INDICATORS = ("1.1", "1.2", "2.1", "none")


def values(kind: EventType, field: FieldInfo, older: bool) -> Sequence[Any]:
    """The bounds of one field of the data."""
    if field.name in ("successor", "parent", "carried_from"):
        return UNITS
    if field.name == "code":
        return (*CODES, UNITS[1])
    if field.name == "indicator":
        return INDICATORS
    if field.name == "points":
        return POINTS
    if field.name in ("id", "source"):
        return ("urn:extremes", "x" * 128, "roster.assigned-1")
    if field.kind == "choice":
        return field.choices
    if field.name in INSTANTS:
        return TIMES
    if field.name == "rubrics":
        return ([], [{"id": path.stem, "text": path.read_text("utf-8")} for path in RUBRICS])
    plain = {
        "boolean": (True, False), "integer": (1, 5) if field.name == "score" else (0, 2**53),
        "number": NUMBERS, "date": (*DAYS, *EARLIER_DAYS) if older else DAYS, "text": TEXTS,
        "key": KEYS, "person": KEYS,
    }  # fmt: skip
    return plain[field.kind]


def event(
    kind: EventType, id_: str, time: str, subject: str, data: dict[str, Any]
) -> dict[str, Any]:
    """An event as an emitter writes it."""
    ours = kind.producer == "scoring"
    return {
        "specversion": "1.0", "id": id_, "type": kind.type,
        "subject": CITY if kind.domain == "year" else subject, "time": time, "data": data,
        "source": f"{RECORDS_SOURCE}scoring" if ours else "urn:extremes",
    }  # fmt: skip


def recorded(sent: dict[str, Any], older: bool) -> Recorded | None:
    """As the stream carries it; None where no door takes it, or no stream could carry it."""
    if older:
        try:
            return envelope.decode(envelope.body(sent, NOW, envelope.content_of(sent)))
        except envelope.ContractBroken:
            return None
    _, (read,) = door.read(json.dumps(sent).encode(), door.SINGLE, NOW)
    if isinstance(read, door.Refusal):
        return None
    return envelope.decode(read.body(NOW))


@cache
def each(older: bool) -> list[Recorded]:
    """Every type with every bound of every field, the others at their first ones."""
    events = []
    for kind in CATALOG.values():
        earlier = {f.name: values(kind, f, older) for f in fields(kind.data).values()}
        usual = {name: stored[min(1, len(stored) - 1)] for name, stored in earlier.items()}
        times = (*TIMES, *EARLIER_TIMES) if older else TIMES
        varied: list[tuple[str, dict[str, Any], str]] = [
            (TIMES[2], usual | {name: value}, UNITS[1])
            for name, stored in earlier.items() for value in stored
        ]  # fmt: skip
        varied += [(time, usual, unit) for time in times for unit in (*UNITS, *CODES)]
        varied += [(TIMES[2], usual | {"year": year}, UNITS[0]) for year in YEARS]
        for number, (time, data, subject) in enumerate(varied):
            if each := recorded(event(kind, f"{kind.short}-{number}", time, subject, data), older):
                events.append(each)
    return events


@st.composite
def cities(draw: Any) -> list[Recorded]:
    """Some events with any of the bounds together, the units mostly registered, in any order."""
    older = draw(st.booleans())
    times = (*TIMES, *EARLIER_TIMES) if older else TIMES
    kinds = st.sampled_from([*CATALOG.values(), *_of_units() * 4])
    events = [registration(unit) for unit in draw(st.sets(st.sampled_from(UNITS)))]
    for number in range(draw(st.integers(1, 40))):
        kind: EventType = draw(kinds)
        data = {
            field.name: draw(st.sampled_from(values(kind, field, older)))
            for field in fields(kind.data).values()
            if not field.optional or draw(st.booleans())
        }
        sent = event(
            kind, str(number), draw(st.sampled_from(times)),
            draw(st.sampled_from((*UNITS, *CODES))), data,
        )  # fmt: skip
        if (each := recorded(sent, older)) is not None:
            events.append(each)
    ordered: SearchStrategy[list[Recorded]] = st.permutations(events)
    return list(draw(ordered))


def _of_units() -> list[EventType]:
    return [kind for kind in CATALOG.values() if kind.domain == "unit"]


def registration(unit: str) -> Recorded:
    """The unit exists from ever."""
    data = {"name": unit, "kind": "commune"}
    sent = event(CANONICAL["unit.registered"], f"r-{unit}", TIMES[0], unit, data)
    each = recorded(sent, older=False)
    assert each is not None
    return each
