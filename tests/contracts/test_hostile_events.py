"""Events that are made to cost time or memory are judged without being explained."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import bounds, door
from contracts.door import SINGLE, BodyRefused, Emitted, Refusal
from contracts.faults import FAULTS_MAX
from tests.contracts.test_door import NOW, completed, one, with_data


def test_a_million_marks_in_any_place_are_read_at_once() -> None:
    """As a text, as a name, and spelled by escapes; nobody composes them."""
    marks = "\u0323\u0301" * 500_000
    for event in (with_data(provider=marks), with_data(**{marks: 1}), completed(id=marks)):
        for ascii_only in (True, False):
            raw = json.dumps(event, ensure_ascii=ascii_only).encode()
            _, (read,) = door.read(raw, SINGLE, NOW)
            assert isinstance(read, Refusal)


HOSTILE_BODIES: dict[str, Callable[[], str]] = {
    "unknown attributes": lambda: '{"type":"T",' + names(300_000) + "}",
    "unknown fields": lambda: '{"type":"T","data":{' + names(300_000) + "}}",
    "fractions": lambda: '{"type":"T","data":{"evidence":[' + "1.5," * 300_000 + "1]}}",
    "evidence": lambda: '{"type":"T","data":{"evidence":[' + '{"document":7},' * 90_000 + "7]}}",
}
"""Made where they are needed: each process of the tests reads this module."""


def names(number: int) -> str:
    """Members of an object."""
    return ",".join(f'"a{i}":1' for i in range(number))


@pytest.mark.parametrize("name", HOSTILE_BODIES)
def test_a_hostile_event_is_judged_without_its_schema(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond four times its size nothing is explained but the size and 20 unknown names."""
    monkeypatch.setattr(bounds, "faults_of", None)
    body = HOSTILE_BODIES[name]().replace('"T"', '"vn.danchu.training.completed.v1"')
    _, (refused,) = door.read(body.encode(), SINGLE, NOW)
    assert isinstance(refused, Refusal)
    assert refused.faults[0].field == "" and len(refused.faults) <= FAULTS_MAX


@given(st.text(alphabet='[]{}"\\\\ a', max_size=60))
def test_brackets_in_a_text_are_no_nesting(text: str) -> None:
    """Only JSON's own brackets nest, whatever quotes and escapes stand between."""
    event = with_data(provider=f"x{text}")
    assert isinstance(one(event), Emitted)
    for spelled in ({"a" * 9: text}, [text] * 9):
        deep: Any = spelled
        for _ in range(8):
            deep = [deep]
        with pytest.raises(BodyRefused):
            door.read(json.dumps(with_data(provider=deep)).encode(), SINGLE, NOW)
