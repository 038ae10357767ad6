"""The JSON Schema 2020-12 of a whole event, as a door takes it: envelope, data, and all bounds."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.catalog import EventType
from contracts.data import UNIT
from contracts.envelope import CITY, EVENT_CLASSES, Event

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: EventType) -> dict[str, Any]:
    """The schema of the type. What it refuses, a door refuses too.

    Of what it takes a door refuses this alone: times ahead of the clock, before 2000 or not of the
    calendar, dates before 2000 or after 2200, a year that does not fit `time`, more than 64 KiB,
    an integer spelled 2.0, an identity number among other words of a person's key, and rare
    characters that do not print. What it refuses and a door takes is null for what may be left
    out, and `datacontenttype` with UTF-8.
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
    """The schema of the attributes alone, for an event whose type nobody knows."""
    return {"$schema": DRAFT, **_closed(msgspec.json.schema(Event))}


def _closed(whole: dict[str, Any]) -> dict[str, Any]:
    """A door forbids unknown fields, and `recordedtime`, which is set when it accepts."""
    for definition in whole["$defs"].values():
        definition["additionalProperties"] = False
        definition.get("properties", {}).pop("recordedtime", None)
    return whole
