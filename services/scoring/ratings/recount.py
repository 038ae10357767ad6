"""A year from all its accepted events: which count and why not, the facts, and every rating. Pure.

This is the computation of SCORING.md in one piece and in memory, without state between calls. The
fold, which works batch by batch, must come to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contracts import door, envelope
from contracts.envelope import Recorded
from contracts.faults import Fault
from services.scoring.fold import verdict as verdicts
from services.scoring.fold.books import horizon, postings
from services.scoring.fold.cells import Cell, Horizon, Posting, Tally, weigh
from services.scoring.fold.registry import Registry
from services.scoring.fold.verdict import Verdict
from services.scoring.ratings.assessment import active_ceilings, cases_of
from services.scoring.ratings.model import Rating, Result
from services.scoring.ratings.rating import rating_of
from services.scoring.ratings.results import REPORTED, latest_results
from services.scoring.ratings.standings import Standing, rank_units, unit_standing
from services.scoring.rubrics.model import Rubric, Rubrics

Facts = dict[str, dict[Cell, list[Posting]]]


@dataclass(frozen=True, slots=True)
class EventFile:
    """The events of a file: what is accepted, and what is refused with its line."""

    accepted: list[Recorded]
    refused: list[tuple[int, door.Refusal]]


def read_lines(lines: Iterable[bytes], now: int) -> EventFile:
    """Reads CloudEvents, one a line, as strictly as the door does, accepted at `now`."""
    file = EventFile([], [])
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            _, (event,) = door.read(line, door.SINGLE, now)
        except door.BodyRefused as refused:
            fault = Fault("", refused.detail)
            file.refused.append((number, door.Refusal(None, None, (fault,))))
            continue
        if isinstance(event, door.Refusal):
            file.refused.append((number, event))
        else:
            file.accepted.append(envelope.decode(event.body(now)))
    return file


class Accepted:
    """The set of accepted events: first content of each identity, retractions apart."""

    def __init__(self, events: Iterable[Recorded]) -> None:
        self.events: dict[bytes, Recorded] = {}
        for event in events:
            self.events.setdefault(event.identity, event)
        self.heads = {
            identity: verdicts.EventHead(
                event.event.subject, event.kind.short == verdicts.RETRACTION
            )
            for identity, event in self.events.items()
        }
        self.retracted = frozenset(self._retracted())
        self.registry = Registry(
            verdicts.statement(event) for event in self.counting() if event.kind.domain == "unit"
        )

    def _retracted(self) -> Iterable[verdicts.RetractionTarget]:
        for event in self.events.values():
            if event.kind.short == verdicts.RETRACTION and verdicts.names_own_source(event):
                yield verdicts.retraction_target(event)

    def counting(self) -> Iterable[Recorded]:
        """The events that are not retracted; a retraction cannot be."""
        for event in self.events.values():
            retraction = event.kind.short == verdicts.RETRACTION
            if retraction or verdicts.event_target(event) not in self.retracted:
                yield event


def verdict(event: Recorded, accepted: Accepted, rubrics: Rubrics) -> Verdict:
    """Whether an event counts for the rating of its unit and year (SCORING.md sections 2, 6)."""
    return verdicts.verdict(event, accepted.registry, rubrics, accepted.retracted, accepted.heads)


def facts(accepted: Accepted, rubrics: Rubrics, year: int) -> Facts:
    """Every posting of the year by unit and cell; a merged unit has a pooled view too."""
    by_unit: Facts = {}
    for event in accepted.counting():
        if event.year != year:
            continue
        for book, pairs in postings(event, accepted.registry, rubrics):
            cells = by_unit.setdefault(book.unit, {})
            for cell, posting in pairs:
                cells.setdefault(cell, []).append(posting)
    return by_unit


def tally(rubric: Rubric, cells: Mapping[Cell, Sequence[Posting]], until: Horizon) -> Tally:
    """The sums of the cells' weights."""
    return Tally.of_cells((c, weigh(rubric, c, posted, until)) for c, posted in cells.items())


def standings(
    accepted: Accepted, rubrics: Rubrics, year: int, view: str | None = None
) -> dict[str, Standing]:
    """Every rated unit of the year with class, share and rank; `view` overrides the binding one."""
    return rank_units(unranked(accepted, rubrics, year, view))


def unranked(
    accepted: Accepted, rubrics: Rubrics, year: int, view: str | None = None
) -> list[Standing]:
    """Every rated unit of the year before shares and ranks."""
    by_unit, registry = facts(accepted, rubrics, year), accepted.registry
    standings = []
    for unit in registry.units.values():
        rubric = rubrics.governing(unit.kind, year)
        if rubric is not None and unit.exists_in(year):
            cells = by_unit.get(unit.key, {})
            sums = tally(rubric, cells, horizon(unit, year))
            cases = cases_of(rubric, active_ceilings(rubric, sums), cells)
            standings.append(unit_standing(unit, rubric, registry, year, sums, view, cases))
    return standings


def results(accepted: Accepted, year: int) -> dict[str, list[Result]]:
    """Each unit's latest reported results of the year."""
    reports = (
        event for event in accepted.counting()
        if event.kind.short == REPORTED and event.year == year
    )  # fmt: skip
    return latest_results(reports, accepted.registry)


def ratings(
    accepted: Accepted, rubrics: Rubrics, year: int, view: str | None = None
) -> dict[str, Rating]:
    """Every rating of the year, by unit."""
    reports = results(accepted, year)
    return {
        key: rating_of(accepted.registry, year, standing, reports.get(key, ()))
        for key, standing in standings(accepted, rubrics, year, view).items()
    }
