"""Receipts over every type: the same event has one, and whatever else differs has another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contracts import door, moments
from tests.contracts.examples import KINDS, full, minimal

NOW = moments.instant("2026-06-01T00:00:00Z")
TRACED = {
    "traceparent": "00-11111111111111111111111111111111-2222222222222222-00",
    "tracestate": "other=2",
}


def receipt(event: dict[str, Any] | bytes) -> bytes:
    """The receipt of an event that the door takes."""
    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
    _, (read,) = door.read(raw, door.SINGLE, NOW)
    assert isinstance(read, door.Emitted), read
    return read.receipt


def backwards(value: Any) -> Any:
    """The same JSON with the names of each object in the other order."""
    if isinstance(value, dict):
        return {name: backwards(value[name]) for name in reversed(value)}
    return [backwards(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", KINDS)
def test_the_same_event_has_the_same_receipt_however_it_is_written(name: str) -> None:
    """Order, white space, escapes, the spelling of the instant and tracing are no content."""
    event = full(name)
    same = receipt(event)
    assert receipt(event) == same
    assert receipt(backwards(event)) == same
    assert receipt(json.dumps(event, indent=3, separators=(" ,\t", "\r\n: ")).encode()) == same
    assert receipt(json.dumps(event, ensure_ascii=False).encode()) == same
    for spelled in (moments.rfc3339(moments.instant(event["time"])), other_offset(event["time"])):
        assert receipt(event | {"time": spelled}) == same
    assert receipt(event | TRACED) == same
    untraced = {name: value for name, value in event.items() if name not in TRACED}
    assert receipt(untraced) == same


def other_offset(time: str) -> str:
    """The same instant as somebody at -03:30 writes it, with needless digits."""
    at = moments.instant(time) - 12_600_000_000
    return moments.rfc3339(at).replace("Z", ".000-03:30")


@pytest.mark.parametrize("name", KINDS)
def test_whatever_else_differs_has_another_receipt(name: str) -> None:
    """Each attribute and each field of the data, changed or left out, is other content."""
    event = full(name)
    by_receipt = {receipt(event): "the event itself"}
    for what, changed in variants(event, name):
        _, (read,) = door.read(json.dumps(changed).encode(), door.SINGLE, NOW)
        if isinstance(read, door.Emitted):
            assert by_receipt.setdefault(read.receipt, what) == what
    assert len(by_receipt) >= 5 + len(event["data"]) - len(required(name))


def required(name: str) -> set[str]:
    """The fields of the minimal example, which cannot be left out."""
    return set(minimal(name)["data"])


def variants(event: dict[str, Any], version: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The event with one thing changed, each by a name."""
    yield "id", event | {"id": event["id"] + "x"}
    yield "source", event | {"source": event["source"] + "x"}
    yield "subject", event | {"subject": event["subject"] + "1"}
    yield "time", event | {"time": moments.rfc3339(moments.instant(event["time"]) + 1)}
    for name in ("datacontenttype", "dataschema"):
        yield f"no {name}", {n: value for n, value in event.items() if n != name}
    yield "dataschema", event | {"dataschema": "urn:x"}
    for name, value in event["data"].items():
        if name not in required(version):
            kept = {n: inner for n, inner in event["data"].items() if n != name}
            yield f"no data.{name}", event | {"data": kept}
        if isinstance(value, str):
            yield f"data.{name}", event | {"data": event["data"] | {name: value + "x"}}
        elif isinstance(value, bool):
            yield f"data.{name}", event | {"data": event["data"] | {name: not value}}
        elif isinstance(value, int):
            yield f"data.{name}", event | {"data": event["data"] | {name: value + 1}}
