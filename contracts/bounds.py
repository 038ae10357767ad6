"""Checks the bounds of an event that neither its JSON Schema nor the decoder checks.

Source: DESIGN section 3. Pure. An event that decodes and is within all bounds is not validated by
its JSON Schema; any other is, for the full list of faults, unless it is far too large. Only the
door compares times with `now`; an accepted event is not checked again. The cost of a hostile event
and the size of its answer are bounded.
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
from contracts.data import DATE_FORM, FORMS, MAX_INTEGER, UNIT_FORM
from contracts.envelope import ATTRIBUTES, CITY, EVENT_CLASSES, UNIT_KEY, Event
from contracts.faults import FAULTS_MAX, Fault, faults_of, must_be
from contracts.messages import message
from contracts.names import has_hidden, key_faults, name_fault
from contracts.texts import MARKS_MAX, has_excess_marks

EVENT_BYTES_MAX = 64 * 2**10
EXPLAINED_BYTES_MAX = 4 * EVENT_BYTES_MAX
SEALED_BYTES_MAX = 900 * 2**10
"""`year.sealed` carries the rubrics of its year; only scoring emits it."""
SEALED = "year.sealed"
AHEAD_MINUTES = 5
AHEAD_MAX = AHEAD_MINUTES * 60 * 1_000_000
EARLIEST = moments.instant("2000-01-01T00:00:00Z")
PLAIN = "application/json"
_SENT = ATTRIBUTES - {"recordedtime"}
_ENTRIES = {
    "evidence": frozenset(("document", "sha256", "url")), "rubrics": frozenset(("id", "text")),
}  # fmt: skip
"""The members of the entries of a list, by the name of the field."""
_INSTANTS = ("cut_off", "reply_until", "cut", "until")
_NAMES = ("id", "source", "name", "title")
_LINES = ("dataschema", "traceparent", "tracestate")


def validate(item: dict[str, Any], kind: EventType | None, now: int) -> Event | list[Fault]:
    """The decoded event, or its faults at the time `now` (microseconds).

    Without a type only the attributes are checked. Each field has at most one fault, unless the
    event is so large or has so many unknown fields that the other checks are left out.
    """
    faults: list[Fault] = []
    size, most = len(msgspec.json.encode(item)), _bytes_max(kind)
    if size > most:
        faults.append(Fault("", message("event-bytes", most=most)))
    faults += islice(_unknown(item, kind), FAULTS_MAX)
    if size > max(most, EXPLAINED_BYTES_MAX) or len(faults) >= FAULTS_MAX:
        return faults
    faults += islice(_texts(item, ""), FAULTS_MAX)
    event = None if kind is None else _converted(item, kind)
    faults += _attributes(item, kind)
    if kind is not None:
        faults += _times(item, kind, now)
    if event is not None and kind is not None:
        faults += _keys(event, kind) + _evidence(event)
    if event is not None and not faults:
        return event
    firsts: dict[str, Fault] = {}
    for fault in (*faults, *faults_of(item, kind)):
        firsts.setdefault(fault.field, fault)
    return list(firsts.values())


def _bytes_max(kind: EventType | None) -> int:
    """The most bytes of an event of the type."""
    return SEALED_BYTES_MAX if kind is not None and kind.short == SEALED else EVENT_BYTES_MAX


def _converted(item: dict[str, Any], kind: EventType) -> Event | None:
    try:
        event: Event = msgspec.convert(item, EVENT_CLASSES[kind.version], strict=True)
    except msgspec.ValidationError:
        return None
    return event


def _unknown(item: dict[str, Any], kind: EventType | None) -> Iterator[Fault]:
    for name in item:
        if name not in _SENT:
            yield Fault(name[:80], message("attribute-unknown"))
    data = item.get("data")
    if kind is None or not isinstance(data, dict):
        return
    allowed = fields(kind.data).keys() | {"year", "evidence"}
    for name in data:
        if name not in allowed:
            yield Fault(f"data.{name[:80]}", message("field-unknown", short=kind.short))
    for field, members in _ENTRIES.items():
        entries = data.get(field) if field in allowed else None
        for i, entry in enumerate(entries if isinstance(entries, list) else ()):
            for name in entry if isinstance(entry, dict) else ():
                if name not in members:
                    yield Fault(f"data.{field}.{i}.{name[:80]}", message("evidence-unknown"))


def _texts(value: Any, where: str) -> Iterator[Fault]:
    """Faults of any value: control characters, large integers, binary fractions."""
    if isinstance(value, str):
        if not value.isprintable() and any(map(_control, value)):
            yield Fault(where, message("control"))
        elif has_excess_marks(value):
            yield Fault(where, message("marks", most=MARKS_MAX))
    elif isinstance(value, float):
        yield Fault(where, message("fraction"))
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            yield Fault(where, message("integer-large"))
    elif value is not None:
        inner: Iterable[tuple[Any, Any]]
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner_value in inner:
            if not _plain(inner_value):
                step = name[:80] if isinstance(name, str) else name
                yield from _texts(inner_value, f"{where}.{step}" if where else str(step))


def _plain(value: Any) -> bool:
    """Whether it is plainly a text or an integer without fault, for the common case."""
    if isinstance(value, str):
        return value.isascii() and value.isprintable()
    return type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER


def _control(character: str) -> bool:
    return character not in "\n\r\t" and unicodedata.category(character) in ("Cc", "Cs")


def _attributes(item: dict[str, Any], kind: EventType | None) -> list[Fault]:
    """Faults of text attributes that the decoder does not check; the schema checks their length."""
    faults = []
    for name in _LINES:
        value = item.get(name)
        if isinstance(value, str) and has_hidden(value):
            faults.append(Fault(name, message("invisible")))
    for name in _NAMES[:2]:
        fault = name_fault(item[name]) if isinstance(item.get(name), str) else None
        if fault is not None:
            faults.append(Fault(name, fault))
    subject = item.get("subject")
    if isinstance(subject, str):
        if not UNIT_KEY.fullmatch(subject):
            faults.append(Fault("subject", must_be(FORMS[UNIT_FORM])))
        elif kind is not None and (subject == CITY) != (kind.domain == "year"):
            faults.append(Fault("subject", message("city-reserved", city=CITY)))
    return faults


@cache
def _dates(kind: EventType) -> tuple[str, ...]:
    return tuple(name for name, field in fields(kind.data).items() if field.kind == "date")


def _times(item: dict[str, Any], kind: EventType, now: int) -> list[Fault]:
    faults = []
    data = item["data"] if isinstance(item.get("data"), dict) else {}
    for name in _dates(kind):
        if isinstance(data.get(name), str):
            try:
                moments.bounded_day(data[name])
            except ValueError:
                faults.append(Fault(f"data.{name}", must_be(FORMS[DATE_FORM])))
    for name in _INSTANTS if kind.domain == "year" else ():
        if isinstance(data.get(name), str):
            try:
                moments.instant(data[name])
            except ValueError as error:
                faults.append(Fault(f"data.{name}", error.args[0]))
    if not isinstance(item.get("time"), str):
        return faults
    try:
        time = moments.instant(item["time"])
    except ValueError as error:
        return [*faults, Fault("time", error.args[0])]
    if time > now + AHEAD_MAX:
        faults.append(Fault("time", message("time-ahead", minutes=AHEAD_MINUTES)))
    elif time < EARLIEST:
        faults.append(Fault("time", message("time-early")))
    else:
        faults += _year(data.get("year"), moments.local_year(time), kind)
    return faults


def _year(year: Any, of_time: int, kind: EventType) -> list[Fault]:
    """The fault of a rating year more than one year from that of `time`.

    Events that clear a fact and decisions may name any earlier year, as may the year's stages.
    """
    if not isinstance(year, int) or abs(year - of_time) <= 1:
        return []
    if (kind.clearing or kind.decision or kind.domain == "year") and year < of_time:
        return []
    return [Fault("data.year", message("year-near", year=of_time))]


def _keys(event: Event, kind: EventType) -> list[Fault]:
    """Faults of keys, persons, units' codes and numbers in an event of the right shape."""
    faults = []
    for field in fields(kind.data).values():
        value = getattr(event.data, field.name, None)
        if not isinstance(value, str) or field.kind == "date":
            continue
        name = f"data.{field.name}"
        if field.kind in ("key", "person"):
            person = field.kind == "person"
            faults += [Fault(name, fault) for fault in key_faults(value, person)]
            if value == CITY and kind.domain == "unit":
                faults.append(Fault(name, message("city-code", city=CITY)))
        elif field.kind == "text" and field.name in _NAMES:
            faults += [Fault(name, fault) for fault in (name_fault(value),) if fault is not None]
        elif field.kind != "text" and has_hidden(value):
            faults.append(Fault(name, message("invisible")))
    return faults


def _evidence(event: Event) -> list[Fault]:
    """Faults of digests and URLs that patterns miss: `$` also matches before a final newline."""
    entries = event.data.evidence or ()
    return [
        Fault(f"data.evidence.{i}.{name}", fault)
        for i, entry in enumerate(entries)
        for name, value in (("sha256", entry.sha256), ("url", entry.url))
        if isinstance(value, str) and (fault := name_fault(value)) is not None
    ]
