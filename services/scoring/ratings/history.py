"""What moved a rating, as the members of its JSON and in a sentence of each language. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from contracts import moments
from contracts.envelope import Recorded
from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.labels import class_label
from services.scoring.ratings.replay import RatingChange
from services.scoring.ratings.scores import points_text

Members = dict[str, Any]


class Seal(NamedTuple):
    """The cut of a sealed version, and the event that reopened it; None while it is sealed."""

    cut: int
    reopening: Recorded | None


class CausePlace(NamedTuple):
    """The order of causes: by recording, source and id."""

    recorded: int
    source: str
    id: str


class MovedLine(NamedTuple):
    """The score of an indicator before and after; None where it is left out or not rated."""

    indicator: str
    before: int | None
    points: int | None


def place_of(event: Recorded) -> CausePlace:
    """The place of an event among the causes."""
    return CausePlace(event.recorded, event.event.source, event.event.id)


def causes(
    events: Iterable[Recorded], seals: Sequence[Seal]
) -> Iterator[tuple[Recorded, list[Recorded]]]:
    """Each cause with the events that take effect by it, in order.

    What was recorded between the cut of a version and its reopening takes effect by the reopening,
    all at once; what comes after the cut of a sealed year has none.
    """
    ordered: list[tuple[Recorded, list[Recorded]]] = []
    reopened: dict[bytes, list[Recorded]] = {}
    for event in sorted(events, key=place_of):
        seal = next((seal for seal in seals if _is_late(event, seal)), None)
        if seal is None:
            ordered.append((event, [event]))
        elif seal.reopening is not None:
            reopened.setdefault(seal.reopening.identity, []).append(event)
    for seal in seals:
        if seal.reopening is not None and seal.reopening.identity in reopened:
            ordered.append((seal.reopening, reopened[seal.reopening.identity]))
    return iter(sorted(ordered, key=lambda pair: place_of(pair[0])))


def _is_late(event: Recorded, seal: Seal) -> bool:
    until = None if seal.reopening is None else seal.reopening.recorded
    return seal.cut < event.recorded and (until is None or event.recorded <= until)


def moved_lines(before: Assessment | None, after: Assessment | None) -> list[MovedLine]:
    """The indicators whose scores differ, in the order of the rubric."""
    earlier, later = _scores(before), _scores(after)
    return [
        MovedLine(indicator, earlier.get(indicator), later.get(indicator))
        for indicator in dict.fromkeys((*later, *earlier))
        if earlier.get(indicator) != later.get(indicator)
    ]


def _scores(assessment: Assessment | None) -> dict[str, int]:
    if assessment is None:
        return {}
    return {line.indicator.id: line.score for line in assessment.lines if line.counts}


def change_members(change: RatingChange) -> Members:
    """A change as the interface has it; a unit that is not rated has no points and no class."""
    text = _sentence(change)
    return {
        "at": moments.rfc3339(change.cause.recorded),
        "before": points_text(_total(change.before)),
        "total": points_text(_total(change.after)),
        "class": None if change.after is None else change.after.class_name,
        "moved": [line_members(line) for line in moved_lines(change.before, change.after)],
        "cause": cause_members(change.cause),
        "text_vi": text.vi,
        "text_en": text.en,
    }


def line_members(line: MovedLine) -> Members:
    """A moved line as the interface has it."""
    return {
        "indicator": line.indicator,
        "before": None if line.before is None else points_text(line.before),
        "points": None if line.points is None else points_text(line.points),
    }


def cause_members(cause: Recorded) -> Members:
    """An event as a cause: by its source and id, with its type as it was sent."""
    return {"source": cause.event.source, "id": cause.event.id, "type": cause.kind.type}


def _total(assessment: Assessment | None) -> int:
    return 0 if assessment is None else assessment.total


def _sentence(change: RatingChange) -> Message:
    cause, before, after = change.cause, change.before, change.after
    values = {
        "event": cause.kind.short, "id": cause.event.id, "source": cause.event.source,
        "before": points_text(_total(before)), "total": points_text(_total(after)),
    }  # fmt: skip
    if after is None:
        return message("history-unrated", **values)
    rated_class = class_label(after.rubric, after.class_name)
    if before is None:
        return message("history-rated", **values, rated_class=rated_class)
    values["by"] = points_text(abs(after.total - before.total))
    if after.total == before.total:
        earlier = class_label(before.rubric, before.class_name)
        return message("history-class", **values, earlier=earlier, rated_class=rated_class)
    code = "history-up" if after.total > before.total else "history-down"
    return message(code, **values, rated_class=rated_class)
