"""Events that the door refuses, each for another reason that really happens.

All are well-formed JSON: what is not would have a whole batch refused (400), and one bad line
is meant to be one refused event. One of them is no fault of its own but a conflict: other
content under an identity that was already sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from services.simulation.wire import dumped

Event = dict[str, Any]


def _set(name: str, value: Any) -> Callable[[Event], None]:
    return lambda event: event.update({name: value})


def _data(name: str, value: Any) -> Callable[[Event], None]:
    return lambda event: event["data"].update({name: value})


def _no_offset(event: Event) -> None:
    event["time"] = event["time"][:19]


def _person(event: Event) -> None:
    event.update(type="vn.danchu.roster.released.v1", data={"person": "025199001234"})


def _no_such_day(event: Event) -> None:
    data = {"petition": "kn-0", "due": f"{event['time'][:4]}-02-30"}
    event.update(type="vn.danchu.petition.received.v1", data=data)


def _score_of_nine(event: Event) -> None:
    data = {"service": "ho-tich", "channel": "qr", "score": 9}
    event.update(type="vn.danchu.feedback.given.v1", data=data)


def _level_of_nobody(event: Event) -> None:
    data = {"award": "kt-0", "level": "district"}
    event.update(type="vn.danchu.award.granted.v1", data=data)


def _lacking(event: Event) -> None:
    event.update(type="vn.danchu.petition.received.v1", data={"petition": "kn-0"})


FAULTS: dict[str, Callable[[Event], None]] = {
    "time without offset": _no_offset,
    "time ahead of the clock": _set("time", "2999-01-01T08:00:00+07:00"),
    "type that nobody knows": _set("type", "vn.danchu.petition.shelved.v1"),
    "other version of CloudEvents": _set("specversion", "0.3"),
    "subject that is no code": _set("subject", "phuong-so-1"),
    "attribute of the door": _set("recordedtime", "2025-01-01T00:00:00Z"),
    "field that the type lacks": _data("remark", "ghi chú"),
    "year too far away": _data("year", 2001),
    "binary fraction": _data("year", 2025.5),
    "zero character": _data("evidence", [{"document": "biên bản\0"}]),
    "number of an identity card": _person,
    "day that the calendar lacks": _no_such_day,
    "value beyond its bounds": _score_of_nine,
    "value of no closed list": _level_of_nobody,
    "field left out": _lacking,
}
_NAMES = tuple(FAULTS)


def broken(good: bytes, turn: int) -> bytes:
    """A line made bad in the turn's way; `good` is a line that was not sent before."""
    event = json.loads(good)
    FAULTS[_NAMES[turn % len(_NAMES)]](event)
    return dumped(event)


def conflicting(sent: bytes) -> bytes:
    """Other content under the identity of a line that was sent before."""
    event = json.loads(sent)
    event["data"]["evidence"] = [{"document": "Biên bản bổ sung"}]
    return dumped(event)
