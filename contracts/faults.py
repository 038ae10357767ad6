"""Validates an event by its JSON Schema, and words each fault as a field and a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from contracts.catalog import EventType
from contracts.data import EVIDENCE_MAX, FORMS, RUBRICS_MAX
from contracts.messages import Message, join_messages, message
from contracts.schema import envelope_schema, schema
from contracts.suggestions import nearest_type

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

FAULTS_MAX = 20
_ENTRIES_MAX = {"evidence": EVIDENCE_MAX, "rubrics": RUBRICS_MAX}
_TYPES = {name: message(f"form-{name}") for name in (
    "string", "integer", "object", "array", "boolean",
)}  # fmt: skip


class Fault(NamedTuple):
    """One fault: the path of the field, and a sentence in each language."""

    field: str
    message: Message


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as ECMA-262 reads it, where `$` never matches before a final line break."""
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def _unknown(*_: Any) -> Iterator[ValidationError]:
    """No fault: the door itself reports unknown fields, of which there may be a million."""
    return iter(())


@cache
def _validator_class() -> Any:
    """Of the library, which takes long to load and is needed by the first faulty event alone."""
    from jsonschema import Draft202012Validator, validators
    from jsonschema.exceptions import ValidationError

    def pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not _compiled(pattern).search(instance):
            yield ValidationError("it does not have the form")

    extend: Any = validators.extend
    return extend(Draft202012Validator, {"pattern": pattern, "additionalProperties": _unknown})


@cache
def _validator(kind: EventType | None) -> Any:
    whole = envelope_schema() if kind is None else schema(kind)
    return _validator_class()(_inlined({"$ref": whole["$ref"]}, whole["$defs"]))


def _inlined(node: Any, defs: dict[str, Any]) -> Any:
    """The schema with its references resolved, because following them is slow."""
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            return _inlined(defs[reference.rpartition("/")[2]], defs)
        return {name: _inlined(inner, defs) for name, inner in node.items()}
    return [_inlined(item, defs) for item in node] if isinstance(node, list) else node


def faults_of(item: dict[str, Any], kind: EventType | None) -> list[Fault]:
    """The faults by the schema of the type, or of the envelope without a type.

    They come from at most 20 errors of the validator.
    """
    faults: list[Fault] = []
    errors = _validator(kind).iter_errors(_clipped(item))
    for error in islice(errors, FAULTS_MAX):
        faults += _sentence(error)
    return faults


def _clipped(item: dict[str, Any]) -> dict[str, Any]:
    """The event with at most one excess entry in a list: enough for the fault, and cheap."""
    data = item.get("data")
    if not isinstance(data, dict):
        return item
    excess = {
        name: data[name][: most + 1] for name, most in _ENTRIES_MAX.items()
        if isinstance(data.get(name), list) and len(data[name]) > most
    }  # fmt: skip
    return {**item, "data": {**data, **excess}} if excess else item


def _sentence(error: ValidationError) -> list[Fault]:
    where = ".".join(str(step) for step in error.absolute_path)
    rule, expected = error.validator, cast(Any, error.validator_value)
    if rule == "required":
        assert isinstance(error.instance, dict)
        missing = [name for name in expected if name not in error.instance]
        return [Fault(f"{where}.{name}".strip("."), message("missing")) for name in missing]
    if rule == "enum":
        values = ", ".join(str(value) for value in expected)
        return [Fault(where, message("one-of", values=values))]
    if rule == "maxItems":
        return [Fault(where, message("entries", most=expected))]
    described = cast(dict[str, Any], error.schema).get("description")
    form = None if expected == "object" else FORMS.get(str(described))
    return [Fault(where, must_be(form or _TYPES.get(str(expected), message("form-contract"))))]


def must_be(form: Message) -> Message:
    """The sentence "must be" with a form."""
    return message("must-be", form=form)


def type_fault(item: dict[str, Any]) -> Fault:
    """The fault of a `type` that is missing or not in the catalog."""
    if "type" not in item:
        return Fault("type", message("missing"))
    nearest = nearest_type(item["type"]) if isinstance(item["type"], str) else None
    if nearest is None:
        return Fault("type", message("type-form"))
    return Fault("type", message("type-nearest", nearest=nearest))


def join_faults(faults: Sequence[Fault]) -> Message:
    """All faults in one message, each preceded by its field."""
    return join_messages([_after_field(fault) for fault in faults])


def _after_field(fault: Fault) -> Message:
    sentence = fault.message
    if not fault.field:
        return sentence
    return Message(sentence.code, f"{fault.field}: {sentence.vi}", f"{fault.field}: {sentence.en}")
