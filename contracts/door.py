"""Strict parsing of a request at a door: JSON, bounds, and the faults of each event.

A body of another content type, that is not well-formed JSON, or that is too large is refused as a
whole (BodyRefused). Other faults are reported per event, all faults of an event at once, so a bad
event does not affect the others. Credentials are checked elsewhere (`intake.domain`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts import moments, parsing
from contracts.bounds import EVENT_BYTES_MAX, EXPLAINED_BYTES_MAX, PLAIN, validate
from contracts.catalog import BY_TYPE, EventType, fields
from contracts.data import EVIDENCE_MAX
from contracts.envelope import (
    Event,
    body,
    canonical,
    content_of,
    identity,
    receipt,
    year_of,
)
from contracts.faults import FAULTS_MAX, Fault, type_fault
from contracts.messages import message
from contracts.parsing import BodyRefused as BodyRefused
from contracts.parsing import media_of as media_of
from contracts.parsing import parse as parse

BODY_BYTES_MAX = 16 * 2**20
EVENTS_MAX = 10_000
SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_NEEDED = frozenset(("id", "source", "specversion", "subject", "time", "type", "data"))


@dataclass(frozen=True, slots=True)
class Emitted:
    """A valid event, as parsed at the door. Instants in microseconds.

    `kind` is the version that was sent; `attributes` are those that were sent, without nulls for
    optional members; `event` has its data in the canonical version.
    """

    event: Event
    kind: EventType
    time: int
    year: int
    identity: bytes
    receipt: bytes
    attributes: dict[str, Any]
    content: bytes

    def body(self, recorded: int) -> bytes:
        """The body of the event on the stream, with `recorded` as the instant of acceptance."""
        return body(self.attributes, recorded, self.content)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that is refused, with its faults."""

    id: str | None
    source: str | None
    faults: tuple[Fault, ...]


def read(
    raw: bytes, content_type: str, now: int, headers: Mapping[str, str] | None = None,
    events_max: int = EVENTS_MAX,
) -> tuple[bool, list[Emitted | Refusal]]:  # fmt: skip
    """Whether the body is a single event, and its parsed events; raises BodyRefused.

    `headers` are those of the request or message; event attributes among them (binary mode) are
    refused.
    """
    parsing.check_structured(content_type, headers or {})
    media = media_of(content_type, (SINGLE, BATCH, PLAIN))
    if len(raw) > BODY_BYTES_MAX:
        raise BodyRefused(413, message("body-bytes", most=BODY_BYTES_MAX))
    text = parsing.decode_utf8(raw)
    start = parsing.after_blanks(text, 0)
    single = text[start : start + 1] != "["
    if single and media == BATCH:
        _whole(text, start)
        raise BodyRefused(400, message("body-batch", media=media))
    if not single and media == SINGLE:
        raise BodyRefused(400, message("body-single", media=media))
    if single:
        return True, [_read_at(text, _whole(text, start), now)]
    events: list[Emitted | Refusal] = []
    for element in parsing.elements(text, start):
        if len(events) == events_max:
            raise BodyRefused(413, message("body-events", most=events_max))
        events.append(_read_at(text, element, now))
    return False, events


def _whole(text: str, start: int) -> parsing.Element:
    """The place of the only value of a body; BodyRefused if the body has several values or none."""
    element = parsing.element_at(text, start)
    if parsing.after_blanks(text, element.end) < len(text):
        raise parsing.syntax(text, element.end)
    return element


def _read_at(text: str, element: parsing.Element, now: int) -> Emitted | Refusal:
    """Parses the event at a place; one that is far too large is refused without being decoded."""
    if element.end - element.start > EXPLAINED_BYTES_MAX and parsing.is_costly(text, element):
        return Refusal(None, None, (Fault("", message("event-bytes", most=EVENT_BYTES_MAX)),))
    return read_item(parsing.value_of(text, element), now)


def read_item(item: Any, now: int) -> Emitted | Refusal:
    """Parses one event from its decoded JSON."""
    if not isinstance(item, dict):
        return Refusal(None, None, (Fault("", message("event-object")),))
    id_, source = _text_of(item, "id"), _text_of(item, "source")
    kind = BY_TYPE.get(item["type"]) if isinstance(item.get("type"), str) else None
    item = _plain_form(item, kind)
    event = validate(item, kind, now)
    if kind is None or isinstance(event, list):
        faults = event if isinstance(event, list) else []
        if kind is None:
            faults = [type_fault(item), *(fault for fault in faults if fault.field != "type")]
        return Refusal(id_, source, tuple(faults[:FAULTS_MAX]))
    time = moments.instant(event.time)
    content = content_of(item)
    unique = identity(event.source, event.id)
    return Emitted(
        canonical(event), kind, time, year_of(event.data, time), unique,
        receipt(unique, time, content), item, content,
    )  # fmt: skip


def _plain_form(item: dict[str, Any], kind: EventType | None) -> dict[str, Any]:
    """The event without nulls for optional members, and with the plain content type.

    A null for an optional attribute means that it is absent (CloudEvents JSON format, section 2.2),
    and so it does for an optional field; `application/json; charset=utf-8` is `application/json`.
    """
    if None in item.values():
        item = {k: v for k, v in item.items() if v is not None or k in _NEEDED}
    declared = item.get("datacontenttype")
    if isinstance(declared, str) and declared != PLAIN and parsing.is_json(declared):
        item = {**item, "datacontenttype": PLAIN}
    data = item.get("data")
    if kind is None or not isinstance(data, dict):
        return item
    if None in data.values():
        optional = {n for n, field in fields(kind.data).items() if field.optional}
        optional |= {"year", "evidence"}
        data = {k: v for k, v in data.items() if v is not None or k not in optional}
        item = {**item, "data": data}
    evidence = data.get("evidence")
    if isinstance(evidence, list) and any(map(_has_null, evidence[:EVIDENCE_MAX])):
        item = {**item, "data": {**data, "evidence": [_plain_entry(entry) for entry in evidence]}}
    return item


def _has_null(entry: Any) -> bool:
    return isinstance(entry, dict) and None in entry.values()


def _plain_entry(entry: Any) -> Any:
    """An entry of evidence without nulls for its optional members."""
    if not isinstance(entry, dict):
        return entry
    return {k: v for k, v in entry.items() if v is not None or k not in ("sha256", "url")}


def _text_of(item: dict[str, Any], name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) else None
