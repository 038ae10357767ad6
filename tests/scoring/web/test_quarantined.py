"""What pages say of a message in quarantine, whatever its bytes are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.scoring.web.quarantined import (
    SHOWN_MAX,
    FieldChange,
    event_faults,
    field_changes,
    head_of,
    text_of,
)
from tests.scoring.test_road import published
from tests.support.builders.cities import NOW

SUBJECT = "danchu.events.H44-2-5.disclosure.published"
NESTED = b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"\xff\xfe\x00", b"null", b"[1]", b'"\\ud800"', NESTED, b'{"data":NaN}',
        b'{"type":7,"subject":{"a":1},"id":"\\u0000"}', b"9" * 5000,
        json.dumps({"data": "x" * 10**6}).encode(), b"y" * 10**6,
    ],
)  # fmt: skip
def test_any_bytes_are_shown_as_a_text_that_can_be_encoded(raw: bytes) -> None:
    """Broken, nested and half of a character: a page is made of them nevertheless."""
    head = head_of(raw, SUBJECT)
    assert "\0" not in text_of(raw).encode().decode() and len(text_of(raw)) <= SHOWN_MAX
    assert (head.title, head.unit) == (None, "H44.2.5")
    assert event_faults(text_of(raw).encode(), NOW)


def test_an_event_says_what_it_is_without_what_the_door_adds() -> None:
    """Its type in words, its unit; it is indented, and accepted as it is shown."""
    event = {"recordedtime": "2025-08-01T00:00:00Z", "traceparent": "x", **published("H44.1", "a")}
    raw = json.dumps(event).encode()
    head = head_of(raw, SUBJECT)
    assert head.title is not None and head.title.vi
    assert (head.unit, head.id, head.source) == ("H44.1", event["id"], event["source"])
    assert json.loads(text_of(raw)) == published("H44.1", "a")
    assert not event_faults(text_of(raw).encode(), NOW)
    assert head_of(raw, "x").unit == "H44.1" and head_of(b"{", "x").unit == ""


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"a": 1}, {"a": 1, "recordedtime": "x"}, []),
        ({"data": {"hours": "8"}}, {"data": {"hours": 8}}, [("data.hours", '"8"', "8")]),
        ({"a": 1, "b": 2}, {"b": 2, "c": 3}, [("a", "1", None), ("c", None, "3")]),
        ({"a": [1, 2]}, {"a": [1]}, [("a", "[1, 2]", "[1]")]),
        (None, {"a": 1}, [("", "null", None), ("a", None, "1")]),
    ],
)
def test_what_a_repair_changes_is_named_by_field(
    before: Any, after: Any, changes: list[tuple[str, str | None, str | None]]
) -> None:
    """A number that became a text is a change; what the door sets is none."""
    assert field_changes(before, after) == [FieldChange(*each) for each in changes]
