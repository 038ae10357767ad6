"""Every fault of an event by its JSON Schema, each as a field and a sentence for people."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import Any, NamedTuple, cast

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from contracts.catalog import CATALOG, EventType
from contracts.envelope import EVENT_CLASSES

FAULTS_MAX = 20
_UNKNOWN = "additionalProperties"


class Fault(NamedTuple):
    """One thing that is wrong: the field by its path, and a sentence."""

    field: str
    message: str


def schema(kind: EventType) -> dict[str, Any]:
    """The JSON Schema 2020-12 of a whole event of the type, as a door takes it."""
    found = msgspec.json.schema(EVENT_CLASSES[kind.short])
    for definition in found["$defs"].values():
        definition["additionalProperties"] = False
        definition.get("properties", {}).pop("recordedtime", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": kind.type, **found}


@cache
def _validator(short: str) -> Draft202012Validator:
    return Draft202012Validator(schema(CATALOG[short]))


def faults_of(item: dict[str, Any], kind: EventType) -> list[Fault]:
    """What the schema finds, unknown fields aside (the door names those itself).

    As many errors are looked for as can be answered: a hostile event has a million of them.
    """
    found: list[Fault] = []
    errors = (e for e in _validator(kind.short).iter_errors(item) if e.validator != _UNKNOWN)
    for error in islice(errors, FAULTS_MAX):
        found += _sentence(error)
    return found


def _sentence(error: ValidationError) -> list[Fault]:
    where = ".".join(str(step) for step in error.absolute_path)
    rule, wanted = error.validator, cast(Any, error.validator_value)
    if rule == "required":
        assert isinstance(error.instance, dict)
        missing = [name for name in wanted if name not in error.instance]
        return [Fault(f"{where}.{name}".strip("."), "is missing") for name in missing]
    if rule == "enum":
        return [Fault(where, "must be one of " + ", ".join(str(value) for value in wanted))]
    if rule == "type":
        return [Fault(where, f"must be of type {wanted}")]
    if rule == "anyOf":
        return [Fault(where, 'must be a non-negative integer or decimal string, such as "1.5"')]
    if rule == "pattern":
        return [Fault(where, f"must have the form {wanted}")]
    if rule in ("minLength", "maxLength", "minimum", "maximum", "maxItems"):
        bound = "at least" if rule.startswith("min") else "at most"
        unit = "" if rule in ("minimum", "maximum") else " in length"
        return [Fault(where, f"must be {bound} {wanted}{unit}")]
    return [Fault(where, error.message[:200])]
