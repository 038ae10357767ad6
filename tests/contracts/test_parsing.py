"""Cutting a body into its elements: the same as a parser of the whole, at a bounded cost."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import door, moments, parsing
from contracts.door import BATCH, SINGLE, BodyRefused, Emitted, Refusal
from tests.contracts.hostile import EVENT

NOW = moments.instant("2026-06-01T00:00:00Z")
SIZE = 4 * 2**20
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text('ab"\\[]{},: \n', max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("xy[}", max_size=3), inner),
    max_leaves=12,
)


def depth(value: Any) -> int:
    """How deep lists and objects are nested in a value."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, inner), default=0)
    return 0


@given(st.lists(JSON, max_size=6), st.integers(0, 2), st.sampled_from([1, 3, 7, 64 * 1024]))
def test_a_batch_is_cut_as_a_parser_reads_it(items: list[Any], indent: int, window: int) -> None:
    """Whatever brackets and quotes stand in its texts, and wherever a window of the look ends."""
    text = json.dumps(items, indent=indent or None)
    kept, parsing.WINDOW = parsing.WINDOW, window
    try:
        found = [parsing.value_of(text, one) for one in parsing.elements(text, 0)]
    except BodyRefused:
        assert max(map(depth, items)) > parsing.NESTING_MAX
    else:
        assert found == items and max(map(depth, items), default=0) <= parsing.NESTING_MAX
    finally:
        parsing.WINDOW = kept


@given(st.text('[]{}",:\\ 1a\n', max_size=30))
def test_what_no_parser_takes_is_refused(text: str) -> None:
    """And what one takes is taken, as far as it is no deeper than it may be."""
    try:
        whole = json.loads(text)
    except ValueError:
        with pytest.raises(BodyRefused):
            parsing.parse(text.encode())
    else:
        if depth(whole) <= parsing.NESTING_MAX and len(text) == len(set(text)):
            assert parsing.parse(text.encode()) == whole


@pytest.mark.parametrize(("levels", "accepted"), [(8, True), (9, False)])
@pytest.mark.parametrize("padding", [0, 300_000])
def test_nesting_is_bounded_in_small_and_large_events(
    levels: int, accepted: bool, padding: int
) -> None:
    """Exactly at the bound, also where the look for the end goes by windows."""
    inner = '{"a":' * (levels - 1) + "1" + "}" * (levels - 1)
    for body in (
        f'{{"x":"{"[" * padding}","data":{inner}}}', f'{{"data":{inner},"x":"{"[" * padding}"}}'
    ):  # fmt: skip
        for raw, media in ((body, SINGLE), (f"[{body}]", BATCH)):
            if accepted:
                (read,) = door.read(raw.encode(), media, NOW)[1]
                assert isinstance(read, Refusal)
            else:
                with pytest.raises(BodyRefused):
                    door.read(raw.encode(), media, NOW)


GREAT = {
    "lists": ("[" + "[]," * (SIZE // 3) + "[]]", 413),
    "lists in a list": ("[[" + "[]," * (SIZE // 3) + "[]]]", 0),
    "lists in an event": ('{"data":[' + "[]," * (SIZE // 3) + "[]]}", 0),
    "objects in an event": ('{"data":[' + '{"a":1},' * (SIZE // 8) + "1]}", 0),
    "brackets": ("[" * SIZE, 400),
    "objects": ('{"a":' * (SIZE // 5), 400),
    "names": ("{" + ",".join(f'"a{i}":1' for i in range(SIZE // 11)) + "}", 0),
    "events of names": (
        "[" + ",".join(["{" + ",".join(f'"a{i}":1' for i in range(20_000)) + "}"] * 18) + "]", 0,
    ),
    "texts": ("[[" + '"",' * (SIZE // 3) + '""]]', 0),
    "marks": ('[{"id":"' + "a\u0323\u0301" * (SIZE // 5) + '"}]', 0),
    "numbers": ("[" + "0," * (SIZE // 2) + "0]", 413),
    "quotes": ('[{"id":"' + '\\"' * (SIZE // 2) + '"}]', 0),
}  # fmt: skip


@pytest.mark.parametrize("name", GREAT)
def test_a_hostile_body_makes_few_objects(name: str) -> None:
    """What no event can be is passed over: memory stays within some copies of the body."""
    text, status = GREAT[name]
    raw = text.encode()
    tracemalloc.start()
    try:
        _, read = door.read(raw, "application/json", NOW)
        assert status == 0 and all(isinstance(one, Refusal) for one in read)
    except BodyRefused as refused:
        assert refused.status == status
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 32 * 2**20 + 6 * len(raw)


def test_too_many_events_are_refused_before_the_rest_is_looked_at() -> None:
    """Ten thousand and one events are refused, whatever follows them."""
    raw = b"[" + b"{}," * 10_001 + b"this is no JSON"
    with pytest.raises(BodyRefused) as refused:
        door.read(raw, BATCH, NOW)
    assert refused.value.status == 413


def test_a_great_event_harms_no_neighbour() -> None:
    """It is refused for its size; those beside it are taken."""
    good = json.dumps(EVENT)
    great = json.dumps({**EVENT, "data": {"evidence": [[]] * 900_000}})
    _, (before, refused, after) = door.read(f"[{good},{great},{good}]".encode(), BATCH, NOW)
    assert isinstance(before, Emitted) and isinstance(after, Emitted)
    assert isinstance(refused, Refusal)
    assert refused.faults[0].field == "" and "64 KiB" in refused.faults[0].message


def test_a_command_has_a_bounded_number_of_values() -> None:
    """Five megabytes of empty lists are no command."""
    with pytest.raises(BodyRefused) as refused:
        parsing.parse(b"[" + b"[]," * 400_000 + b"1]")
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [('{"a":1,}', 1, 8), ("[1,\n 2\n x]", 3, 2), ("", 1, 1), ("{} x", 1, 3)],
)
def test_a_fault_of_syntax_is_named_by_its_place(text: str, line: int, column: int) -> None:
    """In our own words."""
    with pytest.raises(BodyRefused) as refused:
        parsing.parse(text.encode())
    assert f"line {line}, column {column}" in refused.value.detail.en
