"""Which events are in the set (SCORING section 2): identity, duplicates, conflicts, retractions."""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .moments import instant, local_date

Identity = tuple[str, str]
UNCOMPARED = ("time", "traceparent", "tracestate", "recordedtime")


class Event(NamedTuple):
    """One accepted event, reduced to what scoring asks."""

    short: str
    subject: str
    source: str
    id: str
    at: int
    year: int
    data: dict[str, Any]

    @property
    def identity(self) -> Identity:
        return (self.source, self.id)

    @property
    def order(self) -> tuple[int, str, str]:
        """What "later" means (SCORING section 1)."""
        return (self.at, self.source, self.id)


def composed(value: Any) -> Any:
    """The same value with every text in NFC."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {composed(key): composed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [composed(item) for item in value]
    return value


def content(raw: dict[str, Any]) -> str:
    """What two deliveries of one identity are compared by."""
    kept = {name: value for name, value in raw.items() if name not in UNCOMPARED}
    kept["time"] = instant(raw["time"])
    return json.dumps(kept, sort_keys=True)


def read(raw: dict[str, Any]) -> Event:
    """A CloudEvent as an event of ours."""
    prefix, _, rest = raw["type"].partition("vn.danchu.")
    short, dot, version = rest.rpartition(".")
    if prefix or dot != "." or not version.startswith("v"):
        raise ValueError(f"not a type of the catalog: {raw['type']!r}")
    at = instant(raw["time"])
    data = raw["data"]
    year = data.get("year", local_date(at).year)
    return Event(short, raw["subject"], raw["source"], raw["id"], at, year, data)


def accepted(raws: Iterable[dict[str, Any]]) -> dict[Identity, Event]:
    """The first event of each identity; what comes again is a duplicate or a conflict."""
    first: dict[Identity, Event] = {}
    for raw in raws:
        event = read(composed(raw))
        if event.identity not in first:
            first[event.identity] = event
    return first


def verdicts(raws: Iterable[dict[str, Any]]) -> list[str]:
    """For each delivery in order: `accepted`, `duplicate` or `conflict`."""
    first: dict[Identity, str] = {}
    answers = []
    for raw in raws:
        whole = composed(raw)
        identity = (whole["source"], whole["id"])
        text = content(whole)
        if identity not in first:
            first[identity] = text
            answers.append("accepted")
        else:
            answers.append("duplicate" if first[identity] == text else "conflict")
    return answers


def retracted(events: dict[Identity, Event]) -> set[Identity]:
    """The identities that a retraction of their own source and subject takes away."""
    gone = set()
    for event in events.values():
        if event.short != "event.retracted" or event.source != event.data["source"]:
            continue
        target = events.get((event.data["source"], event.data["id"]))
        if target is None or target.short == "event.retracted":
            continue
        if target.subject == event.subject:
            gone.add(target.identity)
    return gone


def standing(events: dict[Identity, Event]) -> list[Event]:
    """The events that are not retracted, earliest first."""
    gone = retracted(events)
    left = [event for event in events.values() if event.identity not in gone]
    return sorted(left, key=lambda event: event.order)
