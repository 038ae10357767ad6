"""A year from all its accepted events: which count and why not, the facts, and every rating. Pure.

This is the road of SCORING.md in one piece and in memory. It keeps nothing between calls; what is
folded batch by batch must come to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from contracts import door, envelope
from contracts.envelope import Recorded
from contracts.faults import Fault
from services.scoring.fold import verdict as verdicts
from services.scoring.fold.books import horizon, postings
from services.scoring.fold.cells import Cell, Horizon, Posting, Tally, weigh
from services.scoring.fold.registry import Registry, Unit
from services.scoring.fold.verdict import Verdict, standing_of
from services.scoring.ratings.assessment import Cases, assess, cases_of, holding, with_cases
from services.scoring.ratings.json import kinship, latest_results, rating
from services.scoring.ratings.standings import Standing, binding_view, stand
from services.scoring.rubrics.model import Rubric, Rubrics

Rating: TypeAlias = dict[str, Any]
Facts = dict[str, dict[Cell, list[Posting]]]


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


class Accepted:
    """The set of accepted events: first content of each identity, retractions apart."""

    def __init__(self, events: Iterable[Recorded]) -> None:
        self.events: dict[bytes, Recorded] = {}
        for said in events:
            self.events.setdefault(said.identity, said)
        self.heads = {
            identity: verdicts.Head(said.event.subject, said.kind.short == verdicts.RETRACTION)
            for identity, said in self.events.items()
        }
        self.retracted = frozenset(self._retracted())
        self.registry = Registry(
            verdicts.statement(said) for said in self.counting() if said.kind.domain == "unit"
        )

    def _retracted(self) -> Iterable[verdicts.Target]:
        for said in self.events.values():
            if said.kind.short == verdicts.RETRACTION and verdicts.names_own_source(said):
                yield verdicts.target(said)

    def counting(self) -> Iterable[Recorded]:
        """The events that are not retracted; a retraction cannot be."""
        for said in self.events.values():
            if (
                said.kind.short == verdicts.RETRACTION
                or verdicts.targeted(said) not in self.retracted
            ):
                yield said


def verdict(said: Recorded, accepted: Accepted, rubrics: Rubrics) -> Verdict:
    """Whether an event counts for the rating of its unit and year (SCORING.md sections 2, 6)."""
    held = accepted
    return verdicts.verdict(said, held.registry, rubrics, held.retracted, held.heads)


def facts(accepted: Accepted, rubrics: Rubrics, year: int) -> Facts:
    """Every posting of the year by unit and cell; a merged unit has a pooled view too."""
    found: Facts = {}
    for said in accepted.counting():
        if said.year != year:
            continue
        for book, posted in postings(said, accepted.registry, rubrics):
            cells = found.setdefault(book.unit, {})
            for cell, posting in posted:
                cells.setdefault(cell, []).append(posting)
    return found


def tally(rubric: Rubric, cells: Mapping[Cell, Sequence[Posting]], until: Horizon) -> Tally:
    """The sums of the cells' weights."""
    return Tally.of_cells((c, weigh(rubric, c, posted, until)) for c, posted in cells.items())


def standings(
    accepted: Accepted, rubrics: Rubrics, year: int, view: str | None = None
) -> dict[str, Standing]:
    """Every rated unit of the year with class, share and rank; `view` overrides the binding one."""
    held, registry = facts(accepted, rubrics, year), accepted.registry
    found = []
    for unit in registry.units.values():
        rubric = rubrics.governing(unit.kind, year)
        if rubric is not None and unit.exists_in(year):
            cells = held.get(unit.key, {})
            sums = tally(rubric, cells, horizon(unit, year))
            cases = cases_of(rubric, holding(rubric, sums), cells)
            found.append(alone(unit, rubric, registry, year, sums, view, cases))
    return ranked(found)


def alone(
    unit: Unit,
    rubric: Rubric,
    registry: Registry,
    year: int,
    sums: Tally,
    view: str | None = None,
    cases: Cases | None = None,
) -> Standing:
    """What a unit's own tally says, before what depends on other units."""
    pooled = bool(registry.pool(unit.key, year))
    seen = binding_view(rubric, pooled) if view is None or not pooled else view
    assessment = with_cases(assess(rubric, sums, seen), cases or {})
    return Standing(unit.key, unit.kind, assessment, unit.ends_inside(year))


def ranked(found: Iterable[Standing]) -> dict[str, Standing]:
    """Shares and ranks over the units of each kind; one rubric governs a kind in a year."""
    groups: dict[str, list[Standing]] = {}
    for standing in found:
        groups.setdefault(standing.kind, []).append(standing)
    return {
        standing.unit: standing
        for group in groups.values()
        for standing in stand(group[0].assessment.rubric, group)
    }


def results(accepted: Accepted, year: int) -> dict[str, list[dict[str, Any]]]:
    """What HR sees beside a rating: each unit's latest reported results of the year."""
    said_of: dict[str, list[Recorded]] = {}
    for said in accepted.counting():
        if said.kind.short == "result.reported" and said.year == year:
            unit = standing_of(said, accepted.registry)
            if not isinstance(unit, str):
                said_of.setdefault(unit.key, []).append(said)
    return {key: latest_results(said) for key, said in said_of.items()}


def ratings(
    accepted: Accepted, rubrics: Rubrics, year: int, view: str | None = None
) -> dict[str, Rating]:
    """Every rating of the year, by unit."""
    beside = results(accepted, year)
    return {
        key: rating(
            accepted.registry.units[key], year, standing, beside.get(key, []),
            kinship(accepted.registry, key),
        )
        for key, standing in standings(accepted, rubrics, year, view).items()
    }  # fmt: skip
