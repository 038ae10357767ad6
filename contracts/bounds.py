"""The bounds of an event that a schema cannot say, and those that the decoder leaves to the door.

Source: DESIGN section 3. Pure. An event that keeps all of them is never asked by its JSON Schema;
one that breaks any is, for the full list. Times are judged against `now` at the door alone; what
was accepted is not judged again. The cost of a hostile event is bounded as its answer is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any

import msgspec

from contracts import moments
from contracts.catalog import EventType, fields
from contracts.data import (
    DATE_FORM,
    KEY_FORM,
    KEY_MAX,
    MAX_INTEGER,
    NAMED_KEY_MAX,
    PERSON_FORM,
    UNIT_FORM,
)
from contracts.envelope import ATTRIBUTES, CITY, EVENT_CLASSES, UNIT_KEY, Event
from contracts.faults import FAULTS_MAX, Fault, faults_of
from contracts.texts import MARKS_MAX, overmarked

EVENT_BYTES_MAX = 64 * 2**10
EXPLAINED_BYTES_MAX = 4 * EVENT_BYTES_MAX
AHEAD_MAX = 5 * 60 * 1_000_000
EARLIEST = moments.instant("2000-01-01T00:00:00Z")
PLAIN = "application/json"
INVISIBLE = "has a character that does not print, such as a line break or an invisible mark"
_SENT = ATTRIBUTES - {"recordedtime"}
_EVIDENCE = frozenset(("document", "sha256", "url"))
_NAMES = ("id", "source")
_LINES = (*_NAMES, "dataschema", "traceparent", "tracestate")


def judged(item: dict[str, Any], kind: EventType | None, now: int) -> Event | list[Fault]:
    """The event of the type, or everything that is wrong with it at `now` (microseconds).

    Without a type the attributes are judged alone. One fault is said of each field.
    """
    found: list[Fault] = []
    size = len(msgspec.json.encode(item))
    if size > EVENT_BYTES_MAX:
        found.append(Fault("", f"an event has at most {EVENT_BYTES_MAX} bytes"))
    found += islice(_unknown(item, kind), FAULTS_MAX)
    if size > EXPLAINED_BYTES_MAX or len(found) >= FAULTS_MAX:
        return found
    found += islice(_texts(item, ""), FAULTS_MAX)
    event = None if kind is None else _converted(item, kind)
    found += _attributes(item, kind)
    if kind is not None:
        found += _times(item, kind, now)
    if event is not None and kind is not None:
        found += _keys(event, kind) + _evidence(event)
    if event is not None and not found:
        return event
    firsts: dict[str, Fault] = {}
    for fault in (*found, *faults_of(item, kind)):
        firsts.setdefault(fault.field, fault)
    return list(firsts.values())


def _converted(item: dict[str, Any], kind: EventType) -> Event | None:
    try:
        event: Event = msgspec.convert(item, EVENT_CLASSES[kind.short], strict=True)
    except msgspec.ValidationError:
        return None
    return event


def _unknown(item: dict[str, Any], kind: EventType | None) -> Iterator[Fault]:
    for name in item:
        if name not in _SENT:
            yield Fault(name[:80], "is no attribute that may be sent")
    data = item.get("data")
    if kind is None or not isinstance(data, dict):
        return
    allowed = fields(kind.data).keys() | {"year", "evidence"}
    for name in data:
        if name not in allowed:
            yield Fault(f"data.{name[:80]}", f"is no field of {kind.short}")
    evidence = data.get("evidence")
    for i, entry in enumerate(evidence if isinstance(evidence, list) else ()):
        for name in entry if isinstance(entry, dict) else ():
            if name not in _EVIDENCE:
                yield Fault(f"data.evidence.{i}.{name[:80]}", "is no field of evidence")


def _texts(value: Any, where: str) -> Iterator[Fault]:
    """Faults that any place can have: control characters, big integers, binary fractions."""
    if isinstance(value, str):
        if not value.isprintable() and any(map(_control, value)):
            yield Fault(where, "has a control character")
        elif overmarked(value):
            yield Fault(where, f"has more than {MARKS_MAX} marks on one letter")
    elif isinstance(value, float):
        yield Fault(where, 'must be an integer, or a decimal as text, such as "1.5"')
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            yield Fault(where, "must be an integer within 2^53")
    elif value is not None:
        inner: Iterable[tuple[Any, Any]]
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in inner:
            if not _plain(one):
                step = name[:80] if isinstance(name, str) else name
                yield from _texts(one, f"{where}.{step}" if where else str(step))


def _plain(value: Any) -> bool:
    """Whether it is at sight a text or an integer without fault."""
    if isinstance(value, str):
        return value.isascii() and value.isprintable()
    return type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER


def _control(one: str) -> bool:
    return one not in "\n\r\t" and unicodedata.category(one) in ("Cc", "Cs")


def _attributes(item: dict[str, Any], kind: EventType | None) -> list[Fault]:
    """What the decoder does not ask of attributes that are texts; the schema asks their length."""
    found = []
    for name in _LINES:
        value = item.get(name)
        if isinstance(value, str) and not value.isprintable():
            found.append(Fault(name, INVISIBLE))
    subject = item.get("subject")
    if isinstance(subject, str):
        if not UNIT_KEY.fullmatch(subject):
            found.append(Fault("subject", f"must be {UNIT_FORM}"))
        elif kind is not None and (subject == CITY) != (kind.domain == "year"):
            found.append(Fault("subject", f"{CITY} is the subject of year.* and of nothing else"))
    return found


@cache
def _dates(kind: EventType) -> tuple[str, ...]:
    return tuple(name for name, field in fields(kind.data).items() if field.kind == "date")


def _times(item: dict[str, Any], kind: EventType, now: int) -> list[Fault]:
    found = []
    data = item["data"] if isinstance(item.get("data"), dict) else {}
    for name in _dates(kind):
        if isinstance(data.get(name), str):
            try:
                moments.bounded_day(data[name])
            except ValueError:
                found.append(Fault(f"data.{name}", f"must be {DATE_FORM}"))
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
        if not isinstance(value, str) or field.kind == "date":
            continue
        name = f"data.{field.name}"
        if field.kind in ("key", "person"):
            found += [Fault(name, said) for said in _key(value, field.kind == "person")]
            if value == CITY and kind.domain == "unit":
                found.append(Fault(name, f"{CITY} is the key or code of no unit"))
        elif not value.isprintable() and (field.kind != "text" or field.name in _NAMES):
            found.append(Fault(name, INVISIBLE))
    return found


def _key(value: str, person: bool) -> Iterator[str]:
    """What is wrong with a key of at most 200 characters."""
    owner, slash, inner = value.partition("/")
    named = bool(slash and inner) and bool(UNIT_KEY.fullmatch(owner))
    if not value.isprintable():
        yield INVISIBLE
    elif len(value) > (NAMED_KEY_MAX if named else KEY_MAX):
        yield f"must be {PERSON_FORM if person else KEY_FORM}"
    own = inner if named else value
    if person and own.isdigit() and len(own) in (9, 12):
        yield f"must be {PERSON_FORM}"


def _evidence(event: Event) -> list[Fault]:
    """A pattern's `$` also fits before a last line break, and an address's end is open."""
    entries = event.data.evidence or ()
    return [
        Fault(f"data.evidence.{i}.{name}", INVISIBLE)
        for i, entry in enumerate(entries)
        for name, value in (("sha256", entry.sha256), ("url", entry.url))
        if isinstance(value, str) and not value.isprintable()
    ]
