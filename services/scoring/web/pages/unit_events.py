"""The events of a unit's year, or of one line of its sheet: whether each counts, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, NamedTuple

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from contracts.messages import Message, templates
from contracts.moment_texts import day_text
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site
from services.scoring.access.cursors import event_cursor, event_place
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.exports.event_labels import event_label, value_label
from services.scoring.fold.registry import Registry
from services.scoring.ratings.sheet.numbers import figure
from services.scoring.rubrics.model import Rubric
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message
from services.scoring.web.unit_frame import UNIT, UnitQuery, open_frame

ROWS = 50
WEB = ("https://", "http://")
DAYS = ("date", "due", "effective", "valid_from")
NUMBERS = ("denominator", "hours", "maximum", "numerator", "points", "score")
"""The fields that are days, and those that may be decimal numbers."""
UNITS = ("by", "parent", "successor")
"""The fields that name another unit by a code."""


class EventsQuery(UnitQuery):
    """A page of the events; of one line of the sheet with its indicator."""

    indicator: Annotated[str | None, EMPTY] = Field(None, max_length=64)
    cursor: str | None = Field(None, max_length=2000)


class EvidenceLink(NamedTuple):
    """A document behind an event; its address only where a browser may follow it."""

    document: str
    url: str | None


class EventWords(NamedTuple):
    """What the codes in events are called: indicators of the rubric, and units of the year."""

    rubric: Rubric
    registry: Registry
    year: int

    def name_of(self, field: str, value: str) -> str | None:
        """What a code stands for; None where it is none of these."""
        if field == "indicator":
            indicator = self.rubric.by_id.get(value)
            return None if indicator is None else indicator.vi
        unit = self.registry.find(value) if field in UNITS else None
        return None if unit is None else unit.name_in(self.year)


class FieldValue(NamedTuple):
    """The value of a field in words, and the code that they stand for, if it is worth showing."""

    text: Message | str
    code: str = ""


class EventLine(NamedTuple):
    """An event as the list has it; `reason` is why it does not count, `note` what is odd of it."""

    event: Mapping[str, Any]
    title: Message
    data: tuple[tuple[Message | str, FieldValue], ...]
    evidence: tuple[EvidenceLink, ...]
    reason: Message | None
    note: Message | None


def add_unit_events(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The page of the events."""

    @pages.get(f"{UNIT}/events")
    async def unit_events(
        request: Request, year: Year, unit: UnitCode, query: Annotated[EventsQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        frame = await open_frame(desk, visit, year, unit, query)
        if isinstance(frame, Response):
            return frame
        rubric, key = frame.snapshot.rubric(frame.unit), frame.unit.key
        indicator = rubric.by_id.get(query.indicator or "")
        words, moment = EventWords(rubric, frame.snapshot.registry, year), query.moment
        place = event_place(query.cursor, year, key, moment)
        page = await desk.reading.events(frame.snapshot, frame.unit, place, ROWS, indicator)
        return visit.page(
            "unit_events.html", year=year, frame=frame, rubric=rubric, indicator=indicator,
            rows=[event_line(item, words) for item in page.items],
            next=page.next and event_cursor(page.next, year, key, moment),
        )  # fmt: skip


def event_line(item: Mapping[str, Any], words: EventWords) -> EventLine:
    """The row of an event."""
    data = item["data"]
    return EventLine(
        item, event_label(item["type"]),
        tuple(
            (field_label(name), field_value(name, value, words))
            for name, value in data.items() if name != "evidence"
        ),
        tuple(map(_evidence, data.get("evidence") or ())), _in_words(item, "reason"),
        _in_words(item, "note"),
    )  # fmt: skip


def field_label(name: str) -> Message | str:
    """What a field of an event is called; its name where a later version of the contract has it."""
    code = f"event-field-{name.replace('_', '-')}"
    return message(code) if code in templates("services.scoring.web") else name


def field_value(name: str, value: Any, words: EventWords) -> FieldValue:
    """The value of a field as people write it; the code of a unit or an indicator beside its name.

    A code of a closed list says no more than its word, and is left out.
    """
    if isinstance(value, bool):
        return FieldValue(message("unit-yes" if value else "unit-no"))
    text = str(value)
    if name in DAYS:
        return FieldValue(day_text(date.fromisoformat(text)))
    if name in NUMBERS:
        return FieldValue(figure(text))
    called = words.name_of(name, text)
    return FieldValue(called, text) if called else FieldValue(value_label(name, text) or text)


def _evidence(entry: Mapping[str, Any]) -> EvidenceLink:
    url = str(entry.get("url", ""))
    return EvidenceLink(str(entry["document"]), url if url.startswith(WEB) else None)


def _in_words(item: Mapping[str, Any], name: str) -> Message | None:
    word = item[name]
    return word and Message(word, item[f"{name}_vi"], item[f"{name}_en"])
