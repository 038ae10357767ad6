"""Whether an accepted event counts, and why not (SCORING.md sections 2 and 6). Pure.

The one rule of live folding, rebuild, recount and every list of events.
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


SHOWN_ONLY = ("result.reported", "selfscore.submitted", "appeal.filed", "appeal.decided")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an event counts, and where it does not, the reason."""

    counted: bool
    reason: str | None = None


def statement(said: Recorded) -> Statement:
    """A `unit.*` event as the registry reads it."""
    return Statement(said.kind.short, said.event.subject, order_of(said), said.event.data)


class Target(NamedTuple):
    """What a retraction takes back: an event by its identity, under this subject alone."""

    identity: bytes
    subject: str


class Head(NamedTuple):
    """What a retraction has to know of the event that it names."""

    subject: str
    retraction: bool


def target(retraction: Recorded) -> Target:
    """What a retraction names: nobody takes back what another subject said."""
    data = retraction.event.data
    return Target(envelope.identity(data.source, data.id), retraction.event.subject)


def targeted(said: Recorded) -> Target:
    """As what an event is taken back."""
    return Target(said.identity, said.event.subject)


def names_own_source(retraction: Recorded) -> bool:
    """Whether the retraction names an event of its own source, as it must to have effect."""
    return bool(retraction.event.data.source == retraction.event.source)


def standing_of(said: Recorded, registry: Registry) -> Unit | str:
    """The unit whose facts the event may speak of, or the reason why it speaks of none."""
    unit = registry.holder(said.event.subject, said.time)
    if unit is None:
        return UNIT_UNKNOWN
    if said.kind.practice and not unit.exists_at(said.time):
        return OUTSIDE_SPAN
    return unit


def verdict(
    said: Recorded,
    registry: Registry,
    rubrics: Rubrics,
    retracted: Container[Target],
    heads: Mapping[bytes, Head],
) -> Verdict:
    """Whether an event counts for the rating of its unit and year (SCORING.md sections 2, 6).

    `retracted` is what retractions of the own source name; `heads` are the events that they name,
    as far as they have come.
    """
    if said.kind.short == RETRACTION:
        return _retraction(said, heads)
    if targeted(said) in retracted:
        return Verdict(False, RETRACTED)
    if said.kind.domain == "unit":
        known = said.event.subject in registry.units
        return Verdict(known, None if known else UNIT_UNKNOWN)
    unit = standing_of(said, registry)
    if isinstance(unit, str):
        return Verdict(False, unit)
    rubric = rubrics.governing(unit.kind, said.year)
    return Verdict(False, NO_RUBRIC) if rubric is None else _spoken(said, rubric)


def _retraction(said: Recorded, heads: Mapping[bytes, Head]) -> Verdict:
    if not names_own_source(said):
        return Verdict(False, OTHER_SOURCE)
    named = target(said)
    head = heads.get(named.identity)
    if head is not None and head.retraction:
        return Verdict(False, RETRACTION_STANDS)
    if head is not None and head.subject != named.subject:
        return Verdict(False, OTHER_SUBJECT)
    return Verdict(True)


def _spoken(said: Recorded, rubric: Rubric) -> Verdict:
    if said.kind.short in SHOWN_ONLY:
        return Verdict(True)
    if said.kind.practice:
        return Verdict(True) if reads(rubric, said) else Verdict(False, NO_RULE)
    indicator = rubric.by_id.get(getattr(said.event.data, "indicator", None) or "")
    decision = said.kind.short == "adjustment.decided"
    if not decision and (indicator is None or not indicator.kind.basic):
        return Verdict(False, NO_INDICATOR)
    return Verdict(True)
