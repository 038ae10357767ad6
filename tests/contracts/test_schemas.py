"""The published schemas beside the door: a vendor with nothing but a validator is not misled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts import door, moments
from contracts.door import Emitted
from contracts.generate import SCHEMAS
from tests.contracts.examples import KINDS, full
from tests.contracts.hostile import EVENT, payloads

NOW = moments.instant("2026-06-01T00:00:00Z")
ALSO_REFUSED = (
    "1.0", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2025-02-29",
)  # fmt: skip
"""What a schema cannot say: clock and calendar. (2.0 is an integer to JSON Schema.)"""


def validator(name: str) -> Draft202012Validator:
    """What a vendor makes of the committed file."""
    text = (SCHEMAS / f"{name}.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def is_accepted(event: Any) -> bool:
    """Whether the door takes the event."""
    _, (read,) = door.read(json.dumps(event).encode(), door.SINGLE, NOW)
    return isinstance(read, Emitted)


def test_what_the_door_refuses_the_schema_refuses_too() -> None:
    """Every hostile event, but for the clock, the calendar, and ends of lines in Python's `$`."""
    published = validator(str(EVENT["type"]).removeprefix("vn.danchu."))
    passed = []
    for name, _, body, answer in payloads():
        if answer == "refused" and published.is_valid(json.loads(body, parse_int=_bounded)):
            passed.append(name)
    assert [name for name in passed if not _clock(name)] == []


def _bounded(digits: str) -> int:
    return int(digits[:30])


def _clock(name: str) -> bool:
    return "\\n" in name or any(f"'{one}" in name for one in ALSO_REFUSED)


BOUNDS: dict[str, Any] = {
    "id": ["", "x" * 129, "a\u0000", "a\u200b", 7],
    "source": ["", "x" * 257, "a\u2028b", None],
    "subject": ["", "h44", "H" * 65, "H44.", "CITY", "H44/1"],
    "time": ["2025-03-01", "2025-03-01T09:00:00", "2025-03-01T09:00:00.1234567Z"],
    "specversion": ["0.3", "1"],
    "datacontenttype": ["text/xml"],
    "dataschema": ["x" * 2001, "a\u0007"],
    "traceparent": ["x" * 2001],
    "recordedtime": ["2025-03-01T09:00:00Z"],
    "extra": ["x"],
}
DATA_BOUNDS: dict[str, Any] = {
    "person": ["", "p" * 129, "H44/" + "p" * 197, "012345678901", "H44.1/123456789", "a\u0000"],
    "course": ["", "c" * 129, "h44/" + "c" * 126, "H44/" + "c" * 197],
    "hours": ["1.23456", "1e3", "-1", "", 2**53 + 1, -1],
    "provider": ["", "x" * 2001, "a\u0000b", "a\u0085b"],
    "carried_from": ["h44", "H44."],
    "year": [1999, 10_000, "2025"],
    "evidence": [
        [{}], [{"document": ""}], [{"document": "d", "sha256": "F" * 64}],
        [{"document": "d", "url": "ftp://x"}], [{"document": "d"}] * 21, {},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", [*BOUNDS, *(f"data.{one}" for one in DATA_BOUNDS)])
def test_each_bound_of_an_event_stands_in_its_schema(name: str) -> None:
    """What breaks a bound is refused by the published file and by the door, in its field."""
    published = validator("training.completed.v1")
    owner, _, field = name.rpartition(".")
    for value in (DATA_BOUNDS if owner else BOUNDS)[field]:
        event = json.loads(json.dumps(EVENT))
        (event[owner] if owner else event)[field] = value
        assert not published.is_valid(event), value
        assert not is_accepted(event), value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("course", "c" * 128), ("course", "H44.1/" + "c" * 194), ("person", "H44.1/k-1"),
        ("hours", 0), ("hours", "999999999.9999"), ("provider", "Trường\r\nChính trị\t2"),
        ("hours", 2**53), ("year", 2026), ("course", "mục/1"),
    ],
)  # fmt: skip
def test_a_value_at_its_bound_is_taken(name: str, value: Any) -> None:
    """By the schema and by the door."""
    event = EVENT | {"data": EVENT["data"] | {name: value}}
    validator("training.completed.v1").validate(event)
    assert is_accepted(event)


@pytest.mark.parametrize("name", KINDS)
def test_the_reserved_subject_is_that_of_years_alone(name: str) -> None:
    """`CITY` for year.*, any other unit for the rest."""
    event, years = full(name), name.startswith("year.")
    for subject, fits in (("CITY", years), ("H44.12", not years)):
        assert validator(name).is_valid(event | {"subject": subject}) == fits
        assert is_accepted(event | {"subject": subject}) == fits


VALUES = st.text(max_size=6) | st.integers() | st.none() | st.sampled_from(["1.5", "H44.1/a", "9"])


@given(
    st.dictionaries(st.sampled_from([*EVENT, "traceparent", "dataschema"]), VALUES, max_size=2),
    st.dictionaries(st.sampled_from([*DATA_BOUNDS, "topic", "x"]), VALUES, max_size=3),
)
def test_what_a_schema_refuses_the_door_refuses(
    attributes: dict[str, Any], fields: dict[str, Any]
) -> None:
    """The door is laxer in one thing alone: it takes a null for what may be left out."""
    event = EVENT | {"data": EVENT["data"] | fields} | attributes
    if None in attributes.values() or None in fields.values():
        return
    if not validator("training.completed.v1").is_valid(event):
        assert not is_accepted(event)
