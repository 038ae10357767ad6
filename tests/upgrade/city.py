"""The city of a kept state: every type of event that a door takes, in a sealed and an open year."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contracts.catalog import BY_TYPE

Raw = dict[str, Any]
EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
SEALED, OPEN = 2025, 2026
SOURCE = "urn:vn:viet-tri:portal"
UNITS = ("H44.1", "H44.2", "H44.3", "H45.1")
ENDS, ENDED = "H46.1", "H46.2"
"""A unit that is renamed, recoded and succeeded by another, and one that is dissolved."""
TWICE = frozenset({
    "award", "communication", "conference", "consultation", "convention", "course", "dialogue",
    "digital", "disclosure", "inspection", "model", "oversight", "petition", "recommendation",
    "regulation", "violation",
})  # fmt: skip
"""Domains whose first field is a key: a second one stays, where the first is cleared again."""
CLEARS = ("cancelled", "closed", "overturned", "revoked", "waived", "withdrawn")


def every_type(year: int) -> list[Raw]:
    """The full example of each type, told by one of the units in this year."""
    shorts = sorted(type_ for type_, each in BY_TYPE.items() if each.roles)
    domains = sorted({BY_TYPE[type_].short.partition(".")[0] for type_ in shorts})
    events: list[Raw] = []
    for number, type_ in enumerate(shorts):
        short = BY_TYPE[type_].short
        domain, _, what = short.partition(".")
        file = EXAMPLES / f"{short}.v{BY_TYPE[type_].major}" / "full.json"
        event: Raw = json.loads(file.read_text().replace(str(SEALED), str(year)))
        event["data"] |= {"year": year} if "year" in event["data"] else {}
        event["id"] = f"{year}-{number}"
        event["time"] = f"{year}-{2 + number // 28:02d}-{1 + number % 28:02d}T09:30:00+07:00"
        event["subject"] = UNITS[domains.index(domain) % len(UNITS)]
        if domain == "unit":
            event["subject"] = ENDED if what == "dissolved" else ENDS
        events.append(event)
        if domain in TWICE and what not in CLEARS:
            events.append(_second(event))
    return [*events, *_ends(events, year)]


def _second(event: Raw) -> Raw:
    key = next(iter(event["data"]))
    data = {**event["data"], key: f"{event['data'][key]}-2"}
    return {**event, "id": f"{event['id']}-2", "data": data}


def _ends(events: list[Raw], year: int) -> list[Raw]:
    """The unit that is dissolved needs a registration; a retraction names an event that counted."""
    registered = next(e for e in events if e["type"].endswith("unit.registered.v1"))
    retraction = next(e for e in events if e["type"].endswith("event.retracted.v1"))
    target = next(e for e in events if e["type"].endswith("communication.held.v1"))
    retraction["subject"] = target["subject"]
    retraction["data"] |= {"source": target["source"], "id": target["id"]}
    undecided = next(e for e in events if e["type"].endswith("appeal.filed.v1"))
    more = [{**registered, "id": f"{year}-ended", "subject": ENDED}]
    if year == OPEN:
        more.append(_second(undecided))
    return more


def late() -> Raw:
    """An event of the sealed year that comes after its seal."""
    event = next(e for e in every_type(SEALED) if e["type"].endswith("consultation.held.v1"))
    return {**event, "id": "late", "data": {**event["data"], "consultation": "lay-y-kien-muon"}}
