"""What-ifs on a folded city: each unit now and then is what a recount gives, and nothing moves."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from services.chassis.clock import fixed
from services.scoring.errors import DataMoves, WhatIfsWait
from services.scoring.ratings.json_what_if import what_if_members
from services.scoring.ratings.recount import Accepted
from services.scoring.readmodel import what_if
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.readmodel.versions import YearVersions
from services.scoring.readmodel.what_if import WhatIfs
from services.scoring.rebuild.workers import Workers
from services.scoring.rubrics.errors import ProposalsRefused
from services.scoring.rubrics.loader import load
from services.scoring.rubrics.model import Rubrics
from tests.oracle.generate_rubric import rubric
from tests.scoring.folding import Fold, folding
from tests.support.builders.cities import NOW, accepted, city, rating_answers, rubrics

pytestmark = pytest.mark.anyio
Raw = dict[str, Any]


@dataclass
class Town:
    """A folded city of a year with mergers, its rubric, and what-ifs on it."""

    fold: Fold
    accepted: Accepted
    year: int
    raw: Raw
    folder: Path
    what_ifs: WhatIfs

    def text(self, raw: Raw) -> bytes:
        """The text of a rubric."""
        path = self.folder / "proposed.yaml"
        YAML(typ="safe", pure=True).dump(raw, path)
        return path.read_bytes()

    async def answer(self, *raws: Raw) -> Raw:
        """The what-if as the interface has it."""
        texts = [self.text(raw) for raw in raws]
        return what_if_members(await self.what_ifs.answer(self.year, texts))

    def recounted(self, raw: Raw) -> Raw:
        """Every rating by a recount of all events under a rubric."""
        self.text(raw)
        rules = Rubrics((load(self.folder / "proposed.yaml"),))
        return rating_answers(self.accepted, rules, self.year)


@contextlib.asynccontextmanager
async def building(tmp_path: Path, database_url: str) -> AsyncIterator[Town]:
    """A town on a database."""
    raws, rules = rubrics(2, tmp_path)
    events, year = city(3, 8, 300)
    deliveries = accepted(events)
    async with folding(database_url, rules) as fold:
        await fold.fold(deliveries)
        what_ifs = what_ifs_of(fold, rules)
        yield Town(fold, Accepted(deliveries), year, raws[0], tmp_path, what_ifs)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town on SQLite."""
    async with building(tmp_path, f"sqlite:///{tmp_path / 'town.db'}") as town:
        yield town


def what_ifs_of(fold: Fold, rules: Rubrics) -> WhatIfs:
    """What-ifs on the database of a fold."""
    return WhatIfs(YearVersions(fold.db, Snapshots(fold.db, rules), fixed(NOW)))


def names(items: list[Raw], moment: str) -> Raw:
    """Total, class and rank by unit, at one of both moments."""
    return {
        item["unit"]: tuple(item[name][moment] for name in ("total", "class", "rank"))
        for item in items
        if item["total"][moment] is not None
    }


def of_ratings(ratings: Raw) -> Raw:
    """The same of ratings."""
    return {
        unit: (rating["total"], rating["class"], rating["rank"]) for unit, rating in ratings.items()
    }


def hundredths(text: str) -> int:
    """Points in hundredths."""
    return int(text.replace(".", ""))


def check(answer: Raw, now: Raw, then: Raw) -> None:
    """Now and then are the recounts, and the parts of each unit add up to its difference."""
    assert names(answer["items"], "now") == of_ratings(now)
    assert names(answer["items"], "then") == of_ratings(then)
    for item in answer["items"]:
        changes = [*item["indicators"], *item["parts"]]
        assert all(change["difference"] != "0.00" for change in changes)
        whole = sum(hundredths(change["difference"]) for change in changes)
        if item["difference"] is None:
            assert whole == hundredths(item["total"]["then"])
        else:
            assert whole == hundredths(item["difference"])


async def test_other_points_and_other_rules_give_what_a_recount_gives(
    tmp_path: Path, database_url: str
) -> None:
    """Points are answered from tallies; other rules read events of their types, by workers."""
    async with building(tmp_path, database_url) as town:
        await _other_points_and_rules(town)


async def _other_points_and_rules(town: Town) -> None:
    now = town.recounted(town.raw)
    points = {**town.raw, "maximum": 55, "top_class_share": None}
    points["indicators"] = [
        {**each, "points": "7.5"} if "points" in each and "scale" not in each else each
        for each in town.raw["indicators"]
    ]
    answer = await town.answer(points)
    check(answer, now, town.recounted(points))
    assert answer["events"] == 0
    before = await town.fold.held()
    rules = rubric(8)
    kept_ids = [each["id"] for each in town.raw["indicators"][:3]]
    others = [each for each in rules["indicators"] if each["id"] not in kept_ids]
    mixed = {**rules, "indicators": [*town.raw["indicators"][:3], *others], "gates": []}
    answer = await town.answer(mixed)
    check(answer, now, town.recounted(mixed))
    assert answer["events"] > 0
    assert await town.fold.held() == before


async def test_kinds_that_the_texts_do_not_govern_stay_as_they_are(town: Town) -> None:
    """And of two texts each rates its own kinds, also of those whose rules change."""
    now = town.recounted(town.raw)
    first = {**rubric(4, ("commune",)), "id": "first"}
    second = {**rubric(6, ("agency",)), "id": "second"}
    answer = await town.answer(first, second)
    then = town.recounted(first) | town.recounted(second)
    then = {unit: then.get(unit, rating) for unit, rating in now.items()}
    check(answer, now, then)
    stays = {item["unit"] for item in answer["items"] if item["move"] == "stays"}
    others = {unit for unit, rating in now.items() if rating["kind"] not in ("commune", "agency")}
    assert others and others <= stays
    for moves in ("rises", "falls"):
        assert answer[moves] == [i["unit"] for i in answer["items"] if i["move"] == moves]


async def test_units_that_no_rubric_rates_enter(tmp_path: Path) -> None:
    """Their decisions are read with their events; now they have no total, class or rank."""
    raws, rules = rubrics(2, tmp_path)
    events, year = city(3, 8, 300)
    deliveries = accepted(events)
    own = Rubrics(tuple(replace(rule, kinds=("agency",)) for rule in rules.items))
    async with folding(f"sqlite:///{tmp_path / 'own.db'}", own) as fold:
        await fold.fold(deliveries)
        what_ifs = what_ifs_of(fold, own)
        town = Town(fold, Accepted(deliveries), year, raws[0], tmp_path, what_ifs)
        answer = await town.answer(town.raw)
        check(answer, rating_answers(town.accepted, own, year), town.recounted(town.raw))
        entering = [item for item in answer["items"] if item["move"] == "enters"]
        assert entering and all(item["rank"]["now"] is None for item in entering)


async def test_a_rubric_of_kinds_without_a_unit_is_refused(tmp_path: Path) -> None:
    """It would change nothing, unseen."""
    raws, rules = rubrics(2, tmp_path)
    async with folding(f"sqlite:///{tmp_path / 'empty.db'}", rules) as fold:
        what_ifs = what_ifs_of(fold, rules)
        text = (tmp_path / "random.yaml").read_bytes()
        with pytest.raises(ProposalsRefused) as refused:
            await what_ifs.answer(2025, [text])
    (fault,) = refused.value.faults
    assert "2025" in fault.reason and text.splitlines()[fault.line - 1].startswith(b"kinds")
    assert raws


async def test_a_commit_after_the_snapshot_in_memory_is_in_both_now_and_then(town: Town) -> None:
    """The year in memory answers for its own commit alone."""
    before = town.recounted(town.raw)
    answer = await town.answer({**town.raw, "maximum": 55})
    assert names(answer["items"], "now") == of_ratings(before)
    events, _ = city(9, 8, 300)
    deliveries = [event for event in accepted(events) if event.identity not in town.accepted.events]
    await town.fold.fold(deliveries)
    town.accepted = Accepted([*town.accepted.events.values(), *deliveries])
    proposed = rubric(8)
    answer = await town.answer(proposed)
    check(answer, town.recounted(town.raw), town.recounted(proposed))
    assert names(answer["items"], "now") != of_ratings(before)


async def test_a_fold_that_commits_between_all_looks_is_no_mixed_answer(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that see another commit than the parent are asked again, and then it gives up."""
    looks = 0

    async def look(self: Workers) -> set[int]:
        nonlocal looks
        looks += 1
        return {-looks}

    monkeypatch.setattr(Workers, "look", look)
    monkeypatch.setattr(what_if, "LOOKS_MAX", 3)
    with pytest.raises(DataMoves):
        await town.answer(rubric(8))
    assert looks == 1 + 3


async def test_what_ifs_take_turns_and_few_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one after those is refused at once."""
    monkeypatch.setattr(what_if, "WAITING_MAX", 1)
    turns, order = what_if.Turns(), random.Random(1)
    gate = asyncio.Event()

    async def take() -> int:
        async with turns.turn():
            await gate.wait()
            return order.randrange(9)

    tasks = [asyncio.create_task(take()) for _ in range(3)]
    with pytest.raises(WhatIfsWait):
        await tasks[2]
    gate.set()
    assert len(await asyncio.gather(*tasks[:2])) == 2
