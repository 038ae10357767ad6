"""The bounds of an event that a schema cannot say or says too dimly (DESIGN section 3). Pure.

Times are judged against `now` at the door alone; what was accepted is not judged again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

import msgspec

from contracts import moments
from contracts.catalog import EventType, fields
from contracts.data import MAX_INTEGER
from contracts.envelope import ATTRIBUTES, CITY, EVENT_CLASSES, UNIT_KEY, Event
from contracts.faults import Fault, faults_of

EVENT_BYTES_MAX = 64 * 2**10
AHEAD_MAX = 5 * 60 * 1_000_000
EARLIEST = moments.instant("2000-01-01T00:00:00Z")
PLAIN = "application/json"


def judged(item: dict[str, Any], kind: EventType, now: int) -> Event | list[Fault]:
    """The event of the type, or everything that is wrong with it at `now` (microseconds)."""
    found = _unknown(item, kind)
    found += _texts(item, "")
    event: Event | None = None
    try:
        event = msgspec.convert(item, EVENT_CLASSES[kind.short], strict=True)
    except msgspec.ValidationError:
        found += faults_of(item, kind)
    found += _attributes(item, kind)
    found += _times(item, kind, now)
    if event is not None:
        found += _keys(event, kind) + _evidence(event)
    if len(msgspec.json.encode(item)) > EVENT_BYTES_MAX:
        found.append(Fault("", f"an event has at most {EVENT_BYTES_MAX} bytes"))
    return list(dict.fromkeys(found)) if event is None or found else event


def _unknown(item: dict[str, Any], kind: EventType) -> list[Fault]:
    names = item.keys() - (ATTRIBUTES - {"recordedtime"})
    found = [Fault(name[:80], "is no attribute that may be sent") for name in sorted(names)]
    data = item.get("data")
    if isinstance(data, dict):
        allowed = fields(kind.data).keys() | {"year", "evidence"}
        extra = sorted(data.keys() - allowed)
        found += [Fault(f"data.{n[:80]}", f"is no field of {kind.short}") for n in extra]
        evidence = data.get("evidence")
        for i, entry in enumerate(evidence if isinstance(evidence, list) else ()):
            more = entry.keys() - {"document", "sha256", "url"} if isinstance(entry, dict) else ()
            found += [Fault(f"data.evidence.{i}.{n[:80]}", "is no field") for n in sorted(more)]
    return found


def _texts(value: Any, where: str) -> list[Fault]:
    """Faults that any place can have: control characters, big integers, binary fractions."""
    if isinstance(value, str):
        if value.isprintable():
            return []
        bad = [c for c in value if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
        return [Fault(where, "has a control character")] if bad else []
    if isinstance(value, float):
        return [Fault(where, 'a number is an integer or a decimal string, such as "1.5"')]
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return [Fault(where, "an integer lies within 2^53")]
    found: list[Fault] = []
    inner: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for name, one in inner:
        found += _texts(one, f"{where}.{name}".strip("."))
    return found


def _attributes(item: dict[str, Any], kind: EventType) -> list[Fault]:
    found = []
    for name, most in (("id", 128), ("source", 256)):
        value = item.get(name)
        if not isinstance(value, str):
            continue
        if not 1 <= len(value) <= most or not value.isprintable():
            found.append(Fault(name, f"has 1 to {most} printable characters"))
    subject = item.get("subject")
    if isinstance(subject, str):
        if not UNIT_KEY.fullmatch(subject):
            found.append(Fault("subject", "must be a unit's key or code, such as H44.12.34"))
        elif (subject == CITY) != (kind.domain == "year"):
            found.append(Fault("subject", f"{CITY} is the subject of year.* and of nothing else"))
    if isinstance(item.get("specversion"), str) and item["specversion"] != "1.0":
        found.append(Fault("specversion", "must be 1.0"))
    if item.get("datacontenttype", PLAIN) != PLAIN:
        found.append(Fault("datacontenttype", f"must be {PLAIN}"))
    for name in ("dataschema", "traceparent", "tracestate"):
        if isinstance(item.get(name), str) and len(item[name]) > 2000:
            found.append(Fault(name, "has at most 2000 characters"))
    return found


def _times(item: dict[str, Any], kind: EventType, now: int) -> list[Fault]:
    found = []
    data = item["data"] if isinstance(item.get("data"), dict) else {}
    for name in ("due", "effective", "valid_from", "date"):
        if isinstance(data.get(name), str) and name in fields(kind.data):
            try:
                moments.day_ordinal(data[name])
            except ValueError:
                found.append(Fault(f"data.{name}", "must be a day such as 2025-03-01"))
    if not isinstance(item.get("time"), str):
        return found
    try:
        time = moments.instant(item["time"])
    except ValueError as error:
        return [*found, Fault("time", str(error))]
    if time > now + AHEAD_MAX:
        found.append(Fault("time", "lies more than 5 minutes ahead"))
    elif time < EARLIEST:
        found.append(Fault("time", "lies before 2000"))
    else:
        found += _year(data.get("year"), moments.local_year(time), kind)
    return found


def _year(year: Any, of_time: int, kind: EventType) -> list[Fault]:
    if not isinstance(year, int) or abs(year - of_time) <= 1:
        return []
    if (kind.clearing or kind.decision) and year < of_time:
        return []
    return [Fault("data.year", f"must be within one of {of_time}, the year of `time`")]


def _keys(event: Event, kind: EventType) -> list[Fault]:
    """Faults of keys, persons, units' codes and numbers in an event of the right shape."""
    found = []
    for field in fields(kind.data).values():
        value = getattr(event.data, field.name, None)
        if not isinstance(value, str) or field.kind in ("text", "date"):
            continue
        if field.kind not in ("key", "person"):
            if not value.isprintable():
                found.append(Fault(f"data.{field.name}", "has printable characters alone"))
            continue
        if value == CITY and kind.domain == "unit":
            found.append(Fault(f"data.{field.name}", f"{CITY} is the key or code of no unit"))
        owner, slash, inner = value.partition("/")
        named = bool(slash) and bool(UNIT_KEY.fullmatch(owner))
        if len(value) > (200 if named else 128) or not value.isprintable():
            found.append(Fault(f"data.{field.name}", "a key has 1 to 128 printable characters"))
        inner = inner if named else value
        digits = inner.isdigit() and len(inner) in (9, 12)
        if field.kind == "person" and digits:
            found.append(
                Fault(f"data.{field.name}", "must be an opaque key, never an identity number")
            )
    return found


def _evidence(event: Event) -> list[Fault]:
    """A pattern's `$` also fits before a last line break, and an address's end is open."""
    entries = event.data.evidence or ()
    return [
        Fault(f"data.evidence.{i}.{name}", "has printable characters alone")
        for i, entry in enumerate(entries)
        for name, value in (("sha256", entry.sha256), ("url", entry.url))
        if isinstance(value, str) and not value.isprintable()
    ]
