"""The published contracts: schemas, examples, AsyncAPI; no released version breaks."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from ruamel.yaml import YAML

from contracts import asyncapi, door, envelope, moments
from contracts.catalog import CANONICAL
from contracts.generate import ASYNCAPI
from contracts.schema import schema
from tests.contracts.compatibility import breaks
from tests.contracts.examples import EXAMPLES, KINDS, full, minimal
from tests.contracts.released import released

HERE = Path(__file__).parent
NOW = moments.instant("2026-06-01T00:00:00Z")


def test_examples_and_types_are_the_same_set() -> None:
    """No example without contract, no contract without a minimal and a full example."""
    files = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.json")}
    assert files == {f"{name}/{size}.json" for name in KINDS for size in ("minimal", "full")}


@pytest.mark.parametrize("name", KINDS)
def test_an_example_is_taken_at_the_door_and_read_from_the_stream(name: str) -> None:
    """By the door, by the published schema, and with the same receipt from the stream."""
    for event in (minimal(name), full(name)):
        Draft202012Validator(schema(KINDS[name])).validate(event)
        _, read = door.read(json.dumps(event).encode(), door.SINGLE, NOW)
        emitted = read[0]
        assert isinstance(emitted, door.Emitted), emitted
        assert envelope.decode(emitted.body(NOW)).receipt == emitted.receipt


@pytest.mark.parametrize("name", KINDS)
def test_an_example_keeps_the_contract_of_its_canonical_version(name: str) -> None:
    """What rubrics and the fold read of any version is an event of the canonical version."""
    for event in (minimal(name), full(name)):
        _, read = door.read(json.dumps(event).encode(), door.SINGLE, NOW)
        assert isinstance(read[0], door.Emitted)
        canonical = json.loads(msgspec.json.encode(read[0].event))
        Draft202012Validator(schema(CANONICAL[KINDS[name].short])).validate(canonical)


@pytest.mark.parametrize("name", KINDS)
def test_every_field_of_a_type_is_in_its_full_example(name: str) -> None:
    """The full example leaves nothing out, the minimal one everything that is optional."""
    data = schema(KINDS[name])["$defs"][KINDS[name].data.__name__]
    assert set(full(name)["data"]) == set(data["properties"])
    assert set(minimal(name)["data"]) == set(data.get("required", ()))


def test_asyncapi_is_that_of_the_catalog_and_valid() -> None:
    """The committed document is generated, and right by the official schema of AsyncAPI 3.0.0."""
    committed = ASYNCAPI.read_text(encoding="utf-8")
    assert committed == asyncapi.text()
    official = json.loads((HERE / "asyncapi-3.0.0.schema.json").read_text(encoding="utf-8"))
    parsed = YAML(typ="safe", pure=True).load(committed)
    Draft7Validator(official).validate(parsed)
    broken = copy.deepcopy(parsed)
    broken["operations"]["emit"]["action"] = "shout"
    assert not Draft7Validator(official).is_valid(broken)


def test_what_asyncapi_refers_to_is_there() -> None:
    """In it or in a file beside it: the official schema takes every reference for right."""
    document = YAML(typ="safe", pure=True).load(ASYNCAPI.read_text(encoding="utf-8"))
    references = set(references_in(document))
    assert "#/channels/ask-unit-names" in references
    for reference in references:
        if not reference.startswith("#/"):
            assert (ASYNCAPI.parent / reference).is_file(), reference
            continue
        place = document
        for name in reference.removeprefix("#/").split("/"):
            assert name in place, reference
            place = place[name]


def references_in(value: Any) -> Iterator[str]:
    """Every `$ref` within a document."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references_in(each)


@pytest.mark.parametrize("name", released())
def test_a_released_version_does_not_break(name: str) -> None:
    """What was ever accepted is accepted still: another meaning is another major version."""
    assert breaks(released()[name], schema(KINDS[name])) == []


def test_every_version_is_among_the_released() -> None:
    """A new version is frozen by `python -m tests.contracts.released` when it lands."""
    assert set(released()) == set(KINDS)


def _data(published: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = published["$defs"]["TrainingCompletedV1"]
    return data


BREAKING: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a field removed": lambda s: _data(s)["properties"].pop("provider"),
    "a field made required": lambda s: _data(s)["required"].append("provider"),
    "a field made optional": lambda s: _data(s)["required"].remove("hours"),
    "a closed list narrowed": lambda s: _data(s)["properties"]["topic"]["enum"].pop(),
    "a bound narrowed": lambda s: _data(s)["properties"]["course"].update(maxLength=9),
}


@pytest.mark.parametrize("change", BREAKING)
def test_a_breaking_change_is_seen(change: str) -> None:
    """The check of compatibility catches each kind of break."""
    before = schema(KINDS["training.completed.v1"])
    after = copy.deepcopy(before)
    BREAKING[change](after)
    assert breaks(before, after)


def test_a_new_optional_field_breaks_nothing() -> None:
    """Adding an optional field keeps the version."""
    before = schema(KINDS["training.completed.v1"])
    after = copy.deepcopy(before)
    _data(after)["properties"]["room"] = {"type": "string"}
    assert breaks(before, after) == []
