"""What libraries write of what an event leaves open: nulls, a charset, headers of binary mode."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts import door, moments
from contracts.door import BodyRefused, Emitted, Refusal
from tests.contracts.examples import KINDS, full, minimal
from tests.contracts.hostile import EVENT

NOW = moments.instant("2026-06-01T00:00:00Z")


def read(event: dict[str, Any]) -> Emitted | Refusal:
    """The event as the door reads it."""
    return door.read(json.dumps(event).encode(), door.SINGLE, NOW)[1][0]


@pytest.mark.parametrize(
    "name",
    ["datacontenttype", "dataschema", "traceparent", "tracestate", "dataref", "recordedtime"],
)
def test_a_null_for_an_optional_attribute_is_its_absence(name: str) -> None:
    """CloudEvents JSON format 2.2: the same event, the same receipt."""
    plain, nulled = read(EVENT), read({**EVENT, name: None})
    assert isinstance(plain, Emitted) and isinstance(nulled, Emitted)
    assert nulled.receipt == plain.receipt and nulled.body(NOW) == plain.body(NOW)


@pytest.mark.parametrize("version", [name for name, kind in KINDS.items() if kind.roles])
def test_a_null_for_an_optional_field_is_its_absence(version: str) -> None:
    """In every type; a null for a field that is needed is refused in it."""
    event, least = full(version), minimal(version)["data"]
    event["data"] = {name: least.get(name) for name in event["data"]}
    bare = {**event, "data": least}
    plain, nulled = read(bare), read(event)
    assert isinstance(plain, Emitted) and isinstance(nulled, Emitted), nulled
    assert nulled.receipt == plain.receipt
    for name in least:
        wrong = read({**bare, "data": {**bare["data"], name: None}})
        assert isinstance(wrong, Refusal)
        assert {fault.field for fault in wrong.faults} == {f"data.{name}"}


def test_a_null_in_evidence_is_its_absence() -> None:
    """A document without digest or address may say so."""
    entry: dict[str, Any] = {"document": "12/BC-UBND"}
    plain = read({**EVENT, "data": {**EVENT["data"], "evidence": [entry]}})
    entry |= {"sha256": None, "url": None}
    nulled = read({**EVENT, "data": {**EVENT["data"], "evidence": [entry]}})
    assert isinstance(plain, Emitted) and isinstance(nulled, Emitted)
    assert plain.receipt == nulled.receipt
    bad = read({**EVENT, "data": {**EVENT["data"], "evidence": [{"document": None}]}})
    assert isinstance(bad, Refusal)


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject", "time", "data"])
def test_a_null_for_what_an_event_needs_is_refused_in_its_field(name: str) -> None:
    """Nothing is guessed."""
    found = read({**EVENT, name: None})
    assert isinstance(found, Refusal) and name in {fault.field for fault in found.faults}


@pytest.mark.parametrize(
    "declared",
    [
        "application/json; charset=utf-8", "application/json;charset=UTF-8",
        'Application/JSON ; Charset="utf-8"', "APPLICATION/JSON", "application/json; charset=utf8",
        " application/json ;  charset = utf-8 ", "application/json;",
        "application/json; charset=utf-8;",
    ],
)  # fmt: skip
def test_a_datacontenttype_of_json_in_utf_8_is_taken(declared: str) -> None:
    """However it is spelled, it is the content of `application/json`."""
    plain = read({**EVENT, "datacontenttype": "application/json"})
    found = read({**EVENT, "datacontenttype": declared})
    assert isinstance(plain, Emitted) and isinstance(found, Emitted)
    assert found.receipt == plain.receipt and found.body(NOW) == plain.body(NOW)


@pytest.mark.parametrize(
    "declared",
    ["application/json; charset=latin1", "text/json", "application/xml", "application/json x",
     "application/json; charset=utf-16", "application/json; charset='utf-8'", "", "json", 7],
)  # fmt: skip
def test_another_datacontenttype_is_refused_in_its_field(declared: Any) -> None:
    """What is not JSON in UTF-8 is not guessed at."""
    found = read({**EVENT, "datacontenttype": declared})
    assert isinstance(found, Refusal)
    assert [fault.field for fault in found.faults] == ["datacontenttype"]


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("vn.danchu.training.completed.v99", "training.completed"),
        ("training.completed", "training.completed"),
        ("training.completed.v1", "training.completed"),
        ("vn.danchu.training.completed", "training.completed"),
        ("vn.danchu.Training.Completed.v1", "training.completed"),
        ("vn.danchu.training.complete.v1", "training.completed"),
        ("vn.danchu.trainning.completed.v1 ", "training.completed"),
        ("disclosure_published", "disclosure.published"),
        ("vn.danchu.petition.recieved.v1", "petition.received"),
        ("danchu.model.recognized.v1", "model.recognised"),
    ],
)
def test_an_unknown_type_is_told_the_nearest(wrong: str, nearest: str) -> None:
    """A version, a prefix, a letter or the case: the whole type is named."""
    found = read({**EVENT, "type": wrong})
    assert isinstance(found, Refusal)
    (fault,) = [fault for fault in found.faults if fault.field == "type"]
    assert fault.message.en.endswith(f"the nearest is vn.danchu.{nearest}.v1")
    assert f"vn.danchu.{nearest}.v1" in fault.message.vi


@pytest.mark.parametrize("wrong", ["com.example.order", "", "x" * 60_000, "xin chào", "1"])
def test_a_type_like_none_is_told_what_a_type_is(wrong: str) -> None:
    """Nothing is suggested that nobody meant; a long text costs nothing."""
    found = read({**EVENT, "type": wrong})
    assert isinstance(found, Refusal)
    assert "such as vn.danchu" in found.faults[0].message.en


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_binary_mode_is_told_to_send_structured_mode(content_type: str) -> None:
    """Its attributes stand in headers, which a door does not read."""
    headers = {"Ce-Id": "1", "ce-specversion": "1.0"}
    with pytest.raises(BodyRefused) as refused:
        door.read(b"{}", content_type, NOW, headers)
    assert refused.value.status == 415 and "structured mode" in refused.value.detail.en
    assert "dạng có cấu trúc" in refused.value.detail.vi


def test_structured_mode_may_repeat_attributes_in_headers() -> None:
    """As CloudEvents' HTTP binding allows."""
    raw = json.dumps(EVENT).encode()
    single, _ = door.read(raw, door.SINGLE, NOW, {"ce-id": "1"})
    assert single
