"""What moved a rating: its sum is the total, and each instant is the difference of two states."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from contracts import moments
from contracts.envelope import Recorded
from services.scoring.fold.books import Book
from services.scoring.ratings.history import Seal, causes, change_members
from services.scoring.ratings.replay import BookReplay
from services.scoring.rubrics.model import Rubrics
from tests.scoring.ratings.test_replay import outcomes, recorded
from tests.scoring.year_events import year_event
from tests.support.builders.cities import rubrics


def seals_of(events: list[Recorded], year: int, rng: random.Random) -> list[Seal]:
    """Two seals at random instants; the first version was reopened, the second may be."""
    instants = sorted(rng.sample(sorted({event.recorded for event in events}), 4))
    reopened = [
        year_event("year.reopened", moments.rfc3339(at), f"{at}", year, version=2)
        for at in (instants[1], instants[3])
    ]
    last = reopened[1] if rng.random() < 0.5 else None
    return [Seal(instants[0], reopened[0]), Seal(instants[2], last)]


def set_at(events: list[Recorded], seals: list[Seal], instant: int) -> list[Recorded]:
    """The events that answer for an instant, as YEAR.md section 3 says."""
    for seal in seals:
        end = None if seal.reopening is None else seal.reopening.recorded
        if seal.cut <= instant and (end is None or instant < end):
            return [event for event in events if event.recorded <= seal.cut]
    return [event for event in events if event.recorded <= instant]


def total_at(events: list[Recorded], ours: Rubrics, year: int, unit: str) -> int:
    """The unit's total in hundredths; 0 while it is not rated."""
    return (outcomes(events, ours, year).get(unit) or (0, None))[0]


@pytest.mark.parametrize("seed", range(4))
def test_the_items_of_an_instant_are_the_difference_of_the_states_around_it(
    seed: int, tmp_path: Path
) -> None:
    """Also across a seal and a reopening; all items together are the total."""
    events, year = recorded(seed)
    ours, rng = rubrics(seed, tmp_path)[1], random.Random(seed)
    seals = seals_of(events, year, rng)
    mine = [e for e in events if e.year == year or e.kind.domain in ("unit", "event")]
    for unit in sorted({e.event.subject for e in events if e.kind.short == "unit.registered"})[:2]:
        replay = BookReplay(Book(unit, year), ours)
        for cause, effective in causes(mine, seals):
            replay.play(cause, effective)
        items = [change_members(change) for change in replay.changes()]
        assert all(
            later["before"] == earlier["total"] for later, earlier in itertools.pairwise(items)
        )
        by_instant: dict[int, int] = {}
        for item in items:
            moved = hundredths(item["total"]) - hundredths(item["before"])
            at = moments.instant(item["at"])
            by_instant[at] = by_instant.get(at, 0) + moved
        instants = sorted({event.recorded for event in events})
        states = [total_at(set_at(events, seals, at), ours, year, unit) for at in (0, *instants)]
        expected = {
            at: after - before
            for at, (before, after) in zip(instants, itertools.pairwise(states), strict=True)
        }
        assert by_instant == {
            at: moved for at, moved in expected.items() if moved or at in by_instant
        }
        assert sum(by_instant.values()) == states[-1]


def hundredths(points: str) -> int:
    """Points of the interface in hundredths."""
    return int(points.replace(".", ""))
