"""Translates the errors of pydantic into messages of the catalogue.

Each type of error has a message that describes the required form; pydantic's own texts never reach
a person. A validator of ours that raises `ValueError(message(…))` is answered with that message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated, Any

from pydantic import BeforeValidator

from contracts import moments
from contracts.messages import Message
from services.chassis.messages import message

FAULTS_MAX = 20
VALUES_MAX = 40
_DIGITS = re.compile("-?(0|[1-9][0-9]*)", re.ASCII)
_BLANK_OFFSET = re.compile(r"\S+ \d\d:\d\d", re.ASCII)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_PLAIN = {
    "missing": "field-missing", "extra_forbidden": "field-unknown",
    "string_type": "field-text", "string_unicode": "field-text",
    "int_type": "field-integer", "int_parsing": "field-integer",
    "int_from_float": "field-integer", "int_parsing_size": "field-integer",
    "float_type": "field-number", "float_parsing": "field-number", "finite_number": "field-number",
    "decimal_type": "field-number", "decimal_parsing": "field-number",
    "bool_type": "field-boolean", "bool_parsing": "field-boolean",
    "list_type": "field-list", "tuple_type": "field-list", "set_type": "field-list",
    "dict_type": "field-object", "model_type": "field-object",
    "model_attributes_type": "field-object", "json_invalid": "field-json",
    "json_type": "field-json", "date_type": "field-day", "date_parsing": "field-day",
    "date_from_datetime_parsing": "field-day", "datetime_type": "field-time",
    "datetime_parsing": "field-time", "datetime_from_date_parsing": "field-time",
    "timezone_aware": "field-time",
}  # fmt: skip
_BOUNDED = {
    "string_too_long": ("field-long", "max_length"),
    "string_too_short": ("field-short", "min_length"),
    "too_long": ("field-many", "max_length"), "too_short": ("field-few", "min_length"),
    "greater_than_equal": ("field-least", "ge"), "less_than_equal": ("field-most", "le"),
    "greater_than": ("field-above", "gt"), "less_than": ("field-below", "lt"),
}  # fmt: skip


def field_faults(errors: Iterable[Mapping[str, Any]]) -> list[tuple[str, Message]]:
    """The field and the message of each error, at most 20.

    The first part of `loc` (body, query, path, header) is left out, so an error of the whole body
    has no field.
    """
    return [(_field(error["loc"]), fault(error)) for error in islice(errors, FAULTS_MAX)]


def _field(loc: tuple[Any, ...]) -> str:
    return ".".join(str(part)[:80] for part in loc[1:])


def fault(error: Mapping[str, Any]) -> Message:
    """The message of one error, by its type."""
    kind, about = str(error["type"]), error.get("ctx") or {}
    if kind == "value_error":
        return _raised(about.get("error"))
    if kind in _PLAIN:
        return message(_PLAIN[kind])
    if kind in _BOUNDED:
        code, bound = _BOUNDED[kind]
        return message(code, limit=about[bound])
    if kind in ("literal_error", "enum"):
        values = _QUOTED.findall(str(about.get("expected", "")))
        return message("field-one-of", values=", ".join(values[:VALUES_MAX]))
    if kind == "string_pattern_mismatch":
        return message("field-pattern", pattern=about["pattern"])
    return message("field-other")


def _raised(error: object) -> Message:
    """The message that a validator of ours raised; a library's own error is not quoted."""
    first = error.args[0] if isinstance(error, ValueError) and error.args else None
    return first if isinstance(first, Message) else message("field-other")


def instant_text(text: str) -> str:
    """An RFC 3339 time as it was given; ValueError with a message for any other text.

    A `+` that stands in an address as itself arrives as a blank.
    """
    if _BLANK_OFFSET.fullmatch(text):
        raise ValueError(message("field-time-blank"))
    moments.instant(text)
    return text


def _digits(value: Any) -> Any:
    """Refuses other texts that pydantic would read as an integer: ` 2025`, `+2025`, `02025`.

    One number in several spellings would be several addresses of one thing.
    """
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError(message("field-digits"))
    return value


Integer = Annotated[int, BeforeValidator(_digits)]
"""An integer of a path or a query, in its one spelling."""
