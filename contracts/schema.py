"""The JSON Schema 2020-12 of a whole event, as a door accepts it: envelope, data and bounds."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.catalog import EventType
from contracts.data import UNIT
from contracts.envelope import CITY, EVENT_CLASSES, Event

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: EventType) -> dict[str, Any]:
    """The schema of the type.

    Some events are valid by the schema, and refused by a door: times ahead of the clock, before
    2000 or not in the calendar, dates before 2000 or after 2200, a year that does not fit `time`,
    more than 64 KiB, an integer written as 2.0, an identity number among other words of a person's
    key, and rare characters that do not print. The reverse holds only for null in optional
    members, and for a `datacontenttype` with a UTF-8 charset: a door accepts both.
    """
    cls = EVENT_CLASSES[kind.version]
    whole = _closed(msgspec.json.schema(cls))
    subject = whole["$defs"][cls.__name__]["properties"]["subject"]
    if kind.domain == "year":
        subject["const"] = CITY
        subject["description"] = f"{CITY}, which is the subject of year.* alone"
    else:
        subject["not"] = {"const": CITY}
    if kind.domain == "unit":
        for field in whole["$defs"][kind.data.__name__]["properties"].values():
            if field.get("pattern") == f"^{UNIT}$":
                field["not"] = {"const": CITY}
    return {"$schema": DRAFT, "$id": kind.type, **whole}


def envelope_schema() -> dict[str, Any]:
    """The schema of the attributes only, for an event of an unknown type."""
    return {"$schema": DRAFT, **_closed(msgspec.json.schema(Event))}


def _closed(whole: dict[str, Any]) -> dict[str, Any]:
    """The schema without unknown fields, and without `recordedtime`, which is set on acceptance."""
    for definition in whole["$defs"].values():
        definition["additionalProperties"] = False
        definition.get("properties", {}).pop("recordedtime", None)
    return whole
