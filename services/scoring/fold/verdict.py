"""Whether an accepted event counts, and the reason if not (SCORING.md sections 2 and 6). Pure.

Live folding, rebuild, recount and every list of events share this one rule.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from contracts import envelope
from contracts.envelope import Recorded
from services.scoring.fold.postings import order_of, reads
from services.scoring.fold.registry import Registry, Statement, Unit
from services.scoring.rubrics.model import Rubric, Rubrics

RETRACTION = "event.retracted"
RETRACTED = "retracted"
OTHER_SOURCE = "retracts an event of another source"
OTHER_SUBJECT = "retracts an event of another subject"
RETRACTION_STANDS = "a retraction cannot be retracted"
UNIT_UNKNOWN = "unit not registered"
OUTSIDE_SPAN = "outside the span in which the unit exists"
NO_RUBRIC = "no rubric governs the unit in this year"
NO_RULE = "no rule of the rubric reads it"
NO_INDICATOR = "the rubric has no such basic indicator"
LATE = "late"
"""Recorded after the cut of a sealed year, of which it changes nothing."""
SHOWN_ONLY = ("result.reported", "selfscore.submitted", "appeal.filed", "appeal.decided")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an event counts, and the reason if it does not."""

    counted: bool
    reason: str | None = None


def statement(event: Recorded) -> Statement:
    """A `unit.*` event as the registry reads it."""
    return Statement(event.kind.short, event.event.subject, order_of(event), event.event.data)


class RetractionTarget(NamedTuple):
    """What a retraction names: an event by its identity, and only under this subject."""

    identity: bytes
    subject: str


class EventHead(NamedTuple):
    """What the verdict on a retraction needs to know of the event that it names."""

    subject: str
    retraction: bool


def retraction_target(retraction: Recorded) -> RetractionTarget:
    """What a retraction names, under its own subject: it cannot reach another subject's event."""
    data = retraction.event.data
    return RetractionTarget(envelope.identity(data.source, data.id), retraction.event.subject)


def event_target(event: Recorded) -> RetractionTarget:
    """The target by which a retraction names this event."""
    return RetractionTarget(event.identity, event.event.subject)


def names_own_source(retraction: Recorded) -> bool:
    """Whether the retraction names an event of its own source, as it must to have effect."""
    return bool(retraction.event.data.source == retraction.event.source)


def resolve_unit(event: Recorded, registry: Registry) -> Unit | str:
    """The unit to whose facts the event may contribute, or the reason why there is none."""
    unit = registry.holder(event.event.subject, event.time)
    if unit is None:
        return UNIT_UNKNOWN
    if event.kind.practice and not unit.exists_at(event.time):
        return OUTSIDE_SPAN
    return unit


def verdict(
    event: Recorded,
    registry: Registry,
    rubrics: Rubrics,
    retracted: Container[RetractionTarget],
    heads: Mapping[bytes, EventHead],
) -> Verdict:
    """Whether an event counts for the rating of its unit and year (SCORING.md sections 2, 6).

    `retracted` are the targets of retractions that name an event of their own source; `heads`
    describe the events that retractions name, as far as those have arrived.
    """
    if event.kind.short == RETRACTION:
        return _verdict_on_retraction(event, heads)
    if event_target(event) in retracted:
        return Verdict(False, RETRACTED)
    if event.kind.domain == "unit":
        registered = event.event.subject in registry.units
        return Verdict(registered, None if registered else UNIT_UNKNOWN)
    unit = resolve_unit(event, registry)
    if isinstance(unit, str):
        return Verdict(False, unit)
    rubric = rubrics.governing(unit.kind, event.year)
    return Verdict(False, NO_RUBRIC) if rubric is None else _verdict_by_rubric(event, rubric)


def _verdict_on_retraction(event: Recorded, heads: Mapping[bytes, EventHead]) -> Verdict:
    if not names_own_source(event):
        return Verdict(False, OTHER_SOURCE)
    target = retraction_target(event)
    head = heads.get(target.identity)
    if head is not None and head.retraction:
        return Verdict(False, RETRACTION_STANDS)
    if head is not None and head.subject != target.subject:
        return Verdict(False, OTHER_SUBJECT)
    return Verdict(True)


def _verdict_by_rubric(event: Recorded, rubric: Rubric) -> Verdict:
    if event.kind.short in SHOWN_ONLY:
        return Verdict(True)
    if event.kind.practice:
        return Verdict(True) if reads(rubric, event) else Verdict(False, NO_RULE)
    indicator = rubric.by_id.get(getattr(event.event.data, "indicator", None) or "")
    decision = event.kind.short == "adjustment.decided"
    if not decision and (indicator is None or not indicator.kind.basic):
        return Verdict(False, NO_INDICATOR)
    return Verdict(True)
