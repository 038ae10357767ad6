"""The feed of ratings: the last state always comes, once, and nothing grows with history."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from services.chassis.broker.connection import Broker
from services.chassis.settings import NatsAccess
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import position, rating_feed, seals, stages
from services.scoring.store.seals import RatingLine, SealRow
from services.scoring.subscribers.rating_feed import RatingFeed
from services.scoring.year.stages import PROVISIONAL, REOPENED, SEALED, Stage, YearDecision
from tests.scoring.folding import Fold, folding
from tests.scoring.readmodel.test_snapshot import event, register
from tests.support.builders.cities import accepted

pytestmark = pytest.mark.anyio
RUBRICS = load_directory(SHIPPED)
SECOND = 1_000_000


def model(number: int) -> dict[str, Any]:
    """A model of A, which moves its total as long as the cap is not reached."""
    return event(
        f"m{number}", "model.recognised", "A", "2025-03-01T00:00:00Z", model=f"{number}",
        level="commune",
    )  # fmt: skip


@dataclass
class Feeding:
    """A folded database, a clock, and a relay that marks everything as sent."""

    fold: Fold
    now: int = 1_790_000_000_000_000
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def feed(self) -> RatingFeed:
        """A feed as a process that starts has it; nobody reaches its broker."""
        broker = Broker(NatsAccess("nats://127.0.0.1:1", None, None, "_INBOX"), "test")
        return RatingFeed(self.fold.db, broker, RUBRICS, lambda: self.now)

    async def send(self) -> None:
        """As the relay: every unsent row is in the stream, at once."""
        async with self.fold.db.write() as conn:
            await conn.execute(
                text(
                    "UPDATE outbox SET sent = :now, stream_seq = seq WHERE sent IS NULL "
                    "AND subject LIKE 'danchu.ratings.%'"
                ),
                {"now": self.now},
            )

    async def decide(self, stage: Stage, version: int = 1, number: int = 1) -> None:
        """As a command on the year 2025 decides, in one transaction."""
        decision = YearDecision(stage=stage, version=version, decision=f"{number}", at=number)
        async with self.fold.db.write() as conn:
            place = await position.lock(conn)
            await stages.add(conn, f"{number}".encode(), 2025, decision)
            await position.save(conn, place._replace(stamp=place.stamp + 1))

    async def rows(self) -> list[tuple[str, dict[str, Any]]]:
        """Subject and data of every row of the feed, in order."""
        async with self.fold.db.read() as conn:
            rows = await conn.execute(text("SELECT subject, body, door FROM outbox ORDER BY seq"))
            outbox_rows = rows.all()
        assert all(row[2] is None for row in outbox_rows), "marks count no messages of the feed"
        return [(row[0], json.loads(bytes(row[1]))["data"]) for row in outbox_rows]


@pytest.fixture
async def feeding(database_url: str) -> Any:
    """Two communes with one event of 2025, and nothing announced yet."""
    async with folding(database_url, RUBRICS) as fold:
        await fold.fold(accepted([*register("A", "2025-01-01"), *register("B", "2025-06-01")]))
        await fold.fold(accepted([model(0)]))
        yield Feeding(fold)


async def test_each_total_is_told_once_and_again_when_it_moved(feeding: Feeding) -> None:
    """Also by a process that starts, and never of a unit that did not move."""
    feed = feeding.feed()
    assert await feed.step() == 2
    ratings = await feeding.fold.ratings(2025)
    assert dict(await feeding.rows()) == {
        f"danchu.ratings.2025.{unit}": {
            "total": ratings[unit]["total"], "version": 1, "stage": "open", "year": 2025
        }
        for unit in ("A", "B")
    }  # fmt: skip
    assert await feed.step() == 0 == await feeding.feed().step()
    await feeding.send()
    feeding.now += 2 * SECOND
    await feeding.fold.fold(accepted([model(1)]))
    assert await feed.step() == 1
    assert await feeding.feed().step() == 0


async def test_what_is_unsent_or_was_just_sent_waits_and_the_last_state_comes(
    feeding: Feeding,
) -> None:
    """Ten changes while nobody relays, and one within the second, are one message each."""
    feed = feeding.feed()
    await feed.step()
    for number in range(1, 6):
        feeding.now += 2 * SECOND
        await feeding.fold.fold(accepted([model(number)]))
        assert await feed.step() == 0
    await feeding.send()
    feeding.now += SECOND // 2
    assert await feed.step() == 0
    feeding.now += SECOND
    assert await feed.step() == 1
    await feeding.send()
    rows = await feeding.rows()
    assert len(rows) == 2, "what was replaced is deleted once it is sent"
    total = (await feeding.fold.ratings(2025))["A"]["total"]
    assert dict(rows)["danchu.ratings.2025.A"]["total"] == total


async def test_two_processes_announce_a_change_once_and_none_tells_an_older_state(
    feeding: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one computes before and writes after the first: it has to look again."""
    first, second = feeding.feed(), feeding.feed()
    await first.step()
    await feeding.send()
    await second.step()
    announce: Callable[[Any], Any] = second._announce
    feeding.now += 2 * SECOND
    await feeding.fold.fold(accepted([model(1)]))

    async def later(changes: Any) -> int:
        await feeding.fold.fold(accepted([model(2)]))
        assert await first.step() == 1
        return int(await announce(changes))

    monkeypatch.setattr(second, "_announce", later)
    assert await second.step() == 0
    total = (await feeding.fold.ratings(2025))["A"]["total"]
    assert dict(await feeding.rows())["danchu.ratings.2025.A"]["total"] == total
    monkeypatch.undo()
    assert await second.step() == 0


async def test_what_failed_in_the_middle_is_announced_whole_later(
    feeding: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages and what is announced then are one transaction."""
    feed = feeding.feed()

    async def fail(*_: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(rating_feed, "_save_announced", fail)
    with pytest.raises(RuntimeError):
        await feed.step()
    monkeypatch.undo()
    assert await feeding.rows() == []
    assert await feed.step() == 2


async def test_a_unit_that_is_not_rated_any_more_is_told_so(feeding: Feeding) -> None:
    """Its last value would otherwise stand in the stream for ever."""
    feed = feeding.feed()
    await feed.step()
    await feeding.send()
    feeding.now += 2 * SECOND
    gone = event(
        "x", "event.retracted", "B", "2025-07-01T00:00:00Z", source="urn:one", id="r-B", reason="x"
    )
    await feeding.fold.fold(accepted([gone]))
    assert await feed.step() == 1
    last = dict(await feeding.rows())["danchu.ratings.2025.B"]
    assert (last["total"], last["rated"]) == ("0.00", False)
    await feeding.send()
    feeding.now += 2 * SECOND
    assert await feed.step() == 0


async def test_a_stage_is_told_of_every_unit_and_a_sealed_year_moves_no_more(
    feeding: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where the year is sealed between the look and the announcement."""
    feed = feeding.feed()

    async def step() -> int:
        await feeding.send()
        feeding.now += 2 * SECOND
        return await feed.step()

    await step()
    await feeding.decide(PROVISIONAL)
    assert await step() == 2
    assert {data["stage"] for _, data in await feeding.rows()} == {"provisional"}
    await feeding.fold.fold(accepted([model(1)]))
    announce: Callable[[Any], Any] = feed._announce

    async def later(changes: Any) -> int:
        assert len(changes) == 1
        await feeding.decide(SEALED, number=2)
        return int(await announce(changes))

    monkeypatch.setattr(feed, "_announce", later)
    assert await step() == 0
    monkeypatch.undo()
    assert await step() == 0
    await feeding.decide(REOPENED, 2, 3)
    assert await step() == 2
    assert {(d["stage"], d["version"]) for _, d in await feeding.rows()} == {("reopened", 2)}


async def test_a_decision_between_two_looks_of_one_step_is_told_in_the_next(
    feeding: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The totals of a step may be of a later commit than its stages."""
    feed = feeding.feed()
    await feed.step()
    await feeding.send()
    feeding.now += 2 * SECOND
    await feeding.fold.fold([])
    refresh = feed._totals.refresh

    async def later() -> None:
        await feeding.decide(PROVISIONAL)
        await refresh()

    monkeypatch.setattr(feed._totals, "refresh", later)
    assert await feed.step() == 0
    monkeypatch.undo()
    assert await feed.step() == 2


async def test_a_rebuilt_database_tells_sealed_ratings_last(feeding: Feeding) -> None:
    """It went through the open year once more; then the set of the seal stands in the stream."""
    feed = feeding.feed()

    async def step() -> dict[str, Any]:
        await feeding.send()
        feeding.now += 2 * SECOND
        await feed.step()
        return dict(await feeding.rows())

    await feed.step()
    ratings = await feeding.fold.ratings(2025)
    sealed = {**ratings["A"], "total": "77.25", "stage": "sealed", "rank": 1}
    line = json.dumps({"entry": "rating", "rating": sealed, "salt": "0"})
    await feeding.decide(PROVISIONAL)
    await step()
    await feeding.decide(SEALED, number=2)
    assert {data["stage"] for data in (await step()).values()} == {"provisional"}, "no seal yet"
    row = SealRow(2025, 1, 1, 1, b"", 0, b"", "note", ("a", "b"))
    async with feeding.fold.db.write() as conn:
        await seals.add_seal(conn, row, b"")
        await seals.add_ratings(conn, 2025, 1, [RatingLine("A", line)])
    announced = await step()
    assert announced["danchu.ratings.2025.A"] == {
        "total": "77.25", "version": 1, "stage": "sealed", "class": sealed["class"], "rank": 1,
        "year": 2025,
    }  # fmt: skip
    assert announced["danchu.ratings.2025.B"]["rated"] is False
    assert await step() == announced
