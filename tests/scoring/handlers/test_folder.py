"""The fold on both databases against the recount and the naive oracle, in any order and batches."""

from __future__ import annotations

import asyncio
import itertools
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from services.scoring.fold import books as book_rules
from services.scoring.fold.registry import Registry
from services.scoring.queries import events as event_queries
from services.scoring.ratings.recount import Accepted, facts
from services.scoring.store import books, ledger, position
from tests.oracle import rate
from tests.scoring.folding import folding, joining, split
from tests.support.builders.cities import accepted, city, compared, rating_answers, rubrics

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", range(8))
async def test_a_city_in_any_order_and_batches_is_rated_as_the_oracle_rates_it(
    seed: int, tmp_path: Path, database_url: str
) -> None:
    """Totals, scores, classes, ranks and emptiness agree, and facts are those of one batch."""
    chance = random.Random(seed)
    events, year = city(seed, 10, 600)
    raw, ours = rubrics(seed, tmp_path)
    recorded = accepted(events)
    expected = compared(rate(events, raw, year))
    chance.shuffle(recorded)
    sizes = [chance.choice((1, 2, 7, 40, 200)) for _ in range(60)]
    async with folding(database_url, ours) as fold:
        for batch in split(recorded, sizes):
            again = chance.sample(recorded, min(5, len(recorded)))
            await fold.fold([*batch, *again[:2]])
            await fold.fold([event for event in again if event in batch])
        await fold.fold(recorded)
        assert compared(await fold.ratings(year)) == expected
        assert expected == compared(rating_answers(Accepted(recorded), ours, year))


async def test_two_folders_at_once_give_the_ratings_of_one(
    tmp_path: Path, database_url: str
) -> None:
    """Two replicas fold overlapping batches at the same time, each with its own memory."""
    events, year = city(3, 8, 300)
    raw, ours = rubrics(3, tmp_path)
    recorded = accepted(events)
    random.Random(3).shuffle(recorded)
    async with folding(database_url, ours) as event, joining(event) as two:
        batches = split(recorded, [15] * (len(recorded) // 15))
        pairs = itertools.zip_longest(batches[::2], batches[1::2], fillvalue=list[Accepted]())
        for first, second in pairs:
            await asyncio.gather(event.fold([*first, *second[:5]]), two.fold([*second, *first[:5]]))
        async with event.db.read() as conn:
            place = await position.load(conn)
            assert await event_queries.ledger_size(conn) == place.folded == len(recorded)
        assert compared(await two.ratings(year)) == compared(rate(events, raw, year))


async def test_an_event_is_folded_whatever_its_number_in_the_stream(tmp_path: Path) -> None:
    """A position is for progress alone: what is new counts also far behind it."""
    events, year = city(1, 6, 120)
    raw, ours = rubrics(1, tmp_path)
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", ours) as fold:
        await fold.folder.move(lambda place: place._replace(stream_seq=10_000))
        await fold.fold(accepted(events))
        assert compared(await fold.ratings(year)) == compared(rate(events, raw, year))


async def _nothing_known(*_: Any) -> dict[bytes, Any]:
    return {}


async def _nobody_retracted(*_: Any) -> set[bytes]:
    return set()


async def _no_facts_before(*_: Any) -> dict[Any, Any]:
    return {}


async def _forgotten(*_: Any) -> list[bytes]:
    return []


async def _not_deleted(*_: Any) -> None:
    return None


FAULTS: dict[str, tuple[Any, str, Any]] = {
    "no deduplication": (ledger, "arrivals", _nothing_known),
    "retractions before their target forgotten": (ledger, "retracted", _nobody_retracted),
    "cells weighed without their past": (books, "facts_at", _no_facts_before),
    "retractions after their target without effect": (ledger, "find_events", _forgotten),
    "retracted events not marked in the ledger": (ledger, "mark_retracted", _not_deleted),
    "facts of retracted events kept": (books, "delete_facts", _not_deleted),
    "a changed registry folds nothing anew": (
        Registry, "changed_since", lambda self, before: frozenset(),
    ),
    "tallies not saved": (books, "write_tallies", _not_deleted),
    "facts committed without their tallies": (book_rules, "apply", lambda *_: None),
    "own books alone": (Registry, "pooling", lambda self, key, year: ()),
    "decisions without effect": (
        book_rules, "post_decision", lambda recorded: [],
    ),
}  # fmt: skip


ORDERS: tuple[dict[str, int], ...] = (
    {"unit": 0, "event": 2}, {"unit": 0, "event": 0}, {},
)  # fmt: skip


async def _agrees(seed: int, folder: Path) -> bool:
    """Whether a shuffled city, folded in small batches with repetitions, is rated right.

    Where the register comes first, nothing but a retraction can take a fact away.
    """
    chance = random.Random(seed)
    events, year = city(seed, 10, 400)
    raw, ours = rubrics(seed, folder)
    recorded = accepted(events)
    expected = compared(rate(events, raw, year))
    chance.shuffle(recorded)
    order = ORDERS[seed % len(ORDERS)]
    recorded.sort(key=lambda event: order.get(event.kind.domain, 1))
    async with folding(f"sqlite:///{folder / f'{seed}.db'}", ours) as fold:
        for batch in split(recorded, [30] * (len(recorded) // 30)):
            await fold.fold([*batch, *chance.sample(recorded, 3)])
        _, stored = await fold.held()
        due = [
            ((unit, year), msgspec.json.encode((cell, posting)).decode())
            for unit, cells in facts(Accepted(recorded), ours, year).items()
            for cell, postings in cells.items()
            for posting in postings
        ]
        right = sorted(due) == [fact for fact in stored if fact[0][1] == year]
        return right and compared(await fold.ratings(year)) == expected


async def test_facts_are_those_of_a_recount(tmp_path: Path) -> None:
    """Whatever the order and the batches, the same facts are stored, and the same ratings."""
    for seed in (1, 2):
        assert await _agrees(seed, tmp_path)


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_planted_in_the_fold_is_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fault gives some city other facts or ratings, or breaks a key of the database."""
    where, attribute, fault = FAULTS[name]
    monkeypatch.setattr(where, attribute, fault)
    for seed in range(1, 20):
        try:
            if not await _agrees(seed, tmp_path):
                return
        except (IntegrityError, KeyError):
            return
    pytest.fail("no city showed the fault")
