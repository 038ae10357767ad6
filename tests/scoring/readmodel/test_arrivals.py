"""Who waits for receipts shares one look, holds no connection, and is bounded in number."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest

from services.chassis.auth.credentials import Issuer
from services.chassis.errors import DatabaseAway
from services.scoring.queries import events
from services.scoring.readmodel import arrivals
from services.scoring.readmodel.arrivals import Arrivals, NotArrived, TooManyWait
from tests.conftest import NatsServer
from tests.scoring.road import open_road
from tests.scoring.test_road import due, registered

pytestmark = pytest.mark.anyio


class Folds:
    """A database of receipts alone: counts looks, and how many there are at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folded, self.looks, self.at_once = set[bytes](), 0, 0
        self.sizes: list[int] = []
        self.away: DatabaseAway | None = None
        monkeypatch.setattr(events, "arrived", self.arrived)

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        """A connection."""
        self.at_once += 1
        assert self.at_once == 1
        yield
        self.at_once -= 1

    async def arrived(self, _: Any, receipts: Collection[bytes]) -> set[bytes]:
        """Those that are folded."""
        self.looks += 1
        self.sizes.append(len(receipts))
        await asyncio.sleep(0)
        if self.away is not None:
            raise self.away
        return self.folded & set(receipts)


def receipt(number: int) -> bytes:
    """A receipt."""
    return number.to_bytes(16)


async def test_a_crowd_that_waits_shares_one_look_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is answered once his own are there, late comers too, and then nobody looks any more."""
    folds = Folds(monkeypatch)
    waiting = Arrivals(folds)  # type: ignore[arg-type]
    crowd = [asyncio.create_task(waiting.wait({receipt(n), receipt(n + 1)})) for n in range(200)]
    await asyncio.sleep(0)
    folds.folded = {receipt(n) for n in range(101)}
    await asyncio.gather(*crowd[:100])
    assert not any(task.done() for task in crowd[100:])
    crowd.append(asyncio.create_task(waiting.wait({receipt(3)})))
    await crowd[-1]
    folds.folded |= {receipt(n) for n in range(300)}
    await asyncio.gather(*crowd)
    if waiting._polling is not None:
        await waiting._polling
    looks = folds.looks
    await asyncio.sleep(0.1)
    assert folds.looks == looks


async def test_more_than_may_wait_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who wait go on; a place that becomes free is given again."""
    monkeypatch.setattr(arrivals, "WAITERS_MAX", 10)
    folds = Folds(monkeypatch)
    waiting = Arrivals(folds)  # type: ignore[arg-type]
    crowd = [asyncio.create_task(waiting.wait({receipt(n)})) for n in range(10)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyWait, match="10"):
        await waiting.wait({receipt(1)})
    folds.folded = {receipt(n) for n in range(10)}
    await asyncio.gather(*crowd)
    await waiting.wait({receipt(1)})


async def test_many_receipts_are_looked_for_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look is bounded, and each is found."""
    monkeypatch.setattr(arrivals, "LOOK_MAX", 7)
    folds = Folds(monkeypatch)
    folds.folded = {receipt(n) for n in range(100)}
    waiting = Arrivals(folds)  # type: ignore[arg-type]
    lost = asyncio.create_task(waiting.wait({receipt(1000)}))
    await asyncio.gather(*(waiting.wait({receipt(n), receipt(n + 1)}) for n in range(99)))
    assert max(folds.sizes) == 7
    lost.cancel()


async def test_who_waits_in_vain_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what has come is not among it; a database that is away is told to all."""
    folds = Folds(monkeypatch)
    folds.folded = {receipt(1)}
    waiting = Arrivals(folds)  # type: ignore[arg-type]
    with pytest.raises(NotArrived) as late:
        await waiting.wait({receipt(1), receipt(2)}, 0.1)
    assert late.value.missing == [receipt(2).hex()]
    folds.away = DatabaseAway("nobody there")
    found = await asyncio.gather(
        *(waiting.wait({receipt(n)}) for n in (3, 4)), return_exceptions=True
    )
    assert [type(one) for one in found] == [DatabaseAway, DatabaseAway]


async def test_askers_that_wait_do_not_delay_others(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> None:
    """Sixty wait in vain: others read, and one who waits for a true receipt is answered."""
    async with open_road(home, database_url, issuer) as road:
        (registry,) = await road.send([registered("H44.1")])
        assert (await road.get("/ratings/2025/H44.1", wait_for=registry)).status_code == 200
        vain = [
            asyncio.create_task(road.get("/ratings/2025/H44.1", wait_for=f"{number:032x}"))
            for number in range(60)
        ]
        await asyncio.sleep(0)
        receipts = [registry]
        for number in range(10):
            receipts += await road.send([due("H44.1", f"d{number}")])
            path = "/ratings/2025/H44.1/sheet"
            assert (await road.get(path, wait_for=receipts[-1])).status_code == 200
            assert (await road.get("/ratings", year=2025)).status_code == 200
        for task in vain:
            task.cancel()
        known = {bytes.fromhex(one) for one in receipts}
        alike = {one[:-1] + bytes([one[-1] ^ 1]) for one in known}
        async with road.scoring.db.read() as conn:
            assert await events.arrived(conn, known | alike) == known
            assert await events.arrived(conn, alike | {bytes(16)}) == set()
