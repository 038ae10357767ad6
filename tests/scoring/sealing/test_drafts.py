"""Calls that draw up a draft at once: none waits behind the fence of another."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from contracts import moments
from services.scoring.sealing.commands import StageCommands, StageOrder, StageRefused
from services.scoring.sealing.drafts import SignedDraft
from services.scoring.sealing.fence import MarksBehind
from tests.scoring.sealing.town import (
    FEBRUARY,
    ORDER,
    SECOND,
    YEAR,
    open_town,
    publish,
    service_of,
    town,
)

pytestmark = pytest.mark.anyio
FENCE = "services.scoring.sealing.drafts.wait_for_marks"
CALLS = 20
HANG_SECONDS = 30
"""After which a test that hangs fails; no test waits so long."""


async def test_calls_behind_a_stuck_door_wait_at_once_whatever_their_year(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fence lets none pass before all of two years are at it, and each is told the marks."""
    gate = asyncio.Barrier(CALLS)

    async def stuck(_: Any, __: Any, cut: int, ___: float) -> None:
        await gate.wait()
        raise MarksBehind(cut, cut - 1, [])

    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        place.clock.now = moments.instant("2027-02-01T00:00:00+07:00")
        next_year = StageOrder("0/QĐ", "2027-01-05", "Công bố", "council")
        await StageCommands(place.db, place.rubrics, place.clock).publish(YEAR + 1, next_year)
        await publish(place)
        monkeypatch.setattr(FENCE, stuck)
        drafts = service_of(place).drafts
        async with asyncio.timeout(HANG_SECONDS):
            answers = await asyncio.gather(
                *(drafts.draw_up(YEAR + n % 2, ORDER._replace(decision=f"{n}/QĐ"))
                  for n in range(10, 10 + CALLS)),
                return_exceptions=True,
            )  # fmt: skip
        assert [type(each) for each in answers] == [MarksBehind] * CALLS


async def test_a_call_whose_fence_fails_is_told_of_the_draft_that_another_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same body gets the first answer, another one hears that there is a draft."""
    at_fence, made = asyncio.Barrier(3), asyncio.Event()

    async def fence(_: Any, __: Any, ___: int, ____: float) -> None:
        if await at_fence.wait() == 0:
            return
        await made.wait()
        raise MarksBehind(0, 0, [])

    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await publish(place)
        await place.mark(place.clock.now)
        monkeypatch.setattr(FENCE, fence)
        drafts = service_of(place).drafts
        orders = [ORDER, ORDER, ORDER._replace(by="operator-2")]
        async with asyncio.timeout(HANG_SECONDS):
            calls = [asyncio.create_task(drafts.draw_up(YEAR, order)) for order in orders]
            await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            made.set()
            answers = await asyncio.gather(*calls, return_exceptions=True)
        drawn = [each for each in answers if isinstance(each, SignedDraft)]
        refused = [each for each in answers if isinstance(each, BaseException)]
        assert len(set(drawn)) == 1 and len(drawn) + len(refused) == len(orders)
        assert refused and {type(each) for each in refused} == {StageRefused}
