"""Ratings against the naive oracle, and planted faults that this comparison must catch."""

from __future__ import annotations

import random
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from contracts import moments
from services.scoring.fold import cells, registry
from services.scoring.fold import postings as posting
from services.scoring.fold import verdict as verdicts
from services.scoring.ratings import assessment, scores, standings
from services.scoring.ratings.recount import Accepted, verdict
from tests.oracle import counted, rate
from tests.support.builders.cities import accepted, city, compared, rating_answers, rubrics

SEEDS = range(8)


def agree(seed: int, folder: Path, order: random.Random | None = None) -> bool:
    """Whether code and oracle give the same ratings of a random city."""
    events, year = city(seed, 10, 900)
    raw, ours = rubrics(seed, folder)
    deliveries = accepted(events)
    if order is not None:
        order.shuffle(deliveries)
    return compared(rating_answers(Accepted(deliveries), ours, year)) == compared(
        rate(events, raw, year)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_city_is_rated_as_the_oracle_rates_it(seed: int, tmp_path: Path) -> None:
    """Every total, score, class, rank and meaning of empty agrees, in any order of arrival."""
    assert agree(seed, tmp_path)
    assert agree(seed, tmp_path, random.Random(seed))


@pytest.mark.parametrize("view", ["own", "pooled"])
def test_both_views_of_a_city_are_as_the_oracle_has_them(view: str, tmp_path: Path) -> None:
    """The view that does not bind has no rank or share, but the same points."""
    for seed in (1, 2, 3):
        events, year = city(seed, 12, 900)
        raw, ours = rubrics(seed, tmp_path)
        mine = compared(rating_answers(Accepted(accepted(events)), ours, year, view))
        theirs = compared(rate(events, raw, year, view))
        for name in ("scores", "empty", "basic", "total"):
            assert {u: r[name] for u, r in mine.items()} == {u: r[name] for u, r in theirs.items()}


def _utc_year(us: int) -> int:
    return date.fromordinal(us // 86_400_000_000 + 719163).year


def _floor(number: Fraction) -> int:
    return int(number * 100)


def _no_retraction(self: Accepted) -> list[bytes]:
    return []


def _latest_is_first(postings: Any, side: str) -> Any:
    ordered = sorted((p for p in postings if p.side == side), key=lambda p: p.order)
    if not ordered or not ordered[-1].sets:
        return None
    return cells._Fact(ordered[-1], ordered[-1], ordered[-1].value)


def _arrival(postings: Any, side: str) -> Any:
    ordered = [p for p in postings if p.side == side]
    if not ordered or not ordered[-1].sets:
        return None
    return cells._Fact(ordered[0], ordered[-1], max(p.value for p in ordered))


_end_units = registry.Registry._end_units


def _anybody_succeeds(self: registry.Registry, ordered: Any) -> None:
    _end_units(self, ordered)
    for event in ordered:
        if event.short == "unit.succeeded" and event.subject not in self.units:
            effective = moments.day_start(event.data.effective)
            entry = registry.Succession(effective, event.data.inherits is not False)
            self.successions[event.subject, event.data.successor] = entry


def _first_of_each(rubric: Any, posted: Any) -> Any:
    found: dict[Any, Any] = {}
    for cell, one in posted:
        found.setdefault((cell, one.side), (cell, one))
    return list(found.values())


FAULTS: dict[str, tuple[Any, str, Any]] = {
    "the year of UTC": (moments, "local_year", _utc_year),
    "days of UTC": (moments, "local_day", lambda us: us // 86_400_000_000 + 719163),
    "rounding down": (scores, "hundredths", _floor),
    "no retractions": (Accepted, "_retracted", _no_retraction),
    "retractions of other subjects": (
        verdicts, "RetractionTarget", lambda identity, subject: (identity, ""),
    ),
    "lateness of the latest": (cells, "_fact", _latest_is_first),
    "order of arrival": (cells, "_fact", _arrival),
    "no ceilings on grace": (cells, "DAY", 0),
    "keys of units mixed": (posting, "pooled_key", lambda unit, heir, key, units: key),
    "pool of direct predecessors only": (
        registry, "_closure", lambda key, links: frozenset(links.get(key, ())) - {key},
    ),
    "the first rule of a key speaks, though another clears": (
        posting, "_merge", _first_of_each,
    ),
    "a registry that heeds what is said of no unit": (
        registry.Registry, "_end_units", _anybody_succeeds,
    ),
    "no share": (standings, "share_limit", lambda rubric, classes: None),
    "no gates": (assessment, "failures", lambda rubric, name, lines: []),
    "no re-basing": (
        assessment, "_basic", lambda rubric, lines: sum(
            line.score for line in lines if line.indicator.kind.basic and line.counts
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison is worth something: it sees each of these mistakes."""
    owner, name, wrong = FAULTS[fault]
    monkeypatch.setattr(owner, name, wrong)
    assert not all(agree(seed, tmp_path, random.Random(seed)) for seed in range(24))


@pytest.mark.parametrize("seed", range(6))
def test_what_counts_is_what_the_oracle_counts(seed: int, tmp_path: Path) -> None:
    """Each event of the year counts, or does not for a reason, as in the oracle."""
    events, year = city(seed, 10, 900)
    raw, ours = rubrics(seed, tmp_path)
    held = Accepted(accepted(events))
    theirs = counted(events, raw, year)
    mine = {
        (event.event.source, event.event.id): verdict(event, held, ours)
        for event in held.events.values()
    }
    different = {
        named: (mine[named], answer)
        for named, answer in theirs.items()
        if mine[named].counted != answer[0]
    }
    assert different == {}
    assert all((answer.reason is None) == answer.counted for answer in mine.values())
