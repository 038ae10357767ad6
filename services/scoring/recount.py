"""A year from all its accepted events: which count and why not, the facts, and every rating. Pure.

This is the road of SCORING.md in one piece and in memory. It keeps nothing between calls; what is
folded batch by batch must come to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from contracts import door, envelope, moments
from contracts.envelope import Recorded
from contracts.faults import Fault
from services.scoring.assess import Standing, assess, binding_view, stand
from services.scoring.cells import OWN, POOLED, Cell, Horizon, Posting, Tally, weigh
from services.scoring.posting import Pool, decide, order_of, post, reads
from services.scoring.rating import rating
from services.scoring.registry import Registry, Statement, Unit
from services.scoring.rubric import Rubric, Rubrics

RETRACTED = "retracted"
OTHER_SOURCE = "retracts an event of another source"
RETRACTION_STANDS = "a retraction cannot be retracted"
UNIT_UNKNOWN = "unit not registered"
OUTSIDE_SPAN = "outside the span in which the unit exists"
NO_RUBRIC = "no rubric governs the unit in this year"
NO_RULE = "no rule of the rubric reads it"
NO_INDICATOR = "the rubric has no such basic indicator"
SHOWN_ONLY = ("result.reported", "selfscore.submitted", "appeal.filed", "appeal.decided")


Rating: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """A file of events as read: what is accepted, and what is refused with its line."""

    accepted: list[Recorded]
    refused: list[tuple[int, door.Refusal]]


def read_lines(lines: Iterable[bytes], now: int) -> Reading:
    """CloudEvents one a line, read as strictly as at the door and accepted at `now`."""
    reading = Reading([], [])
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            _, read = door.read(line, door.SINGLE, now)
        except door.BodyRefused as refused:
            fault = Fault("", refused.detail)
            reading.refused.append((number, door.Refusal(None, None, (fault,))))
            continue
        one = read[0]
        if isinstance(one, door.Refusal):
            reading.refused.append((number, one))
        else:
            reading.accepted.append(envelope.decode(one.body(now)))
    return reading


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an event counts, and where it does not, the reason."""

    counted: bool
    reason: str | None = None


def horizon(unit: Unit, year: int) -> Horizon:
    """Where the unit's part of the year ends, and what a closing rating leaves out."""
    end = unit.end_in(year)
    free = moments.local_day(end) if unit.ends_inside(year) else None
    return Horizon(end, free)


class Accepted:
    """The set of accepted events: first content of each identity, retractions apart."""

    def __init__(self, events: Iterable[Recorded]) -> None:
        self.events: dict[bytes, Recorded] = {}
        for said in events:
            self.events.setdefault(said.identity, said)
        self.retracted = frozenset(self._retracted())
        statements = [
            Statement(said.kind.short, said.event.subject, order_of(said), said.event.data)
            for said in self.events.values()
            if said.kind.domain == "unit" and said.identity not in self.retracted
        ]
        self.registry = Registry(statements)

    def _retracted(self) -> Iterable[bytes]:
        for said in self.events.values():
            if said.kind.short == "event.retracted" and self.void(said) is None:
                yield _target(said)

    def void(self, retraction: Recorded) -> str | None:
        """Why a retraction has no effect, or None where it has (SCORING.md section 2)."""
        if retraction.event.data.source != retraction.event.source:
            return OTHER_SOURCE
        known = self.events.get(_target(retraction))
        if known is not None and known.kind.short == "event.retracted":
            return RETRACTION_STANDS
        return None


def _target(retraction: Recorded) -> bytes:
    return envelope.identity(retraction.event.data.source, retraction.event.data.id)


def standing_of(said: Recorded, accepted: Accepted) -> Unit | str:
    """The unit whose facts the event may speak of, or the reason why it speaks of none."""
    if said.identity in accepted.retracted:
        return RETRACTED
    unit = accepted.registry.holder(said.event.subject, said.time)
    if unit is None:
        return UNIT_UNKNOWN
    if said.kind.practice and not unit.exists_at(said.time):
        return OUTSIDE_SPAN
    return unit


def verdict(said: Recorded, accepted: Accepted, rubrics: Rubrics) -> Verdict:
    """Whether an event counts for the rating of its unit and year (SCORING.md sections 2, 6)."""
    if said.kind.short == "event.retracted":
        void = accepted.void(said)
        return Verdict(void is None, void)
    if said.kind.domain == "unit":
        retracted = said.identity in accepted.retracted
        return Verdict(not retracted, RETRACTED if retracted else None)
    unit = standing_of(said, accepted)
    if isinstance(unit, str):
        return Verdict(False, unit)
    rubric = rubrics.governing(unit.kind, said.year)
    if rubric is None:
        return Verdict(False, NO_RUBRIC)
    return _spoken(said, rubric)


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


Facts = dict[str, dict[Cell, list[Posting]]]


def facts(accepted: Accepted, rubrics: Rubrics, year: int) -> Facts:
    """Every posting of the year by unit and cell; a merged unit has a pooled view too."""
    found: Facts = {}
    registry = accepted.registry
    for said in accepted.events.values():
        if said.year != year or said.kind.domain == "unit":
            continue
        unit = standing_of(said, accepted)
        if isinstance(unit, str):
            continue
        for book, posted in _posted(said, unit, registry, rubrics, year):
            cells = found.setdefault(book, {})
            for cell, posting in posted:
                cells.setdefault(cell, []).append(posting)
    return found


def _posted(
    said: Recorded, unit: Unit, registry: Registry, rubrics: Rubrics, year: int
) -> Iterable[tuple[str, list[tuple[Cell, Posting]]]]:
    if not said.kind.practice:
        yield unit.key, decide(said)
        return
    own = rubrics.governing(unit.kind, year)
    if own is not None:
        yield unit.key, post(own, said, unit.key, unit.key, Pool(OWN, frozenset()))
    for key in (unit.key, *registry.heirs(unit.key, year)):
        heir = registry.units.get(key)
        pool = registry.pool(key, year)
        rubric = rubrics.governing(heir.kind, year) if heir is not None else None
        if pool and rubric is not None:
            yield key, post(rubric, said, unit.key, key, Pool(POOLED, pool))


def tally(rubric: Rubric, cells: Mapping[Cell, Sequence[Posting]], until: Horizon) -> Tally:
    """The sums of the cells' weights."""
    sums = Tally()
    for cell, postings in cells.items():
        sums.move(cell, (), weigh(rubric, cell, postings, until))
    return sums


def standings(
    accepted: Accepted, rubrics: Rubrics, year: int, view: str | None = None
) -> dict[str, Standing]:
    """Every rated unit of the year with class, share and rank; `view` overrides the binding one."""
    held = facts(accepted, rubrics, year)
    by_kind: dict[str, list[Standing]] = {}
    for unit in accepted.registry.units.values():
        rubric = rubrics.governing(unit.kind, year)
        if rubric is None or not unit.exists_in(year):
            continue
        sums = tally(rubric, held.get(unit.key, {}), horizon(unit, year))
        pooled = bool(accepted.registry.pool(unit.key, year))
        seen = binding_view(rubric, pooled) if view is None or not pooled else view
        standing = Standing(unit.key, assess(rubric, sums, seen), unit.ends_inside(year))
        by_kind.setdefault(unit.kind, []).append(standing)
    return {
        standing.unit: standing
        for group in by_kind.values()
        for standing in stand(group[0].assessment.rubric, group)
    }


def results(accepted: Accepted, year: int) -> dict[str, list[dict[str, Any]]]:
    """What HR sees beside a rating: each unit's latest reported results of the year."""
    latest: dict[tuple[str, str], Recorded] = {}
    for said in accepted.events.values():
        if said.kind.short != "result.reported" or said.year != year:
            continue
        unit = standing_of(said, accepted)
        if isinstance(unit, str):
            continue
        key = (unit.key, said.event.data.result)
        if key not in latest or order_of(latest[key]) < order_of(said):
            latest[key] = said
    found: dict[str, list[dict[str, Any]]] = {}
    for (unit_key, name), said in sorted(latest.items()):
        data = said.event.data
        entry = {"result": name, "score": data.score, "maximum": data.maximum}
        found.setdefault(unit_key, []).append(entry)
    return found


def ratings(
    accepted: Accepted, rubrics: Rubrics, year: int, view: str | None = None
) -> dict[str, Rating]:
    """Every rating of the year, by unit."""
    beside = results(accepted, year)
    return {
        key: rating(accepted.registry.units[key], year, standing, beside.get(key, []))
        for key, standing in standings(accepted, rubrics, year, view).items()
    }
