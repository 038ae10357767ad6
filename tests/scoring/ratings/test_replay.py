"""A book event by event is what a recomputation gives after each event; backwards too."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from contracts import envelope
from contracts.envelope import Recorded
from services.scoring.fold.books import Book
from services.scoring.fold.registry import Registry
from services.scoring.ratings import recount
from services.scoring.ratings.recount import Accepted
from services.scoring.ratings.replay import BookReplay
from services.scoring.rubrics.model import Rubrics
from tests.support.builders.cities import NOW, accepted, city, rubrics

Outcome = tuple[int, str | None]


def recorded(seed: int) -> tuple[list[Recorded], int]:
    """A city whose events were recorded in any order, some at one instant, and its year."""
    events, year = city(seed, 4, 200)
    rng = random.Random(seed)
    shuffled = accepted(events)
    rng.shuffle(shuffled)
    instants = sorted(NOW - rng.randrange(150) * 1_000 for _ in shuffled)
    stamped = [
        envelope.decode(envelope.with_recordedtime(event.raw, instant))
        for event, instant in zip(shuffled, instants, strict=True)
    ]
    return sorted(stamped, key=lambda e: (e.recorded, e.event.source, e.event.id)), year


def outcomes(events: list[Recorded], ours: Rubrics, year: int) -> dict[str, Outcome]:
    """Total and class before shares of every unit."""
    standings = recount.unranked(Accepted(events), ours, year)
    return {s.unit: (s.assessment.total, s.assessment.class_name) for s in standings}


def replayed(events: list[Recorded], unit: str, year: int, ours: Rubrics) -> BookReplay:
    """The events of the year, of the registry, and all retractions, one a step."""
    book = BookReplay(Book(unit, year), ours)
    for event in events:
        if event.year == year or event.kind.domain in ("unit", "event"):
            book.play(event, [event])
    return book


def faults(seed: int, folder: Path) -> list[str]:
    """The units whose changes are not those of a recomputation after each event."""
    events, year = recorded(seed)
    ours = rubrics(seed, folder)[1]
    states = [outcomes(events[:number], ours, year) for number in range(len(events) + 1)]
    faulty = []
    for unit in {event.event.subject for event in events if event.kind.domain == "unit"}:
        expected = [
            (event.identity, before.get(unit), after.get(unit))
            for event, (before, after) in zip(events, itertools.pairwise(states), strict=True)
            if before.get(unit) != after.get(unit)
        ]
        changes = [
            (change.cause.identity, _outcome(change.before), _outcome(change.after))
            for change in replayed(events, unit, year, ours).changes()
        ]
        if changes[::-1] != expected:
            faulty.append(unit)
    return faulty


def _outcome(assessment: Any) -> Outcome | None:
    return None if assessment is None else (assessment.total, assessment.class_name)


@pytest.mark.parametrize("seed", range(8))
def test_each_change_is_that_of_a_recomputation_after_the_event(seed: int, tmp_path: Path) -> None:
    """Retractions, mergers, codes and corrections of the registry in any order of recording."""
    assert faults(seed, tmp_path) == []


def _stands(self: BookReplay, retraction: Recorded) -> list[Recorded]:
    return []


def _moved(self: BookReplay, cause: Recorded) -> None:
    self._registry = Registry(self._statements.values())
    if self.frame.rubric is None:
        _recompute(self, cause)


_recompute = BookReplay._recompute
FAULTS: dict[str, tuple[Any, str, Any]] = {
    "retractions take nothing back": (BookReplay, "_retract", _stands),
    "the registry moves no facts": (BookReplay, "_recompute", _moved),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison is worth something: it sees each of these mistakes."""
    owner, name, wrong = FAULTS[fault]
    monkeypatch.setattr(owner, name, wrong)
    assert any(faults(seed, tmp_path) for seed in range(8))
