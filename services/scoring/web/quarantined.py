"""A message of the quarantine as pages show it, as far as its bytes can be read at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from contracts import door, envelope
from contracts.bounds import EVENT_BYTES_MAX
from contracts.catalog import BY_TYPE
from contracts.door import BodyRefused, Emitted, Refusal
from contracts.faults import Fault
from contracts.messages import Message
from services.scoring.exports.event_labels import event_label

SET_BY_THE_DOOR = ("recordedtime", "traceparent", "tracestate")
TEXT_MAX = 200
SHOWN_MAX = EVENT_BYTES_MAX
"""So many characters of a message are shown: no event that the door takes is longer."""
PARTS_LEAST = 4
"""So many parts the subject of a message on the stream has at least."""


class MessageHead(NamedTuple):
    """What a message says of itself; empty where it does not, `title` None for no known type."""

    title: Message | None
    unit: str
    source: str
    id: str
    time: str


class FieldChange(NamedTuple):
    """What a repair changes: the path of a field, and its values as JSON; None for none."""

    field: str
    before: str | None
    after: str | None


def head_of(raw: bytes, subject: str) -> MessageHead:
    """The head of a message; the unit of an unreadable one is that of its subject."""
    event = parsed(raw)
    values = event if isinstance(event, dict) else {}

    def text(name: str) -> str:
        value = values.get(name)
        return _clean(value)[:TEXT_MAX] if isinstance(value, str) else ""

    kind = BY_TYPE.get(text("type"))
    addressed = len(subject.split(".")) >= PARTS_LEAST
    unit = text("subject") or (envelope.subject_of(subject) if addressed else "")
    title = None if kind is None else event_label(kind.type)
    return MessageHead(title, unit, text("source"), text("id"), text("time"))


def text_of(raw: bytes) -> str:
    """The message as a text to be mended: JSON indented, without what the door itself adds.

    Of one that is too long for an event, the beginning.
    """
    event = parsed(raw)
    if event is None:
        return _clean(raw[:SHOWN_MAX].decode(errors="replace"))
    if isinstance(event, dict):
        event = {name: value for name, value in event.items() if name not in SET_BY_THE_DOOR}
    return _clean(json.dumps(event, indent=2, ensure_ascii=False)[:SHOWN_MAX])


def parsed(raw: bytes) -> Any:
    """The JSON value of the bytes; None for what cannot be read, and written again."""
    try:
        value = json.loads(raw)
        json.dumps(value)
    except (ValueError, RecursionError):
        return None
    return value


def _clean(text: str) -> str:
    """Text that a page can be encoded with: without NUL and lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def event_faults(raw: bytes, now: int) -> Sequence[Fault]:
    """What the door would say of an event, whoever sends it; empty where it is valid."""
    item = event_in(raw, now)
    if isinstance(item, BodyRefused):
        return [Fault("", item.detail)]
    return item.faults if isinstance(item, Refusal) else ()


def event_in(raw: bytes, now: int) -> Emitted | Refusal | BodyRefused:
    """The one event of a text as the door reads it, or why the door does not take it."""
    try:
        (item,) = door.read(raw, door.SINGLE, now)[1]
    except BodyRefused as refused:
        return refused
    return item


def field_changes(before: Any, after: Any) -> list[FieldChange]:
    """The fields that differ between two events, by their paths."""
    old, new = dict(_leaves("", before)), dict(_leaves("", after))
    names = [*old, *(name for name in new if name not in old)]
    return [
        FieldChange(name, old.get(name), new.get(name)) for name in names
        if old.get(name) != new.get(name) and name not in SET_BY_THE_DOOR
    ]  # fmt: skip


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Each value within an object that is none itself, with its path."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}" if path else str(name), inner)
        return
    yield path, _clean(json.dumps(value, ensure_ascii=False))
