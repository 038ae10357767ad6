"""What is published of the contracts: schemas, examples, AsyncAPI, and that v1 never breaks."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from ruamel.yaml import YAML

from contracts import asyncapi, door, envelope, moments
from contracts.catalog import CATALOG
from contracts.generate import ASYNCAPI
from contracts.schema import schema
from tests.contracts.compatibility import breaks

HERE = Path(__file__).parent
EXAMPLES = ASYNCAPI.parent / "examples"
RELEASED = HERE / "released.v1.json"
NOW = moments.instant("2026-06-01T00:00:00Z")


def example(short: str, name: str) -> dict[str, Any]:
    """One committed example."""
    found: dict[str, Any] = json.loads((EXAMPLES / f"{short}.v1" / f"{name}.json").read_text())
    return found


def test_examples_and_types_are_the_same_set() -> None:
    """No example without contract, no contract without a minimal and a full example."""
    held = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.json")}
    wanted = {f"{s}.v1/{name}.json" for s in CATALOG for name in ("minimal", "full")}
    assert held == wanted


@pytest.mark.parametrize("short", CATALOG)
def test_an_example_is_taken_at_the_door_and_read_from_the_stream(short: str) -> None:
    """By the door, by the published schema, and with the same receipt from the stream."""
    for name in ("minimal", "full"):
        event = example(short, name)
        Draft202012Validator(schema(CATALOG[short])).validate(event)
        _, read = door.read(json.dumps(event).encode(), door.SINGLE, NOW)
        emitted = read[0]
        assert isinstance(emitted, door.Emitted), emitted
        assert envelope.decode(emitted.body(NOW)).receipt == emitted.receipt


@pytest.mark.parametrize("short", CATALOG)
def test_every_field_of_a_type_is_in_its_full_example(short: str) -> None:
    """The full example leaves nothing out, the minimal one everything that is optional."""
    data = schema(CATALOG[short])["$defs"][CATALOG[short].data.__name__]
    assert set(example(short, "full")["data"]) == set(data["properties"])
    assert set(example(short, "minimal")["data"]) == set(data.get("required", ()))


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


@pytest.mark.parametrize("short", json.loads(RELEASED.read_text()))
def test_a_released_version_does_not_break(short: str) -> None:
    """What was ever taken is taken still: another meaning is another major version."""
    released = json.loads(RELEASED.read_text())
    assert breaks(released[short], schema(CATALOG[short])) == []


def test_every_type_is_among_the_released() -> None:
    """A new type is frozen in released.v1.json when it lands."""
    assert set(json.loads(RELEASED.read_text())) == set(CATALOG)


def _data(found: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = found["$defs"]["TrainingCompletedV1"]
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
    before = schema(CATALOG["training.completed"])
    after = copy.deepcopy(before)
    BREAKING[change](after)
    assert breaks(before, after)


def test_a_new_optional_field_breaks_nothing() -> None:
    """Adding an optional field keeps the version."""
    before = schema(CATALOG["training.completed"])
    after = copy.deepcopy(before)
    _data(after)["properties"]["room"] = {"type": "string"}
    assert breaks(before, after) == []
